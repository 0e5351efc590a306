//! One root cause, one finding: what only follows from another finding is left out.

use cog_findings::{Finding, Location, SourceMap};

/// A description that cannot be read, and one that is missing.
const DESCRIPTION_NOT_STATIC: &str = "SP234";
const DESCRIPTION_MISSING: &str = "SP301";

/// Ruff, and what it says about a file that is not valid Python.
const RUFF: &str = "SP401";
const NOT_PYTHON: [&str; 2] = ["SP201", "SP225"];

/// Leaves out findings that repeat others. `source` locates inputs.
pub(super) fn without(findings: Vec<Finding>, source: &SourceMap) -> Vec<Finding> {
    let places = |codes: &[&str]| -> Vec<Location> {
        let found = findings.iter().filter(|finding| codes.contains(&finding.code.as_str()));
        found.filter_map(|finding| finding.location.clone()).collect()
    };
    let described: Vec<&Location> = places(&[DESCRIPTION_NOT_STATIC]).iter().filter_map(|place| input_at(place, source)).collect();
    let not_python = places(&NOT_PYTHON);
    let is_echo = |finding: &Finding| {
        let Some(place) = &finding.location else { return false };
        match finding.code.as_str() {
            DESCRIPTION_MISSING => described.contains(&place),
            RUFF => not_python.iter().any(|other| (&other.file, other.line) == (&place.file, place.line)),
            _ => false,
        }
    };
    let echoes: Vec<bool> = findings.iter().map(is_echo).collect();
    findings.into_iter().zip(echoes).filter_map(|(finding, is_echo)| (!is_echo).then_some(finding)).collect()
}

/// Where the input is whose parameter contains a place: the last one that starts before it.
fn input_at<'s>(place: &Location, source: &'s SourceMap) -> Option<&'s Location> {
    let start = |place: &Location| (place.line, place.column);
    let before = source.inputs.values().filter(|input| input.file == place.file && start(input) <= start(place));
    before.max_by_key(|input| start(input))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::rules::LINT;

    fn finding(code: &str, place: Location) -> Finding {
        Finding { code: cog_findings::RuleCode::parse(code), ..Finding::new(&LINT, code) }.at(place)
    }

    #[test]
    fn what_follows_from_another_finding_is_left_out() {
        let mut source = SourceMap::default();
        source.inputs.insert("one".to_owned(), Location::at("predict.py", 4, 9));
        source.inputs.insert("two".to_owned(), Location::at("predict.py", 6, 9));
        let findings = vec![
            finding("SP234", Location::at("predict.py", 5, 30)),
            finding("SP301", Location::at("predict.py", 4, 9)),
            finding("SP301", Location::at("predict.py", 6, 9)),
            finding("SP225", Location::at("helper.py", 2, 5)),
            finding("SP401", Location::at("helper.py", 2, 9)),
            finding("SP401", Location::at("predict.py", 2, 9)),
        ];
        let kept: Vec<String> =
            without(findings, &source).iter().map(|kept| format!("{} {}", kept.code, kept.location.as_ref().unwrap())).collect();
        assert_eq!(kept, ["SP234 predict.py:5:30", "SP301 predict.py:6:9", "SP225 helper.py:2:5", "SP401 predict.py:2:9"]);
    }
}
