//! What a release that loads the predictor will describe, as far as the source shows it.
//!
//! Before Cog 0.19, the schema comes from the image: `python -m cog.command.openapi_schema`. Most signatures can be read all the same, so
//! that mistakes and incompatible changes are known before the build. What cannot be read is a note, not an error.

use cog_findings::{Finding, Method, Rule, SourceMap};
use serde_json::Value;

use super::document::{document, merged};
use super::error::SignatureError;
use super::legacy_document::{Pydantic, legacy_document};
use super::options::{CogVersion, Options};
use super::plain::PlainSemantics;
use super::reader::SignatureReader;
use super::rules;
use super::signature::{InputKind, MemberDefault, OutputType, Primitive, Signature};
use super::source::SourceTree;
use crate::target::Target;

/// Mistakes that these releases report too. Everything else may be clear once the file is loaded.
const CERTAIN: &[Rule] = &[
    rules::UNPARSABLE,
    rules::UNREADABLE,
    rules::REFERENCE_INVALID,
    rules::TARGET_NOT_FOUND,
    rules::METHOD_NOT_FOUND,
    rules::RETURN_MISSING,
    rules::ANNOTATION_MISSING,
    rules::ARGUMENT_UNKNOWN,
    rules::COG_TOO_OLD,
    rules::OLD_INPUT,
];

/// Warnings that are about newer releases.
const OF_NEWER: &[Rule] = &[rules::DEFAULT_NONE, rules::PREDICT_DEPRECATED, rules::CHOICES_ON_LIST];

/// What the source of a model shows of the schema that its image will have.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Foreseen {
    /// The document; `None` when the source does not show all of it.
    pub document: Option<Value>,
    /// Where the inputs and the output of predictions are in the source.
    pub predict_places: SourceMap,
    /// Where the inputs and the output of trainings are in the source.
    pub train_places: SourceMap,
    /// Why the document is unknown: mistakes, and what only the image shows.
    pub errors: Vec<SignatureError>,
    /// The mistakes, warnings, and notes about what only the image shows.
    pub findings: Vec<Finding>,
}

/// Reads what the source shows of a schema that comes from the image.
pub fn foresee(
    tree: &dyn SourceTree,
    predict: Option<&Target>,
    train: Option<&Target>,
    options: &Options,
    pydantic: Pydantic,
) -> Foreseen {
    let cog = options.cog();
    let reader = SignatureReader::new(tree, cog, &PlainSemantics);
    let mut found = Foreseen::default();
    let (mut signatures, mut errors) = (Vec::new(), Vec::new());
    for (target, method) in [(predict, Method::Predict), (train, Method::Train)] {
        let Some(target) = target else { continue };
        match reader.read(target, method) {
            Ok((signature, places)) => {
                errors.extend(refused(&signature, &places, cog));
                errors.extend(hidden_default(&signature, &places));
                if method == Method::Predict {
                    found.predict_places = places;
                } else {
                    found.train_places = places;
                }
                signatures.push(signature);
            }
            Err(more) => errors.extend(more),
        }
    }
    let is_of_newer = |finding: &Finding| OF_NEWER.iter().any(|rule| rule.code == finding.code.as_str());
    let warnings = reader.into_warnings();
    // These releases check the class of an input, not its name.
    let is_foreign_type =
        |finding: &Finding| cog < CogVersion::WITHOUT_PYDANTIC && finding.code.as_str() == rules::PATH_NOT_COG.code;
    let foreign = warnings.iter().filter(|finding| is_foreign_type(finding));
    errors.extend(foreign.filter_map(|finding| {
        let message = "an input of this type is not accepted before Cog 0.17".to_owned();
        Some(SignatureError::new(&rules::OLD_INPUT, finding.location.clone()?, message).with_hint("import the type from cog"))
    }));
    found.findings.extend(warnings.into_iter().filter(|finding| !is_of_newer(finding) && !is_foreign_type(finding)));
    let (certain, unclear): (Vec<_>, Vec<_>) = errors.iter().partition(|error| CERTAIN.contains(error.rule()));
    found.findings.extend(certain.iter().map(|error| error.finding()));
    // One note says it: the image is checked as a whole.
    found.findings.extend(unclear.first().map(|error| at_run_time(error)));
    if errors.is_empty() {
        found.document = described(&signatures, cog, pydantic);
    }
    found.errors = errors;
    found
}

