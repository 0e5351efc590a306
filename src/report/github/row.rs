//! A model's result in the few values that a comment needs, and how a check run carries them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cog_findings::text::shorten;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::report::CaseStatus;
use crate::domain::verdict::Verdict;
use crate::report::json::v1::{Case, ComparisonEntry, Model, Severity};
use crate::report::measurement::{compared_with, differing, words};

/// Before and behind the row in a check run's text. HTML comments are not shown.
const BEFORE: &str = "<!-- safe-push:row:v1 ";
const BEHIND: &str = " -->";

/// Problems that a row tells one by one.
const PROBLEMS: usize = 8;

/// Outputs that a row tells the numbers of.
const DIFFERING: usize = 8;

/// Bytes of one text of a problem.
const PROBLEM_BYTES: usize = 600;

/// A model's result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// The name by which people select it.
    pub(crate) name: String,
    /// The live model.
    pub(crate) model: String,
    /// How it ended.
    pub(crate) verdict: Verdict,
    /// Findings of severity error, and of severity warning.
    pub(crate) findings: (usize, usize),
    /// Test cases.
    pub(crate) cases: CaseCounts,
    /// Made inputs.
    pub(crate) fuzz: CaseCounts,
    /// Comparisons with the live version.
    pub(crate) compare: CaseCounts,
    /// How long it took, in milliseconds.
    pub(crate) duration_ms: u64,
    /// An estimate from public prices.
    pub(crate) estimated_usd: Option<f64>,
    /// The version that was published, or else tested.
    pub(crate) version: Option<String>,
    /// Whether that version is live.
    pub(crate) is_published: bool,
    /// When it ended, RFC 3339.
    pub(crate) ended_at: String,
    /// What did not pass.
    pub(crate) problems: Vec<Problem>,
    /// Problems beyond those.
    pub(crate) more_problems: usize,
    /// Files that are not what they were compared with.
    #[serde(default)]
    pub(crate) differing: Vec<Differing>,
    /// Such files beyond those.
    #[serde(default)]
    pub(crate) more_differing: usize,
}

/// A file that is not what it was compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Differing {
    /// The case's name.
    pub(crate) case: String,
    /// Where the file stands in the output.
    pub(crate) place: String,
    /// What it was compared with, in words.
    pub(crate) with: String,
    /// The numbers that do not keep to their threshold, or else why it differs.
    pub(crate) numbers: String,
}

/// How many passed of how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CaseCounts {
    /// Passed, the flaky ones included.
    pub(crate) passed: usize,
    /// All.
    pub(crate) all: usize,
}

/// Something that did not pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Problem {
    /// A rule's code or a case's name.
    pub(crate) name: String,
    /// Where, as `file:line`.
    pub(crate) place: Option<String>,
    /// What is wrong.
    pub(crate) message: String,
    /// Labelled facts: the schema before and after, the inputs that fail.
    pub(crate) facts: Vec<(String, String)>,
    /// The way out.
    pub(crate) hint: Option<String>,
}

/// The external id of a check run: whose it is, and of which run of which workflow.
pub(crate) fn external_id(model: &str, run_id: u64, attempt: u64) -> String {
    format!("safe-push:v1:{run_id}:{attempt}:{model}")
}

/// Run, attempt and model of a check run of ours.
pub(crate) fn read_external_id(id: &str) -> Option<(u64, u64, &str)> {
    let mut parts = id.strip_prefix("safe-push:v1:")?.splitn(3, ':');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?))
}

/// The row of a model's result.
pub(crate) fn row_of(model: &Model, ended_at: &str) -> Row {
    let findings = |severity| model.findings.iter().filter(|finding| finding.severity == severity).count();
    let mut problems = problems(model);
    let more_problems = problems.len().saturating_sub(PROBLEMS);
    problems.truncate(PROBLEMS);
    let pairs = || model.cases.iter().flat_map(|case| differing(case).map(move |comparison| (case, comparison)));
    Row {
        name: model.name.clone(),
        model: model.model.clone(),
        verdict: model.verdict,
        findings: (findings(Severity::Error), findings(Severity::Warning)),
        cases: counts(model, &["case", "train"]),
        fuzz: counts(model, &["fuzz", "train-fuzz"]),
        compare: counts(model, &["compare"]),
        duration_ms: model.stages.iter().map(|stage| stage.duration_ms).sum(),
        estimated_usd: model.cost.estimated_usd,
        version: model.versions.live.clone().or_else(|| model.versions.test.clone()),
        is_published: model.versions.live.is_some(),
        ended_at: ended_at.to_owned(),
        problems,
        more_problems,
        differing: pairs().take(DIFFERING).map(|(case, comparison)| of_comparison(case, comparison)).collect(),
        more_differing: pairs().count().saturating_sub(DIFFERING),
    }
}

