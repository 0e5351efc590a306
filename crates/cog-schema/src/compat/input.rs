//! Inputs may only widen.

use std::collections::BTreeMap;

use cog_findings::text::{nearest, shorten};
use cog_findings::{Finding, Rule, Severity};
use serde_json::Value;

use super::fit::{Direction, Gap, Meaning, Mismatch, gaps};
use super::report::{Change, Reporter, Subject};
use super::{CompatOptions, Sides};
use crate::describe::{describe, show_value};
use crate::json::{self, show_name};
use crate::rules;
use crate::shape::{Member, Members, Shape};

/// Compares the inputs of one method.
pub(super) fn compare(sides: &Sides<'_>, options: &CompatOptions, reporter: &mut Reporter<'_>) {
    let (Some(old), Some(new)) = (sides.old.members(), sides.new.members()) else { return };
    let by_name = |members: &'_ Members| -> BTreeMap<String, usize> {
        members.declared.iter().enumerate().map(|(position, member)| (member.name.clone(), position)).collect()
    };
    let (old_positions, new_positions) = (by_name(old), by_name(new));
    let added: Vec<&Member> = new.declared.iter().filter(|member| !old_positions.contains_key(&member.name)).collect();
    for member in &old.declared {
        match new_positions.get(&member.name).and_then(|position| new.declared.get(*position)) {
            Some(new_member) => compare_input(member, new_member, sides, reporter),
            None => report_removed(member, &added, options, reporter),
        }
    }
    for member in added {
        report_added(member, reporter);
    }
    report_order(old, &new_positions, new, reporter);
}

fn report_removed(member: &Member, added: &[&Member], options: &CompatOptions, reporter: &mut Reporter<'_>) {
    let subject = reporter.input(&member.name, "");
    let change = Change::new(describe(&member.shape), "absent");
    let replacement = nearest(&member.name, added.iter().map(|added| added.name.as_str()));
    let hint = match replacement {
        Some(name) => format!(
            "if it was renamed to '{}', keep '{}' beside it as a deprecated input",
            show_name(name),
            show_name(&member.name)
        ),
        None => "keep it as `Input(deprecated=True)` and ignore its value".to_owned(),
    };
    let finding = if member.shape.annotations.deprecated {
        subject
            .finding(&rules::DEPRECATED_INPUT_REMOVED, "was deprecated and is gone", &change)
            .with_severity(options.deprecated_removal)
    } else {
        subject.finding(&rules::INPUT_REMOVED, "is gone", &change)
    };
    reporter.add(breaking(finding, "requests that send it: inputs that are not declared are refused (422)").hint(hint));
}

fn report_added(member: &Member, reporter: &mut Reporter<'_>) {
    let subject = reporter.input(&member.name, "");
    let change = Change::new("absent", describe(&member.shape));
    if member.required {
        let finding = subject.finding(&rules::REQUIRED_INPUT_ADDED, "is new and required", &change);
        reporter.add(breaking(finding, "every request made for the live version").hint("give it a default, or make it Optional"));
    } else {
        reporter.add(subject.finding(&rules::INPUT_ADDED, "is new and optional", &change));
    }
}

fn report_order(old: &Members, new_positions: &BTreeMap<String, usize>, new: &Members, reporter: &mut Reporter<'_>) {
    // Without x-order (Cog 0.14 with a newer pydantic) the order is that of the document, which says nothing.
    if [old, new].iter().any(|members| members.declared.iter().any(|member| member.shape.annotations.order.is_none())) {
        return;
    }
    let positions: Vec<usize> = old.declared.iter().filter_map(|member| new_positions.get(&member.name).copied()).collect();
    if positions.is_sorted() {
        return;
    }
    let names = |members: &Members, others: &dyn Fn(&str) -> bool| {
        let common = members.declared.iter().filter(|member| others(&member.name)).map(|member| show_name(&member.name));
        shorten(&common.collect::<Vec<_>>().join(", "), 300)
    };
    let change = Change::new(names(old, &|name| new_positions.contains_key(name)), names(new, &|name| old.get(name).is_some()));
    let subject = reporter.inputs();
    reporter.add(subject.finding(&rules::INPUT_ORDER_CHANGED, "stand in another order", &change));
}

fn compare_input(old: &Member, new: &Member, sides: &Sides<'_>, reporter: &mut Reporter<'_>) {
    if new.required && !old.required {
        report_became_required(old, new, reporter);
    }
    for mismatch in gaps(&old.shape, &new.shape, Direction::Inputs) {
        if !mismatch.gap.breaks(Direction::Inputs) || is_forgiven(&mismatch, new, sides) {
            continue;
        }
        let subject = reporter.input(&old.name, &mismatch.path);
        if let Some(finding) = finding(&subject, &mismatch) {
            reporter.add(finding);
        }
    }
    if !new.required && !old.required {
        report_default(old, new, reporter);
    }
    report_words(old, new, reporter);
}

