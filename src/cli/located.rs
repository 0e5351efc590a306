//! Paths of files as people know them: relative to the repository, even if `working_directory` makes one of its folders the root of the
//! run.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use cog_findings::Finding;

use crate::cli::context::Context;
use crate::config::RunSettings;
use crate::domain::events::{Event, EventKind, Observer};
use crate::domain::report::RunReport;

/// What comes before the files of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Located(String);

impl Located {
    /// For the settings of a run. Nothing comes before the files of a folder outside of the one that the program was started in.
    pub(super) fn of(run: &RunSettings, context: &Context) -> Self {
        Self::below(run.settings.working_directory.as_deref(), context.environment.folder())
    }

    fn below(working_directory: Option<&Path>, start: &Path) -> Self {
        // GitHub knows files only by the names that git has for them: not through a link to their folder.
        let start = real(start);
        let folder = working_directory.map(|folder| real(&start.join(folder)));
        let folder = folder.as_deref().map(|folder| folder.strip_prefix(&start).unwrap_or(folder));
        let mut prefix = String::new();
        for part in folder.into_iter().flat_map(Path::components) {
            match part {
                Component::CurDir => {}
                Component::Normal(name) => prefix.push_str(&format!("{}/", name.to_string_lossy())),
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Self(String::new()),
            }
        }
        Self(prefix)
    }

    pub(super) fn finding(&self, mut finding: Finding) -> Finding {
        if let Some(location) = &mut finding.location {
            location.file.insert_str(0, &self.0);
        }
        finding
    }

    pub(super) fn report(&self, report: &mut RunReport) {
        for model in &mut report.models {
            let all = |findings: &mut Vec<Finding>| {
                *findings = std::mem::take(findings).into_iter().map(|finding| self.finding(finding)).collect();
            };
            all(&mut model.findings);
            all(&mut model.ignored);
            for case in &mut model.cases {
                let configured = case.location.iter_mut().map(|location| &mut location.file);
                let shown = case.sources.iter_mut().map(|source| &mut source.file);
                configured.chain(shown).for_each(|file| file.insert_str(0, &self.0));
            }
            if let Some(file) = &mut model.config_file {
                file.insert_str(0, &self.0);
            }
        }
    }

    /// Wraps an observer, so that it gets findings with these paths.
    pub(super) fn observer(self, observer: Arc<dyn Observer>) -> Arc<dyn Observer> {
        if self.0.is_empty() { observer } else { Arc::new(LocatedObserver { located: self, observer }) }
    }
}

/// A path without links; as it is if it does not exist.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_missing| path.to_owned())
}

struct LocatedObserver {
    located: Located,
    observer: Arc<dyn Observer>,
}

impl Observer for LocatedObserver {
    fn observe(&self, event: Event) {
        let kind = match event.kind {
            EventKind::Found(finding) => EventKind::Found(self.located.finding(finding)),
            other => other,
        };
        self.observer.observe(Event { kind, ..event });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_working_directory_are_named_from_the_repository() {
        let start = Path::new("/github/workspace");
        for (folder, prefix) in [
            (None, ""),
            (Some("."), ""),
            (Some("models/a"), "models/a/"),
            (Some("./models/a/"), "models/a/"),
            (Some("/github/workspace/models"), "models/"),
            (Some("../other"), ""),
            (Some("/elsewhere"), ""),
        ] {
            assert_eq!(Located::below(folder.map(Path::new), start).0, prefix, "{folder:?}");
        }
    }

    #[test]
    fn files_behind_a_link_have_the_names_of_its_target() {
        let start = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(start.path().join("models/a")).unwrap();
        std::os::unix::fs::symlink("models/a", start.path().join("link")).unwrap();
        std::os::unix::fs::symlink("/", start.path().join("outside")).unwrap();
        for (folder, prefix) in [("link", "models/a/"), ("./link/", "models/a/"), ("models/a", "models/a/"), ("outside", "")] {
            assert_eq!(Located::below(Some(Path::new(folder)), start.path()).0, prefix, "{folder}");
        }
    }
}
