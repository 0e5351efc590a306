//! Reads a Cog project without running it.
//!
//! Two halves:
//!
//! - **`cog.yaml` to Dockerfile.** [`config::parse`] reads the file with all of its rules. [`recipe::cog_base_candidate`] names the base
//!   image to look up, and [`recipe::plan`] returns the Dockerfile with the `cog.yaml` line behind each of its steps. [`sdk`], `cuda`,
//!   [`base_image`], `requirements` and [`weights`] make the choices and record each as a [`decision::Decision`]. `tables` has the releases
//!   of PyTorch, TensorFlow and CUDA. `version` has the version rules of Cog, for which no crate exists. [`labels`] holds the labels that
//!   Replicate reads from the image.
//! - **Python to OpenAPI.** [`python::describe`] reads the signature of the predictor and writes the document that Cog would write.
//!
//! Where the Cog CLI is wrong, this crate is right and says so. What the CLI would do is a second implementation of the same traits:
//! [`recipe::Conventions::CogCli`] and [`python::describe_like_cog`].
//!
//! The crate takes text and facts and returns values. It opens no files except Python source through a [`python::SourceTree`]. Asking
//! registries, building, and judging the OpenAPI document are left to callers. [`rules`] and [`python::rules`] list all codes of its
//! findings.

pub mod base_image;
pub mod config;
mod cuda;
pub mod decision;
pub mod dockerfile;
mod environment;
pub mod image_name;
pub mod labels;
pub mod project;
pub mod python;
pub mod recipe;
mod requirements;
pub mod rules;
pub mod sdk;
mod tables;
mod target;
mod version;
pub mod weights;
pub mod yaml;

/// Compiles and runs the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