fn report_became_required(old: &Member, new: &Member, reporter: &mut Reporter<'_>) {
    let subject = reporter.input(&old.name, "");
    let default = effective_default(&old.shape);
    let before =
        default.map_or_else(|| "optional".to_owned(), |default| format!("optional, default {}", show_value(default, &old.shape)));
    let finding = subject.finding(&rules::INPUT_BECAME_REQUIRED, "became required", &Change::new(before, "required"));
    // Only `Input(default=None)` on a plain type looks like this: `docs/reference/cog.md#optional-inputs`.
    let is_plain_none = default.is_none() && !old.shape.nullable && !new.shape.nullable;
    let hint = match default {
        Some(default) => format!("give it its default back: `Input(default={})`", python(default, &old.shape)),
        None if is_plain_none => {
            "since Cog 0.19 a plain type with `Input(default=None)` is required: annotate it as Optional".to_owned()
        }
        None => "annotate it as Optional, or give it a default".to_owned(),
    };
    reporter.add(breaking(finding, "requests that leave it out").hint(hint));
}

/// A Runtime document accepts null even where it does not say nullable: `docs/reference/cog.md#old-and-new-schemas`, row "Optional
/// with default None".
fn is_forgiven(mismatch: &Mismatch, new: &Member, sides: &Sides<'_>) -> bool {
    mismatch.gap == Gap::Null
        && sides.cross_dialects()
        && sides.new_dialect.omits_null_of_inputs()
        && !new.required
        && effective_default(&new.shape).is_none()
}

fn report_default(old: &Member, new: &Member, reporter: &mut Reporter<'_>) {
    let (before, now) = (effective_default(&old.shape), effective_default(&new.shape));
    let subject = reporter.input(&old.name, "");
    let said =
        |default: Option<&Value>, shape: &Shape| default.map_or_else(|| "none".to_owned(), |default| show_value(default, shape));
    let change = Change::new(said(before, &old.shape), said(now, &new.shape));
    let finding = match (before, now) {
        (Some(before), Some(now)) if json::same(before, now) => return,
        (None, None) => return,
        (Some(_), None) => subject.finding(&rules::INPUT_DEFAULT_REMOVED, &format!("lost its default {}", change.old), &change),
        _ => {
            let says = format!("has another default: {} instead of {}", change.new, change.old);
            subject.finding(&rules::INPUT_DEFAULT_CHANGED, &says, &change)
        }
    };
    reporter.add(breaking(finding, "nobody's request, but those who leave it out get other results"));
}

fn report_words(old: &Member, new: &Member, reporter: &mut Reporter<'_>) {
    let subject = reporter.input(&old.name, "");
    let (before, now) = (&old.shape.annotations, &new.shape.annotations);
    if now.deprecated && !before.deprecated {
        reporter.add(subject.finding(&rules::INPUT_DEPRECATED, "is deprecated now", &Change::new("offered", "deprecated")));
    }
    let words = |text: &Option<String>| text.as_deref().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let (before, now) = (words(&before.description), words(&now.description));
    if before != now {
        let shown = |text: &str| if text.is_empty() { "none".to_owned() } else { shorten(text, 200) };
        let change = Change::new(shown(&before), shown(&now));
        reporter.add(subject.finding(&rules::INPUT_DESCRIPTION_CHANGED, "has another description", &change));
    }
}

/// A default of null is none: whoever leaves the input out sends nothing either way.
fn effective_default(shape: &Shape) -> Option<&Value> {
    shape.annotations.default.as_ref().filter(|default| !default.is_null())
}

/// A default as Python writes it.
fn python(value: &Value, shape: &Shape) -> String {
    match value {
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        other => show_value(other, shape),
    }
}

fn breaking(finding: Finding, who: &str) -> Finding {
    finding.detail("breaks", who)
}

