//! `schema show|diff|lint`: OpenAPI documents of models, from any source.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use cog_findings::{Finding, Severity, SourceMap};
use cog_schema::{CompatOptions, compare, lint};
use cog_source::python::{self, FolderTree, Target};
use serde_json::Value;
use tokio::task::spawn_blocking;

use crate::cli::arguments::{MethodArgument, SchemaCommand, SchemaDiffArguments, SchemaLintArguments, SchemaShowArguments};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::finding_output;
use crate::cli::load;
use crate::cli::named_file;
use crate::cli::printer::Format;
use crate::cli::services;
use crate::cli::setting_flags::SettingFlags;
use crate::cli::source_schema::{describe_project, refused};
use crate::domain::identity::{ModelRef, VersionId, split_version};
use crate::domain::project_place::COG_YAML;
use crate::domain::verdict::Verdict;
use crate::inspect::{Revision, unread, with_excerpt};
use crate::report::documents::Findings;
use crate::report::{console, json};

/// Larger documents are rejected.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

pub(super) async fn run(command: SchemaCommand, context: &Context) -> Result<Verdict, Failure> {
    match command {
        SchemaCommand::Show(arguments) => show(&arguments, context).await,
        SchemaCommand::Diff(arguments) => diff(&arguments, context).await,
        SchemaCommand::Lint(arguments) => lint_one(&arguments, context).await,
    }
}

async fn show(arguments: &SchemaShowArguments, context: &Context) -> Result<Verdict, Failure> {
    let folder = context.environment.folder().to_owned();
    let options = python::Options { cog_version: arguments.cog_version.clone() };
    let describe = if arguments.cog_exact { python::describe_like_cog } else { python::describe };
    let description = match &arguments.target {
        Some(text) => {
            let target = named_target(text)?;
            let (predict, train) = match arguments.mode {
                MethodArgument::Predict => (Some(&target), None),
                MethodArgument::Train => (None, Some(&target)),
            };
            describe(&FolderTree::new(folder.clone()), predict, train, &options).map_err(|errors| refused(&errors, &folder))?
        }
        None => describe_project(&folder, options.cog_version.as_deref(), describe).await?,
    };
    for warning in description.warnings {
        let warning = with_excerpt(warning, &folder);
        context.printer.say(&console::finding(&warning, context.printer.progress_style()));
    }
    context.printer.foreign_json(&description.document)?;
    Ok(Verdict::Passed)
}

fn named_target(text: &str) -> Result<Target, Failure> {
    let (file, name) = text.rsplit_once(':').filter(|(file, name)| !file.is_empty() && !name.is_empty()).ok_or_else(|| {
        Failure::request(format!("'{text}' does not name a predictor")).hint("name it as FILE:NAME, as in predict.py:Predictor")
    })?;
    Ok(Target { file: file.to_owned(), name: name.to_owned() })
}

/// A document, with the locations of its parts if the source is available.
struct LocatedSchema {
    value: Value,
    predict: SourceMap,
    train: SourceMap,
    /// The folder that the locations are relative to.
    folder: PathBuf,
}

impl LocatedSchema {
    fn without_source(value: Value) -> Self {
        Self { value, predict: SourceMap::default(), train: SourceMap::default(), folder: PathBuf::new() }
    }
}

async fn diff(arguments: &SchemaDiffArguments, context: &Context) -> Result<Verdict, Failure> {
    if arguments.old == "-" && arguments.new == "-" {
        return Err(Failure::request("standard input can be read only once").hint("give one of the two as a file"));
    }
    let old = fetch(&arguments.old, context).await?;
    let new = fetch(&arguments.new, context).await?;
    let options = CompatOptions { train_source: new.train.clone(), ..CompatOptions::default() };
    let mut findings = unread("the old document", &old.value);
    findings.extend(unread("the new document", &new.value));
    findings.extend(compare(&old.value, &new.value, &new.predict, &options));
    conclude(findings, &new.folder, "compatible", context)
}

