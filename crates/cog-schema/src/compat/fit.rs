//! Finds the gaps between two shapes: the values of one that do not fit the other.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::gap::{Direction, Gap, Mismatch};
use super::limits;
use crate::describe::{describe, describe_kind};
use crate::json::{self, show_list, show_name};
use crate::read::kind_of_values;
use crate::shape::{Member, Members, OtherMembers, Shape, ShapeKind};
use crate::validate::rejected;

/// Pairs of nodes that one comparison visits. Unions pair every alternative of one side with every one of the other.
const PAIR_LIMIT: usize = 200_000;

/// Gaps that one comparison reports.
const GAP_LIMIT: usize = 200;

/// Whole numbers of a range that are tried against choices one by one.
const RANGE_LIMIT: i128 = 1_000;

/// All gaps between the values of `from` and the shape `to`.
pub(super) fn gaps(from: &Shape, to: &Shape, direction: Direction) -> Vec<Mismatch> {
    if from == to {
        return Vec::new();
    }
    let mut fitting = Fitting { direction, pairs: 0, path: String::new(), found: Vec::new() };
    fitting.shape(from, to);
    if fitting.pairs > PAIR_LIMIT {
        fitting.path.clear();
        fitting.found.truncate(GAP_LIMIT - 1);
        let partly = || Some("compared in part".to_owned());
        fitting.push(Gap::Unfinished, partly(), partly());
    }
    fitting.found
}

struct Fitting {
    direction: Direction,
    pairs: usize,
    path: String,
    found: Vec<Mismatch>,
}

impl Fitting {
    fn add(&mut self, gap: Gap, from: String, to: String) {
        self.push(gap, Some(from), Some(to));
    }

    fn push(&mut self, gap: Gap, from: Option<String>, to: Option<String>) {
        if self.found.len() < GAP_LIMIT {
            self.found.push(Mismatch { path: self.path.clone(), gap, from, to });
        }
    }

    fn within(&mut self, step: &str, compare: impl FnOnce(&mut Self)) {
        let mark = self.path.len();
        self.path.push('.');
        self.path.push_str(&show_name(step));
        compare(self);
        self.path.truncate(mark);
    }

    fn shape(&mut self, from: &Shape, to: &Shape) {
        if from.nullable && !to.nullable && !(to.kind == ShapeKind::Any && to.choices.is_none()) {
            self.add(Gap::Null, describe(from), describe(to));
        }
        self.values(from, to);
    }

    /// Compares values other than null: a union is nullable, its alternatives never are.
    fn values(&mut self, from: &Shape, to: &Shape) {
        self.pairs += 1;
        if self.pairs > PAIR_LIMIT {
            return;
        }
        if let Some(choices) = &from.choices {
            return self.choices(choices, from, to);
        }
        match (&from.kind, &to.kind) {
            (ShapeKind::Any, ShapeKind::Any) | (_, ShapeKind::Any) => {}
            (ShapeKind::Any, _) => return self.add(Gap::open(to), describe_kind(from), describe_kind(to)),
            (ShapeKind::Union(variants), ShapeKind::Union(others)) => return self.variants(variants, others, to),
            (ShapeKind::Union(variants), _) => return self.variants(variants, std::slice::from_ref(to), to),
            (_, ShapeKind::Union(others)) => return self.against_variants(from, others, to),
            (ShapeKind::Integer, ShapeKind::Number) => self.limits(from, to),
            (ShapeKind::Array(items), ShapeKind::Array(other_items)) => {
                self.limits(from, to);
                self.marks(from, to);
                self.within("items", |fitting| fitting.shape(items, other_items));
            }
            (ShapeKind::Array(_), _) | (_, ShapeKind::Array(_)) => {
                return self.add(Gap::List, describe_kind(from), describe_kind(to));
            }
            (ShapeKind::Object(members), ShapeKind::Object(others)) => self.members(members, others),
            (one, other) if std::mem::discriminant(one) == std::mem::discriminant(other) => self.limits(from, to),
            _ => return self.add(Gap::Type, describe_kind(from), describe_kind(to)),
        }
        if let Some(choices) = &to.choices
            && !all_are_choices(from, choices)
        {
            self.add(Gap::Restricted, describe_kind(from), format!("one of {}", show_list(choices)));
        }
    }

