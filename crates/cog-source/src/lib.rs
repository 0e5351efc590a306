//! Reads a Cog project without running it.
//!
//! Two halves share nothing but findings:
//!
//! - **`cog.yaml` to Dockerfile.** [`config::parse`] reads the file with all of its rules. [`recipe::cog_base_candidate`] names the base
//!   image to look up, and [`recipe::plan`] yields the Dockerfile together with the `cog.yaml` line behind each of its steps.
//!   [`sdk`], [`cuda`], [`base_image`], [`requirements`] and [`weights`] make the choices on the way and record each as a
//!   [`decision::Decision`]; [`tables`] and [`version`] hold what is known about PyTorch, TensorFlow and CUDA, and the version rules of Cog,
//!   for which no crate fits. [`labels`] are what Replicate reads from the image.
//! - **Python to OpenAPI.** [`python::describe`] reads the predictor's signature and writes the document that Cog would write.
//!
//! This crate takes text and facts and returns values. Opening anything but the given Python files, asking registries, building and judging
//! the OpenAPI document are left to others. [`rules`] and [`python::rules`] list every code that its findings carry.

pub mod base_image;
pub mod config;
pub mod cuda;
pub mod decision;
pub mod dockerfile;
pub mod environment;
pub mod image_name;
pub mod labels;
pub mod project;
pub mod python;
pub mod recipe;
pub mod requirements;
pub mod rules;
pub mod sdk;
pub mod tables;
pub mod version;
pub mod weights;
pub mod yaml;
