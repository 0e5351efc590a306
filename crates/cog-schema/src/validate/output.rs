//! Outputs: what a prediction returns against what the schema promises.

use serde_json::Value;

use super::fits::{Problem, problems};
use crate::read::read;
use crate::shape::{Kind, Method, Shape};

/// A part of an output that does not fit; the path is that within the output.
pub type OutputProblem = Problem;

/// What is wrong with a prediction's output; nothing when the document describes no output.
///
/// An iterator's output is the array of its pieces: `docs/reference/replicate-api.md#output-shapes`. The pieces of a concatenating
/// iterator may have been joined already.
pub fn check_output(document: &Value, output: &Value) -> Vec<OutputProblem> {
    check_output_of(document, Method::Predict, output)
}

/// What is wrong with the output of a prediction or a training.
pub fn check_output_of(document: &Value, method: Method, output: &Value) -> Vec<OutputProblem> {
    let schemas = read(document);
    let Some(shape) = schemas.output_of(method) else { return Vec::new() };
    if output.is_string() && shape.is_concatenated() {
        return match &shape.kind {
            Kind::Array(items) => problems(output, items),
            _ => problems(output, shape),
        };
    }
    problems(output, shape)
}

/// The output as a person sees it: the pieces of a concatenating iterator become one text. All other arrays stay arrays, because joining
/// an iterator's files would corrupt them: `docs/reference/cog-safe-push.md#iterators-of-files`.
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
        assert_eq!(check_output(&files(), &json!(["https://a/1.png"])), []);
        assert_eq!(check_output(&files(), &json!("https://a/1.png")).len(), 1);
        assert_eq!(check_output(&stream(), &json!(["a"])), []);
        assert_eq!(check_output(&stream(), &json!("a")), []);
        assert_eq!(check_output(&stream(), &json!(5)).len(), 1);
    }

    #[test]
    fn a_wrong_output_is_told_with_its_place() {
        let object = document(&json!({"type": "object", "required": ["text", "boxes"], "properties": {
            "text": {"type": "string"},
            "boxes": {"type": "array", "items": {"type": "object", "properties": {"left": {"type": "integer"}}}},
        }}));
        let problems = check_output(&object, &json!({"boxes": [{"left": 1}, {"left": 1.5}]}));
        let said: Vec<String> = problems.iter().map(|problem| format!("output{} {}", problem.path, problem.message)).collect();
        assert_eq!(said, ["output lacks 'text'", "output.boxes[1].left is 1.5, but has to be integer"]);
    }

    #[test]
    fn null_is_told_apart_from_a_missing_promise() {
        assert_eq!(check_output(&document(&json!({"type": "string"})), &Value::Null).len(), 1);
        assert_eq!(check_output(&document(&json!({"type": "string", "nullable": true})), &Value::Null), []);
        assert_eq!(check_output(&json!({}), &Value::Null), []);
    }

    #[test]
    fn a_long_list_of_wrong_items_is_cut() {
        let many = Value::Array(vec![json!(1); 100_000]);
        assert_eq!(check_output(&files(), &many).len(), 20);
    }
}
