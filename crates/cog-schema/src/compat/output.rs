//! Outputs may only narrow.

use cog_findings::Rule;

use super::Sides;
use super::fit::{Direction, Gap, Mismatch, gaps};
use super::report::{Change, Reporter};
use crate::describe::describe_kind;
use crate::dialect::Dialect;
use crate::rules;
use crate::shape::{Kind, Members, Shape};

/// Compares the output of one method: every value of the new shape has to fit readers of the old one.
pub(super) fn compare(sides: &Sides<'_>, reporter: &mut Reporter<'_>) {
    for mismatch in gaps(sides.new, sides.old, Direction::Outputs) {
        if is_forgiven(&mismatch, sides) {
            continue;
        }
        let subject = reporter.output(&mismatch.path);
        let change = Change::new(&mismatch.to, &mismatch.from);
        let Some((rule, says, who, hint)) = words(&mismatch) else { continue };
        let mut finding = subject.finding(rule, &says, &change).detail("breaks", who);
        finding.hint = (!hint.is_empty()).then(|| hint.to_owned());
        reporter.add(finding);
    }
    report_fixed(sides, reporter);
}

/// `Any` promised nothing; that it is something now breaks only who guessed otherwise.
fn report_fixed(sides: &Sides<'_>, reporter: &mut Reporter<'_>) {
    let was_any = sides.old.kind == Kind::Any && sides.old.choices.is_none();
    // Static documents write an unchanged `Any` as an object: `docs/reference/cog.md#old-and-new-schemas`, row "Output `Any`".
    let may_be_any = sides.cross_dialects() && sides.new_dialect == Dialect::Static && is_free_form(sides.new);
    if was_any && sides.new.kind != Kind::Any && !may_be_any {
        let now = describe_kind(sides.new);
        let finding = reporter
            .output("")
            .finding(&rules::OUTPUT_TYPE_FIXED, &format!("could be anything and is {now} now"), &Change::new("anything", &now))
            .detail("breaks", "perhaps readers that relied on what was really returned before")
            .hint("if the live version returns this type already, ignore this finding");
        reporter.add(finding);
    }
}

fn is_free_form(shape: &Shape) -> bool {
    shape.members().is_some_and(Members::is_free_form)
}

/// Whether the difference comes from another generation of Cog, not from the model: `docs/reference/cog.md#old-and-new-schemas`.
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

type Words = (&'static Rule, String, &'static str, &'static str);

fn words(mismatch: &Mismatch) -> Option<Words> {
    let Mismatch { gap, from: new, to: old, .. } = mismatch;
    Some(match gap {
        Gap::Type => (
            &rules::OUTPUT_TYPE_CHANGED,
            format!("changed from {old} to {new}"),
            "everyone who reads it",
            "return the old type, or publish the model under a new name",
        ),
        Gap::Open { .. } => (
            &rules::OUTPUT_TYPE_CHANGED,
            format!("was {old} and can be anything now"),
            "everyone who relies on the type",
            "annotate what the method really returns",
        ),
        Gap::List => (
            &rules::OUTPUT_LIST_CHANGED,
            format!("changed from {old} to {new}"),
            "everyone who reads it",
            "keep the old form, or publish the model under a new name",
        ),
        Gap::Variant => (
            &rules::OUTPUT_VARIANT_ADDED,
            format!("can be {new} now; before only {old}"),
            "readers that handle only the old types",
            "return the old types only",
        ),
        Gap::Null => (
            &rules::OUTPUT_NULL_ADDED,
            "can be null now".to_owned(),
            "readers that use it without asking",
            "return an empty value instead of None",
        ),
        Gap::Format { .. } => (
            &rules::OUTPUT_FORMAT_CHANGED,
            format!("changed from {old} to {new}"),
            "everyone who reads it: a URL is not the text itself",
            "return what was returned before, or publish the model under a new name",
        ),
        Gap::Choices => (
            &rules::OUTPUT_CHOICE_ADDED,
            format!("can be {new} now, which is not {old}"),
            "readers that handle exactly the old values",
            "map the new value to an old one",
        ),
        Gap::Restricted => (
            &rules::OUTPUT_CHOICES_LIFTED,
            format!("can be any {new} now; before {old}"),
            "readers that handle exactly the old values",
            "keep the choices",
        ),
        Gap::Minimum | Gap::Maximum | Gap::Multiple | Gap::Length | Gap::Pattern | Gap::ItemCount | Gap::Accept => (
            &rules::OUTPUT_LIMITS_LOOSENED,
            format!("allows {new} now; before {old}"),
            "readers that rely on the limit",
            "keep the limit",
        ),
        Gap::Stream => (
            &rules::OUTPUT_STREAM_CHANGED,
            format!("is {} now; before {}", named(new), named(old)),
            "Replicate's clients hand out an iterator for one and a list for the other",
            "keep the return annotation, or publish the model under a new name",
        ),
        Gap::Display => (
            &rules::OUTPUT_DISPLAY_CHANGED,
            format!("is to be shown as {new} now; before as {old}"),
            "everyone who shows it: one text became several, or several one",
            "keep the return annotation",
        ),
        Gap::MemberUnknown => (&rules::OUTPUT_MEMBER_ADDED, "is new".to_owned(), "nobody who ignores what they do not know", ""),
        Gap::MemberMissing { .. } => {
            (&rules::OUTPUT_MEMBER_REMOVED, "is gone".to_owned(), "everyone who reads it", "keep the member, empty if need be")
        }
        Gap::MemberRequired => {
            (&rules::OUTPUT_MEMBER_OPTIONAL, "may be missing now".to_owned(), "readers that rely on it", "always return it")
        }
        Gap::Unfinished => (
            &rules::COMPARISON_INCOMPLETE,
            "is too large to be compared in full".to_owned(),
            "perhaps somebody: what was not compared is unknown",
            "simplify the type",
        ),
        Gap::Closed => return None,
    })
}

fn named(mark: &str) -> String {
    if mark == "iterator" { "an iterator".to_owned() } else { mark.to_owned() }
}
