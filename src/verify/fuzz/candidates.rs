//! Values worth trying for one input: its default, its choices, the bounds of its range, strings that break naive code.

use cog_schema::{Bound, InputProperty, Shape, ShapeKind};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Number, Value, json};

use super::sample_kind::sample_for;
use super::samples::data_url;

/// Strings that often break programs. The first one is the simplest.
const TEXTS: &[&str] = &[
    "a photo of a cat",
    "a",
    "",
    " ",
    "Zażółć gęślą jaźń",
    "日本語のテキスト 🦊👩‍👩‍👧",
    "مرحبا بالعالم",
    "line one\nline two\ttab",
    "\"quotes\" 'single' \\backslash\\ `tick`",
    "<script>alert(1)</script> {{ braces }} %s %d",
    "null",
    "0",
    "e\u{301}\u{200b}\u{feff}",
];

/// Length of the longest string if the schema sets no limit.
const LONG_TEXT: u64 = 2000;

/// Length of the longest string if the schema sets a limit. Longer ones cost more than they reveal.
const MAX_TEXT: u64 = 20_000;

/// Length of the longest list, unless the schema asks for a longer one.
const MAX_LIST: u64 = 16;

/// Nested lists and objects below this depth are left out.
const DEPTH: usize = 4;

/// Values for an input, the simplest first. They may be invalid: the caller validates them.
///
/// For an input that takes files, `offered` comes in place of samples.
pub(super) fn candidates(property: &InputProperty, offered: &[Value], generator: &mut ChaCha8Rng) -> Vec<Value> {
    let mut values: Vec<Value> = property.default.iter().cloned().collect();
    if takes_files(&property.shape) && !offered.is_empty() {
        values.extend(offered.iter().cloned());
    } else {
        values.extend(values_of(&property.name, &property.shape, generator, DEPTH));
    }
    let mut unique: Vec<Value> = Vec::with_capacity(values.len());
    for value in values {
        if !value.is_null() && !unique.contains(&value) {
            unique.push(value);
        }
    }
    unique
}

/// Whether an input takes a file, or a list of them.
pub(in crate::verify) fn takes_files(shape: &Shape) -> bool {
    match &shape.kind {
        ShapeKind::Array(items) => takes_files(items),
        ShapeKind::Union(variants) => variants.iter().any(takes_files),
        _ => shape.is_file(),
    }
}

fn values_of(name: &str, shape: &Shape, generator: &mut ChaCha8Rng, depth: usize) -> Vec<Value> {
    if let Some(choices) = &shape.choices {
        return choices.clone();
    }
    if depth == 0 {
        return Vec::new();
    }
    match &shape.kind {
        ShapeKind::Any => vec![json!("text"), json!(1), json!({})],
        ShapeKind::Boolean => vec![json!(false), json!(true)],
        ShapeKind::Integer => integers(shape, generator),
        ShapeKind::Number => numbers(shape, generator),
        ShapeKind::String => strings(name, shape),
        ShapeKind::Array(items) => lists(shape, &values_of(name, items, generator, depth - 1)),
        ShapeKind::Object(members) => {
            let mut least = Map::new();
            let mut full = Map::new();
            for member in &members.declared {
                let Some(value) = values_of(&member.name, &member.shape, generator, depth - 1).into_iter().next() else {
                    continue;
                };
                if member.required {
                    least.insert(member.name.clone(), value.clone());
                }
                full.insert(member.name.clone(), value);
            }
            vec![Value::Object(least), Value::Object(full)]
        }
        ShapeKind::Union(variants) => variants.iter().flat_map(|variant| values_of(name, variant, generator, depth - 1)).collect(),
    }
}

/// The bounds of the range and some numbers between them. Without bounds, only small positive numbers and neighbors of the default: a
/// missing limit does not mean that an image may be two billion pixels wide.
fn integers(shape: &Shape, generator: &mut ChaCha8Rng) -> Vec<Value> {
    let low = shape.limits.minimum.as_ref().map(|bound| whole_end(bound, 1));
    let high = shape.limits.maximum.as_ref().map(|bound| whole_end(bound, -1));
    let step = shape.limits.multiple_of.as_ref().and_then(Number::as_i64).filter(|step| *step > 1).unwrap_or(1);
    let mut values: Vec<i64> = match (low, high) {
        (Some(low), Some(high)) if low <= high => {
            vec![low, high, low.saturating_add(1), high.saturating_sub(1), generator.random_range(low..=high)]
        }
        (Some(_), Some(_)) => Vec::new(),
        (Some(low), None) => vec![low, low.saturating_add(1), low.saturating_add(generator.random_range(2..100))],
        (None, Some(high)) => vec![high, high.saturating_sub(1), high.saturating_sub(generator.random_range(2..100))],
        (None, None) => match shape.annotations.default.as_ref().and_then(Value::as_i64) {
            Some(default) if default > 0 => vec![default.saturating_add(1), (default / 2).max(1), 1],
            Some(default) => vec![default.saturating_add(1), 0, 1, 2],
            None => vec![1, 2, generator.random_range(3..100)],
        },
    };
    if step > 1 {
        let up = |value: i64| value.saturating_add((step - value.rem_euclid(step)) % step);
        let down = |value: i64| value.saturating_sub(value.rem_euclid(step));
        values = values.into_iter().flat_map(|value| [up(value), down(value)]).collect();
    }
    values.into_iter().map(|value| json!(value)).collect()
}

