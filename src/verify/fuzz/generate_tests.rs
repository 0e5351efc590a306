use proptest::prelude::*;
use serde_json::json;

use super::*;

fn document(properties: &Value, required: &[&str]) -> Value {
    json!({"components": {"schemas": {"Input": {"type": "object", "required": required, "properties": properties}}}})
}

fn rich() -> Value {
    document(
        &json!({
            "prompt": {"type": "string"},
            "negative": {"type": "string", "default": ""},
            "short": {"type": "string", "maxLength": 10, "minLength": 2},
            "ratio": {"type": "string", "pattern": "^[0-9]+:[0-9]+$"},
            "steps": {"type": "integer", "minimum": 1, "maximum": 50, "default": 20},
            "width": {"type": "integer", "minimum": 64, "maximum": 1024, "multipleOf": 8},
            "scale": {"type": "number", "exclusiveMinimum": 0, "maximum": 7.5},
            "mode": {"enum": ["fast", "best", "odd"], "type": "string"},
            "flag": {"type": "boolean", "default": false},
            "seed": {"type": "integer", "nullable": true},
            "image": {"type": "string", "format": "uri"},
            "lora_weights": {"type": "string", "format": "uri"},
            "token": {"type": "string", "format": "password", "x-cog-secret": true},
            "sizes": {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1, "maxItems": 4},
            "extra": {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}},
            "either": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        }),
        &["prompt", "mode"],
    )
}

fn inputs(document: &Value, plan: &FuzzPlan, seed: u64, count: usize) -> Vec<Inputs> {
    Generator::new(document, Method::Predict, plan, &[], Seed(seed)).unwrap().take(count).collect()
}

#[test]
fn the_same_seed_gives_the_same_inputs_and_another_seed_others() {
    let plan = FuzzPlan::default();
    assert_eq!(inputs(&rich(), &plan, 7, 30), inputs(&rich(), &plan, 7, 30));
    assert_ne!(inputs(&rich(), &plan, 7, 30), inputs(&rich(), &plan, 8, 30));
    assert_eq!(inputs(&rich(), &plan, 7, 30)[..10], inputs(&rich(), &plan, 7, 10)[..]);
}

#[test]
fn every_choice_and_every_bound_is_sent() {
    let generated = inputs(&rich(), &FuzzPlan::default(), 1, 40);
    let sent = |name: &str, value: Value| generated.iter().any(|inputs| inputs.get(name) == Some(&value));
    for mode in ["fast", "best", "odd"] {
        assert!(sent("mode", json!(mode)), "{mode}");
    }
    assert!(sent("steps", json!(1)) && sent("steps", json!(50)));
    assert!(sent("flag", json!(true)) && sent("flag", json!(false)));
    assert!(sent("width", json!(64)) && sent("width", json!(1024)));
    assert!(sent("scale", json!(7.5)));
    assert!(sent("ratio", json!("1:1")));
    assert!(generated.iter().any(|inputs| inputs["prompt"].as_str().is_some_and(|text| !text.is_ascii())));
    assert!(sent("prompt", json!("")));
    assert!(generated.iter().any(|inputs| inputs["prompt"].as_str().unwrap().len() > 1000));
    assert!(
        generated.iter().any(|inputs| inputs.get("image").is_some_and(|url| url.as_str().unwrap().starts_with("data:image/png")))
    );
}

#[test]
fn optional_inputs_are_sometimes_left_out() {
    let generated = inputs(&rich(), &FuzzPlan::default(), 1, 20);
    assert_eq!(generated[0].keys().collect::<Vec<_>>(), ["prompt", "mode"]);
    assert!(generated[1].len() >= 14, "{:?}", generated[1].keys().collect::<Vec<_>>());
    for name in ["steps", "flag", "image"] {
        assert!(
            generated.iter().any(|inputs| inputs.contains_key(name)) && generated.iter().any(|inputs| !inputs.contains_key(name))
        );
    }
    assert!(generated.iter().all(|inputs| !inputs.contains_key("lora_weights")));
}

#[test]
fn fixed_inputs_are_always_sent_and_disabled_ones_never() {
    let plan = FuzzPlan {
        fixed_inputs: json!({"prompt": "same", "lora_weights": "https://x/v.tar"}).as_object().unwrap().clone(),
        disabled_inputs: vec!["seed".to_owned(), "image".to_owned()],
        ..FuzzPlan::default()
    };
    for inputs in inputs(&rich(), &plan, 3, 40) {
        assert_eq!(inputs["prompt"], json!("same"));
        assert_eq!(inputs["lora_weights"], json!("https://x/v.tar"));
        assert!(!inputs.contains_key("seed") && !inputs.contains_key("image"));
    }
}

