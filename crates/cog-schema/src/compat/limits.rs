//! Bounds, lengths, patterns and counts of two shapes of one kind.

use serde_json::Number;

use super::gap::{Gap, StringMeaning};
use crate::describe::{describe_count, describe_kind, describe_lower, describe_upper};
use crate::json::{self, show_name, show_number};
use crate::shape::{Bound, Shape, ShapeKind};

/// A gap with both sides as text; `None` for a side without the limit.
pub(super) type Tightened = (Gap, Option<String>, Option<String>);

/// The limits by which `to` rejects values that `from` allows.
pub(super) fn tightened(from: &Shape, to: &Shape) -> Vec<Tightened> {
    let mut found = Vec::new();
    match from.kind {
        ShapeKind::String => strings(from, to, &mut found),
        ShapeKind::Integer | ShapeKind::Number => numbers(from, to, &mut found),
        ShapeKind::Array(_) => counts(from, to, &mut found),
        _ => {}
    }
    found
}

fn numbers(from: &Shape, to: &Shape, found: &mut Vec<Tightened>) {
    let whole = matches!(from.kind, ShapeKind::Integer);
    let (low, other_low) = (from.limits.minimum.as_ref(), to.limits.minimum.as_ref());
    if rises(low, other_low, whole) {
        found.push((Gap::Minimum, low.map(describe_lower), other_low.map(describe_lower)));
    }
    let (high, other_high) = (from.limits.maximum.as_ref(), to.limits.maximum.as_ref());
    if falls(high, other_high, whole) {
        found.push((Gap::Maximum, high.map(describe_upper), other_high.map(describe_upper)));
    }
    let (step, other_step) = (from.limits.multiple_of.as_ref(), to.limits.multiple_of.as_ref());
    if let Some(other_step) = other_step {
        let one = Number::from(1);
        let is_met = match (step, whole) {
            (Some(step), _) => json::is_multiple(step, other_step),
            (None, true) => json::is_multiple(&one, other_step),
            (None, false) => false,
        };
        if !is_met {
            let shown = |step: &Number| format!("multiple of {}", show_number(step));
            found.push((Gap::Multiple, step.map(shown), Some(shown(other_step))));
        }
    }
}

/// Whether the lower bound rises. For whole numbers `> 0` and `>= 1` are the same.
fn rises(from: Option<&Bound>, to: Option<&Bound>, whole: bool) -> bool {
    match (from, to) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(from), Some(to)) if whole => json::ceiling(&to.value, to.exclusive) > json::ceiling(&from.value, from.exclusive),
        (Some(from), Some(to)) => {
            let order = json::compare(&to.value, &from.value);
            order.is_gt() || (order.is_eq() && to.exclusive && !from.exclusive)
        }
    }
}

/// Whether the upper bound falls. For whole numbers `< 10` and `<= 9` are the same.
fn falls(from: Option<&Bound>, to: Option<&Bound>, whole: bool) -> bool {
    match (from, to) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(from), Some(to)) if whole => json::floor(&to.value, to.exclusive) < json::floor(&from.value, from.exclusive),
        (Some(from), Some(to)) => {
            let order = json::compare(&to.value, &from.value);
            order.is_lt() || (order.is_eq() && to.exclusive && !from.exclusive)
        }
    }
}

fn strings(from: &Shape, to: &Shape, found: &mut Vec<Tightened>) {
    if from.format != to.format {
        let gap = Gap::Format { from: StringMeaning::of(from), to: StringMeaning::of(to) };
        found.push((gap, Some(describe_kind(from)), Some(describe_kind(to))));
    }
    let (limits, other) = (&from.limits, &to.limits);
    let lengths = [limits.min_length, limits.max_length];
    let other_lengths = [other.min_length, other.max_length];
    if is_narrower(lengths, other_lengths) {
        let shown = |[least, most]: [Option<u64>; 2]| describe_count(least, most, "characters");
        found.push((Gap::Length, shown(lengths), shown(other_lengths)));
    }
    if other.pattern.is_some() && limits.pattern != other.pattern {
        let shown = |pattern: &Option<String>| pattern.as_deref().map(show_name);
        found.push((Gap::Pattern, shown(&limits.pattern), shown(&other.pattern)));
    }
    let refused = from.accept.iter().any(|kind| !to.accept.iter().any(|other| covers(other, kind)));
    if !to.accept.is_empty() && (from.accept.is_empty() || refused) && !to.accept.iter().any(|kind| kind == "*/*") {
        let shown = |accept: &[String]| (!accept.is_empty()).then(|| show_name(&accept.join(", ")));
        found.push((Gap::Accept, shown(&from.accept), shown(&to.accept)));
    }
}

/// Whether `pattern` (`image/*`, `.png`) includes `kind`.
fn covers(pattern: &str, kind: &str) -> bool {
    pattern == kind
        || pattern.strip_suffix('*').is_some_and(|group| group.len() > 1 && group.ends_with('/') && kind.starts_with(group))
}

fn counts(from: &Shape, to: &Shape, found: &mut Vec<Tightened>) {
    let (limits, other) = (&from.limits, &to.limits);
    let counts = [limits.min_items, limits.max_items];
    let other_counts = [other.min_items, other.max_items];
    if is_narrower(counts, other_counts) || (other.unique_items && !limits.unique_items) {
        let shown = |[least, most]: [Option<u64>; 2], unique: bool| {
            let count = describe_count(least, most, "items");
            if unique {
                Some(count.map_or_else(|| "no duplicates".to_owned(), |count| format!("{count}, no duplicates")))
            } else {
                count
            }
        };
        found.push((Gap::ItemCount, shown(counts, limits.unique_items), shown(other_counts, other.unique_items)));
    }
}

fn is_narrower([least, most]: [Option<u64>; 2], [other_least, other_most]: [Option<u64>; 2]) -> bool {
    other_least.unwrap_or(0) > least.unwrap_or(0) || other_most.unwrap_or(u64::MAX) < most.unwrap_or(u64::MAX)
}
