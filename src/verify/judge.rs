//! The judge, which decides whether an output fits a description, and the inventor, which writes test inputs. The caller of the
//! verification provides both; in safe-push it is Claude.

use std::fmt;

use bytes::Bytes;
use futures::future::BoxFuture;
use output_compare::MediaKind;
use serde_json::Value;

use crate::clients::ErrorKind;
use crate::domain::prediction::Inputs;

/// Judges outputs. Called from several tasks at once.
pub trait Judge: Send + Sync {
    /// Answers one question. Retries after temporary errors are the judge's own.
    fn judge<'a>(&'a self, question: &'a JudgeQuestion) -> BoxFuture<'a, Result<Judgement, JudgeError>>;

    /// Proves with a cheap question that the judge can answer: key, model and credit.
    fn ready<'a>(&'a self, _model: Option<&'a str>) -> BoxFuture<'a, Result<(), JudgeError>> {
        Box::pin(async move { Ok(()) })
    }

    /// Whether it sees the frames of videos.
    fn sees_videos(&self) -> bool {
        true
    }

    /// The inventor that comes with this judge, if any.
    fn inventor(&self) -> Option<&dyn Inventor> {
        None
    }
}

/// What is known about the judge before a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JudgeAbility {
    /// Whether there is a judge.
    pub exists: bool,
    /// Whether it sees the frames of videos.
    pub sees_videos: bool,
}

impl JudgeAbility {
    pub fn of(judge: Option<&dyn Judge>) -> Self {
        Self { exists: judge.is_some(), sees_videos: judge.is_none_or(Judge::sees_videos) }
    }
}

/// Asks the judge a cheap question before its answers are needed.
///
/// # Errors
/// It will never answer: the key or the model is wrong, or the account is empty.
pub async fn prove_judge(judge: &dyn Judge, model: Option<&str>) -> Result<(), JudgeError> {
    match judge.ready(model).await {
        // An outage may be over when the judge is needed.
        Err(error) if !error.is_final => {
            tracing::warn!(%error, "the judge does not answer yet");
            Ok(())
        }
        proven => proven,
    }
}

/// Writes test inputs. They are validated before they are sent.
pub trait Inventor: Send + Sync {
    /// Writes some inputs, perhaps fewer or more than requested.
    fn invent<'a>(&'a self, request: &'a InventionRequest) -> BoxFuture<'a, Result<Vec<Inputs>, JudgeError>>;
}

/// A request for test inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct InventionRequest {
    /// The Claude model to use, if the plan names one.
    pub model: Option<String>,
    /// The schema of the inputs. Untrusted: the model's author wrote it.
    pub schema: Value,
    /// Inputs with a fixed value, secrets masked.
    pub fixed: Inputs,
    /// Inputs that are never sent.
    pub disabled: Vec<String>,
    /// Instructions by the test's author.
    pub prompt: Option<String>,
    /// Files to choose from, by input: what the answer writes for each, and what it is.
    pub files: Vec<(String, Vec<OfferedFile>)>,
    /// Inputs that are tested already.
    pub known: Vec<Inputs>,
    /// Number of inputs to write.
    pub count: usize,
}

/// A file that an inventor may choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedFile {
    /// What to write for it: `file:1`.
    pub label: String,
    /// What it is, without secrets.
    pub description: String,
}

/// A question about an output.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgeQuestion {
    pub subject: JudgeSubject,
    /// The Claude model to use, if the plan names one.
    pub model: Option<String>,
    /// The inputs of the prediction, secrets masked.
    pub inputs: Inputs,
    /// The output to judge. Untrusted: it may try to instruct the judge.
    pub output: Evidence,
}

/// What an output is judged by.
#[derive(Debug, Clone, PartialEq)]
pub enum JudgeSubject {
    /// It should fit this description.
    FitsDescription(String),
    /// It should look like the output of the same model with the same inputs as this output of the live version.
    LikeLive(Box<Evidence>),
}

/// An output with its files.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Evidence {
    /// The value, with file URLs shown without signatures.
    pub value: Value,
    /// In the order in which the value names them.
    pub files: Vec<EvidenceFile>,
    /// Why others of its files cannot be shown.
    pub hidden: Vec<String>,
}

/// One file of an output.
#[derive(Clone, PartialEq)]
pub struct EvidenceFile {
    /// The last part of its URL.
    pub name: String,
    /// The `Content-Type` that its host sent.
    pub media_type: Option<String>,
    /// Detected from the content.
    pub kind: MediaKind,
    /// Measured facts: `1024 x 768 pixels`, `2.50 s`.
    pub facts: Vec<String>,
    /// The content. Untrusted.
    pub bytes: Bytes,
}

impl fmt::Debug for EvidenceFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("EvidenceFile").field("name", &self.name).field("facts", &self.facts).finish_non_exhaustive()
    }
}

/// Whether an output fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JudgeVerdict {
    Yes,
    No,
    /// The judge does not know, because it does not see what it would have to.
    CannotTell,
}

impl From<bool> for JudgeVerdict {
    fn from(fits: bool) -> Self {
        if fits { Self::Yes } else { Self::No }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    pub verdict: JudgeVerdict,
    /// A sentence or two. Untrusted text.
    pub reason: String,
}

/// A judge or inventor that failed to answer.
#[derive(Debug, Clone, thiserror::Error)]
#[error("Claude gave no answer: {message}")]
pub struct JudgeError {
    pub message: String,
    pub kind: ErrorKind,
    /// Whether every other question would fail too.
    pub is_final: bool,
}

impl JudgeError {
    /// An error of one question.
    pub fn new(message: impl Into<String>, kind: ErrorKind) -> Self {
        Self { message: message.into(), kind, is_final: false }
    }
}
