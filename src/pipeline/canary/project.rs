//! The canary's own model: it answers with an id that is in its code, so that no older version can be mistaken for it.

use std::io;
use std::path::Path;

use cog_schema::{Method, input_properties};
use serde_json::Value;

const COG_YAML: &str = "build:
  python_version: \"3.11\"
  sdk_version: \"0.23.1\"
predict: \"predict.py:Predictor\"
";

/// The input that identifies a canary.
const INPUT: &str = "safe_push_canary";

/// The text it is sent.
pub(super) const CALL: &str = "tweet";

pub(super) fn write(folder: &Path, id: &str) -> io::Result<()> {
    let predict = format!(
        "\"\"\"A canary of safe-push: it shows that a model can be built, pushed and run.\"\"\"

from cog import BasePredictor, Input

ID = \"{id}\"


class Predictor(BasePredictor):
    def predict(self, {INPUT}: str = Input(description=\"What to answer with, before the id of this canary\")) -> str:
        return f\"{{{INPUT}}} {{ID}}\"
"
    );
    std::fs::write(folder.join("cog.yaml"), COG_YAML)?;
    std::fs::write(folder.join("predict.py"), predict)
}

pub(super) fn inputs() -> serde_json::Map<String, Value> {
    [(INPUT.to_owned(), Value::from(CALL))].into_iter().collect()
}

/// The expected answer.
pub(super) fn answer(id: &str) -> String {
    format!("{CALL} {id}")
}

/// Whether a schema belongs to a canary.
pub(super) fn is_canary(schema: &Value) -> bool {
    let properties = input_properties(schema, Method::Predict);
    properties.len() == 1 && properties.iter().all(|property| property.name == INPUT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_what_it_says() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "c0ffee").unwrap();
        let text = std::fs::read_to_string(folder.path().join("predict.py")).unwrap();
        assert!(text.contains("ID = \"c0ffee\"") && text.contains("return f\"{safe_push_canary} {ID}\""), "{text}");
        assert_eq!(answer("c0ffee"), "tweet c0ffee");
        assert!(!is_canary(
            &serde_json::json!({"components": {"schemas": {"Input": {"properties": {"prompt": {"type": "string"}}}}}})
        ));
    }
}