    /// A finite set of values fits when each of them does. Choices that do not match their own type were never accepted.
    fn choices(&mut self, choices: &[Value], from: &Shape, to: &Shape) {
        let [old_kind, new_kind] = [from, to].map(|shape| Shape { choices: None, ..shape.clone() });
        let never_accepted = keys(rejected(choices, &old_kind));
        let mut lost = keys(rejected(choices, &new_kind));
        if let Some(others) = &to.choices {
            let offered = keys(others);
            lost.extend(keys(choices).difference(&offered).cloned());
        }
        let refused: Vec<Value> = choices
            .iter()
            .filter(|choice| {
                let key = json::key(choice);
                lost.contains(&key) && !never_accepted.contains(&key)
            })
            .cloned()
            .collect();
        if refused.is_empty() {
            return;
        }
        let kind = Shape { kind: kind_of_values(choices), ..Shape::default() };
        let offered = match &to.choices {
            Some(others) => Shape { kind: kind_of_values(others), ..Shape::default() },
            None => Shape { kind: to.kind.clone(), ..Shape::default() },
        };
        let nothing_shared = refused.len() == choices.len()
            && kind.kind != ShapeKind::Any
            && !matches!(offered.kind, ShapeKind::Any | ShapeKind::Union(_) | ShapeKind::Number)
            && std::mem::discriminant(&kind.kind) != std::mem::discriminant(&offered.kind);
        match (&offered.kind, nothing_shared) {
            (ShapeKind::Array(_), true) => self.add(Gap::List, describe_kind(from), describe_kind(to)),
            (_, true) => self.add(Gap::Type, describe_kind(&kind), describe_kind(&offered)),
            _ => {
                let others =
                    to.choices.as_ref().map_or_else(|| describe_kind(to), |others| format!("one of {}", show_list(others)));
                self.add(Gap::Choices, show_list(&refused), others);
            }
        }
    }

    fn limits(&mut self, from: &Shape, to: &Shape) {
        for (gap, from, to) in limits::tightened(from, to) {
            self.push(gap, from, to);
        }
    }

    fn marks(&mut self, from: &Shape, to: &Shape) {
        let shown = |mark: &Option<String>| mark.as_deref().map(show_name);
        if from.array_type != to.array_type {
            self.push(Gap::Stream, shown(&from.array_type), shown(&to.array_type));
        }
        if from.array_display != to.array_display {
            self.push(Gap::Display, shown(&from.array_display), shown(&to.array_display));
        }
    }

    fn variants(&mut self, variants: &[Shape], others: &[Shape], to: &Shape) {
        let mark = self.found.len();
        let mut lost = 0;
        for variant in variants {
            let before = self.found.len();
            if let Some(mismatches) = self.nearest(variant, others) {
                self.found.extend(mismatches);
            } else {
                self.add(Gap::Variant, describe_kind(variant), describe_kind(to));
            }
            lost += usize::from(self.found.get(before).is_some_and(|mismatch| mismatch.gap == Gap::Variant));
        }
        if lost == variants.len() && lost > 1 && !matches!(to.kind, ShapeKind::Union(_)) {
            self.found.truncate(mark);
            let all = Shape::of(ShapeKind::Union(variants.to_vec()));
            self.add(Gap::Type, describe_kind(&all), describe_kind(to));
        }
    }

    fn against_variants(&mut self, from: &Shape, others: &[Shape], to: &Shape) {
        match self.nearest(from, others) {
            Some(mismatches) => self.found.extend(mismatches),
            None => self.add(Gap::Type, describe_kind(from), describe_kind(to)),
        }
    }

