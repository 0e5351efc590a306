//! Requirement lines as pip reads them: markers, hashes and options stay where the Cog CLI loses them.

use cog_findings::Location;

use super::conventions::{RequirementConventions, Rewritten};
use super::line::{self, Requirement};
use super::{Requirements, wheels};
use crate::decision::Decision;

/// Options whose local values fail inside a build.
const LOCAL_OPTIONS: &[&str] = &["--find-links", "--requirement", "-f", "-r", "--constraint", "--editable", "-c", "-e"];

/// Reads requirements as pip does and changes as little as possible.
pub(crate) struct CorrectedRequirements;

impl RequirementConventions for CorrectedRequirements {
    /// Only at the start of a line or behind a blank.
    fn starts_comment(&self, before: char) -> bool {
        before.is_whitespace()
    }

    fn version_of(&self, line: &str, package: &str) -> Option<String> {
        line::version_of(line, package)
    }

    fn local_options(&self) -> &'static [&'static str] {
        LOCAL_OPTIONS
    }

    fn comparable_name(&self, name: &str) -> String {
        line::normalize(name)
    }

    /// The line with the wheel that fits. Everything else on it stays.
    fn rewrite(&self, line: &str, cuda: Option<&str>) -> Rewritten {
        let verbatim = || line.to_owned();
        let Some(mut requirement) = Requirement::parse(line) else {
            return Rewritten { text: verbatim(), ..Rewritten::default() };
        };
        let mut rewritten = hoist_options(&mut requirement);
        let has_own_index = !rewritten.find_links.is_empty() || !rewritten.indexes.is_empty();
        let mut pinned = None;
        if let (Some(asked), false) = (requirement.exact_version(), has_own_index) {
            let name = requirement.normalized_name();
            let index = match wheels::wheel(&name, asked, cuda) {
                Some(wheel) => {
                    pinned = Some(format!("=={}", wheel.version));
                    wheel.index
                }
                None => wheels::index_of_local_version(&name, asked),
            };
            if let Some(index) = index {
                rewritten.decisions.push(index_decision(&name, asked, &index, cuda));
                rewritten.indexes.push(index);
            }
        }
        rewritten.text = if pinned.is_none() && !has_own_index { verbatim() } else { joined(&requirement, pinned.as_deref()) };
        rewritten
    }

    fn complete(&self, _requirements: &Requirements, _lines: &mut Vec<(String, Option<Location>)>) {}
}

/// Takes the index options off a requirement. pip accepts them at the top of the file only.
fn hoist_options(requirement: &mut Requirement<'_>) -> Rewritten {
    let mut hoisted = Rewritten::default();
    let mut kept = Vec::new();
    let mut words = std::mem::take(&mut requirement.options).into_iter();
    while let Some(word) = words.next() {
        let (option, value) = word.split_once('=').map_or((word, None), |(option, value)| (option, Some(value)));
        let target = match option {
            "--extra-index-url" => &mut hoisted.indexes,
            "--find-links" | "-f" => &mut hoisted.find_links,
            _ => {
                kept.push(word);
                continue;
            }
        };
        target.extend(value.or_else(|| words.next()).map(str::to_owned));
    }
    requirement.options = kept;
    hoisted
}

fn index_decision(name: &str, asked: &str, index: &str, cuda: Option<&str>) -> Decision {
    let because = match cuda {
        Some(cuda) => format!("it has the newest build up to CUDA {cuda}"),
        None => "it has the build without CUDA".to_owned(),
    };
    Decision::new(format!("package index of {name} {asked}"), index, because)
}

/// The requirement as a line, with another pin when one is given.
fn joined(requirement: &Requirement<'_>, pinned: Option<&str>) -> String {
    let separator = if requirement.specifier.starts_with('@') { " " } else { "" };
    let specifier = pinned.unwrap_or(requirement.specifier);
    let mut text = format!("{}{}{separator}{specifier}", requirement.name, requirement.extras);
    if let Some(marker) = requirement.marker {
        text.push_str(" ; ");
        text.push_str(marker);
    }
    for option in &requirement.options {
        text.push(' ');
        text.push_str(option);
    }
    text
}
