//! A value that an input accepts, for people to replace.

use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Map, Value};

use crate::shape::{Bound, Limits, Shape, ShapeKind};
use crate::validate::problems;

/// What asks to be replaced.
const TEXT: &str = "replace me";

/// The start of every address of a file.
const ADDRESS: &str = "https://example.com/replace-me";

const EMAIL: &str = "replace-me@example.com";

/// Nested values below this depth are not made.
const DEPTH: usize = 6;

/// Longer texts are not made.
const LONGEST: usize = 20_000;

/// A value of this shape; `None` when none is found. Texts ask to be replaced, files are addresses that do not exist.
pub fn example(shape: &Shape) -> Option<Value> {
    made(shape, DEPTH).filter(|value| problems(value, shape).is_empty())
}

/// Whether a value is one of the texts and addresses of [`example`] that ask to be replaced.
pub fn is_placeholder(value: &Value) -> bool {
    let Some(text) = value.as_str() else { return false };
    let is_text = || text.len() >= TEXT.len() && repeated(text.chars().count()) == text;
    let is_address =
        || text.strip_prefix(ADDRESS).is_some_and(|rest| rest.is_empty() || rest.starts_with('.') && !rest.contains('/'));
    text == EMAIL || is_address() || is_text()
}

/// [`TEXT`], repeated up to a length.
fn repeated(characters: usize) -> String {
    let plain: String = format!("{TEXT} ").chars().cycle().take(characters).collect();
    if plain.ends_with(' ') { format!("{}.", plain.trim_end()) } else { plain }
}

fn made(shape: &Shape, depth: usize) -> Option<Value> {
    if let Some(default) = shape.annotations.default.as_ref().filter(|default| !default.is_null()) {
        return Some(default.clone());
    }
    if let Some(choices) = &shape.choices {
        return choices.first().cloned();
    }
    let depth = depth.checked_sub(1)?;
    Some(match &shape.kind {
        ShapeKind::Boolean => true.into(),
        ShapeKind::Integer => whole(&shape.limits)?.into(),
        ShapeKind::Number => number(&shape.limits)?.into(),
        ShapeKind::String if shape.is_file() => address(shape).into(),
        ShapeKind::String => text(shape)?.into(),
        ShapeKind::Any => TEXT.into(),
        ShapeKind::Array(items) => {
            let number = usize::try_from(shape.limits.min_items.unwrap_or(0).max(1)).ok()?;
            let most = shape.limits.max_items.map_or(number, |most| usize::try_from(most).unwrap_or(usize::MAX));
            let item = made(items, depth)?;
            vec![item; number.min(most).min(LONGEST)].into()
        }
        ShapeKind::Object(members) => {
            let required = members.declared.iter().filter(|member| member.required);
            let values = required.map(|member| Some((member.name.clone(), made(&member.shape, depth)?)));
            Value::Object(values.collect::<Option<Map<_, _>>>()?)
        }
        ShapeKind::Union(variants) => variants.iter().find_map(|variant| made(variant, depth))?,
    })
}

/// The lowest allowed number at or above 1, else the highest one.
fn number(limits: &Limits) -> Option<f64> {
    let end = |bound: &Option<Bound>, inward: f64| {
        let bound = bound.as_ref()?;
        let value = bound.value.as_f64()?;
        Some(if bound.exclusive { value + inward } else { value })
    };
    let (low, high) = (end(&limits.minimum, 0.5), end(&limits.maximum, -0.5));
    let value = low.unwrap_or(1.0).max(1.0);
    let value = high.map_or(value, |high| value.min(high));
    let step = limits.multiple_of.as_ref().and_then(serde_json::Number::as_f64).filter(|step| *step > 0.0);
    Some(step.map_or(value, |step| (value / step).ceil() * step))
}

fn whole(limits: &Limits) -> Option<i64> {
    let value = number(limits)?;
    let value = if limits.maximum.is_some() && limits.minimum.is_none() { value.floor() } else { value.ceil() };
    #[expect(clippy::cast_possible_truncation, reason = "bounds beyond 64 bits have no example")]
    (value.abs() < 9e15).then_some(value as i64)
}

/// An address with an ending that the input accepts.
fn address(shape: &Shape) -> String {
    let ending = shape.accept.iter().find_map(|kind| {
        let known = [("image/", ".png"), ("video/", ".mp4"), ("audio/", ".wav"), ("text/", ".txt"), ("application/pdf", ".pdf")];
        let ending = known.iter().find(|(start, _)| kind.starts_with(start)).map(|(_, ending)| (*ending).to_owned());
        ending.or_else(|| kind.starts_with('.').then(|| kind.clone()))
    });
    format!("{ADDRESS}{}", ending.unwrap_or_default())
}

fn text(shape: &Shape) -> Option<String> {
    let limits = &shape.limits;
    let formats = [("date", "2026-01-31"), ("date-time", "2026-01-31T12:00:00Z"), ("email", EMAIL)];
    if let Some((_, text)) = formats.iter().find(|(format, _)| shape.format.as_deref() == Some(*format)) {
        return Some((*text).to_owned());
    }
    let least = usize::try_from(limits.min_length.unwrap_or(0)).ok().filter(|least| *least <= LONGEST)?;
    let most = limits.max_length.map_or(LONGEST, |most| usize::try_from(most).unwrap_or(LONGEST));
    let wanted = TEXT.len().max(least).min(most);
    let plain = repeated(wanted);
    match &limits.pattern {
        None => Some(plain),
        Some(pattern) if regex::Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(&plain)) => Some(plain),
        Some(pattern) => matching(pattern, least),
    }
}

