//! Two documents on two lines: reading, linting and comparing them ends, and each is compatible with itself.

#![no_main]

use cog_schema::compat::{CompatOptions, compare};
use cog_schema::lint::lint;
use cog_schema::summary::signature_lines;
use cog_schema::validate::{check_output, input_properties};
use cog_findings::SourceMap;
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
    let (places, options) = (SourceMap::default(), CompatOptions::default());
    for (old, new) in old.iter().zip(&new) {
        assert!(compare(old, old, &places, &options).is_empty());
        let _ = compare(old, new, &places, &options);
        let _ = lint(new, &places, &places);
        let _ = signature_lines(new);
        let _ = input_properties(new);
        let _ = check_output(old, new);
    }
});
