//! Pure knowledge of Cog: `cog.yaml`, compatibility tables, requirements, Dockerfile text, labels.

pub mod recipe;
