//! Pure knowledge of Cog: `cog.yaml`, compatibility tables, requirements, Dockerfile text, labels.
pub mod config;
pub mod decision;
pub mod image_name;
pub mod sdk;
pub mod tables;
pub mod version;