/// A text that matches a pattern, with repeated parts repeated up to a length.
fn matching(pattern: &str, least: usize) -> Option<String> {
    let hir = regex_syntax::parse(pattern).ok()?;
    [0, 1, least].into_iter().find_map(|repeats| {
        let mut text = String::new();
        write(&hir, repeats, &mut text)?;
        (text.chars().count() >= least).then_some(text)
    })
}

/// Adds the first text that a part of a pattern matches. Parts that may be repeated are, this often.
fn write(hir: &Hir, repeats: usize, text: &mut String) -> Option<()> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(class) => text.push(of_class(class)?),
        HirKind::Repetition(repetition) => {
            let least = usize::try_from(repetition.min).ok()?;
            let most = repetition.max.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
            for _ in 0..least.max(repeats).min(most) {
                write(&repetition.sub, repeats, text)?;
                if text.len() > LONGEST {
                    return None;
                }
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, repeats, text)?,
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| write(part, repeats, text))?,
        HirKind::Alternation(parts) => write(parts.first()?, repeats, text)?,
    }
    Some(())
}

/// A letter or digit of a class, else its first character.
fn of_class(class: &Class) -> Option<char> {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class.iter().map(|range| (range.start(), range.end())).collect(),
        Class::Bytes(class) => class.iter().map(|range| (char::from(range.start()), char::from(range.end()))).collect(),
    };
    let has = |character: char| ranges.iter().any(|(start, end)| (*start..=*end).contains(&character));
    ['a', 'A', '1', '0', '-', '_'].into_iter().find(|character| has(*character)).or_else(|| ranges.first().map(|(start, _)| *start))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Method, input_properties};

    fn of(schema: &Value) -> Option<Value> {
        let document = json!({"components": {"schemas": {"Input": {"type": "object", "properties": {"x": schema}}}}});
        example(&input_properties(&document, Method::Predict)[0].shape)
    }

    #[test]
    fn examples_fit_their_schemas() {
        for (schema, value) in [
            (json!({"type": "integer"}), json!(1)),
            (json!({"type": "integer", "minimum": 512}), json!(512)),
            (json!({"type": "integer", "maximum": -3}), json!(-3)),
            (json!({"type": "integer", "minimum": 0, "exclusiveMinimum": true}), json!(1)),
            (json!({"type": "number", "minimum": 0, "maximum": 0.5}), json!(0.5)),
            (json!({"type": "integer", "minimum": 10, "multipleOf": 8}), json!(16)),
            (json!({"type": "string"}), json!("replace me")),
            (json!({"type": "string", "minLength": 20}), json!("replace me replace m")),
            (json!({"type": "string", "minLength": 11}), json!("replace me.")),
            (json!({"type": "string", "maxLength": 3}), json!("rep")),
            (json!({"type": "string", "pattern": "^#[0-9a-f]{6}$"}), json!("#aaaaaa")),
            (json!({"type": "string", "pattern": "^\\d{4}-\\d{2}$"}), json!("1111-11")),
            (json!({"type": "string", "pattern": "^(left|right)+$"}), json!("left")),
            (json!({"type": "string", "pattern": "^[^a-z]*$", "minLength": 4}), json!("AAAA")),
            (json!({"type": "string", "pattern": "me$"}), json!("replace me")),
            (json!({"type": "string", "format": "uri"}), json!("https://example.com/replace-me")),
            (json!({"type": "string", "format": "uri", "x-cog-accept": "video/*"}), json!("https://example.com/replace-me.mp4")),
            (json!({"type": "array", "items": {"type": "integer", "minimum": 5}}), json!([5])),
            (json!({"type": "string", "enum": ["a", "b"]}), json!("a")),
            (json!({"anyOf": [{"type": "integer"}, {"type": "string"}]}), json!(1)),
            (json!({"type": "boolean"}), json!(true)),
        ] {
            assert_eq!(of(&schema), Some(value), "{schema}");
        }
    }

    #[test]
    fn what_has_no_value_has_no_example() {
        for schema in [
            json!({"type": "integer", "minimum": 5, "maximum": 4}),
            json!({"type": "string", "pattern": "^a{99999999}$"}),
            json!({"type": "string", "pattern": "^b$", "minLength": 4}),
        ] {
            assert_eq!(of(&schema), None, "{schema}");
        }
    }

    #[test]
    fn only_texts_that_ask_to_be_replaced_are_placeholders() {
        let document = json!({"components": {"schemas": {"Input": {"type": "object", "properties": {
            "text": {"type": "string"},
            "long": {"type": "string", "minLength": 22},
            "email": {"type": "string", "format": "email"},
            "file": {"type": "string", "format": "uri"},
            "image": {"type": "string", "format": "uri", "contentMediaType": "image/*"},
        }}}}});
        for property in input_properties(&document, Method::Predict) {
            let value = example(&property.shape).unwrap();
            assert!(is_placeholder(&value), "{value}");
        }
        let near = [
            "",
            "replace",
            "replace me now",
            "Replace me",
            "https://example.com/replace-me/1.png",
            "https://example.com/replace-mer",
        ];
        for value in near.map(Value::from).into_iter().chain([json!(1), json!(null), json!(["replace me"])]) {
            assert!(!is_placeholder(&value), "{value}");
        }
    }
}
