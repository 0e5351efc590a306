//! `run.json`: a run in a format to which fields are only added.

pub(crate) mod convert;
mod history;
mod merge;
mod previews;
mod schema;
pub(crate) mod unchecked;
pub mod v1;

pub(crate) use convert::{FailedRun, finding, measurement, run_json};
pub(crate) use history::{against, earlier};
pub(crate) use merge::merged;
pub(crate) use previews::PREVIEW_BYTES;
pub use schema::run_schema;

/// The value of `schema` in documents of these types.
pub(crate) const SCHEMA: &str = "safe-push/v1";

/// A document is not a run that can be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The document is not JSON, or has other fields.
    #[error("the document is not a run.json: {0}")]
    Malformed(#[from] serde_json::Error),
    /// The document has another version of the format.
    #[error("the document's schema is '{found}', but this safe-push reads '{SCHEMA}'")]
    OtherSchema {
        /// The version in the document.
        found: String,
    },
}

/// Reads a saved run.
pub fn from_json(text: &str) -> Result<v1::Run, ReadError> {
    let value: serde_json::Value = serde_json::from_str(text)?;
    let found = value.get("schema").and_then(|schema| schema.as_str()).unwrap_or_default();
    if found != SCHEMA {
        return Err(ReadError::OtherSchema { found: found.chars().take(100).collect() });
    }
    Ok(serde_json::from_value(value)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_run_survives_writing_and_reading() {
        for report in sample::all() {
            let run = run_json(&report);
            let text = serde_json::to_string(&run).unwrap();
            assert_eq!(from_json(&text).unwrap(), run);
        }
    }

    #[test]
    fn the_shape_is_frozen() {
        insta::assert_json_snapshot!(run_json(&sample::failed_case()));
    }

    #[test]
    fn other_versions_are_rejected_by_name() {
        assert_eq!(
            from_json("{\"schema\":\"safe-push/v2\"}").unwrap_err().to_string(),
            "the document's schema is 'safe-push/v2', but this safe-push reads 'safe-push/v1'"
        );
        assert!(matches!(from_json("[]").unwrap_err(), ReadError::OtherSchema { .. }));
        assert!(matches!(from_json("{").unwrap_err(), ReadError::Malformed(_)));
    }

    #[test]
    fn fields_of_later_versions_are_ignored() {
        let mut value = serde_json::to_value(run_json(&sample::passed())).unwrap();
        value["invented_later"] = 1.into();
        assert!(from_json(&value.to_string()).is_ok());
    }
}
