//! The rules of all rooms and crates, by chapter of the reference.

use cog_findings::Rule;

use crate::{build, config, inspect, pipeline, publish, report, select, verify};

/// A part of the reference: rules of one subject.
pub(super) struct Chapter {
    pub(super) title: &'static str,
    pub(super) rules: &'static [Rule],
}

pub(super) const CHAPTERS: &[Chapter] = &[
    Chapter { title: "Configuration", rules: config::rules::RULES },
    Chapter { title: "Selection of models", rules: select::rules::RULES },
    Chapter { title: "cog.yaml and the build", rules: cog_source::rules::RULES },
    Chapter { title: "The files that are built", rules: build::rules::RULES },
    Chapter { title: "Inspection", rules: inspect::rules::RULES },
    Chapter { title: "Predictors and trainers", rules: cog_source::python::rules::RULES },
    Chapter { title: "Schemas: compatibility and lint", rules: cog_schema::RULES },
    Chapter { title: "Verification", rules: verify::rules::RULES },
    Chapter { title: "Publishing", rules: publish::rules::RULES },
    Chapter { title: "The run as a whole", rules: pipeline::rules::RULES },
    Chapter { title: "Results in formats for findings", rules: report::rules::RULES },
];

/// Every rule.
pub(super) fn all() -> impl Iterator<Item = &'static Rule> {
    CHAPTERS.iter().flat_map(|chapter| chapter.rules)
}

#[cfg(test)]
mod tests {
    use crate::report::json::unchecked::CODES;

    #[test]
    fn rules_about_what_is_not_checked_exist() {
        for code in CODES {
            assert!(super::all().any(|rule| rule.code == code), "{code}");
        }
    }
}
