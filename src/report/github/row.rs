//! A model's result as the few values that a comment needs, encoded in the text of its check run.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cog_findings::text::shorten;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::report::CaseStatus;
use crate::domain::verdict::Verdict;
use crate::report::github::outputs::{OutputDiff, OutputImage, output_diffs};
use crate::report::json::v1::{BeforeAfterEntry, Case, ComparisonEntry, ErrorEntry, FindingEntry, Model, Run, Severity};
use crate::report::measurement::{compared_with, differing, measurement_text};
use crate::report::notes::notes_of_model;

/// The text around the row in a check run. HTML comments are invisible.
const BEFORE: &str = "<!-- safe-push:row:v1 ";
const BEHIND: &str = " -->";

/// Problems that a row lists.
const PROBLEMS: usize = 8;

/// Differing files that a row lists.
const DIFFERING: usize = 8;

/// Size limit of the notes, in bytes.
const NOTES_BYTES: usize = 4000;

/// Size limit of each text of a problem, in bytes.
const PROBLEM_BYTES: usize = 600;

/// A model's result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The name that selects it.
    pub name: String,
    /// The live model.
    pub model: String,
    pub verdict: Verdict,
    /// Findings of severity error, and of severity warning.
    pub findings: (usize, usize),
    /// Test cases.
    pub cases: CaseCounts,
    /// Fuzz inputs.
    pub fuzz: CaseCounts,
    /// Comparisons with the live version.
    pub compare: CaseCounts,
    /// The duration in milliseconds.
    pub duration_ms: u64,
    /// An estimate from public prices.
    pub estimated_usd: Option<f64>,
    /// The published version, or else the tested one.
    pub version: Option<String>,
    /// Whether that version is live.
    pub is_published: bool,
    /// When it finished, in RFC 3339.
    pub ended_at: String,
    /// Failures.
    pub problems: Vec<RowProblem>,
    /// The number of further problems.
    pub more_problems: usize,
    /// Cases that passed when they were repeated, with the reason of the first attempt.
    #[serde(default)]
    pub flaky: Vec<RowProblem>,
    /// Files that differ from the ones they were compared with.
    #[serde(default)]
    pub differing: Vec<Differing>,
    /// The number of further such files.
    #[serde(default)]
    pub more_differing: usize,
    /// The live version that publishing would replace, if the run did not publish.
    #[serde(default)]
    pub replaces: Option<String>,
    /// The median run time of cases that ran on both versions, in seconds: live, then new.
    #[serde(default)]
    pub speed: Option<(f64, f64)>,
    /// Marks of the findings that this check run annotates, so that other jobs do not repeat them.
    #[serde(default)]
    pub annotated: Vec<String>,
    /// What the outputs do not show, before and after, without notes.
    #[serde(default)]
    pub before_after: Vec<BeforeAfterEntry>,
    /// Images of outputs, if they are kept on a branch.
    #[serde(default)]
    pub images: Vec<OutputImage>,
    /// What changes for callers, as Markdown, of a model that passed.
    #[serde(default)]
    pub notes: Option<String>,
    /// Texts that differ from the live version's.
    #[serde(default)]
    pub diffs: Vec<OutputDiff>,
}

/// A file that differs from the one it was compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Differing {
    /// The case's name.
    pub case: String,
    /// The path of the file within the output.
    pub place: String,
    /// The live version or the expected file.
    pub with: String,
    /// The measurements beyond their limits, or else why it differs.
    pub numbers: String,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseCounts {
    /// Passed, the flaky ones included.
    pub passed: usize,
    pub all: usize,
}

/// A failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowProblem {
    /// The code of a rule or the name of a case.
    pub name: String,
    /// The location as `file:line`.
    pub place: Option<String>,
    pub message: String,
    /// Labeled facts: the schema before and after, the failing inputs.
    pub facts: Vec<(String, String)>,
    /// The fix.
    pub hint: Option<String>,
    /// The page of the prediction.
    #[serde(default)]
    pub url: Option<String>,
}

/// Condenses a run that ended before its models were known.
pub(crate) fn row_of_failed_run(run: &Run, ended_at: &str) -> Row {
    let number = |severity| run.findings.iter().filter(|finding| finding.severity == severity).count();
    let mut problems: Vec<RowProblem> = finding_problems(&run.findings).collect();
    if problems.is_empty() {
        problems.extend(run.error.as_ref().map(error_problem));
    }
    let more_problems = problems.len().saturating_sub(PROBLEMS);
    problems.truncate(PROBLEMS);
    Row {
        name: String::new(),
        model: String::new(),
        verdict: run.verdict,
        findings: (number(Severity::Error), number(Severity::Warning)),
        cases: CaseCounts::default(),
        fuzz: CaseCounts::default(),
        compare: CaseCounts::default(),
        duration_ms: run.duration_ms,
        estimated_usd: None,
        version: None,
        is_published: false,
        ended_at: ended_at.to_owned(),
        problems,
        more_problems,
        flaky: Vec::new(),
        differing: Vec::new(),
        more_differing: 0,
        replaces: None,
        speed: None,
        annotated: Vec::new(),
        before_after: Vec::new(),
        images: Vec::new(),
        notes: None,
        diffs: Vec::new(),
    }
}

