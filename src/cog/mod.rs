//! Pure knowledge of Cog: `cog.yaml`, compatibility tables, requirements, Dockerfile text, labels.
