//! Inputs may only widen.

use std::collections::BTreeMap;

use cog_findings::text::{nearest, shorten};
use cog_findings::{ChangeKind, Severity};
use serde_json::Value;

use super::fit::gaps;
use super::gap::{Direction, Gap, Mismatch, StringMeaning};
use super::options::CompatOptions;
use super::reporter::Reporter;
use super::sides::Sides;
use super::statement::{Difference, Statement};
use crate::describe::{describe, show_value};
use crate::json::{self, show_name};
use crate::rules;
use crate::shape::{Annotations, Member, Members, Shape};

/// Compares the inputs of one method.
pub(super) fn compare(sides: &Sides<'_>, options: &CompatOptions, reporter: &mut Reporter<'_>) {
    let (Some(old), Some(new)) = (sides.old.members(), sides.new.members()) else { return };
    let by_name = |members: &'_ Members| -> BTreeMap<String, usize> {
        members.declared.iter().enumerate().map(|(position, member)| (member.name.clone(), position)).collect()
    };
    let (old_positions, new_positions) = (by_name(old), by_name(new));
    let added: Vec<&Member> = new.declared.iter().filter(|member| !old_positions.contains_key(&member.name)).collect();
    let mut renamed: Vec<&str> = Vec::new();
    for (position, member) in old.declared.iter().enumerate() {
        match new_positions.get(&member.name).and_then(|position| new.declared.get(*position)) {
            Some(new_member) => compare_input(member, new_member, sides, reporter),
            None => match new.declared.get(position).filter(|other| is_renamed(member, other, &old_positions)) {
                Some(other) => {
                    renamed.push(&other.name);
                    report_renamed(member, other, options, reporter);
                }
                None => report_removed(member, &added, options, reporter),
            },
        }
    }
    for member in added.into_iter().filter(|member| !renamed.contains(&member.name.as_str())) {
        report_added(member, reporter);
    }
    report_order(old, &new_positions, new, reporter);
}

/// Whether a new input at the place of a removed one is the same but for its name and what the author says about it.
fn is_renamed(old: &Member, new: &Member, old_positions: &BTreeMap<String, usize>) -> bool {
    let meaning = |member: &Member| {
        let annotations = Annotations { default: member.shape.annotations.default.clone(), ..Annotations::default() };
        Shape { annotations, ..member.shape.clone() }
    };
    !old_positions.contains_key(&new.name) && old.required == new.required && meaning(old) == meaning(new)
}

/// A renamed input, on the line of the parameter that it is now.
fn report_renamed(old: &Member, new: &Member, options: &CompatOptions, reporter: &mut Reporter<'_>) {
    let (before, now) = (show_name(&old.name), show_name(&new.name));
    let rule = if old.shape.annotations.deprecated { &rules::DEPRECATED_INPUT_REMOVED } else { &rules::INPUT_REMOVED };
    let statement = Statement::new(rule, format!("was called '{before}'"))
        .breaks("requests that send it by its old name: undeclared inputs are rejected (422)")
        .hint(format!("keep '{before}' alongside '{now}' as a deprecated input"));
    let statement = if old.shape.annotations.deprecated { statement.severity(options.deprecated_removal) } else { statement };
    let difference = Difference::new(
        ChangeKind::Name,
        Some(format!("{before}: {}", describe(&old.shape))),
        Some(format!("{now}: {}", describe(&new.shape))),
    );
    reporter.input(&new.name, "", difference, statement);
}

fn report_removed(member: &Member, added: &[&Member], options: &CompatOptions, reporter: &mut Reporter<'_>) {
    let hint = match nearest(&member.name, added.iter().map(|added| added.name.as_str())) {
        Some(name) => format!(
            "if it was renamed to '{}', keep '{}' alongside it as a deprecated input",
            show_name(name),
            show_name(&member.name)
        ),
        None => "keep it as `Input(deprecated=True)` and ignore its value".to_owned(),
    };
    let statement = if member.shape.annotations.deprecated {
        Statement::new(&rules::DEPRECATED_INPUT_REMOVED, "was deprecated and is now removed").severity(options.deprecated_removal)
    } else {
        Statement::new(&rules::INPUT_REMOVED, "was removed")
    };
    let difference = Difference::new(ChangeKind::Removed, Some(describe(&member.shape)), None);
    let statement = statement.breaks("requests that send it: undeclared inputs are rejected (422)").hint(hint);
    reporter.input(&member.name, "", difference, statement);
}

