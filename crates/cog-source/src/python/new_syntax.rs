//! Syntax that the model's own Python does not know yet.
//!
//! The files of the predictor and the trainer are read, and those that they import at their top level.

use std::collections::BTreeSet;
use std::rc::Rc;

use cog_findings::Finding;
use ruff_python_ast::PythonVersion;
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::Ranged;

use super::error::SignatureError;
use super::module::{Module, lower};
use super::project::{ModuleSearch, Project};
use super::rules;
use super::source::SourceTree;
use super::target::clean;
use crate::target::Target;
use crate::version::Version;

/// How many mistakes are reported of one file.
const MAX_PER_FILE: usize = 5;

/// Finds syntax that a Python version, such as `3.11`, does not know. Files that cannot be read are left to
/// [`describe`](super::describe()), unless only an import leads to them.
pub fn newer_syntax(tree: &dyn SourceTree, targets: &[&Target], python_version: &str) -> Vec<Finding> {
    let version =
        Version::parse(python_version).and_then(|version| Some((version.major.try_into().ok()?, version.minor.try_into().ok()?)));
    let Some(version) = version.map(|version: (u8, u8)| PythonVersion::from(version)) else { return Vec::new() };
    let project = Project::new(tree, ModuleSearch::FilesAndPackages);
    let mut findings = Vec::new();
    let mut next: Vec<Rc<Module>> = targets.iter().filter_map(|target| project.load(&clean(target).ok()?).ok()?).collect();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    while let Some(module) = next.pop() {
        if !seen.insert(module.text.file().to_owned()) {
            continue;
        }
        findings.extend(unknown_to(version, &module));
        for import in module.imported_at_once() {
            match project.imported_files(&module, &import) {
                Ok(files) => next.extend(files),
                Err(errors) => {
                    let unparsable = errors.iter().filter(|error| *error.rule() == rules::UNPARSABLE);
                    findings.extend(unparsable.map(SignatureError::finding));
                }
            }
        }
    }
    findings
}

fn unknown_to(version: PythonVersion, module: &Module) -> Vec<Finding> {
    let options = ParseOptions::from(Mode::Module).with_target_version(version);
    let parsed = parse_unchecked(module.text.as_str(), options);
    let mut findings: Vec<Finding> = Vec::new();
    for error in parsed.unsupported_syntax_errors() {
        let place = module.text.location(error.range());
        let echo = findings.iter().any(|finding| finding.location.as_ref().is_some_and(|known| known.line == place.line));
        if findings.len() < MAX_PER_FILE && !echo {
            let finding = Finding::new(&rules::SYNTAX_TOO_NEW, lower(&error.to_string())).at(place);
            findings.push(finding.hint("write it in the older form, or raise build.python_version in cog.yaml"));
        }
    }
    findings
}
