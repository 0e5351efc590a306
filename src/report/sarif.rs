//! Findings as SARIF 2.1.0, which code scanning services read.

use cog_findings::Rule;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::domain::verdict::Verdict;
use crate::report::failures::{failures, has_result, is_error};
use crate::report::json::v1::{FindingEntry, Origin, Run, Severity};
use crate::report::label;
use crate::report::rule_page::rule_page;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Everything but `/` and unreserved characters is percent-encoded.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A document with the findings and the rules that they refer to.
pub(crate) fn sarif<'a>(findings: &[FindingEntry], rules: impl IntoIterator<Item = &'a Rule>, tool_version: &str) -> Value {
    document(findings, rules, tool_version, &json!({"executionSuccessful": true}))
}

/// A document with everything that went wrong in a run. Errors that ended it are notifications, because they are about no line.
pub(crate) fn sarif_of_run<'a>(run: &Run, rules: impl IntoIterator<Item = &'a Rule>) -> Value {
    let (errors, findings): (Vec<FindingEntry>, Vec<FindingEntry>) = failures(run).into_iter().partition(is_error);
    let notification = |level: &str, text: String| json!({"level": level, "message": {"text": text}});
    let mut notifications: Vec<Value> = errors
        .iter()
        .map(|error| {
            let mut notification = notification("error", with_hint(error));
            notification["descriptor"] = json!({"id": error.code});
            notification
        })
        .collect();
    notifications.extend(run.notices.iter().map(|notice| notification("note", notice.clone())));
    for model in &run.models {
        let lines = model.unchecked.iter().map(|line| notification("note", format!("{}: not checked: {line}", model.name)));
        notifications.extend(lines);
    }
    let is_about_request = run.verdict == Verdict::Misconfigured;
    let kind = if is_about_request { "toolConfigurationNotifications" } else { "toolExecutionNotifications" };
    let mut invocation = json!({
        "executionSuccessful": has_result(run.verdict),
        "exitCode": run.exit_code,
        "exitCodeDescription": label::verdict(run.verdict),
    });
    invocation[kind] = json!(notifications);
    let mut document = document(&findings, rules, &run.tool_version, &invocation);
    if let Some(origin) = &run.origin {
        document["runs"][0]["versionControlProvenance"] = provenance(origin);
    }
    document
}

/// The commit. SARIF asks for the address of the repository.
fn provenance(origin: &Origin) -> Value {
    let repository = origin.commit_url.as_deref().and_then(|url| url.rsplit_once("/commit/")).map(|(repository, _)| repository);
    let Some(repository) = repository else { return json!([]) };
    let mut entry = json!({"repositoryUri": repository, "mappedTo": {"uriBaseId": "SRCROOT"}});
    for (name, value) in [("revisionId", &origin.commit), ("branch", &origin.branch)] {
        if let Some(value) = value {
            entry[name] = json!(value);
        }
    }
    json!([entry])
}

fn document<'a>(
    findings: &[FindingEntry],
    rules: impl IntoIterator<Item = &'a Rule>,
    tool_version: &str,
    invocation: &Value,
) -> Value {
    let used: Vec<&Rule> = rules.into_iter().filter(|rule| findings.iter().any(|finding| finding.code == rule.code)).collect();
    let results: Vec<Value> = findings.iter().map(|finding| result(finding, &used)).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "safe-push",
                "version": tool_version,
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": used.iter().map(|rule| described(rule)).collect::<Vec<_>>(),
            }},
            "invocations": [invocation],
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The root of the repository."}}},
            "results": results,
        }],
    })
}

fn with_hint(finding: &FindingEntry) -> String {
    match &finding.hint {
        Some(hint) => format!("{}\n\nhint: {hint}", finding.message),
        None => finding.message.clone(),
    }
}

fn described(rule: &Rule) -> Value {
    json!({
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.why},
        "helpUri": rule_page(rule.code),
        "help": {"text": rule.why, "markdown": format!("{}\n\n{}", rule.why, rule.example)},
        "defaultConfiguration": {"level": rule.severity.to_string()},
    })
}

