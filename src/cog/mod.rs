//! Pure knowledge of Cog: `cog.yaml`, compatibility tables, requirements, Dockerfile text, labels.
//!
//! The room takes text and facts and gives values: nothing here opens a file, asks a registry or looks at a clock. Who builds an
//! image reads the project, calls [`config::parse`], looks up the image that [`recipe::cog_base_candidate`] names, and hands both
//! to [`recipe::plan`], which yields the Dockerfile together with the `cog.yaml` line that each of its steps stems from.
//!
//! - [`config`]: `cog.yaml` with all of its rules; [`environment`] and [`image_name`] hold two of them
//! - [`sdk`]: which SDK a model runs on, and what that means
//! - [`tables`], [`version`]: what is known about PyTorch, TensorFlow and CUDA images, and Cog's version algebra
//! - [`cuda`], [`base_image`], [`requirements`], [`weights`]: the choices that a build makes, each kept as a [`decision::Decision`]
//! - [`recipe`], [`dockerfile`]: the choices as a Dockerfile
//! - [`labels`]: what Replicate reads from the image
//! - [`rules`]: every code that this room's findings carry
//!
//! May use `domain` and `support`.

pub mod base_image;
pub mod config;
pub mod cuda;
pub mod decision;
pub mod dockerfile;
pub mod environment;
pub mod image_name;
pub mod labels;
pub mod project;
pub mod recipe;
pub mod requirements;
pub mod rules;
pub mod sdk;
pub mod tables;
pub mod version;
pub mod weights;
pub mod yaml;
