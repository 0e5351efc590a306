//! Small projects in temporary folders.

mod hardware;
mod live;
mod loading;
mod policy;
mod ruff;
mod whole;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cog_findings::Finding;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::domain::plan::{Allowances, BuildPlan, InspectPlan, Limits, ModelPlan, PublishMode, VerifyPlan};
use crate::domain::project_place::ProjectPlace;

const COG_YAML: &str = "build:\n  python_version: \"3.12\"\nrun: run.py:Runner\n";

const RUN_PY: &str = "from cog import BaseRunner, Input\n\n\n\
    class Runner(BaseRunner):\n    \
    def run(\n        \
    self,\n        \
    text: str = Input(description=\"What to say\"),\n        \
    times: int = Input(description=\"How often\", default=1, ge=1, le=10),\n    \
    ) -> str:\n        \
    return text * times\n";

/// A folder with these files; paths may contain folders.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn model_folder() -> TempDir {
    folder(&[("cog.yaml", COG_YAML), ("run.py", RUN_PY)])
}

/// A plan without linting.
fn plan(project: &Path) -> ModelPlan {
    ModelPlan {
        name: "hotdog".to_owned(),
        config_file: Some("cog-safe-push.yaml".to_owned()),
        project: project.to_owned(),
        place: ProjectPlace::default(),
        is_named: true,
        model: "acme/hotdog".parse().unwrap(),
        test_model: "acme/hotdog-test".parse().unwrap(),
        test_hardware: None,
        official_model: None,
        two_pass: false,
        readme: None,
        inspect: InspectPlan { no_lint: true, ..InspectPlan::default() },
        build: BuildPlan::default(),
        predict: VerifyPlan::default(),
        train: None,
        publish: PublishMode::TestOnly,
        allow: Allowances::default(),
        deployment: None,
        always: false,
        deployment_check: false,
        parallel: 1,
        limits: Limits::default(),
    }
}

async fn inspected(plan: &ModelPlan, live: Option<&LiveVersion>) -> Inspected {
    inspected_with(plan, live, &Tools::default()).await
}

async fn inspected_with(plan: &ModelPlan, live: Option<&LiveVersion>, tools: &Tools) -> Inspected {
    let request = InspectRequest { plan, config_findings: &[], live, baseline: None, hardware: None, tools };
    inspect(&request, &CancellationToken::new()).await.unwrap()
}

fn live(schema: Option<Value>) -> LiveVersion {
    LiveVersion { version: format!("acme/hotdog:{}", "a".repeat(64)).parse().unwrap(), schema, cog_version: None }
}

/// A schema with these inputs and this output.
fn schema(inputs: &Value, output: &Value) -> Value {
    json!({
        "openapi": "3.0.2",
        "info": {"title": "Cog", "version": "0.1.0"},
        "paths": {},
        "components": {"schemas": {"Input": {"title": "Input", "type": "object", "properties": inputs}, "Output": output}},
    })
}

/// Codes in order.
fn codes(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.code.as_str()).collect()
}

fn place(finding: &Finding) -> String {
    finding.location.as_ref().map(ToString::to_string).unwrap_or_default()
}

/// A program that is a shell script. A separate process writes it, because this process cannot start a file that it has open for writing,
/// not even in another test.
fn script(folder: &TempDir, text: &str) -> PathBuf {
    let path = folder.path().join("program");
    let mut writer =
        Command::new("sh").args(["-c", "cat > \"$0\" && chmod +x \"$0\""]).arg(&path).stdin(Stdio::piped()).spawn().unwrap();
    writer.stdin.take().unwrap().write_all(format!("#!/bin/sh\n{text}\n").as_bytes()).unwrap();
    assert!(writer.wait().unwrap().success());
    path
}
