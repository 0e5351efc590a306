//! Misspelled variables and inputs. Without a finding they would have no effect and no message.

use std::collections::BTreeMap;

use cog_findings::Finding;
use cog_findings::text::{nearest, shorten};

use crate::config::rules;
use crate::config::settings::{SETTINGS, Setting};
use crate::config::tokens::TOKENS;

/// The prefix of our variables.
const PREFIX: &str = "SAFE_PUSH_";

/// Common mistakes in the prefix.
const MISSPELT_PREFIXES: [&str; 3] = ["SAFEPUSH_", "SAFE_PUSH-", "SAFE-PUSH_"];

/// Variables that are not settings.
const OTHERS: [&str; 1] = ["SAFE_PUSH_LOG"];

/// The prefix of inputs.
const INPUT: &str = "INPUT_";

/// Variables, and inputs in the action, that are named almost like one of ours.
pub(super) fn unknown(environment: &BTreeMap<String, String>, action: bool) -> Vec<Finding> {
    let mut findings: Vec<Finding> = environment.keys().filter_map(|name| unknown_variable(name)).collect();
    if action {
        let known: Vec<String> = inputs().map(|input| format!("{INPUT}{}", input.to_uppercase())).collect();
        let set = environment.iter().filter(|(_, value)| !value.trim().is_empty());
        findings.extend(set.filter_map(|(name, _)| unknown_input(name, &known)));
    }
    findings
}

fn unknown_variable(name: &str) -> Option<Finding> {
    let known: Vec<String> = SETTINGS.iter().map(Setting::variable).chain(OTHERS.map(str::to_owned)).collect();
    let misspelled = MISSPELT_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    if !(misspelled || name.starts_with(PREFIX)) || known.iter().any(|known| known == name) {
        return None;
    }
    let shown = shorten(name, 100);
    let finding = Finding::new(&rules::UNKNOWN_VARIABLE, format!("{shown} is set, but it is not a variable of safe-push"));
    Some(match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => finding.hint(format!("did you mean {near}?")),
        None => finding.hint("unset it; it has no effect"),
    })
}

fn inputs() -> impl Iterator<Item = &'static str> {
    let settings = SETTINGS.iter().filter(|setting| !setting.inputs.is_empty()).map(|setting| setting.name);
    settings.chain(TOKENS.iter().map(|token| token.input))
}

/// Other actions have inputs too. One that is not like any of ours is theirs.
fn unknown_input(name: &str, known: &[String]) -> Option<Finding> {
    let plain = name.strip_prefix(INPUT).map(|rest| format!("{INPUT}{}", rest.replace('-', "_")))?;
    if known.contains(&plain) {
        return None;
    }
    let near = nearest(&plain, known.iter().map(String::as_str))?;
    // The prefix makes short names similar.
    let (written, meant) = (&plain[INPUT.len()..], &near[INPUT.len()..]);
    nearest(written, [meant])?;
    let written = shorten(&written.to_lowercase(), 100);
    let message = format!("'{written}' is not an input of safe-push");
    Some(Finding::new(&rules::UNKNOWN_INPUT, message).hint(format!("did you mean '{}'?", meant.to_lowercase())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(names: &[&str], action: bool) -> Vec<String> {
        let environment = names.iter().map(|name| ((*name).to_owned(), "x".to_owned())).collect();
        let findings = unknown(&environment, action);
        findings
            .iter()
            .map(|finding| format!("{} {} {}", finding.code, finding.message, finding.hint.as_deref().unwrap()))
            .collect()
    }

    #[test]
    fn a_misspelled_variable_has_a_neighbour() {
        assert_eq!(
            said(&["SAFE_PUSH_PARALEL", "PATH", "SAFE_PUSH_PARALLEL", "SAFE_PUSH_LOG"], false),
            ["SP014 SAFE_PUSH_PARALEL is set, but it is not a variable of safe-push did you mean SAFE_PUSH_PARALLEL?"]
        );
    }

    #[test]
    fn a_misspelled_prefix_counts_too() {
        assert_eq!(
            said(&["SAFEPUSH_MODELS"], false),
            ["SP014 SAFEPUSH_MODELS is set, but it is not a variable of safe-push did you mean SAFE_PUSH_MODELS?"]
        );
    }

    #[test]
    fn a_variable_of_no_setting_is_reported_too() {
        assert_eq!(
            said(&["SAFE_PUSH_WOMBAT_QUANTITY"], false),
            ["SP014 SAFE_PUSH_WOMBAT_QUANTITY is set, but it is not a variable of safe-push unset it; it has no effect"]
        );
    }

    #[test]
    fn every_variable_of_the_table_is_known() {
        let names: Vec<String> = SETTINGS.iter().map(Setting::variable).collect();
        assert!(said(&names.iter().map(String::as_str).collect::<Vec<_>>(), true).is_empty());
    }

    #[test]
    fn inputs_are_checked_in_the_action_only() {
        assert!(said(&["INPUT_TEST_ONYL"], false).is_empty());
        assert_eq!(said(&["INPUT_TEST_ONYL"], true), ["SP018 'test_onyl' is not an input of safe-push did you mean 'test_only'?"]);
    }

    #[test]
    fn inputs_of_others_are_left_alone() {
        let names = ["INPUT_TEST_ONLY", "INPUT_TEST-ONLY", "INPUT_COG_TOKEN", "INPUT_PYTHON-VERSION", "INPUT_PATH", "INPUT_NODE"];
        assert!(said(&names, true).is_empty());
    }

    #[test]
    fn an_input_without_a_value_is_absent() {
        let environment = BTreeMap::from([("INPUT_TEST_ONYL".to_owned(), " ".to_owned())]);
        assert!(unknown(&environment, true).is_empty());
    }
}
