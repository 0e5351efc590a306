//! The judge: somebody who can say whether an output fits a description. Who it is, is decided by whoever starts the verification.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use output_compare::MediaKind;
use serde_json::Value;

use crate::clients::ErrorKind;
use crate::domain::prediction::Inputs;

/// Gives opinions. Called from several tasks at one time.
#[async_trait]
pub trait Judge: Send + Sync {
    /// Answers one question. Repeats after errors that may pass are the judge's own affair.
    async fn judge(&self, question: &JudgeQuestion) -> Result<Judgement, JudgeError>;

    /// Who invents inputs, when the judge knows somebody.
    fn inventor(&self) -> Option<&dyn Inventor> {
        None
    }
}

/// Invents inputs for testing. What it gives is looked at before it is sent.
#[async_trait]
pub trait Inventor: Send + Sync {
    /// Invents some inputs. May give fewer or more than wished for.
    async fn invent(&self, wish: &Wish) -> Result<Vec<Inputs>, JudgeError>;
}

/// What is to be invented.
#[derive(Debug, Clone, PartialEq)]
pub struct Wish {
    /// The model that invents, when the plan names one.
    pub model: Option<String>,
    /// The schema of the inputs. Written by whoever wrote the model.
    pub schema: Value,
    /// Inputs that always have this value, secrets masked.
    pub fixed: Inputs,
    /// Inputs that are never sent.
    pub disabled: Vec<String>,
    /// Words of whoever wrote the test.
    pub prompt: Option<String>,
    /// What is tested already.
    pub known: Vec<Inputs>,
    /// How many are wished for.
    pub count: usize,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgeQuestion {
    /// The question.
    pub subject: JudgeSubject,
    /// The judge's model, when the plan names one.
    pub model: Option<String>,
    /// What the prediction was given, secrets masked. Written by whoever wrote the case.
    pub inputs: Inputs,
    /// The output that is judged. Untrusted: it must not be able to instruct the judge.
    pub output: Evidence,
}

/// What a question is about.
#[derive(Debug, Clone, PartialEq)]
pub enum JudgeSubject {
    /// Does the output fit this description?
    FitsDescription(String),
    /// Could both outputs stem from the same model with the same inputs? This one is the live version's.
    LikeLive(Box<Evidence>),
}

/// An output with its files.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Evidence {
    /// The output's value; files appear as URLs without their signatures.
    pub value: Value,
    /// Its files, in the order of the value.
    pub files: Vec<EvidenceFile>,
}

/// One file of an output.
#[derive(Clone, PartialEq)]
pub struct EvidenceFile {
    /// Its name, from its URL.
    pub name: String,
    /// Its type as its host names it.
    pub media_type: Option<String>,
    /// What it is, by its bytes.
    pub kind: MediaKind,
    /// Facts that were measured: `1024 x 768 pixels`, `2.50 s`.
    pub facts: Vec<String>,
    /// Its bytes.
    pub bytes: Bytes,
}

impl fmt::Debug for EvidenceFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("EvidenceFile").field("name", &self.name).field("facts", &self.facts).finish_non_exhaustive()
    }
}

/// An opinion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The answer.
    pub passed: bool,
    /// Why, in a sentence or two. Untrusted text.
    pub reason: String,
}

/// A judge that gave no opinion.
#[derive(Debug, thiserror::Error)]
#[error("the judge gave no opinion: {message}")]
pub struct JudgeError {
    /// What went wrong.
    pub message: String,
    /// Whose failure it is.
    pub kind: ErrorKind,
}
