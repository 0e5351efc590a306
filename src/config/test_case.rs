//! Reads a test case: inputs, what is expected, and how it runs. `inputs` and the first five checkers are those of cog-safe-push.

use std::collections::BTreeSet;
use std::time::Duration;

use cog_findings::text::shorten;
use cog_findings::{Finding, Location};
use cog_source::yaml::{Entry, Mapping, Reader, Value};

use crate::config::model_keys::TEST_CASE;
use crate::config::{checks, reader, rules, thresholds};
use crate::domain::case::{CaseLocation, Expectation, TestCase, TestedOn};
use crate::domain::output_check::{ExpectedFile, OutputCheck};

/// Longest name of a test case, in characters.
const NAME_CHARACTERS: usize = 80;

pub(super) fn test_cases(reader: &mut Reader, entry: Option<&Entry<'_>>) -> Vec<TestCase> {
    let items = reader.list(entry);
    let cases: Vec<TestCase> = items.iter().filter_map(|item| test_case(reader, item)).collect();
    let mut names = BTreeSet::new();
    for case in &cases {
        if let (Some(name), Some(location)) = (&case.name, &case.location)
            && !names.insert(name.to_lowercase())
        {
            let finding = Finding::new(&rules::CASE_NAME, format!("two test cases are named '{name}'")).at(location.case.clone());
            reader.report(finding.hint("give each its own name"));
        }
    }
    cases
}

fn test_case(reader: &mut Reader, entry: &Entry<'_>) -> Option<TestCase> {
    let entries = reader.mapping(entry, &TEST_CASE.names())?;
    if entries.get("inputs").is_none() {
        reader::missing(reader, "inputs", entry.location().clone(), "write `inputs: {}` for a case without inputs");
    }
    let (checker, expectation) = expectation(reader, &entries);
    let checker = checker.or_else(|| entries.key("checks").map(|key| key.location.clone()));
    let inputs = entries.get("inputs");
    let location = CaseLocation { case: entry.location().clone(), checker, inputs: reader::key_places(inputs.as_ref()) };
    let written = entries.get("checks").map(|entry| (checks::checks(reader, &entry), reader::json(entry.node()).to_string()));
    let case = TestCase {
        name: entries.get("name").and_then(|entry| name(reader, &entry)),
        inputs: reader::inputs(reader, inputs.as_ref()),
        secrets: Vec::new(),
        expectation: with_checks(expectation, written),
        compare: entries.get("compare").map(|entry| thresholds::compare_rules(reader, &entry)).unwrap_or_default(),
        timeout: entries.get("timeout").and_then(|entry| timeout(reader, &entry)),
        skip: entries.get("skip").and_then(|entry| skip(reader, &entry)),
        only_on: entries.get("only_on").map(|entry| only_on(reader, &entry)).unwrap_or_default(),
        location: Some(location),
    };
    if let (Expectation::Succeeds, Some(location)) = (&case.expectation, &case.location) {
        reader::placeholders(reader, &case.inputs, &location.inputs);
    }
    Some(case)
}

/// The checker of a case, with the place of its key: at most one of those that exclude each other.
fn expectation(reader: &mut Reader, entries: &Mapping<'_>) -> (Option<Location>, Vec<Expectation>) {
    let checkers: [(&str, Make); 6] = [
        ("exact_string", Expectation::ExactString),
        ("match_url", Expectation::MatchUrl),
        ("match_file", |path| Expectation::MatchFile(ExpectedFile::named(path))),
        ("match_prompt", Expectation::MatchPrompt),
        ("jq_query", Expectation::JqQuery),
        ("error_contains", Expectation::ErrorContains),
    ];
    let mut given = Vec::new();
    for (key, make) in checkers {
        let Some(checker) = entries.get(key) else { continue };
        let texts = match (key, &checker.node().value) {
            ("jq_query", Value::List(_)) => checks::texts(reader, Some(&checker)),
            _ => reader.text(Some(&checker)).into_iter().collect(),
        };
        let is_list = matches!(checker.node().value, Value::List(_));
        let expectations: Vec<Expectation> = texts.into_iter().map(make).collect();
        if !is_list && expectations.iter().any(is_empty) {
            let finding =
                Finding::new(&rules::EMPTY_CHECKER, format!("{} is empty", checker.path())).at(checker.location().clone());
            reader.report(finding.hint("write what is expected, or remove the key"));
        }
        given.push((key, entries.key(key).map_or(checker.location(), |key| &key.location).clone(), expectations));
    }
    if let [(first, ..), (second, location, _), ..] = given.as_slice() {
        let message = format!("a test case has both {first} and {second}");
        let finding = Finding::new(&rules::TWO_CHECKERS, message).at(location.clone());
        reader.report(finding.hint("put both below checks, or make it two test cases"));
    }
    given.into_iter().next().map(|(_, location, expectations)| (Some(location), expectations)).unwrap_or_default()
}

