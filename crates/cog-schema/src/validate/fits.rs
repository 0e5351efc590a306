//! Checks one value against one shape.

use std::collections::{HashMap, HashSet};

use regex::{Regex, RegexBuilder};
use serde_json::{Map, Number, Value};

use super::problem::{ProblemKind, ValueProblem};
use crate::describe::{describe, describe_kind, describe_lower, describe_upper, show_value};
use crate::json::{self, show, show_list, show_name, show_number};
use crate::shape::{Bound, Members, OtherMembers, Shape, ShapeKind};

/// Problems reported about one value. A list of a million wrong items has one cause.
const PROBLEM_LIMIT: usize = 20;

/// The compiled size of a pattern from a document.
const PATTERN_LIMIT_BYTES: usize = 1 << 20;

/// Everything that keeps `value` from fitting `shape`, up to a limit.
pub(crate) fn problems(value: &Value, shape: &Shape) -> Vec<ValueProblem> {
    let mut checker = Checker::default();
    checker.value(value, shape);
    checker.found
}

/// The values that do not fit `shape`.
pub(crate) fn rejected<'v>(values: &'v [Value], shape: &Shape) -> Vec<&'v Value> {
    let mut checker = Checker::default();
    values.iter().filter(|value| !checker.accepts(value, shape)).collect()
}

/// Compiles a pattern from a document.
pub(crate) fn compile_pattern(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).size_limit(PATTERN_LIMIT_BYTES).build()
}

/// Checks values. Keeps compiled patterns, since one list may hold very many values for one pattern.
#[derive(Default)]
struct Checker<'s> {
    path: String,
    found: Vec<ValueProblem>,
    patterns: HashMap<&'s str, Option<Regex>>,
}

impl<'s> Checker<'s> {
    /// Whether a value fits, without reporting problems.
    fn accepts(&mut self, value: &Value, shape: &'s Shape) -> bool {
        let earlier = std::mem::take(&mut self.found);
        self.value(value, shape);
        std::mem::replace(&mut self.found, earlier).is_empty()
    }

    fn add(&mut self, kind: ProblemKind, message: String) {
        if self.found.len() < PROBLEM_LIMIT {
            self.found.push(ValueProblem { path: self.path.clone(), kind, message });
        }
    }

    fn within(&mut self, step: &str, check: impl FnOnce(&mut Self)) {
        let mark = self.path.len();
        self.path.push_str(step);
        check(self);
        self.path.truncate(mark);
    }

    fn value(&mut self, value: &Value, shape: &'s Shape) {
        if value.is_null() {
            if !shape.nullable && (shape.choices.is_some() || shape.kind != ShapeKind::Any) {
                self.add(ProblemKind::Null, format!("is null, but must be {}", describe(shape)));
            }
            return;
        }
        if let Some(choices) = &shape.choices
            && !choices.iter().any(|choice| json::same(choice, value))
        {
            self.add(ProblemKind::Choice, format!("is {}, but must be one of {}", show_value(value, shape), show_list(choices)));
            return;
        }
        match (&shape.kind, value) {
            (ShapeKind::Any, _) | (ShapeKind::Boolean, Value::Bool(_)) => {}
            (ShapeKind::String, Value::String(text)) => self.text(text, shape),
            (ShapeKind::Integer, Value::Number(number)) if json::is_whole(number) => self.number(number, shape),
            (ShapeKind::Number, Value::Number(number)) => self.number(number, shape),
            (ShapeKind::Array(items), Value::Array(values)) => self.items(values, items, shape),
            (ShapeKind::Object(members), Value::Object(object)) => self.members(object, members),
            (ShapeKind::Union(variants), _) if variants.iter().any(|variant| self.accepts(value, variant)) => {}
            _ => self.add(ProblemKind::Type, format!("is {}, but must be {}", show_value(value, shape), describe_kind(shape))),
        }
    }

