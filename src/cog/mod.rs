//! Pure knowledge of Cog: `cog.yaml`, compatibility tables, requirements, Dockerfile text, labels.
pub mod base_image;
pub mod config;
pub mod cuda;
pub mod decision;
pub mod environment;
pub mod image_name;
pub mod requirements;
pub mod rules;
pub mod sdk;
pub mod tables;
pub mod version;
pub mod weights;
