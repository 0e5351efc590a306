//! The corpus of predictors through the real Cog 0.16.12, and from there to what its source says today: an unchanged source may differ
//! in nothing but what is truly different: `docs/reference/cog.md#old-and-new-schemas`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cog_findings::Severity;
use cog_schema::{CompatOptions, compare};
use cog_source::python::{FolderTree, Options, Target, describe};
use serde_json::{Map, Value};
use test_support::docker_is_there;

/// What is run in the container: the files come on standard input, the documents go to standard output.
const COMMANDS: &str = "mkdir /project && tar -C /project -xf - \
    && python -m pip install --quiet --no-cache-dir --root-user-action ignore --retries 10 cog==0.16.12 'pydantic==2.11.*' >&2 \
    && python /project/docker/openapi_of_cog.py /project/predictors";

/// True differences of unchanged sources: the case, and what is said about it.
const DIFFERENCES: &[(&str, &[&str])] = &[
    // Cog 0.16.12 offers the members' names, as Python 3.11 writes them, where the model takes their values.
    ("choices-enum", &["SP106 input other no longer offers \"Size.SMALL\", \"Size.LARGE\""]),
    // None on a plain type is not a default in documents without pydantic.
    ("default-none-plain-type", &["SP103 input value became required"]),
];

fn tests_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// What Cog 0.16.12 makes of every case: a document, or why there is none.
fn answers_of_cog() -> Map<String, Value> {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("files.tar");
    let mut pack = Command::new("tar");
    pack.arg("-cf").arg(&archive).arg("-C").arg(tests_folder()).args(["predictors", "docker/openapi_of_cog.py"]);
    let mut run = Command::new("docker");
    run.args(["run", "--rm", "--interactive", "--network", "host"]);
    // A private certificate authority, where packages come through one.
    let authority = ["COG_CA_CERT", "SSL_CERT_FILE"].iter().find_map(std::env::var_os).filter(|path| Path::new(path).is_file());
    if let Some(authority) = authority {
        fs::copy(authority, folder.path().join("authority.crt")).unwrap();
        pack.arg("-C").arg(folder.path()).arg("authority.crt");
        run.args(["--env", "PIP_CERT=/project/authority.crt"]);
    }
    assert!(pack.status().unwrap().success());
    run.args(["python:3.11-slim", "sh", "-c", COMMANDS]).stdin(fs::File::open(&archive).unwrap()).stderr(Stdio::inherit());
    let output = run.output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What the source says without being run, for sources that do.
fn described(name: &str) -> Option<Value> {
    let folder = tests_folder().join("predictors").join(name);
    let expected: Value = serde_json::from_str(&fs::read_to_string(folder.join("expected.json")).unwrap()).unwrap();
    let target = |value: &Value| {
        let (file, name) = value.as_str()?.split_once(':')?;
        Some(Target { file: file.to_owned(), name: name.to_owned() })
    };
    let predict = match expected.get("predict") {
        None => Some(Target { file: "predict.py".to_owned(), name: "Predictor".to_owned() }),
        Some(named) => target(named),
    };
    let train = expected.get("train").and_then(target);
    let cog_version = expected.get("cog_version").and_then(Value::as_str).map(str::to_owned);
    let options = Options { cog_version };
    Some(describe(&FolderTree::new(folder), predict.as_ref(), train.as_ref(), &options).ok()?.document)
}

#[test]
fn an_unchanged_source_differs_only_where_cog_does() {
    if !docker_is_there() {
        return;
    }
    let answers = answers_of_cog();
    let mut compared = 0;
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, answer) in &answers {
        let (Some(old), Some(new)) = (answer.get("document"), described(name)) else { continue };
        compared += 1;
        let findings = compare(old, &new, &cog_findings::SourceMap::default(), &CompatOptions::default());
        let grave = findings.iter().filter(|finding| finding.severity > Severity::Note);
        let lines: Vec<String> = grave.map(|finding| format!("{} {}", finding.code, finding.message)).collect();
        if !lines.is_empty() {
            found.insert(name.clone(), lines);
        }
    }
    assert!(compared >= 60, "Cog 0.16.12 loaded only {compared} of {}", answers.len());
    let expected: BTreeMap<String, Vec<String>> = DIFFERENCES
        .iter()
        .map(|(name, lines)| ((*name).to_owned(), lines.iter().map(|line| (*line).to_owned()).collect()))
        .collect();
    assert_eq!(found, expected, "of {compared} compared");
}
