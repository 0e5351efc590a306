//! What a test case expects: one of the checkers of cog-safe-push, or several checks, which can contain checkers.

use bytes::Bytes;
use serde_json::Value;

/// The expected outcome of a case.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Expectation {
    /// It succeeds with any output.
    #[default]
    Succeeds,
    /// The output is exactly this text, which may be empty: `docs/reference/cog-safe-push.md#empty-expectations`.
    ExactString(String),
    /// The output is a file that matches the one at this URL.
    MatchUrl(String),
    /// The judge approves the output by this description.
    MatchPrompt(String),
    /// Every result of this jq program over the output is neither `false` nor `null`, and there is at least one.
    JqQuery(String),
    /// The prediction fails, or its inputs are rejected, with an error that contains this text.
    ErrorContains(String),
    /// The output is a file that matches this one of the repository.
    MatchFile(ExpectedFile),
    /// Several expectations, which all have to be met.
    Checks {
        checks: Vec<OutputCheck>,
        /// As they are written.
        text: String,
    },
}

impl Expectation {
    /// Its key in cog-safe-push's configuration; `none` for [`Self::Succeeds`].
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Succeeds => "none",
            Self::ExactString(_) => "exact_string",
            Self::MatchUrl(_) => "match_url",
            Self::MatchPrompt(_) => "match_prompt",
            Self::JqQuery(_) => "jq_query",
            Self::ErrorContains(_) => "error_contains",
            Self::MatchFile(_) => "match_file",
            Self::Checks { .. } => "checks",
        }
    }

    /// The configured value.
    pub fn wanted(&self) -> Option<&str> {
        match self {
            Self::Succeeds => None,
            Self::ExactString(text)
            | Self::MatchUrl(text)
            | Self::MatchPrompt(text)
            | Self::JqQuery(text)
            | Self::ErrorContains(text)
            | Self::Checks { text, .. } => Some(text),
            Self::MatchFile(file) => Some(&file.path),
        }
    }

    /// The checkers in it: itself, or those of several that a case can also have alone.
    pub fn parts(&self) -> Vec<&Self> {
        match self {
            Self::Checks { checks, .. } => {
                checks.iter().filter_map(|check| if let OutputCheck::Of(part) = check { Some(part) } else { None }).collect()
            }
            part => vec![part],
        }
    }

    /// Whether the prediction has to fail.
    pub fn expects_error(&self) -> bool {
        self.parts().iter().any(|part| matches!(part, Self::ErrorContains(_)))
    }
}

/// One expectation of several.
#[derive(Debug, Clone, PartialEq)]
pub enum OutputCheck {
    /// A checker that a case can also have alone.
    Of(Expectation),
    /// The output as text contains this text.
    Contains(String),
    /// A part of the output as text matches this regular expression. It is valid.
    Regex(String),
    /// The output fits this JSON Schema. It is valid.
    JsonSchema(Value),
    /// Every image of the output is like this.
    Image(ImageCheck),
    /// Every audio file of the output is like this.
    Audio(AudioCheck),
    /// Every video of the output is like this.
    Video(VideoCheck),
    /// Number of items of a list, or of files.
    Count(NumberRange),
    /// The run time in seconds is at most this.
    MaxPredictSeconds(f64),
    /// The prediction costs at most this many US dollars, by public prices.
    MaxCost(f64),
    /// The first piece of the output is there within this many seconds after the start.
    FirstOutputSeconds(f64),
}

/// Numbers from one to another, both included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumberRange {
    pub least: f64,
    pub most: f64,
}

impl NumberRange {
    pub fn has(&self, number: f64) -> bool {
        (self.least..=self.most).contains(&number)
    }
}

impl std::fmt::Display for NumberRange {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { least, most } = self;
        match (least, most) {
            (least, most) if (most - least).abs() < f64::EPSILON => write!(formatter, "{least}"),
            (least, most) if most.is_infinite() => write!(formatter, "at least {least}"),
            (least, most) if *least <= 0.0 => write!(formatter, "at most {most}"),
            (least, most) => write!(formatter, "{least} to {most}"),
        }
    }
}

/// What an image is like.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ImageCheck {
    /// The file format, as in `png`.
    pub format: Option<String>,
    /// In pixels.
    pub width: Option<NumberRange>,
    /// In pixels.
    pub height: Option<NumberRange>,
    /// It looks like this file.
    pub like: Option<ExpectedFile>,
    /// The structural similarity to `like`; `None` for that of the case's thresholds.
    pub min_ssim: Option<f64>,
}

/// What an audio file is like.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AudioCheck {
    /// In seconds.
    pub duration: Option<NumberRange>,
    pub channels: Option<NumberRange>,
}

/// What a video is like.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VideoCheck {
    /// In seconds.
    pub duration: Option<NumberRange>,
    /// Frames per second.
    pub fps: Option<NumberRange>,
    /// In pixels.
    pub width: Option<NumberRange>,
    /// In pixels.
    pub height: Option<NumberRange>,
}

/// A file of the repository that an output is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedFile {
    /// Relative to the repository.
    pub path: String,
    /// Its content, read before the first prediction.
    pub content: Option<Bytes>,
}

impl ExpectedFile {
    /// A file that was not read yet.
    pub fn named(path: impl Into<String>) -> Self {
        Self { path: path.into(), content: None }
    }
}
