//! Outputs may only narrow.

use cog_findings::ChangeKind;

use super::fit::gaps;
use super::gap::{Direction, Gap, Mismatch};
use super::reporter::Reporter;
use super::sides::Sides;
use super::statement::{Difference, Statement};
use crate::describe::describe_kind;
use crate::dialect::Dialect;
use crate::rules;
use crate::shape::{Members, Shape, ShapeKind};

/// Compares the output of one method: every value of the new shape must fit readers of the old one.
pub(super) fn compare(sides: &Sides<'_>, reporter: &mut Reporter<'_>) {
    for mismatch in gaps(sides.new, sides.old, Direction::Outputs) {
        if is_forgiven(&mismatch, sides) {
            continue;
        }
        let Mismatch { path, gap, from, to } = mismatch;
        let difference = Difference::new(gap.change_kind(Direction::Outputs), to, from);
        if let Some(statement) = statement(&gap, &difference) {
            reporter.output(&path, difference, statement);
        }
    }
    report_fixed(sides, reporter);
}

/// Reports an output that could be anything and now has a type. That breaks only callers who relied on a different type.
fn report_fixed(sides: &Sides<'_>, reporter: &mut Reporter<'_>) {
    let was_any = sides.old.kind == ShapeKind::Any && sides.old.choices.is_none();
    // Static documents write an unchanged `Any` as an object (`docs/reference/cog.md#old-and-new-schemas`, row "Output `Any`").
    let may_be_any = sides.cross_dialects() && sides.new_dialect == Dialect::Static && is_free_form(sides.new);
    if was_any && sides.new.kind != ShapeKind::Any && !may_be_any {
        let difference = Difference::new(ChangeKind::Type, Some("anything".to_owned()), Some(describe_kind(sides.new)));
        let says = format!("could be anything and is now {}", difference.new_text());
        let statement = Statement::new(&rules::OUTPUT_TYPE_FIXED, says)
            .breaks("perhaps readers that relied on what was actually returned before")
            .hint("ignore this finding if the live version already returns this type");
        reporter.output("", difference, statement);
    }
}

fn is_free_form(shape: &Shape) -> bool {
    shape.members().is_some_and(Members::is_free_form)
}

/// Whether the difference comes from the generation of Cog, not from the model (`docs/reference/cog.md#old-and-new-schemas`).
fn is_forgiven(mismatch: &Mismatch, sides: &Sides<'_>) -> bool {
    if !sides.cross_dialects() {
        return false;
    }
    match mismatch.gap {
        // An optional member was not marked nullable.
        Gap::Null => !mismatch.path.is_empty() && sides.old_dialect.omits_null_of_outputs(),
        // All members were listed as required.
        Gap::MemberRequired => sides.old_dialect.requires_every_output_member(),
        // A static `Any` is an object.
        Gap::Open { free_form } => free_form && sides.old_dialect == Dialect::Static,
        _ => false,
    }
}

fn statement(gap: &Gap, difference: &Difference) -> Option<Statement> {
    let (old, new) = (difference.old_text(), difference.new_text());
    Some(match gap {
        Gap::Type => Statement::new(&rules::OUTPUT_TYPE_CHANGED, format!("changed from {old} to {new}"))
            .breaks("everyone who reads it")
            .hint("return the old type, or publish the model under a new name"),
        Gap::Open { .. } => Statement::new(&rules::OUTPUT_TYPE_CHANGED, format!("was {old} and can now be anything"))
            .breaks("everyone who relies on the type")
            .hint("annotate the type that the method returns"),
        Gap::List => Statement::new(&rules::OUTPUT_LIST_CHANGED, format!("changed from {old} to {new}"))
            .breaks("everyone who reads it")
            .hint("keep the old form, or publish the model under a new name"),
        Gap::Variant => Statement::new(&rules::OUTPUT_VARIANT_ADDED, format!("can now be {new}; before: only {old}"))
            .breaks("readers that handle only the old types")
            .hint("return only the old types"),
        Gap::Null => Statement::new(&rules::OUTPUT_NULL_ADDED, "can now be null")
            .breaks("readers that use it without checking for null")
            .hint("return an empty value instead of None"),
        Gap::Format { .. } => Statement::new(&rules::OUTPUT_FORMAT_CHANGED, format!("changed from {old} to {new}"))
            .breaks("everyone who reads it: a URL is not the text itself")
            .hint("return the old format, or publish the model under a new name"),
        Gap::Choices => Statement::new(&rules::OUTPUT_CHOICE_ADDED, format!("can now be {new}, which is not {old}"))
            .breaks("readers that handle exactly the old values")
            .hint("map the new value to an old one"),
        Gap::Restricted => Statement::new(&rules::OUTPUT_CHOICES_LIFTED, format!("can now be any {new}; before: {old}"))
            .breaks("readers that handle exactly the old values")
            .hint("keep the choices"),
        Gap::Minimum | Gap::Maximum | Gap::Multiple | Gap::Length | Gap::Pattern | Gap::ItemCount | Gap::Accept => {
            Statement::new(&rules::OUTPUT_LIMITS_LOOSENED, format!("now allows {new}; before: {old}"))
                .breaks("readers that rely on the limit")
                .hint("keep the limit")
        }
        Gap::Stream => Statement::new(&rules::OUTPUT_STREAM_CHANGED, format!("is now {}; before: {}", named(new), named(old)))
            .breaks("everyone who reads it: Replicate's clients return an iterator for one and a list for the other")
            .hint("keep the return annotation, or publish the model under a new name"),
        Gap::Display => Statement::new(&rules::OUTPUT_DISPLAY_CHANGED, format!("is now displayed as {new}; before: {old}"))
            .breaks("everyone who displays it: one text became several, or several became one")
            .hint("keep the return annotation"),
        Gap::MemberUnknown => {
            Statement::new(&rules::OUTPUT_MEMBER_ADDED, "is new").breaks("only callers that reject unknown fields")
        }
        Gap::MemberMissing { .. } => Statement::new(&rules::OUTPUT_MEMBER_REMOVED, "was removed")
            .breaks("everyone who reads it")
            .hint("keep the member, with an empty value if necessary"),
        Gap::MemberRequired => Statement::new(&rules::OUTPUT_MEMBER_OPTIONAL, "may now be missing")
            .breaks("readers that rely on it")
            .hint("always return it"),
        Gap::Unfinished => Statement::new(&rules::COMPARISON_INCOMPLETE, "is too large to be compared in full")
            .breaks("possibly some callers: the rest was not compared")
            .hint("simplify the type"),
        Gap::Closed => return None,
    })
}

fn named(array_type: &str) -> String {
    if array_type == "iterator" { "an iterator".to_owned() } else { array_type.to_owned() }
}