/// A checker, or several with those of `checks`, which comes with its text.
fn with_checks(given: Vec<Expectation>, written: Option<(Vec<OutputCheck>, String)>) -> Expectation {
    let (more, text) = written.unwrap_or_default();
    match (given.as_slice(), more.as_slice()) {
        ([], []) => Expectation::Succeeds,
        ([only], []) => only.clone(),
        ([], [OutputCheck::Of(only)]) => only.clone(),
        _ => {
            let texts =
                given.iter().filter_map(Expectation::wanted).map(str::to_owned).chain(Some(text).filter(|text| !text.is_empty()));
            let text = texts.collect::<Vec<_>>().join("; ");
            let checks = given.into_iter().map(OutputCheck::Of).chain(more).collect();
            Expectation::Checks { checks, text }
        }
    }
}

/// Whether an expectation is empty. An empty `exact_string` is not: the output may have to be empty.
pub(super) fn is_empty(expectation: &Expectation) -> bool {
    !matches!(expectation, Expectation::ExactString(_)) && expectation.wanted().is_some_and(|wanted| wanted.trim().is_empty())
}

/// A name that reports and files can have, and that no unnamed case has.
fn name(reader: &mut Reader, entry: &Entry<'_>) -> Option<String> {
    let name = reader.text(Some(entry))?.trim().to_owned();
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '.' | '_' | '-');
    let is_taken = name == "warm-up" || ["case-", "compare-", "fuzz-", "train-"].iter().any(|start| name.starts_with(start));
    let problem = if name.is_empty() || name.chars().count() > NAME_CHARACTERS || !name.chars().all(is_plain) {
        format!("may have up to {NAME_CHARACTERS} letters, digits, spaces, `.`, `_` and `-`")
    } else if is_taken {
        "looks like the name of a case without a name".to_owned()
    } else {
        return Some(name);
    };
    let message = format!("the name '{}' {problem}", shorten(&name, 100));
    reader.report(Finding::new(&rules::CASE_NAME, message).at(entry.location().clone()).hint("choose another name"));
    None
}

/// Seconds, at least one.
fn timeout(reader: &mut Reader, entry: &Entry<'_>) -> Option<Duration> {
    let seconds = reader.lenient_count(Some(entry))?;
    if seconds == 0 {
        let finding = Finding::new(&rules::OUT_OF_RANGE, format!("{} is 0, which leaves no time for a prediction", entry.path()));
        reader.report(finding.at(entry.location().clone()).hint("write a number of seconds from 1, or remove the key"));
    }
    Some(Duration::from_secs(seconds))
}

/// `true`, or the reason.
fn skip(reader: &mut Reader, entry: &Entry<'_>) -> Option<String> {
    match &entry.node().value {
        Value::Bool(false) => None,
        Value::Bool(true) => Some(String::new()),
        _ => reader.text(Some(entry)),
    }
}

/// One word, or a list.
fn only_on(reader: &mut Reader, entry: &Entry<'_>) -> Vec<TestedOn> {
    let items = match entry.node().value {
        Value::List(_) => reader.list(Some(entry)),
        _ => vec![entry.clone()],
    };
    let side = |text: String| if text == "live" { TestedOn::Live } else { TestedOn::Test };
    items.iter().filter_map(|item| reader.choice(Some(item), &["test", "live"]).map(side)).collect()
}

/// Makes an expectation from the value of a checker's key.
type Make = fn(String) -> Expectation;
