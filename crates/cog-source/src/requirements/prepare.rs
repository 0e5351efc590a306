//! From a model's requirements to what pip is given.

use cog_findings::{Finding, Location};

use super::line::{Requirement, normalize};
use super::local::{self, LocalArtifact, LocalRequirementError};
use super::{RequirementLine, Requirements, peer, wheels};
use crate::decision::Decision;
use crate::rules;

/// Packages that the build installs itself.
const MANAGED_PACKAGES: &[&str] = &["cog", "coglet"];

/// What the preparation depends on.
#[derive(Debug, Clone, Copy, Default)]
pub struct PrepareRequest<'a> {
    /// The CUDA version of the image; `None` for the CPU.
    pub cuda: Option<&'a str>,
    /// Whether to give the official result, faults included.
    pub peer_exact: bool,
}

/// What pip is given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prepared {
    /// The lines, with where each stems from; lines that were added stem from the one that needed them.
    pub lines: Vec<(String, Option<Location>)>,
    /// Files of the project that must be there while pip runs.
    pub artifacts: Vec<LocalArtifact>,
    /// What was chosen.
    pub decisions: Vec<Decision>,
    /// What was left out, and what cannot be used.
    pub findings: Vec<Finding>,
}

impl Prepared {
    /// Whether there is nothing to install.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The file's text.
    pub fn text(&self) -> String {
        self.lines.iter().map(|(line, _)| format!("{line}\n")).collect()
    }
}

/// Prepares requirements for an image.
pub fn prepare(requirements: &Requirements, request: &PrepareRequest<'_>) -> Prepared {
    let mut preparation = Preparation { request: *request, prepared: Prepared::default(), links: Vec::new(), indexes: Vec::new() };
    for line in &requirements.lines {
        match local::artifact_path(&line.text, request.peer_exact) {
            Ok(None) => preparation.requirement(line),
            Ok(Some(path)) => match local::artifact(path, requirements.file.as_deref().unwrap_or_default()) {
                Ok(artifact) => preparation.artifact(artifact, line),
                Err(error) => preparation.refuse(&error, line),
            },
            Err(error) => preparation.refuse(&error, line),
        }
    }
    if request.peer_exact {
        preparation.repeat_emptied_frameworks(requirements);
    }
    preparation.finish()
}

/// An option that goes to the top of the file, once.
type Hoisted = Vec<(String, Location)>;

struct Preparation<'a> {
    request: PrepareRequest<'a>,
    prepared: Prepared,
    links: Hoisted,
    indexes: Hoisted,
}