async fn lint_one(arguments: &SchemaLintArguments, context: &Context) -> Result<Verdict, Failure> {
    let document = fetch(&arguments.schema, context).await?;
    let findings = lint(&document.value, &document.predict, &document.train);
    conclude(findings, &document.folder, "nothing to complain about", context)
}

fn conclude(findings: Vec<Finding>, folder: &Path, all_good: &str, context: &Context) -> Result<Verdict, Failure> {
    let findings: Vec<Finding> = findings.into_iter().map(|finding| with_excerpt(finding, folder)).collect();
    let entries: Vec<_> = findings.iter().map(json::finding).collect();
    if context.printer.format == Format::Json {
        context.printer.json(&Findings(entries))?;
    } else if !finding_output::print(&entries, context)? {
        for finding in &findings {
            context.printer.result(&console::finding(finding, context.printer.result_style()));
        }
        if !findings.iter().any(|finding| finding.severity > Severity::Note) {
            context.printer.result(all_good);
        }
    }
    Ok(if findings.iter().any(Finding::is_error) { Verdict::Failed } else { Verdict::Passed })
}

/// Reads a document from a file, standard input, a project folder, a git revision, or Replicate.
async fn fetch(from: &str, context: &Context) -> Result<LocatedSchema, Failure> {
    if from == "-" {
        let mut text = String::new();
        std::io::stdin().take(MAX_BYTES).read_to_string(&mut text).context("failed to read standard input")?;
        return Ok(LocatedSchema::without_source(parse(&text, "standard input")?));
    }
    let path = context.environment.folder().join(from);
    if path.is_dir() {
        let described = describe_project(&path, None, python::describe).await?;
        return Ok(LocatedSchema {
            value: described.document,
            predict: described.predict_places,
            train: described.train_places,
            folder: path,
        });
    }
    if path.exists() {
        let text = named_file::read_text(&path, from, MAX_BYTES).await?;
        return Ok(LocatedSchema::without_source(parse(&text, from)?));
    }
    let (folder, revision, tools) = (context.environment.folder().to_owned(), from.to_owned(), services::tools(context));
    let found = spawn_blocking(move || Revision::find(&folder, &revision, &tools)).await.context("git crashed")?;
    if let Ok(revision) = found {
        let read = spawn_blocking(move || revision.schema(COG_YAML, None)).await.context("git crashed")?;
        let value = read.map_err(|error| {
            let hint = error.hint();
            Failure::new(Verdict::Misconfigured, error).maybe_hint(hint)
        })?;
        return Ok(LocatedSchema::without_source(value));
    }
    let (name, id) = split_version(from);
    let Ok(model) = name.parse::<ModelRef>() else {
        return Err(Failure::request(format!("'{from}' is neither a file, nor a folder, nor a git revision, nor a model"))
            .hint("give a JSON file, - for standard input, a project folder, a git revision, or OWNER/NAME[:ID]"));
    };
    Ok(LocatedSchema::without_source(of_model(&model, id, context).await?))
}

fn parse(text: &str, from: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| {
        Failure::new(Verdict::Misconfigured, anyhow::Error::from(error).context(format!("{from} is not a JSON document")))
    })
}

async fn of_model(model: &ModelRef, id: Option<&str>, context: &Context) -> Result<Value, Failure> {
    let run = load::settings_only(SettingFlags::default(), context)?;
    let token = services::api_token(&run)?;
    let replicate = services::replicate_client(&run, token)?;
    let version = match id {
        Some(id) => {
            let id: VersionId = id.parse().map_err(|error| Failure::new(Verdict::Misconfigured, anyhow::Error::from(error)))?;
            replicate.version(&crate::domain::identity::VersionRef { model: model.clone(), id }).await
        }
        None => replicate.model(model).await.map(|found| found.and_then(|found| found.latest_version)),
    };
    version?
        .and_then(|version| version.openapi_schema)
        .ok_or_else(|| Failure::request(format!("{model} has no version with a schema")))
}
