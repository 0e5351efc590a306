//! From the requirements of a model to the file for pip.

use cog_findings::{Finding, Location};

use super::conventions::RequirementConventions;
use super::line::package_name;
use super::local::{self, LocalArtifact, LocalRequirementError};
use super::{RequirementLine, Requirements};
use crate::decision::Decision;
use crate::rules;

/// Packages that the build installs itself.
const MANAGED_PACKAGES: &[&str] = &["cog", "coglet"];

/// The requirements for pip.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Prepared {
    /// The lines and their origins. The origin of an added line is the line that needs it.
    pub(crate) lines: Vec<(String, Option<Location>)>,
    /// Files of the project that pip needs.
    pub(crate) artifacts: Vec<LocalArtifact>,
    /// The choices made.
    pub(crate) decisions: Vec<Decision>,
    /// Lines that were skipped, and lines that cannot be installed.
    pub(crate) findings: Vec<Finding>,
}

impl Prepared {
    /// Whether pip has nothing to install.
    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The text of the file.
    pub(crate) fn text(&self) -> String {
        self.lines.iter().map(|(line, _)| format!("{line}\n")).collect()
    }
}

/// Prepares requirements for an image with a CUDA version, or for the CPU.
pub(crate) fn prepare(requirements: &Requirements, cuda: Option<&str>, conventions: &dyn RequirementConventions) -> Prepared {
    let mut preparation = Preparation { cuda, conventions, prepared: Prepared::default(), links: Vec::new(), indexes: Vec::new() };
    for line in &requirements.lines {
        match local::artifact_path(&line.text, conventions.local_options()) {
            Ok(None) => preparation.requirement(line),
            Ok(Some(path)) => match local::artifact(path, requirements.file.as_deref().unwrap_or_default()) {
                Ok(artifact) => preparation.artifact(artifact, line),
                Err(error) => preparation.refuse(&error, line),
            },
            Err(error) => preparation.refuse(&error, line),
        }
    }
    conventions.complete(requirements, &mut preparation.prepared.lines);
    preparation.finish()
}

/// Options for the top of the file, without duplicates.
type Hoisted = Vec<(String, Location)>;

struct Preparation<'a> {
    cuda: Option<&'a str>,
    conventions: &'a dyn RequirementConventions,
    prepared: Prepared,
    links: Hoisted,
    indexes: Hoisted,
}

impl Preparation<'_> {
    fn requirement(&mut self, line: &RequirementLine) {
        if self.is_managed(&line.text) {
            let finding = Finding::new(
                &rules::MANAGED_PACKAGE,
                format!("`{}` is skipped: every build installs the Cog SDK itself", line.text),
            )
            .hint("remove the line and set `build.sdk_version` in cog.yaml, or `cog_version`");
            self.prepared.findings.push(finding.at(line.origin.clone()));
            return;
        }
        let rewritten = self.conventions.rewrite(&line.text, self.cuda);
        rewritten.find_links.into_iter().for_each(|link| hoist(&mut self.links, link, &line.origin));
        rewritten.indexes.into_iter().for_each(|index| hoist(&mut self.indexes, index, &line.origin));
        self.prepared.decisions.extend(rewritten.decisions);
        self.prepared.lines.push((rewritten.text, Some(line.origin.clone())));
    }

    fn is_managed(&self, text: &str) -> bool {
        if text.starts_with('-') {
            return false;
        }
        let name = package_name(text).split('[').next().unwrap_or_default();
        MANAGED_PACKAGES.contains(&self.conventions.comparable_name(name).as_str())
    }

    fn artifact(&mut self, artifact: LocalArtifact, line: &RequirementLine) {
        self.prepared.lines.push((artifact.build_path.clone(), Some(line.origin.clone())));
        if !self.prepared.artifacts.contains(&artifact) {
            self.prepared.artifacts.push(artifact);
        }
    }

    fn refuse(&mut self, error: &LocalRequirementError, line: &RequirementLine) {
        let finding = Finding::new(&rules::LOCAL_REQUIREMENT, format!("{error}, which the build cannot reach")).hint(error.hint());
        self.prepared.findings.push(finding.at(line.origin.clone()));
    }

    fn finish(self) -> Prepared {
        let top = |option: &'static str, hoisted: Hoisted| {
            hoisted.into_iter().map(move |(value, origin)| (format!("{option} {value}"), Some(origin)))
        };
        let mut prepared = self.prepared;
        let lines = std::mem::take(&mut prepared.lines);
        prepared.lines = top("--find-links", self.links).chain(top("--extra-index-url", self.indexes)).chain(lines).collect();
        prepared
    }
}

