//! Findings as SARIF 2.1.0, which code scanning services read.

use cog_findings::Rule;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::report::json::v1::{FindingEntry, Severity};
use crate::report::rule_page::rule_page;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Everything but `/` and unreserved characters is percent-encoded.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A document with the findings and the rules that they refer to.
pub(crate) fn sarif<'a>(findings: &[FindingEntry], rules: impl IntoIterator<Item = &'a Rule>, tool_version: &str) -> Value {
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
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The root of the repository."}}},
            "results": results,
        }],
    })
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
    let text = match &finding.hint {
        Some(hint) => format!("{}\n\nhint: {hint}", finding.message),
        None => finding.message.clone(),
    };
    let mut result = json!({"ruleId": finding.code, "level": level, "message": {"text": text}});
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
    if let Some(change) = &finding.schema_change {
        result["properties"] = json!({"schemaChange": change});
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
    use crate::report::json::convert;
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
}
