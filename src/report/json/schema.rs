//! The JSON Schema of `run.json`, from its frozen types.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::report::json::v1;

/// The schema of `run.json`, version 1.
pub fn run_schema() -> Value {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<v1::Run>();
    schema.insert("title".to_owned(), "run.json, safe-push/v1".into());
    schema.to_value()
}
