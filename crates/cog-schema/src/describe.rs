//! Describes shapes as text.

use serde_json::Value;

use super::json::{MASK, show, show_list, show_name, show_number};
use super::shape::{Bound, Limits, Shape, ShapeKind};

/// A value of this shape for reports: JSON on one line, secrets masked.
pub(super) fn show_value(value: &Value, shape: &Shape) -> String {
    if shape.is_secret() { MASK.to_owned() } else { show(value) }
}

/// The type of a shape, without its limits: `integer`, `array of file`, `string or null`.
pub(super) fn describe(shape: &Shape) -> String {
    let mut text = describe_kind(shape);
    if shape.nullable {
        text.push_str(" or null");
    }
    text
}

/// The type of a shape, without limits and without `or null`.
pub(super) fn describe_kind(shape: &Shape) -> String {
    const LEVELS: usize = 4;
    phrase(shape, LEVELS)
}

fn phrase(shape: &Shape, levels: usize) -> String {
    if levels == 0 {
        return "…".to_owned();
    }
    match &shape.kind {
        ShapeKind::Any => "anything".to_owned(),
        ShapeKind::String => match shape.format.as_deref() {
            Some("uri") => "file".to_owned(),
            Some("password") => "secret".to_owned(),
            Some(format) => format!("string ({})", show_name(format)),
            None => "string".to_owned(),
        },
        ShapeKind::Integer => "integer".to_owned(),
        ShapeKind::Number => "number".to_owned(),
        ShapeKind::Boolean => "boolean".to_owned(),
        ShapeKind::Array(items) => format!("array of {}", phrase(items, levels - 1)),
        ShapeKind::Object(members) if members.declared.is_empty() => "object".to_owned(),
        ShapeKind::Object(members) => {
            let names: Vec<String> = members.declared.iter().take(8).map(|member| show_name(&member.name)).collect();
            let more = if members.declared.len() > names.len() { ", …" } else { "" };
            format!("object {{{}{more}}}", names.join(", "))
        }
        ShapeKind::Union(variants) => {
            let types: Vec<String> = variants.iter().take(8).map(|variant| phrase(variant, levels - 1)).collect();
            types.join(" or ")
        }
    }
}

/// `1..50`, `>= 1`, `> 0`, `<= 50`; `None` without bounds.
pub(super) fn describe_range(limits: &Limits) -> Option<String> {
    match (&limits.minimum, &limits.maximum) {
        (None, None) => None,
        (Some(low), Some(high)) if !low.exclusive && !high.exclusive => {
            Some(format!("{}..{}", show_number(&low.value), show_number(&high.value)))
        }
        (low, high) => {
            let parts = [low.as_ref().map(describe_lower), high.as_ref().map(describe_upper)];
            Some(parts.into_iter().flatten().collect::<Vec<_>>().join(" and "))
        }
    }
}

/// `>= 1` or `> 0`.
pub(super) fn describe_lower(bound: &Bound) -> String {
    format!("{} {}", if bound.exclusive { ">" } else { ">=" }, show_number(&bound.value))
}

/// `<= 50` or `< 50`.
pub(super) fn describe_upper(bound: &Bound) -> String {
    format!("{} {}", if bound.exclusive { "<" } else { "<=" }, show_number(&bound.value))
}

/// `2..10 characters`, `at most 3 items`; `None` without bounds.
pub(super) fn describe_count(fewest: Option<u64>, most: Option<u64>, unit: &str) -> Option<String> {
    match (fewest, most) {
        (None, None) => None,
        (Some(fewest), None) => Some(format!("at least {fewest} {unit}")),
        (None, Some(most)) => Some(format!("at most {most} {unit}")),
        (Some(fewest), Some(most)) => Some(format!("{fewest}..{most} {unit}")),
    }
}

/// Every limit of a shape, as a short phrase each.
pub(super) fn describe_limits(shape: &Shape) -> Vec<String> {
    let limits = &shape.limits;
    let mut parts = Vec::new();
    if let Some(choices) = &shape.choices {
        parts.push(format!("one of {}", show_list(choices)));
    }
    parts.extend(describe_range(limits));
    parts.extend(limits.multiple_of.as_ref().map(|step| format!("multiple of {}", show_number(step))));
    parts.extend(describe_count(limits.min_length, limits.max_length, "characters"));
    parts.extend(limits.pattern.as_ref().map(|pattern| format!("matches {}", show_name(pattern))));
    parts.extend(describe_count(limits.min_items, limits.max_items, "items"));
    if limits.unique_items {
        parts.push("no duplicates".to_owned());
    }
    if !shape.accept.is_empty() {
        parts.push(format!("accepts {}", show_name(&shape.accept.join(", "))));
    }
    parts
}
