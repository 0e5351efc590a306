//! Checks outputs against the schema.

use cog_findings::Method;
use serde_json::Value;

use super::fits::problems;
use super::problem::ValueProblem;
use crate::read::read;
use crate::shape::{Shape, ShapeKind};

/// The problems of an output of a prediction or a training; empty when the document describes no output.
///
/// An iterator's output is the array of its pieces (`docs/reference/replicate-api.md#output-shapes`); the pieces of a concatenating
/// iterator may already be joined. At most 20 problems are listed.
///
/// ```
/// use cog_schema::{Method, check_output};
/// use serde_json::json;
///
/// let document = json!({"components": {"schemas": {
///     "Input": {"type": "object", "properties": {}},
///     "Output": {"type": "array", "items": {"type": "integer"}},
/// }}});
/// assert!(check_output(&document, Method::Predict, &json!([1, 2])).is_empty());
///
/// let problems = check_output(&document, Method::Predict, &json!([1, "2"]));
/// assert_eq!(problems[0].path, "[1]");
/// assert_eq!(problems[0].message, "is \"2\", but must be integer");
/// ```
pub fn check_output(document: &Value, method: Method, output: &Value) -> Vec<ValueProblem> {
    let schemas = read(document);
    let Some(shape) = schemas.output_of(method) else { return Vec::new() };
    if output.is_string() && shape.is_concatenated() {
        return match &shape.kind {
            ShapeKind::Array(items) => problems(output, items),
            _ => problems(output, shape),
        };
    }
    problems(output, shape)
}

/// Joins the pieces of a concatenating iterator into one text. All other arrays stay arrays: joining the files of an iterator would
/// corrupt them (`docs/reference/cog-safe-push.md#iterators-of-files`).
///
/// ```
/// use cog_schema::join_output;
/// use serde_json::json;
///
/// let output = json!({"type": "array", "items": {"type": "string"}, "x-cog-array-display": "concatenate"});
/// let document = json!({"components": {"schemas": {"Output": output}}});
/// assert_eq!(join_output(&document, json!(["Hel", "lo"])), json!("Hello"));
/// ```
pub fn join_output(document: &Value, output: Value) -> Value {
    let is_text = read(document).output.as_ref().is_some_and(Shape::is_concatenated);
    match output {
        Value::Array(pieces) if is_text && pieces.iter().all(Value::is_string) => {
            Value::String(pieces.iter().filter_map(Value::as_str).collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(output: &Value) -> Value {
        json!({"components": {"schemas": {"Input": {"type": "object", "properties": {}}, "Output": output}}})
    }

    fn stream() -> Value {
        let output = json!({"type": "array", "items": {"type": "string"}, "x-cog-array-type": "iterator",
            "x-cog-array-display": "concatenate"});
        document(&output)
    }

    fn files() -> Value {
        document(&json!({"type": "array", "items": {"type": "string", "format": "uri"}, "x-cog-array-type": "iterator"}))
    }

    #[test]
    fn only_concatenated_pieces_are_joined() {
        assert_eq!(join_output(&stream(), json!(["Hel", "lo"])), json!("Hello"));
        let urls = json!(["https://a/1.png", "https://a/2.png"]);
        assert_eq!(join_output(&files(), urls.clone()), urls);
        assert_eq!(join_output(&json!({}), urls.clone()), urls);
        assert_eq!(join_output(&stream(), json!(null)), json!(null));
        assert_eq!(join_output(&stream(), json!(["a", 1])), json!(["a", 1]));
    }

    #[test]
    fn an_iterator_returns_an_array() {
        assert_eq!(check_output(&files(), Method::Predict, &json!(["https://a/1.png"])), []);
        assert_eq!(check_output(&files(), Method::Predict, &json!("https://a/1.png")).len(), 1);
        assert_eq!(check_output(&stream(), Method::Predict, &json!(["a"])), []);
        assert_eq!(check_output(&stream(), Method::Predict, &json!("a")), []);
        assert_eq!(check_output(&stream(), Method::Predict, &json!(5)).len(), 1);
    }

    #[test]
    fn an_invalid_output_is_reported_with_its_path() {
        let object = document(&json!({"type": "object", "required": ["text", "boxes"], "properties": {
            "text": {"type": "string"},
            "boxes": {"type": "array", "items": {"type": "object", "properties": {"left": {"type": "integer"}}}},
        }}));
        let problems = check_output(&object, Method::Predict, &json!({"boxes": [{"left": 1}, {"left": 1.5}]}));
        let said: Vec<String> = problems.iter().map(|problem| format!("output{} {}", problem.path, problem.message)).collect();
        assert_eq!(said, ["output lacks 'text'", "output.boxes[1].left is 1.5, but must be integer"]);
    }

    #[test]
    fn null_is_distinguished_from_a_missing_output_schema() {
        assert_eq!(check_output(&document(&json!({"type": "string"})), Method::Predict, &Value::Null).len(), 1);
        assert_eq!(check_output(&document(&json!({"type": "string", "nullable": true})), Method::Predict, &Value::Null), []);
        assert_eq!(check_output(&json!({}), Method::Predict, &Value::Null), []);
    }

    #[test]
    fn a_long_list_of_wrong_items_is_cut() {
        let many = Value::Array(vec![json!(1); 100_000]);
        assert_eq!(check_output(&files(), Method::Predict, &many).len(), 20);
    }
}