fn report_added(member: &Member, reporter: &mut Reporter<'_>) {
    let difference = Difference::new(ChangeKind::Added, None, Some(describe(&member.shape)));
    let statement = if member.required {
        Statement::new(&rules::REQUIRED_INPUT_ADDED, "is new and required")
            .breaks("every request made for the live version")
            .hint("give it a default, or make it Optional")
    } else {
        Statement::new(&rules::INPUT_ADDED, "is new and optional")
    };
    reporter.input(&member.name, "", difference, statement);
}

fn report_order(old: &Members, new_positions: &BTreeMap<String, usize>, new: &Members, reporter: &mut Reporter<'_>) {
    // Without x-order (Cog 0.14 with a newer pydantic), members are in the document's order, which means nothing.
    if [old, new].iter().any(|members| members.declared.iter().any(|member| member.shape.annotations.order.is_none())) {
        return;
    }
    let positions: Vec<usize> = old.declared.iter().filter_map(|member| new_positions.get(&member.name).copied()).collect();
    if positions.is_sorted() {
        return;
    }
    let names = |members: &Members, others: &dyn Fn(&str) -> bool| {
        let common = members.declared.iter().filter(|member| others(&member.name)).map(|member| show_name(&member.name));
        Some(shorten(&common.collect::<Vec<_>>().join(", "), 300))
    };
    let before = names(old, &|name| new_positions.contains_key(name));
    let now = names(new, &|name| old.get(name).is_some());
    let difference = Difference::new(ChangeKind::Order, before, now);
    reporter.inputs(difference, Statement::new(&rules::INPUT_ORDER_CHANGED, "changed their order"));
}

fn compare_input(old: &Member, new: &Member, sides: &Sides<'_>, reporter: &mut Reporter<'_>) {
    if new.required && !old.required {
        report_became_required(old, new, reporter);
    }
    for mismatch in gaps(&old.shape, &new.shape, Direction::Inputs) {
        if !mismatch.gap.breaks(Direction::Inputs) || is_forgiven(&mismatch, new, sides) {
            continue;
        }
        let Mismatch { path, gap, from, to } = mismatch;
        let difference = Difference::new(gap.change_kind(Direction::Inputs), from, to);
        if let Some(statement) = statement(&gap, &difference) {
            reporter.input(&old.name, &path, difference, statement);
        }
    }
    if !new.required && !old.required {
        report_default(old, new, reporter);
    }
    report_annotations(old, new, reporter);
}

fn report_became_required(old: &Member, new: &Member, reporter: &mut Reporter<'_>) {
    let default = effective_default(&old.shape);
    let before =
        default.map_or_else(|| "optional".to_owned(), |default| format!("optional, default {}", show_value(default, &old.shape)));
    let difference = Difference::new(ChangeKind::Required, Some(before), Some("required".to_owned()));
    // Only `Input(default=None)` on a plain type looks like this (`docs/reference/cog.md#optional-inputs`).
    let is_plain_none = default.is_none() && !old.shape.nullable && !new.shape.nullable;
    let hint = match default {
        Some(default) => format!("restore its default: `Input(default={})`", python(default, &old.shape)),
        None if is_plain_none => {
            "since Cog 0.19 a plain type with `Input(default=None)` is required: annotate it as Optional".to_owned()
        }
        None => "annotate it as Optional, or give it a default".to_owned(),
    };
    let statement =
        Statement::new(&rules::INPUT_BECAME_REQUIRED, "became required").breaks("requests that leave it out").hint(hint);
    reporter.input(&old.name, "", difference, statement);
}