#[test]
fn inputs_without_a_value_are_reported() {
    let weights = document(&json!({"weights": {"type": "string", "format": "uri"}}), &["weights"]);
    let generated = Generator::new(&weights, Method::Predict, &FuzzPlan::default(), &[], Seed(1)).unwrap_err();
    assert_eq!(generated.to_string(), "no value can be generated for the required input 'weights'");
    let plan = FuzzPlan { disabled_inputs: vec!["mode".to_owned()], ..FuzzPlan::default() };
    let generated = Generator::new(&rich(), Method::Predict, &plan, &[], Seed(1)).unwrap_err();
    assert_eq!(generated.to_string(), "no value can be generated for the required input 'mode', which is disabled");
    let fixed = FuzzPlan { fixed_inputs: json!({"weights": "https://x/v"}).as_object().unwrap().clone(), ..FuzzPlan::default() };
    assert!(Generator::new(&weights, Method::Predict, &fixed, &[], Seed(1)).is_ok());
}

#[test]
fn a_model_without_inputs_gets_empty_ones() {
    assert_eq!(inputs(&document(&json!({}), &[]), &FuzzPlan::default(), 1, 2), [Inputs::new()]);
    assert_eq!(inputs(&json!({}), &FuzzPlan::default(), 1, 1), [Inputs::new()]);
}

#[test]
fn numbers_without_limits_stay_small_and_positive() {
    let document = document(
        &json!({
            "n": {"type": "integer"}, "frames": {"type": "integer", "default": 81}, "shift": {"type": "integer", "default": 0},
            "scale": {"type": "number", "default": 7.5},
        }),
        &["n", "frames", "shift", "scale"],
    );
    for inputs in inputs(&document, &FuzzPlan::default(), 1, 30) {
        assert!((1..100).contains(&inputs["n"].as_i64().unwrap()), "{inputs:?}");
        assert!((1..=82).contains(&inputs["frames"].as_i64().unwrap()), "{inputs:?}");
        assert!((0..=2).contains(&inputs["shift"].as_i64().unwrap()), "{inputs:?}");
        assert!((1.0..12.0).contains(&inputs["scale"].as_f64().unwrap()), "{inputs:?}");
    }
}

fn number_shape() -> impl Strategy<Value = Value> {
    (any::<bool>(), prop::option::of(-1000_i64..1000), prop::option::of(0_i64..1000), any::<bool>(), prop::option::of(1_i64..9))
        .prop_map(|(whole, low, width, exclusive, step)| {
            let mut shape = json!({"type": if whole { "integer" } else { "number" }});
            if let Some(low) = low {
                shape[if exclusive { "exclusiveMinimum" } else { "minimum" }] = json!(low);
            }
            if let Some(width) = width {
                shape["maximum"] = json!(low.unwrap_or(0) + width);
            }
            if let Some(step) = step {
                shape["multipleOf"] = json!(step);
            }
            shape
        })
}

fn text_shape() -> impl Strategy<Value = Value> {
    (prop::option::of(0_u64..30), prop::option::of(0_u64..30), prop::option::of("[a-z]{1,3}")).prop_map(|(least, more, default)| {
        let mut shape = json!({"type": "string"});
        if let Some(least) = least {
            shape["minLength"] = json!(least);
        }
        if let Some(more) = more {
            shape["maxLength"] = json!(least.unwrap_or(0) + more);
        }
        if let Some(default) = default {
            shape["default"] = json!(default);
        }
        shape
    })
}

fn shape() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        number_shape(),
        text_shape(),
        Just(json!({"type": "boolean"})),
        prop::collection::vec("[a-z]{1,4}", 1..4).prop_map(|choices| json!({"type": "string", "enum": choices})),
        Just(json!({"type": "string", "format": "uri"})),
        Just(json!({})),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            (inner.clone(), 0_u64..3, 0_u64..4, any::<bool>()).prop_map(|(items, least, more, unique)| {
                json!({"type": "array", "items": items, "minItems": least, "maxItems": least + more, "uniqueItems": unique})
            }),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|variants| json!({"anyOf": variants})),
            (inner.clone(), inner).prop_map(|(a, b)| json!({"type": "object", "required": ["a"], "properties": {"a": a, "b": b}})),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn whatever_the_schema_the_inputs_fit_it(
        shapes in prop::collection::vec((shape(), any::<bool>()), 0..6),
        seed in any::<u64>(),
    ) {
        let names: Vec<String> = (0..shapes.len()).map(|index| format!("image_{index}")).collect();
        let properties: Value = names.iter().cloned().zip(shapes.iter().map(|(shape, _)| shape.clone())).collect::<Inputs>().into();
        let required: Vec<&str> = names.iter().zip(&shapes).filter(|(_, (_, required))| *required).map(|(name, _)| name.as_str()).collect();
        let document = document(&properties, &required);
        if let Ok(generator) = Generator::new(&document, Method::Predict, &FuzzPlan::default(), &[], Seed(seed)) {
            for inputs in generator.take(15) {
                let problems = check_inputs(&document, Method::Predict, &inputs);
                prop_assert!(problems.is_empty(), "{problems:?} of {inputs:?} against {document}");
            }
        }
    }
}