    /// The gaps to the alternative with the fewest of them, empty when one takes every value; `None` when all have other types.
    fn nearest(&mut self, from: &Shape, others: &[Shape]) -> Option<Vec<Mismatch>> {
        let saved = std::mem::take(&mut self.found);
        let depth = self.path.clone();
        let mut best: Option<Vec<Mismatch>> = None;
        for other in others {
            self.values(from, other);
            let found = std::mem::take(&mut self.found);
            if !found.iter().any(|mismatch| mismatch.gap.breaks(self.direction)) {
                best = Some(found);
                break;
            }
            let is_other_type = found.iter().any(|mismatch| mismatch.path == depth && mismatch.gap.is_total());
            if !is_other_type && best.as_ref().is_none_or(|best| found.len() < best.len()) {
                best = Some(found);
            }
        }
        self.found = saved;
        best
    }

    fn members(&mut self, from: &Members, to: &Members) {
        let by_name: BTreeMap<&str, &Member> = to.declared.iter().map(|member| (member.name.as_str(), member)).collect();
        for member in &from.declared {
            match (by_name.get(member.name.as_str()), &to.others) {
                (Some(other), _) => self.within(&member.name, |fitting| {
                    if other.required && !member.required {
                        fitting.add(Gap::MemberRequired, "optional".to_owned(), "required".to_owned());
                    }
                    fitting.shape(&member.shape, &other.shape);
                }),
                (None, OtherMembers::Typed(shape)) => self.within(&member.name, |fitting| fitting.shape(&member.shape, shape)),
                (None, OtherMembers::Any) => {}
                (None, OtherMembers::Unspecified) if to.is_free_form() => {}
                (None, OtherMembers::Unspecified | OtherMembers::Forbidden) => self.within(&member.name, |fitting| {
                    fitting.push(Gap::MemberUnknown, Some(describe(&member.shape)), None);
                }),
            }
        }
        for other in to.declared.iter().filter(|other| from.get(&other.name).is_none()) {
            self.within(&other.name, |fitting| {
                let gap = Gap::MemberMissing { required: other.required };
                fitting.push(gap, None, Some(describe(&other.shape)));
                match &from.others {
                    OtherMembers::Typed(shape) => fitting.shape(shape, &other.shape),
                    OtherMembers::Any if fitting.direction == Direction::Inputs && other.shape.kind != ShapeKind::Any => {
                        fitting.add(Gap::open(&other.shape), "anything".to_owned(), describe(&other.shape));
                    }
                    _ => {}
                }
            });
        }
        self.other_members(from, to);
    }

    fn other_members(&mut self, from: &Members, to: &Members) {
        let carries_others = from.is_free_form() || matches!(from.others, OtherMembers::Any | OtherMembers::Typed(_));
        match (&from.others, &to.others) {
            (_, OtherMembers::Any) => {}
            (OtherMembers::Typed(shape), OtherMembers::Typed(other)) => self.within("*", |fitting| fitting.shape(shape, other)),
            (_, OtherMembers::Typed(other)) if carries_others && other.kind != ShapeKind::Any => {
                self.within("*", |fitting| fitting.add(Gap::open(other), "anything".to_owned(), describe(other)));
            }
            (_, OtherMembers::Unspecified | OtherMembers::Forbidden) if carries_others && !to.is_free_form() => {
                self.add(Gap::Closed, "any members".to_owned(), "the declared members".to_owned());
            }
            _ => {}
        }
    }
}

/// Whether the kind has few enough values to try, and each is a choice.
fn all_are_choices(from: &Shape, choices: &[Value]) -> bool {
    match &from.kind {
        ShapeKind::Boolean => [false, true].iter().all(|value| choices.contains(&Value::Bool(*value))),
        ShapeKind::Integer => {
            let (Some(low), Some(high)) = (&from.limits.minimum, &from.limits.maximum) else { return false };
            let (low, high) = (json::ceiling(&low.value, low.exclusive), json::floor(&high.value, high.exclusive));
            if high.saturating_sub(low) >= RANGE_LIMIT {
                return false;
            }
            let offered = keys(choices);
            (low..=high).all(|number| offered.contains(&number.to_string()))
        }
        _ => false,
    }
}

/// Choices as keys to look up: a document may list very many.
fn keys<'v>(choices: impl IntoIterator<Item = &'v Value>) -> BTreeSet<String> {
    choices.into_iter().map(json::key).collect()
}