fn result(finding: &FindingEntry, rules: &[&Rule]) -> Value {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let mut result = json!({"ruleId": finding.code, "level": level, "message": {"text": with_hint(finding)}});
    if let Some(index) = rules.iter().position(|rule| rule.code == finding.code) {
        result["ruleIndex"] = json!(index);
    }
    if let Some(file) = &finding.file {
        let uri = utf8_percent_encode(file, PATH).to_string();
        let mut place = json!({"artifactLocation": {"uri": uri, "uriBaseId": "SRCROOT"}});
        if let Some(line) = finding.line {
            place["region"] = region(line, finding);
        }
        result["locations"] = json!([{"physicalLocation": place}]);
    }
    let mut properties = serde_json::Map::new();
    if let Some(change) = &finding.schema_change {
        properties.insert("schemaChange".to_owned(), json!(change));
    }
    // The details of a schema change are in it already.
    let in_change = finding.schema_change.as_ref().map_or(0, |change| change.details().len());
    properties.extend(finding.details.iter().skip(in_change).map(|detail| (detail.label.clone(), json!(detail.value))));
    if !properties.is_empty() {
        result["properties"] = Value::Object(properties);
    }
    result
}

fn region(line: u32, finding: &FindingEntry) -> Value {
    let mut region = json!({"startLine": line});
    let numbers = [("startColumn", finding.column), ("endColumn", finding.end_column)];
    for (name, number) in numbers.into_iter().filter_map(|(name, number)| Some((name, number?))) {
        region[name] = json!(number);
    }
    if let Some(excerpt) = &finding.excerpt {
        region["snippet"] = json!({"text": excerpt});
    }
    region
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::json::{convert, run_json};
    use crate::report::sample;
    use cog_findings::{ChangeKind, Finding, Location, Method, SchemaChange, SchemaPart};

    #[test]
    fn findings_become_results_with_their_rules() {
        let placed = Finding::new(&sample::SAMPLE_RULE, "input text is gone")
            .at(Location::at("my model/predict.py", 3, 9))
            .change(SchemaChange {
                part: SchemaPart::input(Method::Predict, "text"),
                kind: ChangeKind::Removed,
                old: Some("string".to_owned()),
                new: None,
                breaks: None,
            })
            .hint("put it back");
        let findings = [placed, Finding::new(&sample::SAMPLE_RULE, "nowhere")].map(|finding| convert::finding(&finding));
        let document = sarif(&findings, [&sample::SAMPLE_RULE], "1.2.3");
        assert_eq!(document["version"], "2.1.0");
        let run = &document["runs"][0];
        assert_eq!(run["tool"]["driver"]["rules"].as_array().unwrap().len(), 1);
        let results = run["results"].as_array().unwrap();
        assert_eq!(results[0]["ruleId"], run["tool"]["driver"]["rules"][0]["id"]);
        assert_eq!(results[0]["ruleIndex"], 0);
        assert_eq!(results[0]["message"]["text"], "input text is gone\n\nhint: put it back");
        let place = &results[0]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "my%20model/predict.py");
        assert_eq!(place["region"], json!({"startLine": 3, "startColumn": 9}));
        let change = json!({"method": "predict", "part": "input text", "input": "text", "kind": "removed", "old": "string", "new": "absent"});
        assert_eq!(results[0]["properties"], json!({"schemaChange": change}));
        assert_eq!((results[1].get("locations"), results[1].get("properties")), (None, None));
    }

    #[test]
    fn a_run_without_a_result_says_so_in_a_notification() {
        let document = sarif_of_run(&run_json(&sample::service_error()), crate::report::rules::RULES);
        let run = &document["runs"][0];
        let invocation = &run["invocations"][0];
        assert_eq!((&invocation["executionSuccessful"], &invocation["exitCode"]), (&json!(false), &json!(3)));
        let first = &invocation["toolExecutionNotifications"][0];
        assert_eq!((&first["level"], &first["descriptor"]["id"]), (&json!("error"), &json!("SP904")));
        assert_eq!(run["results"], json!([]));
    }

    #[test]
    fn failed_cases_are_results_on_their_lines_with_a_page_about_them() {
        let document = sarif_of_run(&run_json(&sample::failed_case()), crate::report::rules::RULES);
        let mut shown = document.clone();
        shown["runs"][0]["tool"] = Value::Null;
        insta::assert_json_snapshot!(shown);
        let run = &document["runs"][0];
        for rule in run["tool"]["driver"]["rules"].as_array().unwrap() {
            assert!(rule["helpUri"].as_str().unwrap().starts_with("https://"), "{rule}");
        }
    }
}
