//! What a version changes that its outputs do not show: how long it takes, how large it is, what it costs.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One aspect of the live version and of the new one.
#[derive(Debug, Clone, PartialEq)]
pub struct BeforeAfter {
    pub aspect: Aspect,
    /// The value of the live version, in the aspect's unit. `None` if it is unknown.
    pub before: Option<f64>,
    /// The value of the new version, in the aspect's unit. `None` if it is unknown.
    pub after: Option<f64>,
    pub trend: Trend,
    /// One line about it: how certain it is, or why nothing is judged.
    pub note: Option<String>,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// Run time of a prediction in seconds, without queue and boot: the median of the inputs.
    PredictTime,
    /// Seconds from the creation of the first prediction to its start: queue, image pull and `setup()`.
    Boot,
    /// Compressed size of the image in bytes.
    ImageSize,
    /// Number of layers of the image.
    Layers,
    /// Size of the files of an output in bytes: the median of the inputs.
    OutputSize,
    /// Price of a prediction in US dollars, from public prices.
    Cost,
}

impl Aspect {
    /// The name in settings and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PredictTime => "predict_time",
            Self::Boot => "boot",
            Self::ImageSize => "image_size",
            Self::Layers => "layers",
            Self::OutputSize => "output_size",
            Self::Cost => "cost",
        }
    }
}

impl fmt::Display for Aspect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Whether an aspect became better or worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    Better,
    /// No difference that can be told from noise.
    Alike,
    Worse,
    /// The values cannot be compared, or there are too few.
    NotJudged,
}

impl BeforeAfter {
    /// The new value relative to the old one, if both are known and the old one is not zero.
    pub fn ratio(&self) -> Option<f64> {
        let (before, after) = (self.before?, self.after?);
        (before > 0.0).then(|| after / before)
    }
}
