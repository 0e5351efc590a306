//! Schemas and test cases, and which inputs are generated for them: valid, distinct, with files that fit.

use std::collections::HashSet;

use cog_schema::{Method, check_inputs};
use serde_json::{Value, json};

use super::generate::Generator;
use crate::domain::case::{Expectation, TestCase};
use crate::domain::plan::FuzzPlan;
use crate::domain::prediction::Inputs;
use crate::support::seed::Seed;

/// What is expected of ten iterations.
enum Wanted {
    Inputs(usize),
    /// That many, of which some send this input with a text that starts like this.
    File(usize, &'static str, &'static str),
    /// The required input without a value.
    Nothing(&'static str),
}

use Wanted::{File, Inputs as Count, Nothing};

fn uri() -> Value {
    json!({"type": "string", "format": "uri"})
}

fn about(description: &str) -> Value {
    json!({"type": "string", "format": "uri", "description": description})
}

fn accepting(types: &str) -> Value {
    json!({"type": "string", "format": "uri", "x-cog-accept": types})
}

/// A name, properties, required ones, inputs of test cases, settings, and what is wanted.
type GenerateRow = (&'static str, Value, &'static [&'static str], Vec<Value>, FuzzPlan, Wanted);

fn table() -> Vec<GenerateRow> {
    let plan = FuzzPlan::default;
    let fixed = |inputs: Value| FuzzPlan { fixed_inputs: inputs.as_object().unwrap().clone(), ..FuzzPlan::default() };
    let disabled =
        |names: &[&str]| FuzzPlan { disabled_inputs: names.iter().map(|name| (*name).to_owned()).collect(), ..FuzzPlan::default() };
    let files = |name: &str, urls: &[&str]| FuzzPlan {
        files: [(name.to_owned(), urls.iter().map(|url| json!(url)).collect())].into_iter().collect(),
        ..FuzzPlan::default()
    };
    let text = || json!({"text": {"type": "string"}});
    let flag = || json!({"flag": {"type": "boolean", "default": false}});
    let both = || json!({"a": {"type": "boolean"}, "b": {"enum": ["x", "y", "z"], "type": "string"}});
    let image = || json!({"prompt": {"type": "string"}, "image": uri()});
    let video = || json!({"video": uri()});
    vec![
        ("no inputs", json!({}), &[], vec![], plan(), Count(1)),
        ("no inputs, tested already", json!({}), &[], vec![json!({})], plan(), Count(0)),
        ("free text", text(), &["text"], vec![], plan(), Count(10)),
        ("an optional text", text(), &[], vec![], plan(), Count(10)),
        ("a required flag", json!({"flag": {"type": "boolean"}}), &["flag"], vec![], plan(), Count(2)),
        ("an optional flag counts as its default", flag(), &[], vec![], plan(), Count(2)),
        ("a flag that a case tests", flag(), &[], vec![json!({"flag": true})], plan(), Count(1)),
        ("a default that a case sends", flag(), &[], vec![json!({"flag": false})], plan(), Count(1)),
        ("a default that a case omits", flag(), &[], vec![json!({})], plan(), Count(1)),
        ("a null in a case counts as omitted", flag(), &[], vec![json!({"flag": null})], plan(), Count(1)),
        ("both values tested", flag(), &[], vec![json!({}), json!({"flag": true})], plan(), Count(0)),
        ("two by three", both(), &["a", "b"], vec![], plan(), Count(6)),
        ("two by three, omitted too", both(), &[], vec![], plan(), Count(10)),
        ("two by three without one", both(), &["a", "b"], vec![json!({"a": true, "b": "x"})], plan(), Count(5)),
        ("a case of other inputs", both(), &["a", "b"], vec![json!({"a": true, "b": "w"})], plan(), Count(6)),
        ("everything fixed", text(), &["text"], vec![], fixed(json!({"text": "same"})), Count(1)),
        ("everything fixed and tested", text(), &["text"], vec![json!({"text": "same"})], fixed(json!({"text": "same"})), Count(0)),
        ("one of two fixed", both(), &["a", "b"], vec![], fixed(json!({"b": "x"})), Count(2)),
        ("an unknown fixed input is not sent", flag(), &[], vec![], fixed(json!({"flg": true})), Count(2)),
        ("everything disabled", flag(), &[], vec![], disabled(&["flag"]), Count(1)),
        ("an unknown disabled input", flag(), &[], vec![], disabled(&["flg"]), Count(2)),
        ("a required input disabled", text(), &["text"], vec![], disabled(&["text"]), Nothing("text")),
        ("a small range", json!({"n": {"type": "integer", "minimum": 1, "maximum": 3}}), &["n"], vec![], plan(), Count(3)),
        ("a single value", json!({"n": {"enum": [7], "type": "integer"}}), &["n"], vec![], plan(), Count(1)),
        ("a required image", image(), &["prompt", "image"], vec![], plan(), File(10, "image", "data:image/png")),
        ("an optional image", image(), &["prompt"], vec![], plan(), File(10, "image", "data:image/png")),
        (
            "the image of a case",
            image(),
            &["prompt", "image"],
            vec![json!({"prompt": "a", "image": "https://x/a.png"})],
            plan(),
            File(10, "image", "https://x/a.png"),
        ),
        (
            "the optional image of a case",
            image(),
            &["prompt"],
            vec![json!({"prompt": "a", "image": "https://x/a.png"})],
            plan(),
            File(10, "image", "https://x/a.png"),
        ),
        (
            "the image of the settings",
            image(),
            &["prompt"],
            vec![],
            files("image", &["https://x/s.png"]),
            File(10, "image", "https://x/s.png"),
        ),
        (
            "the case goes before the settings",
            image(),
            &["prompt"],
            vec![json!({"prompt": "a", "image": "https://x/a.png"})],
            files("image", &["https://x/s.png"]),
            File(10, "image", "https://x/a.png"),
        ),
        ("a required video", video(), &["video"], vec![], plan(), File(1, "video", "data:video/mp4")),
        ("the video of a case", video(), &["video"], vec![json!({"video": "https://x/v.mp4"})], plan(), Count(0)),
        (
            "two videos of the settings",
            video(),
            &["video"],
            vec![],
            files("video", &["https://x/1.mp4", "https://x/2.mp4"]),
            File(2, "video", "https://x/2.mp4"),
        ),
        ("audio by name", json!({"audio": uri()}), &["audio"], vec![], plan(), File(1, "audio", "data:audio/wav")),
        (
            "audio by description",
            json!({"file": about("The speech to transcribe")}),
            &["file"],
            vec![],
            plan(),
            File(1, "file", "data:audio/wav"),
        ),
        (
            "a PDF by type",
            json!({"input": accepting("application/pdf")}),
            &["input"],
            vec![],
            plan(),
            File(1, "input", "data:application/pdf"),
        ),
        ("a PDF by name", json!({"pdf": uri()}), &["pdf"], vec![], plan(), File(1, "pdf", "data:application/pdf")),
        (
            "a ZIP of images",
            json!({"input_images": about("A zip file of images")}),
            &["input_images"],
            vec![],
            plan(),
            File(1, "input_images", "data:image/png"),
        ),
        (
            "a ZIP by description",
            json!({"data": about("A zip file of images")}),
            &["data"],
            vec![],
            plan(),
            File(1, "data", "data:application/zip"),
        ),
        (
            "JPEG only",
            json!({"image": accepting("image/jpeg,.jpg")}),
            &["image"],
            vec![],
            plan(),
            File(1, "image", "data:image/jpeg"),
        ),
        ("any file", json!({"thing": accepting("*/*")}), &["thing"], vec![], plan(), File(1, "thing", "data:image/png")),
        (
            "a list of images",
            json!({"images": {"type": "array", "items": uri(), "minItems": 1, "maxItems": 3}}),
            &["images"],
            vec![],
            plan(),
            Count(3),
        ),
        (
            "the list of a case",
            json!({"images": {"type": "array", "items": uri()}, "n": {"type": "integer"}}),
            &["images"],
            vec![json!({"images": ["https://x/a"]})],
            plan(),
            File(3, "images", "[\"https://x/a\"]"),
        ),
        (
            "a list of files of the settings",
            json!({"images": {"type": "array", "items": uri()}}),
            &["images"],
            vec![],
            files("images", &["https://x/a", "https://x/b"]),
            Count(3),
        ),
        (
            "weights that nobody can make up",
            json!({"lora_weights": uri()}),
            &["lora_weights"],
            vec![],
            plan(),
            Nothing("lora_weights"),
        ),
        (
            "optional weights are left out",
            json!({"text": {"type": "string"}, "lora_weights": uri()}),
            &["text"],
            vec![],
            plan(),
            Count(10),
        ),
        (
            "the weights of a case",
            json!({"text": {"type": "string"}, "weights": uri()}),
            &["text", "weights"],
            vec![json!({"text": "a", "weights": "https://x/w"})],
            plan(),
            File(10, "weights", "https://x/w"),
        ),
        ("a file that nothing describes", json!({"thing": uri()}), &["thing"], vec![], plan(), Nothing("thing")),
        (
            "a format that nobody can make up",
            json!({"audio": accepting("audio/mpeg")}),
            &["audio"],
            vec![],
            plan(),
            Nothing("audio"),
        ),
        ("a short text", json!({"code": {"type": "string", "minLength": 2, "maxLength": 4}}), &["code"], vec![], plan(), Count(10)),
        (
            "a secret",
            json!({"key": {"type": "string", "format": "password", "x-cog-secret": true}}),
            &["key"],
            vec![],
            plan(),
            Count(1),
        ),
    ]
}

#[test]
fn generated_inputs_are_valid_distinct_and_have_files_that_fit() {
    let table = table();
    assert!(table.len() >= 40, "{}", table.len());
    for (name, properties, required, cases, plan, wanted) in table {
        let document =
            json!({"components": {"schemas": {"Input": {"type": "object", "required": required, "properties": properties}}}});
        let cases: Vec<TestCase> =
            cases.iter().map(|inputs| TestCase { inputs: inputs.as_object().unwrap().clone(), ..TestCase::default() }).collect();
        for seed in 0..5 {
            let made = Generator::new(&document, Method::Predict, &plan, &cases, Seed(seed));
            let generated: Vec<Inputs> = match (made, &wanted) {
                (Err(error), Nothing(input)) => {
                    assert_eq!(error.input, *input, "{name}");
                    continue;
                }
                (Err(error), _) => panic!("{name}: {error}"),
                (Ok(_), Nothing(_)) => panic!("{name}: something was generated"),
                (Ok(generator), _) => generator.take(10).collect(),
            };
            let (count, file) = match &wanted {
                File(count, input, start) => (*count, Some((*input, *start))),
                Count(count) => (*count, None),
                Nothing(_) => unreachable!(),
            };
            assert_eq!(generated.len(), count, "{name}: {generated:?}");
            let distinct: HashSet<String> = generated.iter().map(|inputs| json!(inputs).to_string()).collect();
            assert_eq!(distinct.len(), generated.len(), "{name}: {generated:?}");
            for inputs in &generated {
                let problems = check_inputs(&document, Method::Predict, inputs);
                assert!(problems.is_empty(), "{name}: {problems:?} of {inputs:?}");
                assert!(!cases.iter().any(|case| case.inputs == *inputs), "{name}: {inputs:?} is tested already");
            }
            if let Some((input, start)) = file {
                let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let sent: Vec<String> = generated.iter().filter_map(|inputs| inputs.get(input)).map(text).collect();
                assert!(sent.iter().any(|text| text.starts_with(start)), "{name}: {sent:?}");
                let offered = matches!(start.split(':').next(), Some("https" | "[\"https"));
                assert!(!offered || sent.iter().all(|text| text.contains("https://")), "{name}: {sent:?}");
            }
        }
    }
}

#[test]
fn files_of_cases_that_expect_an_error_are_not_used() {
    let document =
        json!({"components": {"schemas": {"Input": {"type": "object", "required": ["image"], "properties": {"image": uri()}}}}});
    let broken = TestCase {
        inputs: json!({"image": "https://x/broken.png"}).as_object().unwrap().clone(),
        expectation: Expectation::ErrorContains("not an image".to_owned()),
        ..TestCase::default()
    };
    let generated: Vec<Inputs> =
        Generator::new(&document, Method::Predict, &FuzzPlan::default(), &[broken], Seed(1)).unwrap().take(3).collect();
    assert!(generated.len() == 1 && generated[0]["image"].as_str().unwrap().starts_with("data:image/png"));
}
