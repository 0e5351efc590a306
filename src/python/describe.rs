//! From targets to a described model.

use serde_json::Value;

use super::annotation;
use super::document;
use super::input::Inputs;
use super::method::{Found, decorations, find};
use super::output::output_type;
use super::rules;
use super::signature::{Mode, Signature};
use super::world::World;
use crate::domain::finding::Finding;
use crate::domain::source_map::SourceMap;
use crate::python::{ErrorKind, SignatureError, SourceTree};

/// A class or function in a file of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The file, relative to the project: `predict.py`.
    pub file: String,
    /// The class or function.
    pub name: String,
}

/// How a schema is made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// The Cog version whose schema is wanted, as in `0.22.0`; since 0.22 the document names it.
    pub cog_version: Option<String>,
    /// Lose what the official generator loses.
    pub peer_exact: bool,
}

/// A described model.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// The OpenAPI document.
    pub document: Value,
    /// The predictor.
    pub predict: Option<Signature>,
    /// The trainer.
    pub train: Option<Signature>,
    /// Where the predictor's parts stand, in files of the project.
    pub predict_places: SourceMap,
    /// Where the trainer's parts stand.
    pub train_places: SourceMap,
    /// What is legal and will bother somebody.
    pub warnings: Vec<Finding>,
}

/// Describes a predictor, a trainer, or both. All errors of both are told at once.
pub fn describe(
    tree: &dyn SourceTree,
    predict: Option<&Target>,
    train: Option<&Target>,
    options: &Options,
) -> Result<Description, Vec<SignatureError>> {
    let world = World::new(tree);
    let mut errors = Vec::new();
    let mut warnings = Vec::new();
    let mut read = |target: Option<&Target>, mode| {
        let (signature, places) = match read_target(&world, target?, mode, options, &mut warnings) {
            Ok(read) => read,
            Err(found) => {
                errors.extend(found);
                return None;
            }
        };
        Some((signature, places))
    };
    let predict = read(predict, Mode::Predict);
    let train = read(train, Mode::Train);
    if !errors.is_empty() {
        return Err(errors);
    }
    let (predict, predict_places) = predict.unzip();
    let (train, train_places) = train.unzip();
    Ok(Description {
        document: document::combined(predict.as_ref(), train.as_ref(), options.cog_version.as_deref()),
        predict,
        train,
        predict_places: predict_places.unwrap_or_default(),
        train_places: train_places.unwrap_or_default(),
        warnings,
    })
}

fn read_target(
    world: &World<'_>,
    target: &Target,
    mode: Mode,
    options: &Options,
    warnings: &mut Vec<Finding>,
) -> Result<(Signature, SourceMap), Vec<SignatureError>> {
    let found = find(world, target, mode).map_err(|error| vec![error])?;
    let Some(definition) = found.definition() else { return Err(Vec::new()) };
    let mut errors = Vec::new();
    let mut places = SourceMap { target: Some(found.module.place(&definition.name)), ..SourceMap::default() };
    let mut reader =
        Inputs { world, module: &found.module, peer_exact: options.peer_exact, method: found.name(), warnings: Vec::new() };
    let parameters = &definition.parameters;
    let mut inputs = Vec::new();
    let all = parameters.posonlyargs.iter().chain(&parameters.args).chain(&parameters.kwonlyargs);
    for (index, parameter) in all.enumerate() {
        let name = &parameter.parameter.name;
        if index == 0 && name.as_str() == "self" {
            continue;
        }
        places.inputs.insert(name.to_string(), found.module.place(name));
        match reader.read(parameter) {
            Ok(Some(field)) => inputs.push(field),
            Ok(None) => {}
            Err(error) => errors.push(error),
        }
    }
    for variadic in [&parameters.vararg, &parameters.kwarg].into_iter().flatten() {
        let message = format!("parameter '{}' is overlooked by Cog", variadic.name);
        reader.warnings.push(
            Finding::new(&rules::IGNORED_PARAMETER, message)
                .at(found.module.place(&variadic.name))
                .hint("name each input as a parameter of its own"),
        );
    }
    warnings.append(&mut reader.warnings);
    let output = match &definition.returns {
        Some(returns) => {
            places.output = Some(found.module.place(returns.as_ref()));
            output_type(world, &annotation::read(world, &found.module, returns))
        }
        None => Err(missing_return(&found, definition)),
    };
    let output = match output {
        Ok(output) => output,
        Err(error) => {
            errors.push(error);
            return Err(errors);
        }
    };
    let decorations = match decorations(world, &found, definition, &output) {
        Ok(decorations) if errors.is_empty() => decorations,
        Ok(_) => return Err(errors),
        Err(error) => {
            errors.push(error);
            return Err(errors);
        }
    };
    let signature = Signature {
        mode,
        method: found.name().to_owned(),
        inputs,
        output,
        streaming: decorations.streaming,
        concurrency: decorations.concurrency,
        is_async: definition.is_async,
    };
    Ok((signature, places))
}

fn missing_return(found: &Found, definition: &ruff_python_ast::StmtFunctionDef) -> SignatureError {
    let message = format!("{} has no return annotation", found.name());
    SignatureError::new(ErrorKind::MissingReturn, message, found.module.place(&definition.name)).hint("write -> str, for example")
}
