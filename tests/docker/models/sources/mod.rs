//! The models: small sources in one table, each with a request and what its answer must be.
//!
//! All start from the same base and most have the same SDK, so that they share layers. What a model cannot show by its answer (a file
//! that must not be there, a variable's value) it looks up itself and answers.

mod builds;
mod old;
mod types;

pub(crate) use builds::{
    a_dockerfile_of_its_own, a_local_package, a_project_with_unusual_files, a_secret_from_a_file, a_secret_from_a_variable,
    commands_in_order, compiled_ahead_of_time, environment_with_blanks, files_in_folders, hashed_requirements, left_out_files,
    marked_requirements, packages_in_the_configuration, requirements_from_pypi, system_packages, weights_apart,
};
pub(crate) use old::{sdk_0_14, sdk_0_16, sdk_0_17, sdk_0_19};
pub(crate) use types::{
    a_decorated_concurrency, a_file_in, a_file_out, a_function, a_stream_of_text, a_trainer, async_items, async_text, choices,
    files_out, items, lists_and_objects, many_at_once, object_out, optional_inputs, refused_inputs, secret_inputs, text,
};

use std::path::PathBuf;

use safe_push::domain::plan::BuildPlan;
use serde_json::{Value, json};

/// One file of a model's project.
pub(crate) struct SourceFile {
    pub(crate) path: &'static str,
    pub(crate) contents: Vec<u8>,
    pub(crate) mode: u32,
}

/// A model, what it is asked, and what it must answer.
pub(crate) struct Model {
    pub(crate) files: Vec<SourceFile>,
    pub(crate) links: Vec<(&'static str, &'static str)>,
    pub(crate) plan: BuildPlan,
    /// Values of variables that build secrets name.
    pub(crate) variables: Vec<(&'static str, &'static str)>,
    /// Whether its container runs trainings.
    pub(crate) trains: bool,
    pub(crate) input: Value,
    /// How many of the same request are sent at one time.
    pub(crate) requests: usize,
    pub(crate) expected: Expected,
}

/// What a model must answer.
pub(crate) enum Expected {
    /// 200, with this output.
    Output(Value),
    /// This status, and these words somewhere in the body.
    Refusal(u16, &'static str),
}

/// A model from its cog.yaml (the Python version is added) and its source.
pub(crate) fn model(config: &str, source: &str) -> Model {
    let config = match config.split_once("build:\n") {
        Some((before, after)) => format!("{before}build:\n  python_version: \"3.11\"\n{after}"),
        None => format!("build:\n  python_version: \"3.11\"\n{config}"),
    };
    let model = Model {
        files: Vec::new(),
        links: Vec::new(),
        plan: BuildPlan::default(),
        variables: Vec::new(),
        trains: false,
        input: json!({}),
        requests: 1,
        expected: Expected::Output(Value::Null),
    };
    model.file("cog.yaml", &config).file("run.py", source)
}

impl Model {
    pub(crate) fn file(self, path: &'static str, text: &str) -> Self {
        self.bytes(path, text.as_bytes().to_vec(), 0o644)
    }

    pub(crate) fn bytes(mut self, path: &'static str, contents: Vec<u8>, mode: u32) -> Self {
        self.files.push(SourceFile { path, contents, mode });
        self
    }

    pub(crate) fn link(mut self, path: &'static str, target: &'static str) -> Self {
        self.links.push((path, target));
        self
    }

    pub(crate) fn sdk(mut self, version: &str) -> Self {
        self.plan.cog_version = Some(version.to_owned());
        self
    }

    pub(crate) fn secret(mut self, text: &str) -> Self {
        self.plan.secrets.push(text.to_owned());
        self
    }

    pub(crate) fn variable(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.push((name, value));
        self
    }

    pub(crate) fn dockerfile(mut self, path: &str) -> Self {
        self.plan.dockerfile = Some(PathBuf::from(path));
        self
    }

    pub(crate) fn trains(mut self) -> Self {
        self.trains = true;
        self
    }

    pub(crate) fn at_once(mut self, requests: usize) -> Self {
        self.requests = requests;
        self
    }

    pub(crate) fn asked(mut self, input: Value) -> Self {
        self.input = input;
        self
    }

    pub(crate) fn answers(mut self, output: Value) -> Self {
        self.expected = Expected::Output(output);
        self
    }

    pub(crate) fn refuses(mut self, status: u16, words: &'static str) -> Self {
        self.expected = Expected::Refusal(status, words);
        self
    }
}