/// Condenses a model's result into a row.
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
        flaky: flaky(model),
        differing: pairs().take(DIFFERING).map(|(case, comparison)| of_comparison(case, comparison)).collect(),
        more_differing: pairs().count().saturating_sub(DIFFERING),
        replaces: model.versions.previous.clone().filter(|_| model.versions.live.is_none()),
        speed: speed(model),
        annotated: Vec::new(),
        before_after: model.before_after.iter().map(|entry| BeforeAfterEntry { note: None, ..entry.clone() }).collect(),
        images: Vec::new(),
        notes: notes_of_model(model).map(|notes| shorten(&notes, NOTES_BYTES)),
        diffs: output_diffs(model),
    }
}

/// The median run times of cases that ran on the live and on the new version.
fn speed(model: &Model) -> Option<(f64, f64)> {
    let pairs = model.cases.iter().filter_map(|case| {
        let new = case.attempts.last()?.predict_seconds?;
        Some((case.live.as_ref()?.predict_seconds?, new))
    });
    let (live, new): (Vec<f64>, Vec<f64>) = pairs.unzip();
    Some((median(live)?, median(new)?))
}

fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied()
}

fn of_comparison(case: &Case, comparison: &ComparisonEntry) -> Differing {
    let short = |text: &str| shorten(text, 200);
    let missed: Vec<String> = comparison
        .measurements
        .iter()
        .filter(|measured| !measured.holds)
        .take(4)
        .map(|measured| measurement_text(measured).line())
        .collect();
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

fn problems(model: &Model) -> Vec<RowProblem> {
    let error = model.error.iter().map(error_problem);
    let cases = model.cases.iter().filter(|case| matches!(case.status, CaseStatus::Failed | CaseStatus::Errored)).map(case_problem);
    error.chain(finding_problems(&model.findings)).chain(cases).collect()
}

fn flaky(model: &Model) -> Vec<RowProblem> {
    let cases = model.cases.iter().filter(|case| case.status == CaseStatus::Flaky);
    let first = |case: &Case| case.attempts.iter().find(|attempt| attempt.reason.is_some()).and_then(|attempt| attempt.url.clone());
    // Inputs, output and page of the case are those of the attempt that passed.
    cases.map(|case| RowProblem { facts: Vec::new(), url: first(case), ..case_problem(case) }).take(PROBLEMS).collect()
}

fn error_problem(error: &ErrorEntry) -> RowProblem {
    let short = |text: &str| shorten(text, PROBLEM_BYTES);
    RowProblem {
        name: "error".to_owned(),
        place: None,
        message: short(&error.message),
        facts: Vec::new(),
        hint: error.hint.as_deref().map(short),
        url: None,
    }
}

fn finding_problems(findings: &[FindingEntry]) -> impl Iterator<Item = RowProblem> {
    let short = |text: &str| shorten(text, PROBLEM_BYTES);
    findings.iter().filter(|finding| finding.severity == Severity::Error).map(move |finding| RowProblem {
        name: finding.code.clone(),
        place: finding.file.as_ref().map(|file| match finding.line {
            Some(line) => short(&format!("{file}:{line}")),
            None => short(file),
        }),
        message: short(&finding.message),
        facts: finding.details.iter().map(|detail| (short(&detail.label), short(&detail.value))).take(4).collect(),
        hint: finding.hint.as_deref().map(short),
        url: None,
    })
}

fn case_problem(case: &Case) -> RowProblem {
    let short = |text: &str| shorten(text, PROBLEM_BYTES);
    let inputs = case.minimal_inputs.as_ref().unwrap_or(&case.inputs);
    let label = if case.minimal_inputs.is_some() { "minimal failing inputs" } else { "inputs" };
    let mut facts = vec![(label.to_owned(), short(&Value::Object(inputs.clone()).to_string()))];
    if let Some(expected) = &case.expected {
        facts.push((format!("expected ({})", short(&case.checker)), short(expected)));
    }
    if let Some(output) = &case.output {
        facts.push(("output".to_owned(), short(&output.to_string())));
    }
    RowProblem {
        name: short(&case.id),
        place: case.file.as_ref().map(|file| case.line.map_or_else(|| short(file), |line| short(&format!("{file}:{line}")))),
        message: short(case.failure().unwrap_or("the case did not pass")),
        facts,
        hint: None,
        url: case.url.clone(),
    }
}

impl Row {
    /// The row as text for a check run, without its problems if they are too long.
    pub(in crate::report::github) fn carried(&self, limit_bytes: usize) -> String {
        let text = self.encoded();
        if text.len() <= limit_bytes {
            return text;
        }
        let all = self.problems.len() + self.more_problems;
        let differing = self.differing.len() + self.more_differing;
        Self {
            problems: Vec::new(),
            more_problems: all,
            flaky: Vec::new(),
            differing: Vec::new(),
            more_differing: differing,
            diffs: Vec::new(),
            ..self.clone()
        }
        .encoded()
    }

    fn encoded(&self) -> String {
        // Plain strings and numbers can always be written as JSON.
        let json = serde_json::to_vec(self).unwrap_or_default();
        format!("{BEFORE}{}{BEHIND}", STANDARD.encode(json))
    }
}

/// Reads the row from the text of a check run.
pub(crate) fn row_of_text(text: &str) -> Option<Row> {
    let (_, rest) = text.rsplit_once(BEFORE)?;
    let (code, _) = rest.split_once(BEHIND)?;
    serde_json::from_slice(&STANDARD.decode(code).ok()?).ok()
}
