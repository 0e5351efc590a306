//! Two documents on two lines: reading, linting and comparing them ends, and each is compatible with itself.

#![no_main]

use cog_findings::SourceMap;
use cog_schema::{CompatOptions, Method, check_output, compare, input_properties, lint};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

/// The text as a document, and as the only input and the output of one: whole documents are rarely hit by chance.
fn documents(text: &str) -> Option<[Value; 2]> {
    let value: Value = serde_json::from_str(text).ok()?;
    let schemas = json!({"Input": {"type": "object", "properties": {"x": value}}, "Output": value});
    Some([value, json!({"components": {"schemas": schemas}})])
}

fuzz_target!(|text: &str| {
    let (old, new) = text.split_once('\n').unwrap_or((text, text));
    let (Some(old), Some(new)) = (documents(old), documents(new)) else { return };
    let (source, options) = (SourceMap::default(), CompatOptions::default());
    for (old, new) in old.iter().zip(&new) {
        assert!(compare(old, old, &source, &options).is_empty());
        let _ = compare(old, new, &source, &options);
        let _ = lint(new, &source, &source);
        let _ = input_properties(new, Method::Predict);
        let _ = check_output(old, Method::Predict, new);
    }
});