fn hoist(hoisted: &mut Hoisted, value: String, origin: &Location) {
    if !hoisted.iter().any(|(known, _)| *known == value) {
        hoisted.push((value, origin.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::super::{CogCliRequirements, CorrectedRequirements};
    use super::*;

    fn prepared_by(conventions: &dyn RequirementConventions, text: &str, cuda: Option<&str>) -> Prepared {
        prepare(&Requirements::read(text, "requirements.txt", conventions), cuda, conventions)
    }

    fn prepared(text: &str, cuda: Option<&str>) -> Prepared {
        prepared_by(&CorrectedRequirements, text, cuda)
    }

    fn text(text: &str, cuda: Option<&str>) -> String {
        prepared(text, cuda).text()
    }

    #[test]
    fn torch_gets_the_index_of_the_images_cuda() {
        let expected = "--extra-index-url https://download.pytorch.org/whl/cu124/\ntorch==2.4.0\ntorchvision==0.19.0\nnumpy\n";
        assert_eq!(text("torch==2.4.0\ntorchvision==0.19.0\nnumpy\n", Some("12.4")), expected);
        let cpu = "--extra-index-url https://download.pytorch.org/whl/cpu/\ntorch==2.4.0\n";
        assert_eq!(text("torch==2.4.0", None), cpu);
    }

    #[test]
    fn markers_hashes_and_options_stay() {
        for line in [
            "foo==1.0 --hash=sha256:00 --hash=sha256:11",
            "bar==1.0; python_version=='3.8'",
            "pandas[x]==1.2",
            "zed == 1.0",
            "numpy>=1.0,<2",
            "--index-url https://example.com/simple",
            "git+https://github.com/a/b@main",
        ] {
            assert_eq!(text(line, None), format!("{line}\n"));
        }
        let torch = text("torch == 2.4.0 ; sys_platform == 'linux' --hash=sha256:00", Some("12.4"));
        let expected =
            "--extra-index-url https://download.pytorch.org/whl/cu124/\ntorch==2.4.0 ; sys_platform == 'linux' --hash=sha256:00\n";
        assert_eq!(torch, expected);
    }

    #[test]
    fn the_cog_cli_loses_what_is_behind_a_pin() {
        let lines = "foo==1.0 --hash=sha256:00\nbar==1.0; python_version=='3.8'\ntorch==2.4.0 ; sys_platform == 'linux'\n";
        let expected = "--extra-index-url https://download.pytorch.org/whl/cu124/\nfoo==1.0\npython_version=='3.8'\ntorch==2.4.0\n";
        assert_eq!(prepared_by(&CogCliRequirements, lines, Some("12.4")).text(), expected);
    }

    #[test]
    fn the_cog_cli_moves_an_emptied_tensorflow_line_to_the_end() {
        assert_eq!(
            prepared_by(&CogCliRequirements, "tensorflow==2.12.0\nnumpy\n", Some("11.2")).text(),
            "\nnumpy\ntensorflow==2.12.0\n"
        );
        assert_eq!(prepared("tensorflow==2.12.0\nnumpy\n", Some("11.2")).text(), "tensorflow==2.12.0\nnumpy\n");
    }

    #[test]
    fn a_lines_own_index_wins_and_is_hoisted() {
        let own = "--extra-index-url https://x\ntorch==2.4.0\n";
        assert_eq!(text("torch==2.4.0 --extra-index-url=https://x", Some("12.4")), own);
        assert_eq!(text("torch==2.4.0 --extra-index-url https://x", Some("12.4")), own);
        assert_eq!(text("a==1 -f https://y --hash=sha256:00", None), "--find-links https://y\na==1 --hash=sha256:00\n");
    }

    #[test]
    fn an_index_is_named_once_with_its_origin() {
        let prepared = prepared("numpy\ntorch==2.4.0\ntorchvision==0.19.0\n", Some("12.4"));
        assert_eq!(prepared.lines.len(), 4);
        assert_eq!(prepared.lines[0].1.as_ref().and_then(|origin| origin.line), Some(2));
        assert_eq!(prepared.lines[3].1.as_ref().and_then(|origin| origin.line), Some(3));
        assert_eq!(prepared.decisions[0].because, "it has the newest build up to CUDA 12.4");
    }

    #[test]
    fn the_sdk_is_skipped_and_reported() {
        let prepared = prepared("cog==0.9.20\nCog[x]>=1\ncoglet\ncogs==1\n", None);
        assert_eq!(prepared.text(), "cogs==1\n");
        let codes: Vec<&str> = prepared.findings.iter().map(|finding| finding.code.as_str()).collect();
        assert_eq!(codes, ["SP554"; 3]);
        assert_eq!(prepared.findings[1].location.as_ref().and_then(|location| location.line), Some(2));
    }

    #[test]
    fn local_artifacts_get_their_path_in_the_build() {
        let prepared = prepared("./wheels/mine-1.0-py3-none-any.whl\n", None);
        assert_eq!(prepared.text(), "/tmp/local_package_artifacts/wheels/mine-1.0-py3-none-any.whl\n");
        assert_eq!(prepared.artifacts[0].project_path, "wheels/mine-1.0-py3-none-any.whl");
    }

    #[test]
    fn other_local_forms_are_reported() {
        let prepared = prepared("-r extra.txt\nmine @ file:///a.whl\n", None);
        assert!(prepared.is_empty());
        assert!(prepared.findings.iter().all(|finding| finding.code.as_str() == "SP555" && finding.is_error()));
        assert_eq!(prepared.findings[0].hint.as_deref(), Some("move its lines into this file"));
    }
}