fn of_comparison(case: &Case, comparison: &ComparisonEntry) -> Differing {
    let short = |text: &str| shorten(text, 200);
    let missed: Vec<String> =
        comparison.measurements.iter().filter(|measured| !measured.holds).take(4).map(|measured| words(measured).line()).collect();
    let numbers = match (missed.is_empty(), &comparison.reason) {
        (false, _) => short(&missed.join(", ")),
        (true, Some(reason)) => short(reason),
        (true, None) => String::new(),
    };
    Differing { case: short(&case.id), place: short(&comparison.place), with: compared_with(comparison).to_owned(), numbers }
}

fn counts(model: &Model, kinds: &[&str]) -> CaseCounts {
    let of_kind = || model.cases.iter().filter(|case| kinds.contains(&case.kind.as_str()));
    let passed = of_kind().filter(|case| matches!(case.status, CaseStatus::Passed | CaseStatus::Flaky)).count();
    CaseCounts { passed, all: of_kind().count() }
}

fn problems(model: &Model) -> Vec<Problem> {
    let short = |text: &str| shorten(text, PROBLEM_BYTES);
    let error = model.error.iter().map(|error| Problem {
        name: "error".to_owned(),
        place: None,
        message: short(&error.message),
        facts: Vec::new(),
        hint: error.hint.as_deref().map(short),
    });
    let findings = model.findings.iter().filter(|finding| finding.severity == Severity::Error).map(|finding| Problem {
        name: finding.code.clone(),
        place: finding.file.as_ref().map(|file| match finding.line {
            Some(line) => short(&format!("{file}:{line}")),
            None => short(file),
        }),
        message: short(&finding.message),
        facts: finding.details.iter().map(|detail| (short(&detail.label), short(&detail.value))).take(4).collect(),
        hint: finding.hint.as_deref().map(short),
    });
    let cases = model.cases.iter().filter(|case| matches!(case.status, CaseStatus::Failed | CaseStatus::Errored)).map(case_problem);
    error.chain(findings).chain(cases).collect()
}

fn case_problem(case: &Case) -> Problem {
    let short = |text: &str| shorten(text, PROBLEM_BYTES);
    let inputs = case.minimal_inputs.as_ref().unwrap_or(&case.inputs);
    let label = if case.minimal_inputs.is_some() { "smallest inputs that fail" } else { "inputs" };
    let mut facts = vec![(label.to_owned(), short(&Value::Object(inputs.clone()).to_string()))];
    if let Some(expected) = &case.expected {
        facts.push((format!("expected ({})", short(&case.checker)), short(expected)));
    }
    if let Some(output) = &case.output {
        facts.push(("output".to_owned(), short(&output.to_string())));
    }
    Problem {
        name: short(&case.id),
        place: None,
        message: short(case.reason.as_deref().or(case.error.as_deref()).unwrap_or("it did not pass")),
        facts,
        hint: None,
    }
}

impl Row {
    /// The row as it stands in a check run's text. Without its problems when they would be too long.
    pub(super) fn carried(&self, limit_bytes: usize) -> String {
        let text = self.encoded();
        if text.len() <= limit_bytes {
            return text;
        }
        let all = self.problems.len() + self.more_problems;
        let differing = self.differing.len() + self.more_differing;
        Self { problems: Vec::new(), more_problems: all, differing: Vec::new(), more_differing: differing, ..self.clone() }
            .encoded()
    }

    fn encoded(&self) -> String {
        // A value of plain strings and numbers always has a JSON form.
        let json = serde_json::to_vec(self).unwrap_or_default();
        format!("{BEFORE}{}{BEHIND}", STANDARD.encode(json))
    }
}

/// The row that a check run's text carries.
pub(crate) fn row_of_text(text: &str) -> Option<Row> {
    let (_, rest) = text.rsplit_once(BEFORE)?;
    let (code, _) = rest.split_once(BEHIND)?;
    serde_json::from_slice(&STANDARD.decode(code).ok()?).ok()
}