/// A Runtime document without nullable marks accepts null anyway (`docs/reference/cog.md#old-and-new-schemas`, row "Optional with default
/// None").
fn is_forgiven(mismatch: &Mismatch, new: &Member, sides: &Sides<'_>) -> bool {
    mismatch.gap == Gap::Null
        && sides.cross_dialects()
        && sides.new_dialect.omits_null_of_inputs()
        && !new.required
        && effective_default(&new.shape).is_none()
}

fn report_default(old: &Member, new: &Member, reporter: &mut Reporter<'_>) {
    let (before, now) = (effective_default(&old.shape), effective_default(&new.shape));
    let shown = |default: Option<&Value>, shape: &Shape| default.map(|default| show_value(default, shape));
    let difference = Difference::new(ChangeKind::Default, shown(before, &old.shape), shown(now, &new.shape));
    let statement = match (before, now) {
        (Some(before), Some(now)) if json::same(before, now) => return,
        (None, None) => return,
        (Some(_), None) => Statement::new(&rules::INPUT_DEFAULT_REMOVED, format!("lost its default {}", difference.old_text())),
        _ => {
            let says = format!("changed its default from {} to {}", difference.old_text(), difference.new_text());
            Statement::new(&rules::INPUT_DEFAULT_CHANGED, says)
        }
    };
    reporter.input(&old.name, "", difference, statement.breaks("no request, but requests that leave it out get other results"));
}

fn report_annotations(old: &Member, new: &Member, reporter: &mut Reporter<'_>) {
    let (before, now) = (&old.shape.annotations, &new.shape.annotations);
    if now.deprecated && !before.deprecated {
        let difference = Difference::new(ChangeKind::Deprecated, Some("offered".to_owned()), Some("deprecated".to_owned()));
        reporter.input(&old.name, "", difference, Statement::new(&rules::INPUT_DEPRECATED, "is now deprecated"));
    }
    let collapsed = |text: &Option<String>| text.as_deref().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let (before, now) = (collapsed(&before.description), collapsed(&now.description));
    if before != now {
        let shown = |text: &str| (!text.is_empty()).then(|| shorten(text, 200));
        let difference = Difference::new(ChangeKind::Description, shown(&before), shown(&now));
        let statement = Statement::new(&rules::INPUT_DESCRIPTION_CHANGED, "changed its description");
        reporter.input(&old.name, "", difference, statement);
    }
}

/// The default that callers get. A null default does not count: leaving the input out means the same.
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

