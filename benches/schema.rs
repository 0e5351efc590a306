//! How long it takes to read, lint and compare the schema of a large model with 60 inputs of every kind.

use std::hint::black_box;

use cog_findings::SourceMap;
use cog_schema::{CompatOptions, compare, lint, read};
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Map, Value, json};

/// A document with `count` inputs. `shift` moves bounds and removes choices, so that two documents differ in half of them.
fn document(count: usize, shift: usize) -> Value {
    let mut components = Map::new();
    let mut properties = Map::new();
    for number in 0..count {
        let mut schema = match number % 6 {
            0 => json!({"type": "integer", "minimum": 1, "maximum": 50 - shift, "default": 20}),
            1 => json!({"type": "string", "maxLength": 100}),
            2 => {
                let name = format!("choice_{number}");
                let choices: Vec<String> = (shift..10).map(|choice| format!("option {choice}")).collect();
                components.insert(name.clone(), json!({"title": name, "enum": choices, "type": "string"}));
                json!({"allOf": [{"$ref": format!("#/components/schemas/{name}")}], "default": "option 5"})
            }
            3 => json!({"type": "array", "items": {"type": "string", "format": "uri"}}),
            4 => json!({"type": "number", "nullable": true, "default": null}),
            _ => json!({"anyOf": [{"type": "string"}, {"type": "integer", "minimum": shift}]}),
        };
        schema["description"] = json!(format!("Input number {number}"));
        schema["x-order"] = json!(number);
        properties.insert(format!("input_{number}"), schema);
    }
    components.insert("Input".to_owned(), json!({"title": "Input", "type": "object", "properties": properties}));
    let output = json!({"title": "Output", "type": "array", "items": {"type": "string", "format": "uri"}});
    components.insert("Output".to_owned(), output);
    json!({"components": {"schemas": components}})
}

fn benchmark(criterion: &mut Criterion) {
    let (old, new) = (document(60, 0), document(60, 1));
    let (places, options) = (SourceMap::default(), CompatOptions::default());
    criterion.bench_function("read 60 inputs", |bencher| bencher.iter(|| read(black_box(&old))));
    criterion.bench_function("lint 60 inputs", |bencher| bencher.iter(|| lint(black_box(&old), &places, &places)));
    criterion.bench_function("compare 60 unchanged inputs", |bencher| {
        bencher.iter(|| compare(black_box(&old), black_box(&old), &places, &options));
    });
    criterion.bench_function("compare 60 inputs, half of them changed", |bencher| {
        bencher.iter(|| compare(black_box(&old), black_box(&new), &places, &options));
    });
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