fn described(signatures: &[Signature], cog: CogVersion, pydantic: Pydantic) -> Option<Value> {
    if cog < CogVersion::WITHOUT_PYDANTIC {
        return (!signatures.is_empty()).then(|| legacy_document(signatures, cog, pydantic));
    }
    match signatures {
        [one] => Some(document(one, cog)),
        [predict, train] => Some(merged(document(predict, cog), &document(train, cog))),
        _ => None,
    }
}

fn at_run_time(error: &SignatureError) -> Finding {
    if *error.rule() == rules::AT_RUN_TIME {
        return error.finding();
    }
    let finding = Finding::new(&rules::AT_RUN_TIME, format!("only the built image has the schema: {error}"));
    finding.at(error.location().clone()).hint("nothing has to be done: the built image is checked")
}

/// Inputs that releases with pydantic reject.
fn refused(signature: &Signature, places: &SourceMap, cog: CogVersion) -> Vec<SignatureError> {
    if cog >= CogVersion::WITHOUT_PYDANTIC {
        return Vec::new();
    }
    let refused = signature.inputs.iter().filter_map(|input| {
        let (name, place) = (&input.name, places.input(&input.name)?.clone());
        if has_any(&input.r#type.kind) {
            let message = format!("{name} takes any JSON, which is not an input type before Cog 0.17");
            let error = SignatureError::new(&rules::OLD_INPUT, place, message);
            return Some(error.with_hint("use str, int, float, bool or Path, or a newer Cog"));
        }
        if input.r#type.nullable && cog < CogVersion::OPTIONAL {
            let message = format!("{name} is optional, which inputs may be since Cog {}", CogVersion::OPTIONAL);
            let error = SignatureError::new(&rules::OLD_INPUT, place, message);
            return Some(error.with_hint("write the type alone, with Input(default=None)"));
        }
        let is_plain = matches!(input.r#type.kind, InputKind::Primitive(Primitive::String | Primitive::Integer));
        if !input.info.choices.is_empty() && (!is_plain || input.r#type.nullable) {
            let message = format!("{name} has choices, which only str and int may have before Cog 0.17");
            let error = SignatureError::new(&rules::OLD_INPUT, place, message);
            return Some(error.with_hint("use str or int, not optional, or a newer Cog"));
        }
        None
    });
    refused.collect()
}

/// A member of the output whose default is only known to the running model.
fn hidden_default(signature: &Signature, places: &SourceMap) -> Option<SignatureError> {
    let place = places.output().or(places.target.as_ref())?.clone();
    let message = "a default of the output's class is only known when it is loaded";
    has_hidden_default(&signature.output).then(|| SignatureError::new(&rules::AT_RUN_TIME, place, message))
}

fn has_any(kind: &InputKind) -> bool {
    match kind {
        InputKind::Primitive(primitive) | InputKind::List(primitive) => *primitive == Primitive::Any,
        InputKind::Union(variants) => variants.iter().any(has_any),
    }
}

/// Whether a member's default is only known to the running model.
fn has_hidden_default(output: &OutputType) -> bool {
    match output {
        OutputType::Object(_, members) => {
            members.iter().any(|member| member.default == Some(MemberDefault::AtRunTime) || has_hidden_default(&member.r#type))
        }
        OutputType::List(inner) | OutputType::Dict(inner) | OutputType::Iterator(inner) => has_hidden_default(inner),
        OutputType::Primitive(_) | OutputType::AnyDict | OutputType::Recursive(_) | OutputType::ConcatenateIterator => false,
    }
}
