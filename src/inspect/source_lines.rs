//! The source lines that a failed case is about: of the configuration that asks for it, and of the model where it raised an exception.
//!
//! Single lines of findings are `excerpt`'s.

use std::collections::BTreeMap;
use std::path::Path;

use cog_findings::text::shorten;

use crate::domain::project_place::ProjectPlace;
use crate::domain::report::{CaseReport, CaseStatus, SourceLines};
use crate::inspect::excerpt::shown_text;
use crate::support::secrets::HIDDEN;

/// Longer lines are cut.
const LINE_BYTES: usize = 300;

/// The lines shown before and after the one that matters.
const AROUND_CASE: (usize, usize) = (1, 6);
const AROUND_EXCEPTION: (usize, usize) = (4, 2);

/// Where Cog puts the project in an image: `docs/reference/cog.md#instructions`.
const IN_THE_IMAGE: &str = "/src/";

/// Adds the lines that explain why a case did not pass. Lines of the model only if its project is what was tested. Lines of the
/// configuration only if no case has an input that is hidden: its value may be among them. Blocks for about a millisecond per case.
pub(crate) fn add_source_lines(cases: &mut [CaseReport], repository: &Path, tested: Option<&ProjectPlace>) {
    let has_hidden = cases.iter().flat_map(|case| case.inputs.values()).any(|value| value == HIDDEN);
    let mut files = SourceFiles { repository, texts: BTreeMap::new() };
    for case in cases.iter_mut().filter(|case| needs_explanation(case)) {
        let location = case.location.as_ref().filter(|_| !has_hidden);
        let configured = location.and_then(|place| files.lines(&place.file, place.line?, AROUND_CASE));
        let raised = tested.and_then(|place| raised(case, &mut files, place));
        case.sources = configured.into_iter().chain(raised).collect();
    }
}

fn needs_explanation(case: &CaseReport) -> bool {
    matches!(case.status, CaseStatus::Failed | CaseStatus::Errored | CaseStatus::Flaky)
}

/// The innermost line of the traceback that is in the project.
fn raised(case: &CaseReport, files: &mut SourceFiles<'_>, place: &ProjectPlace) -> Option<SourceLines> {
    let attempt = case.attempts.iter().rev().find(|attempt| attempt.reason.is_some())?;
    let frames = attempt.logs_tail.lines().filter_map(frame).collect::<Vec<_>>();
    frames.into_iter().rev().find_map(|(file, line)| {
        let file = file.strip_prefix(IN_THE_IMAGE).unwrap_or(file);
        // A model writes what it likes into its logs.
        if !file.ends_with(".py") || file.split('/').any(|part| part.starts_with('.')) {
            return None;
        }
        let file = if place.context.is_empty() { file.to_owned() } else { format!("{}/{file}", place.context) };
        files.lines(&file, line, AROUND_EXCEPTION)
    })
}

/// The file and line of `File "/src/predict.py", line 31, in predict`.
fn frame(line: &str) -> Option<(&str, u32)> {
    let (file, rest) = line.trim().strip_prefix("File \"")?.split_once("\", line ")?;
    let digits = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
    Some((file, rest.get(..digits)?.parse().ok()?))
}

/// Files of the repository, each read once: many cases fail in the same one.
struct SourceFiles<'a> {
    repository: &'a Path,
    texts: BTreeMap<String, Option<String>>,
}

