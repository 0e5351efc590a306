//! From source files to a document.

use cog_findings::{Finding, Location, Method, SourceMap};
use serde_json::Value;

use super::cog_cli::CogCliSemantics;
use super::differences::differences;
use super::document::{document, merged};
use super::error::{SignatureError, SignatureErrors};
use super::legacy::foresee;
use super::legacy_document::Pydantic;
use super::options::{CogVersion, Options};
use super::plain::PlainSemantics;
use super::reader::SignatureReader;
use super::rules;
use super::signature::Signature;
use super::source::SourceTree;
use crate::target::Target;

/// A model as its source describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// The OpenAPI document, for predictions and trainings together.
    pub document: Value,
    /// The signature of predictions.
    pub predict: Option<Signature>,
    /// The signature of trainings.
    pub train: Option<Signature>,
    /// Where the inputs and the output of `predict` are in the source.
    pub predict_places: SourceMap,
    /// Where the inputs and the output of `train` are in the source.
    pub train_places: SourceMap,
    /// Findings about source that is legal but misleading.
    pub warnings: Vec<Finding>,
}

/// [`describe`] or [`describe_like_cog`].
pub type Describe = fn(&dyn SourceTree, Option<&Target>, Option<&Target>, &Options) -> Result<Description, Vec<SignatureError>>;

/// Describes a model from its source. Nothing is run, and only files of the tree are read.
///
/// Warns where a build with the Cog CLI would get another document; [`describe_like_cog`] returns that one.
///
/// # Errors
/// Everything that keeps the signatures from being read, each with its location. Never empty.
///
/// # Examples
/// ```
/// use cog_source::python::{Options, SourceTree, Target, describe};
///
/// struct OneFile;
///
/// impl SourceTree for OneFile {
///     fn read(&self, path: &str) -> std::io::Result<Option<String>> {
///         let source = "class Predictor:\n    def run(self, prompt: str) -> str: ...\n";
///         Ok((path == "predict.py").then(|| source.to_owned()))
///     }
/// }
///
/// let predictor = Target { file: "predict.py".to_owned(), name: "Predictor".to_owned() };
/// let description = describe(&OneFile, Some(&predictor), None, &Options::default()).unwrap();
/// let input = &description.document["components"]["schemas"]["Input"];
/// assert_eq!(input["required"], serde_json::json!(["prompt"]));
/// ```
pub fn describe(
    tree: &dyn SourceTree,
    predict: Option<&Target>,
    train: Option<&Target>,
    options: &Options,
) -> Result<Description, Vec<SignatureError>> {
    if options.cog() < CogVersion::WITHOUT_PYDANTIC {
        return describe_legacy(tree, predict, train, options);
    }
    let reader = SignatureReader::new(tree, options.cog(), &PlainSemantics);
    let parts = Parts::read(&reader, predict, train)?;
    let cog_cli = reader.with_semantics(&CogCliSemantics);
    let mut warnings = reader.into_warnings();
    for (target, method, part) in [(predict, Method::Predict, &parts.predict), (train, Method::Train, &parts.train)] {
        if let (Some(target), Some(part)) = (target, part) {
            warnings.extend(differences(part, cog_cli.read(target, method)));
        }
    }
    parts.describe(options.cog(), warnings)
}

/// Describes a model as Cog's own schema generator does, with everything that it loses, garbles or rejects.
///
/// For comparisons: this is the document in an image that the Cog CLI builds.
///
/// # Errors
/// Everything that the generator refuses, each with its location. Never empty.
pub fn describe_like_cog(
    tree: &dyn SourceTree,
    predict: Option<&Target>,
    train: Option<&Target>,
    options: &Options,
) -> Result<Description, Vec<SignatureError>> {
    if options.cog() < CogVersion::WITHOUT_PYDANTIC {
        return describe_legacy(tree, predict, train, options);
    }
    let reader = SignatureReader::new(tree, options.cog(), &CogCliSemantics);
    let parts = Parts::read(&reader, predict, train)?;
    let warnings = reader.into_warnings();
    parts.describe(options.cog(), warnings)
}

/// Describes a model as releases with pydantic do, which run it.
fn describe_legacy(
    tree: &dyn SourceTree,
    predict: Option<&Target>,
    train: Option<&Target>,
    options: &Options,
) -> Result<Description, Vec<SignatureError>> {
    let found = foresee(tree, predict, train, options, Pydantic::Two);
    match found.document {
        Some(document) => Ok(Description {
            document,
            predict: None,
            train: None,
            predict_places: found.predict_places,
            train_places: found.train_places,
            warnings: found.findings,
        }),
        None if found.errors.is_empty() => Err(nothing_named()),
        None => Err(found.errors),
    }
}

fn nothing_named() -> SignatureErrors {
    let error = SignatureError::new(&rules::REFERENCE_INVALID, Location::file("cog.yaml"), "neither predict nor train is named");
    vec![error.with_hint("add run: \"predict.py:Predictor\" to cog.yaml")]
}

type Part = (Signature, SourceMap);

/// The methods of a model that its configuration names.
struct Parts {
    predict: Option<Part>,
    train: Option<Part>,
}

impl Parts {
    pub(super) fn read(
        reader: &SignatureReader<'_>,
        predict: Option<&Target>,
        train: Option<&Target>,
    ) -> Result<Self, SignatureErrors> {
        let predict = predict.map(|target| reader.read(target, Method::Predict)).transpose();
        let train = train.map(|target| reader.read(target, Method::Train)).transpose();
        match (predict, train) {
            (Ok(predict), Ok(train)) => Ok(Self { predict, train }),
            (predict, train) => {
                let mut errors: SignatureErrors = [predict.err(), train.err()].into_iter().flatten().flatten().collect();
                errors.dedup();
                Err(errors)
            }
        }
    }

    fn describe(self, cog: CogVersion, warnings: Vec<Finding>) -> Result<Description, SignatureErrors> {
        let document = match (&self.predict, &self.train) {
            (Some((predict, _)), Some((train, _))) => merged(document(predict, cog), &document(train, cog)),
            (Some((one, _)), None) | (None, Some((one, _))) => document(one, cog),
            (None, None) => return Err(nothing_named()),
        };
        let (predict, predict_places) = self.predict.unzip();
        let (train, train_places) = self.train.unzip();
        Ok(Description {
            document,
            predict,
            train,
            predict_places: predict_places.unwrap_or_default(),
            train_places: train_places.unwrap_or_default(),
            warnings,
        })
    }
}