fn finding(subject: &Subject, mismatch: &Mismatch) -> Option<Finding> {
    let Mismatch { gap, from: old, to: new, .. } = mismatch;
    let (rule, says, who, hint): (&Rule, String, &str, &str) = match gap {
        Gap::Type => (
            &rules::INPUT_TYPE_CHANGED,
            format!("changed from {old} to {new}"),
            "requests that send the old type",
            "keep the old type and convert it, or take both with a union",
        ),
        Gap::List => (
            &rules::INPUT_LIST_CHANGED,
            format!("changed from {old} to {new}"),
            "every request that sends it",
            "keep the old input and add a new one beside it",
        ),
        Gap::Open { .. } => (
            &rules::INPUT_TYPE_CHANGED,
            format!("took {old} and takes only {new} now"),
            "requests that send anything else",
            "keep taking anything, or announce the change by deprecating the input first",
        ),
        Gap::Variant => (
            &rules::INPUT_VARIANT_REMOVED,
            format!("no longer takes {old}"),
            "requests that send that type",
            "keep the type in the union and convert it",
        ),
        Gap::Null => (
            &rules::INPUT_NULL_REFUSED,
            "no longer takes null".to_owned(),
            "requests that send null",
            "keep it Optional and replace None inside the method",
        ),
        Gap::Format { from, to } => return format_finding(subject, mismatch, *from, *to),
        Gap::Choices => (
            &rules::INPUT_CHOICE_REMOVED,
            format!("no longer offers {old}"),
            "requests that send one of these",
            "keep the choice and map it to another one inside the method",
        ),
        Gap::Restricted => (
            &rules::INPUT_CHOICES_ADDED,
            format!("takes only {new} now"),
            "requests that send anything else",
            "check the value inside the method and fall back to a choice",
        ),
        Gap::Minimum => (
            &rules::INPUT_MINIMUM_RAISED,
            format!("takes only values {new} now; before {old}"),
            "requests with a lower value",
            "raise low values inside the method instead",
        ),
        Gap::Maximum => (
            &rules::INPUT_MAXIMUM_LOWERED,
            format!("takes only values {new} now; before {old}"),
            "requests with a higher value",
            "lower high values inside the method instead",
        ),
        Gap::Multiple => (
            &rules::INPUT_MULTIPLE_TIGHTENED,
            format!("takes only a {new} now; before {old}"),
            "requests with a value in between",
            "round inside the method instead",
        ),
        Gap::Length => (
            &rules::INPUT_LENGTH_TIGHTENED,
            format!("takes only {new} now; before {old}"),
            "requests with a shorter or longer text",
            "cut or reject the text inside the method, with a message of your own",
        ),
        Gap::Pattern => (
            &rules::INPUT_PATTERN_TIGHTENED,
            format!("has to match {new} now; before {old}"),
            "requests whose text does not match",
            "if the new pattern matches all that the old one did, ignore this finding",
        ),
        Gap::ItemCount => (
            &rules::INPUT_ITEM_COUNT_TIGHTENED,
            format!("takes only {new} now; before {old}"),
            "requests with a list that is shorter, longer or repeats an item",
            "take the longer list and use what is needed of it",
        ),
        Gap::Accept => (
            &rules::INPUT_ACCEPT_NARROWED,
            format!("takes only {new} now; before {old}"),
            "requests with another kind of file",
            "convert the file inside the method",
        ),
        Gap::MemberUnknown => {
            (&rules::INPUT_MEMBER_REMOVED, "is gone".to_owned(), "requests that send it", "keep the member and ignore its value")
        }
        Gap::MemberMissing { .. } => (
            &rules::INPUT_MEMBER_REQUIRED,
            "is new and required".to_owned(),
            "every request that sends the object",
            "make the member optional",
        ),
        Gap::MemberRequired => {
            (&rules::INPUT_MEMBER_REQUIRED, "became required".to_owned(), "requests that leave it out", "make the member optional")
        }
        Gap::Closed => (
            &rules::INPUT_MEMBERS_CLOSED,
            "took any members and takes only the declared ones now".to_owned(),
            "requests that send another member",
            "keep the object free",
        ),
        Gap::Unfinished => (
            &rules::COMPARISON_INCOMPLETE,
            "is too large to be compared in full".to_owned(),
            "perhaps somebody: what was not compared is unknown",
            "simplify the type",
        ),
        Gap::Stream | Gap::Display => return None,
    };
    Some(breaking(subject.finding(rule, &says, &Change::new(old, new)), who).hint(hint))
}

/// Files, secrets and texts are all strings on the wire; what differs is what the model is handed.
fn format_finding(subject: &Subject, mismatch: &Mismatch, from: Meaning, to: Meaning) -> Option<Finding> {
    let Mismatch { from: old, to: new, .. } = mismatch;
    let change = Change::new(old, new);
    Some(match (from, to) {
        (Meaning::Text, Meaning::Secret) => breaking(
            subject.finding(&rules::INPUT_SECRECY_CHANGED, "is a secret now", &change).with_severity(Severity::Note),
            "nobody; its value is masked from now on",
        ),
        (Meaning::Secret, Meaning::Text) => breaking(
            subject.finding(&rules::INPUT_SECRECY_CHANGED, "is no longer a secret", &change),
            "nobody's request, but its value is shown on the prediction's page",
        )
        .hint("keep it a Secret"),
        (Meaning::File, Meaning::Text) => breaking(
            subject.finding(&rules::INPUT_FORMAT_REMOVED, "was a file and is text now", &change),
            "requests that send a file: the model is handed its URL",
        )
        .hint("keep it a Path, or add a text input beside it"),
        (_, Meaning::Text) => return None,
        _ => breaking(
            subject.finding(&rules::INPUT_FORMAT_CHANGED, &format!("changed from {old} to {new}"), &change),
            "requests that send a string of another form",
        )
        .hint("keep the old input and add a new one beside it"),
    })
}