impl Preparation<'_> {
    fn requirement(&mut self, line: &RequirementLine) {
        if self.is_managed(&line.text) {
            let finding = Finding::new(
                &rules::MANAGED_PACKAGE,
                format!("`{}` is left out: every build installs the Cog SDK itself", line.text),
            )
            .hint("remove the line and set `build.sdk_version` in cog.yaml, or `cog_version`");
            self.prepared.findings.push(finding.at(line.origin.clone()));
            return;
        }
        let text = if self.request.peer_exact {
            let rewritten = peer::rewrite(&line.text, self.request.cuda);
            rewritten.find_links.into_iter().for_each(|link| hoist(&mut self.links, link, &line.origin));
            rewritten.indexes.into_iter().for_each(|index| hoist(&mut self.indexes, index, &line.origin));
            rewritten.text
        } else {
            self.rewrite(line)
        };
        self.prepared.lines.push((text, Some(line.origin.clone())));
    }

    fn is_managed(&self, text: &str) -> bool {
        if text.starts_with('-') {
            return false;
        }
        let name = peer::package_name(text).split('[').next().unwrap_or_default();
        let name = if self.request.peer_exact { name.to_lowercase() } else { normalize(name) };
        MANAGED_PACKAGES.contains(&name.as_str())
    }

    /// The line with the wheel that fits; all else on it stays.
    fn rewrite(&mut self, line: &RequirementLine) -> String {
        let Some(mut requirement) = Requirement::parse(&line.text) else { return line.text.clone() };
        let has_own_index = self.hoist_options(&mut requirement, line);
        let mut pinned = None;
        if let (Some(asked), false) = (requirement.exact_version(), has_own_index) {
            let name = requirement.normalized_name();
            if let Some(wheel) = wheels::wheel(&name, asked, self.request.cuda) {
                if let Some(index) = wheel.index {
                    self.decide_index(&name, asked, &index);
                    hoist(&mut self.indexes, index, &line.origin);
                }
                pinned = Some(format!("=={}", wheel.version));
            } else if let Some(index) = wheels::index_of_local_version(&name, asked) {
                self.decide_index(&name, asked, &index);
                hoist(&mut self.indexes, index, &line.origin);
            }
        }
        if pinned.is_none() && !has_own_index {
            return line.text.clone();
        }
        let separator = if requirement.specifier.starts_with('@') { " " } else { "" };
        let specifier = pinned.as_deref().unwrap_or(requirement.specifier);
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

    /// Moves the index options of a line to the top, where pip accepts them. Returns whether there were any.
    fn hoist_options<'a>(&mut self, requirement: &mut Requirement<'a>, line: &RequirementLine) -> bool {
        let mut kept: Vec<&'a str> = Vec::new();
        let mut words = std::mem::take(&mut requirement.options).into_iter();
        let mut hoisted = false;
        while let Some(word) = words.next() {
            let (option, value) = word.split_once('=').map_or((word, None), |(option, value)| (option, Some(value)));
            let target = match option {
                "--extra-index-url" => &mut self.indexes,
                "--find-links" | "-f" => &mut self.links,
                _ => {
                    kept.push(word);
                    continue;
                }
            };
            if let Some(value) = value.or_else(|| words.next()) {
                hoist(target, value.to_owned(), &line.origin);
                hoisted = true;
            }
        }
        requirement.options = kept;
        hoisted
    }

    fn decide_index(&mut self, name: &str, asked: &str, index: &str) {
        let because = match self.request.cuda {
            Some(cuda) => format!("it has the newest build up to CUDA {cuda}"),
            None => "it has the build without CUDA".to_owned(),
        };
        self.prepared.decisions.push(Decision::new(format!("package index of {name} {asked}"), index, because));
    }

    fn artifact(&mut self, artifact: LocalArtifact, line: &RequirementLine) {
        self.prepared.lines.push((artifact.build_path.clone(), Some(line.origin.clone())));
        if !self.prepared.artifacts.contains(&artifact) {
            self.prepared.artifacts.push(artifact);
        }
    }

    fn refuse(&mut self, error: &LocalRequirementError, line: &RequirementLine) {
        let finding = Finding::new(&rules::LOCAL_REQUIREMENT, format!("{error}; the build cannot follow it")).hint(error.hint());
        self.prepared.findings.push(finding.at(line.origin.clone()));
    }

    /// Cog adds frameworks whose line it emptied at the end of the file.
    fn repeat_emptied_frameworks(&mut self, requirements: &Requirements) {
        for framework in ["torch", "torchvision", "torchaudio", "tensorflow"] {
            let Some((version, line)) = requirements.version_of(framework, true) else { continue };
            if !self.prepared.lines.iter().any(|(text, _)| peer::package_name(text) == framework) {
                self.prepared.lines.push((format!("{framework}=={version}"), Some(line.origin.clone())));
            }
        }
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
    use super::*;

    fn prepared(text: &str, cuda: Option<&str>, peer_exact: bool) -> Prepared {
        let requirements = Requirements::read(text, "requirements.txt", peer_exact);
        prepare(&requirements, &PrepareRequest { cuda, peer_exact })
    }

    fn text(text: &str, cuda: Option<&str>) -> String {
        prepared(text, cuda, false).text()
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
    fn the_official_result_can_be_had() {
        let lines = "foo==1.0 --hash=sha256:00\nbar==1.0; python_version=='3.8'\ntorch==2.4.0 ; sys_platform == 'linux'\n";
        let expected = "--extra-index-url https://download.pytorch.org/whl/cu124/\nfoo==1.0\npython_version=='3.8'\ntorch==2.4.0\n";
        assert_eq!(prepared(lines, Some("12.4"), true).text(), expected);
    }

    #[test]
    fn an_emptied_tensorflow_line_comes_back_at_the_end_in_the_official_result() {
        assert_eq!(prepared("tensorflow==2.12.0\nnumpy\n", Some("11.2"), true).text(), "\nnumpy\ntensorflow==2.12.0\n");
        assert_eq!(prepared("tensorflow==2.12.0\nnumpy\n", Some("11.2"), false).text(), "tensorflow==2.12.0\nnumpy\n");
    }

    #[test]
    fn a_lines_own_index_wins_and_is_hoisted() {
        let own = "--extra-index-url https://x\ntorch==2.4.0\n";
        assert_eq!(text("torch==2.4.0 --extra-index-url=https://x", Some("12.4")), own);
        assert_eq!(text("torch==2.4.0 --extra-index-url https://x", Some("12.4")), own);
        assert_eq!(text("a==1 -f https://y --hash=sha256:00", None), "--find-links https://y\na==1 --hash=sha256:00\n");
    }

    #[test]
    fn an_index_is_named_once_and_stems_from_its_line() {
        let prepared = prepared("numpy\ntorch==2.4.0\ntorchvision==0.19.0\n", Some("12.4"), false);
        assert_eq!(prepared.lines.len(), 4);
        assert_eq!(prepared.lines[0].1.as_ref().and_then(|origin| origin.line), Some(2));
        assert_eq!(prepared.lines[3].1.as_ref().and_then(|origin| origin.line), Some(3));
        assert_eq!(prepared.decisions[0].because, "it has the newest build up to CUDA 12.4");
    }

    #[test]
    fn the_sdk_is_left_out_with_a_word() {
        let prepared = prepared("cog==0.9.20\nCog[x]>=1\ncoglet\ncogs==1\n", None, false);
        assert_eq!(prepared.text(), "cogs==1\n");
        let codes: Vec<&str> = prepared.findings.iter().map(|finding| finding.code.as_str()).collect();
        assert_eq!(codes, ["SP554"; 3]);
        assert_eq!(prepared.findings[1].location.as_ref().and_then(|location| location.line), Some(2));
    }

    #[test]
    fn local_artifacts_move_to_their_place_in_the_build() {
        let prepared = prepared("./wheels/mine-1.0-py3-none-any.whl\n", None, false);
        assert_eq!(prepared.text(), "/tmp/local_package_artifacts/wheels/mine-1.0-py3-none-any.whl\n");
        assert_eq!(prepared.artifacts[0].project_path, "wheels/mine-1.0-py3-none-any.whl");
    }

    #[test]
    fn other_local_forms_are_told() {
        let prepared = prepared("-r extra.txt\nmine @ file:///a.whl\n", None, false);
        assert!(prepared.is_empty());
        assert!(prepared.findings.iter().all(|finding| finding.code.as_str() == "SP555" && finding.is_error()));
        assert_eq!(prepared.findings[0].hint.as_deref(), Some("move its lines into this file"));
    }
}