impl SourceFiles<'_> {
    fn lines(&mut self, file: &str, line: u32, (before, after): (usize, usize)) -> Option<SourceLines> {
        let text = self.texts.entry(file.to_owned()).or_insert_with(|| shown_text(self.repository, file)).as_ref()?;
        let at = usize::try_from(line).ok()?.checked_sub(1)?;
        let start = at.saturating_sub(before);
        let shown: Vec<&str> = text.lines().skip(start).take(at - start + after + 1).collect();
        let is_there = shown.get(at - start).is_some_and(|line| !line.trim().is_empty());
        let lines = shown.iter().map(|line| shorten(line, LINE_BYTES)).collect();
        is_there.then_some(SourceLines { file: file.to_owned(), line, first: u32::try_from(start + 1).ok()?, lines })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::report::sample;
    use cog_findings::Location;
    use serde_json::json;

    const PREDICT: &str = "def predict(words):\n    first = words[0]\n    return first\n";

    fn failed(logs: &str) -> CaseReport {
        let mut case = sample::case("case-1", CaseStatus::Failed);
        case.location = Some(Location::at("configs/a.yaml", 2, 5));
        case.attempts[0].reason = Some("it failed".to_owned());
        case.attempts[0].logs_tail = logs.to_owned();
        case
    }

    /// The lines that one case shows.
    fn source_lines(case: &CaseReport, repository: &Path, tested: Option<&ProjectPlace>) -> Vec<SourceLines> {
        let mut cases = [case.clone()];
        add_source_lines(&mut cases, repository, tested);
        let [case] = cases;
        case.sources
    }

    fn repository() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("configs")).unwrap();
        fs::create_dir_all(folder.path().join("models/a")).unwrap();
        fs::write(folder.path().join("configs/a.yaml"), "predict:\n  - inputs: {words: []}\n    match: x\n").unwrap();
        fs::write(folder.path().join("models/a/predict.py"), PREDICT).unwrap();
        folder
    }

    #[test]
    fn a_failed_case_shows_its_configuration_and_the_line_that_raised() {
        let folder = repository();
        let logs = "Traceback (most recent call last):\n  File \"/usr/lib/python3.11/asyncio.py\", line 9, in run\n  \
                    File \"/src/predict.py\", line 2, in predict\n  File \"/usr/lib/python3.11/json.py\", line 4, in loads\nIndexError";
        let place = ProjectPlace::of_folder("models/a");
        let shown = source_lines(&failed(logs), folder.path(), Some(&place));
        let places: Vec<(&str, u32, u32, usize)> =
            shown.iter().map(|source| (source.file.as_str(), source.line, source.first, source.lines.len())).collect();
        assert_eq!(places, [("configs/a.yaml", 2, 1, 3), ("models/a/predict.py", 2, 1, 3)]);
        assert_eq!(shown[1].lines[1], "    first = words[0]");
        // A version that was not built from this project has other lines.
        assert_eq!(source_lines(&failed(logs), folder.path(), None).len(), 1);
        let passed = sample::case("case-1", CaseStatus::Passed);
        assert!(source_lines(&passed, folder.path(), Some(&place)).is_empty());
    }

    #[test]
    fn a_configuration_with_a_hidden_input_is_not_shown() {
        let folder = repository();
        let mut other = sample::case("case-2", CaseStatus::Passed);
        other.inputs.insert("key".to_owned(), json!(HIDDEN));
        let logs = "File \"/src/predict.py\", line 2, in predict";
        let mut cases = [failed(logs), other];
        add_source_lines(&mut cases, folder.path(), Some(&ProjectPlace::of_folder("models/a")));
        let files: Vec<&str> = cases[0].sources.iter().map(|source| source.file.as_str()).collect();
        assert_eq!(files, ["models/a/predict.py"]);
    }

    #[test]
    fn a_model_cannot_show_other_files() {
        let folder = repository();
        let outside = tempfile::Builder::new().suffix(".py").tempfile().unwrap();
        fs::write(outside.path(), "hush").unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join("models/a/link.py")).unwrap();
        fs::create_dir(folder.path().join("models/a/.git")).unwrap();
        for file in ["models/a/.git/config", "models/a/.git/hook.py", "models/a/.env", "models/a/notes.txt"] {
            fs::write(folder.path().join(file), "hush").unwrap();
        }
        let absolute = outside.path().display().to_string();
        let files = ["../../etc/passwd", "../../x.py", "link.py", ".git/config", ".git/hook.py", ".env", "notes.txt"];
        for file in files.iter().map(|file| format!("/src/{file}")).chain([absolute]) {
            let case = failed(&format!("File \"{file}\", line 1, in predict"));
            let shown = source_lines(&case, folder.path(), Some(&ProjectPlace::of_folder("models/a")));
            assert_eq!(shown.len(), 1, "{file}");
        }
    }

    #[test]
    fn lines_that_do_not_exist_are_not_shown() {
        let folder = repository();
        for line in ["0", "4", "99999999999", "x", ""] {
            let case = failed(&format!("File \"predict.py\", line {line}, in predict"));
            assert_eq!(source_lines(&case, folder.path(), Some(&ProjectPlace::of_folder("models/a"))).len(), 1, "{line}");
        }
    }
}