fn statement(gap: &Gap, difference: &Difference) -> Option<Statement> {
    let (old, new) = (difference.old_text(), difference.new_text());
    Some(match gap {
        Gap::Type => Statement::new(&rules::INPUT_TYPE_CHANGED, format!("changed from {old} to {new}"))
            .breaks("requests that send the old type")
            .hint("keep the old type and convert it, or accept both with a union"),
        Gap::List => Statement::new(&rules::INPUT_LIST_CHANGED, format!("changed from {old} to {new}"))
            .breaks("every request that sends it")
            .hint("keep the old input and add a new one alongside it"),
        Gap::Open { .. } => Statement::new(&rules::INPUT_TYPE_CHANGED, format!("took {old} and now takes only {new}"))
            .breaks("requests that send anything else")
            .hint("keep accepting anything, or deprecate the input first"),
        Gap::Variant => Statement::new(&rules::INPUT_VARIANT_REMOVED, format!("no longer takes {old}"))
            .breaks("requests that send that type")
            .hint("keep the type in the union and convert it"),
        Gap::Null => Statement::new(&rules::INPUT_NULL_REFUSED, "no longer takes null")
            .breaks("requests that send null")
            .hint("keep it Optional and replace None inside the method"),
        Gap::Format { from, to } => return format_statement(*from, *to, difference),
        Gap::Choices => Statement::new(&rules::INPUT_CHOICE_REMOVED, format!("no longer offers {old}"))
            .breaks("requests that send one of these values")
            .hint("keep the choice and map it to a remaining one inside the method"),
        Gap::Restricted => Statement::new(&rules::INPUT_CHOICES_ADDED, format!("now takes only {new}"))
            .breaks("requests that send anything else")
            .hint("check the value inside the method and fall back to a choice"),
        Gap::Minimum => Statement::new(&rules::INPUT_MINIMUM_RAISED, format!("now takes only values {new}; before: {old}"))
            .breaks("requests with a lower value")
            .hint("raise low values inside the method instead"),
        Gap::Maximum => Statement::new(&rules::INPUT_MAXIMUM_LOWERED, format!("now takes only values {new}; before: {old}"))
            .breaks("requests with a higher value")
            .hint("lower high values inside the method instead"),
        Gap::Multiple => Statement::new(&rules::INPUT_MULTIPLE_TIGHTENED, format!("now takes only a {new}; before: {old}"))
            .breaks("requests with a value in between")
            .hint("round inside the method instead"),
        Gap::Length => Statement::new(&rules::INPUT_LENGTH_TIGHTENED, format!("now takes only {new}; before: {old}"))
            .breaks("requests with a shorter or longer text")
            .hint("cut or reject the text inside the method, with a message of your own"),
        Gap::Pattern => Statement::new(&rules::INPUT_PATTERN_TIGHTENED, format!("must now match {new}; before: {old}"))
            .breaks("requests whose text does not match")
            .hint("ignore this finding if the new pattern matches everything that the old one did"),
        Gap::ItemCount => Statement::new(&rules::INPUT_ITEM_COUNT_TIGHTENED, format!("now takes only {new}; before: {old}"))
            .breaks("requests with a list that is shorter, longer or repeats an item")
            .hint("accept the longer list and use what you need of it"),
        Gap::Accept => Statement::new(&rules::INPUT_ACCEPT_NARROWED, format!("now takes only {new}; before: {old}"))
            .breaks("requests with another kind of file")
            .hint("convert the file inside the method"),
        Gap::MemberUnknown => Statement::new(&rules::INPUT_MEMBER_REMOVED, "was removed")
            .breaks("requests that send it")
            .hint("keep the member and ignore its value"),
        Gap::MemberMissing { .. } => Statement::new(&rules::INPUT_MEMBER_REQUIRED, "is new and required")
            .breaks("every request that sends the object")
            .hint("make the member optional"),
        Gap::MemberRequired => Statement::new(&rules::INPUT_MEMBER_REQUIRED, "became required")
            .breaks("requests that leave it out")
            .hint("make the member optional"),
        Gap::Closed => Statement::new(&rules::INPUT_MEMBERS_CLOSED, "took any members and now takes only the declared ones")
            .breaks("requests that send another member")
            .hint("keep accepting any members"),
        Gap::Unfinished => Statement::new(&rules::COMPARISON_INCOMPLETE, "is too large to be compared in full")
            .breaks("possibly some callers: the rest was not compared")
            .hint("simplify the type"),
        Gap::Stream | Gap::Display => return None,
    })
}

/// Files, secrets and texts are all strings in a request; the difference is what the model receives.
fn format_statement(from: StringMeaning, to: StringMeaning, difference: &Difference) -> Option<Statement> {
    Some(match (from, to) {
        (StringMeaning::Text, StringMeaning::Secret) => Statement::new(&rules::INPUT_SECRECY_CHANGED, "is now a secret")
            .severity(Severity::Note)
            .breaks("nobody; its value is masked from now on"),
        (StringMeaning::Secret, StringMeaning::Text) => Statement::new(&rules::INPUT_SECRECY_CHANGED, "is no longer a secret")
            .breaks("no request, but its value is shown on the prediction's page")
            .hint("keep it a Secret"),
        (StringMeaning::File, StringMeaning::Text) => Statement::new(&rules::INPUT_FORMAT_REMOVED, "was a file and is now text")
            .breaks("requests that send a file: the model receives its URL")
            .hint("keep it a Path, or add a text input alongside it"),
        (_, StringMeaning::Text) => return None,
        _ => {
            let says = format!("changed from {} to {}", difference.old_text(), difference.new_text());
            Statement::new(&rules::INPUT_FORMAT_CHANGED, says)
                .breaks("requests that send a string in another format")
                .hint("keep the old input and add a new one alongside it")
        }
    })
}