    fn text(&mut self, text: &str, shape: &'s Shape) {
        let limits = &shape.limits;
        if limits.min_length.is_some() || limits.max_length.is_some() {
            let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
            if let Some(least) = limits.min_length.filter(|least| length < *least) {
                self.add(ProblemKind::Length, format!("has {length} characters, but must have at least {least}"));
            }
            if let Some(most) = limits.max_length.filter(|most| length > *most) {
                self.add(ProblemKind::Length, format!("has {length} characters, but must have at most {most}"));
            }
        }
        // A pattern that only Python understands (look-around) is not checked.
        if let Some(pattern) = &limits.pattern
            && let Some(compiled) = self.patterns.entry(pattern).or_insert_with(|| compile_pattern(pattern).ok())
            && !compiled.is_match(text)
        {
            let value = show_value(&Value::String(text.to_owned()), shape);
            self.add(ProblemKind::Pattern, format!("is {value}, but must match {}", show_name(pattern)));
        }
        if shape.is_file() && !is_url(text) {
            let value = show(&Value::String(text.to_owned()));
            self.add(ProblemKind::Format, format!("is {value}, but must be a URL (https: or data:)"));
        }
    }

    fn number(&mut self, number: &Number, shape: &Shape) {
        let limits = &shape.limits;
        if let Some(bound) = limits.minimum.as_ref().filter(|bound| !is_above(number, bound)) {
            self.add(ProblemKind::Range, format!("is {}, but must be {}", show_number(number), describe_lower(bound)));
        }
        if let Some(bound) = limits.maximum.as_ref().filter(|bound| !is_below(number, bound)) {
            self.add(ProblemKind::Range, format!("is {}, but must be {}", show_number(number), describe_upper(bound)));
        }
        if let Some(step) = limits.multiple_of.as_ref().filter(|step| !json::is_multiple(number, step)) {
            let message = format!("is {}, but must be a multiple of {}", show_number(number), show_number(step));
            self.add(ProblemKind::Range, message);
        }
    }

    fn items(&mut self, values: &[Value], items: &'s Shape, shape: &Shape) {
        let count = u64::try_from(values.len()).unwrap_or(u64::MAX);
        if let Some(least) = shape.limits.min_items.filter(|least| count < *least) {
            self.add(ProblemKind::Items, format!("has {count} items, but must have at least {least}"));
        }
        if let Some(most) = shape.limits.max_items.filter(|most| count > *most) {
            self.add(ProblemKind::Items, format!("has {count} items, but must have at most {most}"));
        }
        if shape.limits.unique_items {
            let mut seen = HashSet::new();
            if let Some(repeated) = values.iter().find(|value| !seen.insert(value.to_string())) {
                self.add(ProblemKind::Items, format!("has {} twice", show(repeated)));
            }
        }
        for (index, value) in values.iter().enumerate() {
            if self.found.len() >= PROBLEM_LIMIT {
                break;
            }
            self.within(&format!("[{index}]"), |checker| checker.value(value, items));
        }
    }

    fn members(&mut self, object: &Map<String, Value>, members: &'s Members) {
        for member in &members.declared {
            match object.get(&member.name) {
                Some(value) => {
                    let step = format!(".{}", show_name(&member.name));
                    self.within(&step, |checker| checker.value(value, &member.shape));
                }
                None if member.required => {
                    self.add(ProblemKind::Required, format!("lacks '{}'", show_name(&member.name)));
                }
                None => {}
            }
        }
        let others = object.iter().filter(|(name, _)| members.get(name).is_none());
        match &members.others {
            OtherMembers::Unspecified | OtherMembers::Any => {}
            OtherMembers::Forbidden => {
                for (name, _) in others.take(PROBLEM_LIMIT) {
                    self.add(ProblemKind::Unknown, format!("has the unknown member '{}'", show_name(name)));
                }
            }
            OtherMembers::Typed(shape) => {
                for (name, value) in others {
                    self.within(&format!(".{}", show_name(name)), |checker| checker.value(value, shape));
                }
            }
        }
    }
}

/// Files travel as `https:` or `data:` URLs, and as `http:` between local containers.
fn is_url(text: &str) -> bool {
    ["https://", "http://", "data:"]
        .iter()
        .any(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)) && text.len() > scheme.len())
}

fn is_above(number: &Number, bound: &Bound) -> bool {
    let order = json::compare(number, &bound.value);
    order.is_gt() || (order.is_eq() && !bound.exclusive)
}

fn is_below(number: &Number, bound: &Bound) -> bool {
    let order = json::compare(number, &bound.value);
    order.is_lt() || (order.is_eq() && !bound.exclusive)
}
