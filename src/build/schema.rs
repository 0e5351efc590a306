//! Reads the OpenAPI document and the packages of a built image.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use cog_findings::text::last_lines;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::build::schema_error::{SCHEMA_BYTES, SchemaError};
use crate::build::{BuildError, SchemaSource};
use crate::clients::docker::{ContainerOutput, ContainerRun, RunContainers};

/// Importing a predictor may import torch.
const SCHEMA_LIMIT: Duration = Duration::from_secs(600);

const FREEZE_LIMIT: Duration = Duration::from_secs(180);

/// Lines of output that an error keeps.
const KEPT_LINES: usize = 30;

/// The image's OpenAPI document.
pub(super) async fn schema_of(
    source: &SchemaSource,
    image: &str,
    containers: &dyn RunContainers,
    cancelled: &CancellationToken,
) -> Result<Value, BuildError> {
    match source {
        SchemaSource::Static(schema) => Ok(schema.clone()),
        SchemaSource::Given(path) => Ok(read_schema(path)?),
        SchemaSource::FromImage => {
            // Importing the predictor may download files, so the container gets a network.
            let run = python(image, &["-m", "cog.command.openapi_schema"], true, SCHEMA_LIMIT);
            let output = containers.run(&run, cancelled).await?;
            Ok(parse_output(&output)?)
        }
    }
}

/// The image's Python packages.
pub(super) async fn pip_freeze(
    image: &str,
    containers: &dyn RunContainers,
    cancelled: &CancellationToken,
) -> Result<String, BuildError> {
    let output = containers.run(&python(image, &["-m", "pip", "freeze"], false, FREEZE_LIMIT), cancelled).await?;
    match output.exit_code {
        0 => Ok(output.stdout),
        exit_code => Err(SchemaError::NoPackages { exit_code, last_lines: last_lines(&output.stderr, KEPT_LINES) }.into()),
    }
}

fn python(image: &str, arguments: &[&str], network: bool, time_limit: Duration) -> ContainerRun {
    ContainerRun {
        image: image.to_owned(),
        command: ["python"].iter().chain(arguments).map(|word| (*word).to_owned()).collect(),
        environment: BTreeMap::from([("PIP_DISABLE_PIP_VERSION_CHECK".to_owned(), "1".to_owned())]),
        network,
        time_limit,
        output_limit_bytes: SCHEMA_BYTES,
    }
}

fn parse_output(output: &ContainerOutput) -> Result<Value, SchemaError> {
    if output.exit_code != 0 {
        let text = if output.stderr.trim().is_empty() { &output.stdout } else { &output.stderr };
        return Err(SchemaError::Refused { exit_code: output.exit_code, last_lines: last_lines(text, KEPT_LINES) });
    }
    if output.truncated {
        return Err(SchemaError::TooLarge { path: None });
    }
    parse(output.stdout.as_bytes(), None)
}

fn read_schema(path: &Path) -> Result<Value, SchemaError> {
    let unreadable = |source| SchemaError::Unreadable { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(SCHEMA_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > SCHEMA_BYTES {
        return Err(SchemaError::TooLarge { path: Some(path.to_owned()) });
    }
    parse(&bytes, Some(path))
}

fn parse(bytes: &[u8], path: Option<&Path>) -> Result<Value, SchemaError> {
    let path = path.map(Path::to_owned);
    match serde_json::from_slice(bytes) {
        Ok(schema @ Value::Object(_)) => Ok(schema),
        Ok(_) => Err(SchemaError::Malformed { path, source: None }),
        Err(source) => Err(SchemaError::Malformed { path, source: Some(source) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(exit_code: i64, stdout: &str, stderr: &str) -> ContainerOutput {
        ContainerOutput { exit_code, stdout: stdout.to_owned(), stderr: stderr.to_owned(), truncated: false }
    }

    #[test]
    fn the_document_is_read_from_the_output() {
        assert_eq!(parse_output(&printed(0, "{\"openapi\":\"3.0.2\"}\n", "noise")).unwrap()["openapi"], "3.0.2");
    }

    #[test]
    fn an_image_without_a_schema_is_reported_with_the_reason() {
        for words in ["python: No module named cog.command", "(ModuleNotFoundError: No module named 'cog.command')"] {
            let error = parse_output(&printed(1, "", words)).unwrap_err();
            assert!(error.hint().is_some_and(|hint| hint.contains("0.20")), "{error:?}");
        }
        let error = parse_output(&printed(1, "", "ImportError: libcuda.so.1")).unwrap_err();
        assert!(error.hint().is_some_and(|hint| hint.contains("setup()")), "{error:?}");
    }

    #[test]
    fn other_output_is_rejected() {
        for text in ["", "[]", "loading model...\n{}", "{"] {
            assert!(matches!(parse_output(&printed(0, text, "")), Err(SchemaError::Malformed { .. })), "{text}");
        }
        let cut = ContainerOutput { truncated: true, ..printed(0, "{}", "") };
        assert!(matches!(parse_output(&cut), Err(SchemaError::TooLarge { .. })));
    }

    #[test]
    fn a_given_file_is_used_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("schema.json");
        std::fs::write(&path, "{\"b\":1,\"a\":2}").unwrap();
        assert_eq!(read_schema(&path).unwrap().to_string(), "{\"b\":1,\"a\":2}");
        assert!(matches!(read_schema(&folder.path().join("none")), Err(SchemaError::Unreadable { .. })));
    }
}
