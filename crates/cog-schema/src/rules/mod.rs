//! The rules of this crate: SP101–SP149 compatibility, SP150–SP159 reading, SP301–SP329 lint.
//!
//! Each rule is narrow, so that a team can ignore one kind of change and keep the others.

use cog_findings::Rule;

mod document;
mod input;
mod lint;
mod output;

pub(super) use document::*;
pub(super) use input::*;
pub(super) use lint::*;
pub(super) use output::*;

/// Every rule that this crate reports, sorted by code.
///
/// ```
/// let codes: Vec<&str> = cog_schema::RULES.iter().map(|rule| rule.code).collect();
/// assert!(codes.contains(&"SP101") && codes.is_sorted());
/// ```
pub const RULES: &[Rule] = &[
    INPUT_REMOVED,
    REQUIRED_INPUT_ADDED,
    INPUT_BECAME_REQUIRED,
    INPUT_TYPE_CHANGED,
    INPUT_FORMAT_CHANGED,
    INPUT_CHOICE_REMOVED,
    INPUT_CHOICES_ADDED,
    INPUT_MINIMUM_RAISED,
    INPUT_MAXIMUM_LOWERED,
    INPUT_LENGTH_TIGHTENED,
    INPUT_PATTERN_TIGHTENED,
    INPUT_MULTIPLE_TIGHTENED,
    INPUT_ITEM_COUNT_TIGHTENED,
    INPUT_NULL_REFUSED,
    INPUT_LIST_CHANGED,
    INPUT_MEMBER_REMOVED,
    INPUT_MEMBER_REQUIRED,
    INPUT_VARIANT_REMOVED,
    INPUT_ACCEPT_NARROWED,
    INPUT_DEFAULT_CHANGED,
    INPUT_DEFAULT_REMOVED,
    INPUT_FORMAT_REMOVED,
    DEPRECATED_INPUT_REMOVED,
    INPUT_SECRECY_CHANGED,
    INPUT_DEPRECATED,
    INPUT_DESCRIPTION_CHANGED,
    INPUT_ORDER_CHANGED,
    INPUT_ADDED,
    INPUT_MEMBERS_CLOSED,
    OUTPUT_TYPE_CHANGED,
    OUTPUT_FORMAT_CHANGED,
    OUTPUT_MEMBER_REMOVED,
    OUTPUT_MEMBER_OPTIONAL,
    OUTPUT_NULL_ADDED,
    OUTPUT_CHOICE_ADDED,
    OUTPUT_CHOICES_LIFTED,
    OUTPUT_STREAM_CHANGED,
    OUTPUT_DISPLAY_CHANGED,
    OUTPUT_VARIANT_ADDED,
    OUTPUT_LIMITS_LOOSENED,
    OUTPUT_TYPE_FIXED,
    OUTPUT_MEMBER_ADDED,
    OUTPUT_LIST_CHANGED,
    STREAMING_REMOVED,
    METHOD_REMOVED,
    OUTPUT_UNDESCRIBED,
    COMPARISON_INCOMPLETE,
    NOTHING_TO_COMPARE,
    SCHEMA_UNREADABLE,
    REFERENCE_CYCLE,
    REFERENCE_MISSING,
    SCHEMA_TOO_LARGE,
    TYPE_UNKNOWN,
    SCHEMA_MALFORMED,
    DESCRIPTION_MISSING,
    DEFAULT_OUT_OF_RANGE,
    DEFAULT_NOT_A_CHOICE,
    DEFAULT_LENGTH,
    DEFAULT_PATTERN,
    DEFAULT_TYPE,
    CHOICES_MIXED,
    CHOICES_REPEATED,
    NAMES_COLLIDE,
    NAME_TAKEN,
    OUTPUT_UNTITLED,
    SECRET_WITH_DEFAULT,
    RANGE_EMPTY,
    PATTERN_INVALID,
    DEFAULT_NOT_A_URL,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::RULES;

    #[test]
    fn codes_are_unique_sorted_and_within_the_ranges_of_the_crate() {
        let codes: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
        let sorted: BTreeSet<&str> = codes.iter().copied().collect();
        assert_eq!(codes, sorted.into_iter().collect::<Vec<_>>());
        for code in codes {
            let number: u32 = code.strip_prefix("SP").unwrap().parse().unwrap();
            assert!((101..=159).contains(&number) || (301..=329).contains(&number), "{code}");
        }
    }

    #[test]
    fn names_are_unique_and_every_rule_explains_itself() {
        let names: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
        assert_eq!(names.len(), RULES.len());
        for rule in RULES {
            assert!(rule.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", rule.name);
            for text in [rule.summary, rule.why, rule.example] {
                assert!(text.len() > 15 && text.is_ascii() && !text.contains("  "), "{}: {text}", rule.code);
            }
            for text in [rule.summary, rule.why] {
                assert!(text.ends_with('.'), "{}: {text}", rule.code);
            }
        }
    }
}