/// The integer at or just within a bound; `inward` is 1 for a lower and -1 for an upper bound.
fn whole_end(bound: &Bound, inward: i64) -> i64 {
    let float = bound.value.as_f64().unwrap_or_default();
    let whole = bound.value.as_i64().unwrap_or_else(|| {
        let rounded = if inward > 0 { float.ceil() } else { float.floor() };
        // The cast saturates beyond 64 bits.
        rounded as i64
    });
    let is_exact = bound.value.as_i64().is_some() || float.fract() == 0.0;
    if bound.exclusive && is_exact { whole.saturating_add(inward) } else { whole }
}

fn numbers(shape: &Shape, generator: &mut ChaCha8Rng) -> Vec<Value> {
    let end = |bound: &Option<Bound>| bound.as_ref().and_then(|bound| Some((bound.value.as_f64()?, bound.exclusive)));
    let (low, high) = (end(&shape.limits.minimum), end(&shape.limits.maximum));
    let values: Vec<f64> = match (low, high) {
        (Some((low, low_out)), Some((high, high_out))) => {
            let width = high - low;
            let ends = [(low, low_out), (high, high_out)];
            let inside = [low + width / 2.0, low + width * generator.random_range(0.01..0.99)];
            ends.into_iter().filter(|(_, out)| !out).map(|(end, _)| end).chain(inside).collect()
        }
        (Some((low, out)), None) => {
            let near = [low + 1.0, low + generator.random_range(0.01..10.0)];
            std::iter::once(low).filter(|_| !out).chain(near).collect()
        }
        (None, Some((high, out))) => {
            let near = [high - 1.0, high - generator.random_range(0.01..10.0)];
            std::iter::once(high).filter(|_| !out).chain(near).collect()
        }
        (None, None) => match shape.annotations.default.as_ref().and_then(Value::as_f64) {
            Some(default) => vec![default * 1.5, default / 2.0, 1.0],
            None => vec![1.0, 0.5, generator.random_range(0.01..10.0)],
        },
    };
    let step = shape.limits.multiple_of.as_ref().and_then(Number::as_f64).filter(|step| *step > 0.0);
    let snap = |value: f64| step.map_or(value, |step| (value / step).round() * step);
    // Few digits, for readability.
    values.into_iter().flat_map(|value| [snap((value * 1000.0).round() / 1000.0), snap(value)]).map(|value| json!(value)).collect()
}

fn strings(name: &str, shape: &Shape) -> Vec<Value> {
    if shape.is_file() {
        return sample_for(name, shape).map(|sample| json!(data_url(sample))).into_iter().collect();
    }
    if shape.is_secret() {
        return vec![json!("not-a-real-secret")];
    }
    match shape.format.as_deref() {
        Some("date") => return vec![json!("2024-02-29")],
        Some("date-time") => return vec![json!("2024-02-29T23:59:59Z")],
        Some("email") => return vec![json!("user@example.com")],
        Some("uuid") => return vec![json!("00000000-0000-4000-8000-000000000000")],
        _ => {}
    }
    let limits = &shape.limits;
    let mut texts: Vec<String> = TEXTS.iter().map(|text| (*text).to_owned()).collect();
    let longest = limits.max_length.unwrap_or(LONG_TEXT).min(MAX_TEXT);
    texts.push(repeated("long text ", longest));
    if let Some(least) = limits.min_length.filter(|least| *least > 0 && *least <= MAX_TEXT) {
        texts.insert(0, repeated("least ", least));
    }
    if limits.max_length.is_some() {
        // Cut all strings so that they fit: a limit of 10 characters would exclude most of them.
        texts = texts.into_iter().map(|text| text.chars().take(usize::try_from(longest).unwrap_or(usize::MAX)).collect()).collect();
    }
    if limits.pattern.is_some() {
        texts.extend(
            ["abc", "ABC", "a1", "123", "1:1", "512x512", "#ff0000", "en", "en-US", "a,b", "a_b", "1.0"].map(str::to_owned),
        );
    }
    texts.into_iter().map(Value::String).collect()
}

fn repeated(word: &str, characters: u64) -> String {
    word.chars().cycle().take(usize::try_from(characters).unwrap_or(usize::MAX)).collect()
}

fn lists(shape: &Shape, items: &[Value]) -> Vec<Value> {
    let least = shape.limits.min_items.unwrap_or(0);
    let most = shape.limits.max_items.unwrap_or(least.saturating_add(3)).min(MAX_LIST.max(least));
    let mut lengths = vec![least, least.saturating_add(1).min(most), most];
    lengths.dedup();
    let list = |length: u64| -> Option<Value> {
        let length = usize::try_from(length).ok()?;
        if shape.limits.unique_items && length > items.len() || length > 0 && items.is_empty() {
            return None;
        }
        Some(Value::Array(items.iter().cycle().take(length).cloned().collect()))
    };
    lengths.into_iter().filter(|length| *length <= 1000).filter_map(list).collect()
}
