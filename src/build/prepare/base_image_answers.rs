//! Answers of the `cog-base` registry in this run.

use std::collections::HashMap;
use std::sync::Arc;

use cog_source::base_image::BaseImageAnswer;
use tokio::sync::Mutex;

use crate::build::request::BaseLayers;

/// Facts about the base image.
#[derive(Debug, Clone, Default)]
pub(super) struct BaseImageFacts {
    /// For the recipe; `None` if no registry was asked.
    pub(super) answer: Option<BaseImageAnswer>,
    /// For the labels, if the image exists.
    pub(super) layers: Option<BaseLayers>,
}

/// Answers of the `cog-base` registry so far: models of one run that want the same image ask once.
#[derive(Debug, Clone, Default)]
pub struct CogBaseAnswers(pub(super) Arc<Mutex<HashMap<String, BaseImageFacts>>>);
