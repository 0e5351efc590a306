//! `rules`: what findings refer to. `docs/rules.md` is what this prints with `--markdown`.

use std::fmt::Write as _;

use cog_findings::Rule;
use cog_findings::text::nearest;
use serde_json::{Value, json};

use crate::cli::arguments::RulesArguments;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::printer::Format;
use crate::cli::rules::{CHAPTERS, all};
use crate::domain::verdict::Verdict;

const PREFACE: &str = "\
# Rules

Every finding carries the code of the rule it stems from. Made by `safe-push rules --markdown`; a test compares.

A rule is ignored, or made graver or lighter, in `.safe-push.yaml`, for all models or for one. What is ignored is still counted in the
reports. `ignore_schema_checks` reports all incompatibilities of schemas as warnings, as the peer does.

```yaml
ignore: [SP126]
severity:
  SP301: error
models:
  my-model:            # cog-safe-push-configs/my-model.yaml
    ignore: [SP109, input-default-changed]
```

An *error* stops the push, a *warning* should be looked at, a *note* changes nothing.
";

pub(super) fn run(arguments: &RulesArguments, context: &Context) -> Result<Verdict, Failure> {
    let chosen = match &arguments.code {
        Some(code) => vec![find(code)?],
        None => all().collect(),
    };
    if context.printer.format == Format::Json {
        context.printer.json(&chosen.into_iter().map(as_json).collect::<Vec<_>>())?;
    } else if arguments.markdown && arguments.code.is_none() {
        context.printer.result(reference().trim_end());
    } else if arguments.code.is_some() {
        context.printer.result(chosen.into_iter().map(section).collect::<String>().trim_end());
    } else {
        for rule in chosen {
            context.printer.result(&format!("{}  {:<8} {:<36} {}", rule.code, rule.severity.to_string(), rule.name, rule.summary));
        }
    }
    Ok(Verdict::Passed)
}

fn find(code: &str) -> Result<&'static Rule, Failure> {
    let wanted = code.to_uppercase();
    all().find(|rule| rule.code == wanted || rule.name == code).ok_or_else(|| {
        let failure = Failure::request(format!("there is no rule '{code}'"));
        let near = nearest(&wanted, all().map(|rule| rule.code));
        failure.hint(near.map_or("`safe-push rules` lists all".to_owned(), |near| format!("did you mean {near}?")))
    })
}

fn as_json(rule: &Rule) -> Value {
    json!({
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity.to_string(),
        "summary": rule.summary,
        "why": rule.why,
        "example": rule.example,
    })
}

/// The whole of `docs/rules.md`.
fn reference() -> String {
    let mut text = PREFACE.to_owned();
    for chapter in CHAPTERS.iter().filter(|chapter| !chapter.rules.is_empty()) {
        text.push_str(&format!("\n# {}\n", chapter.title));
        let mut rules: Vec<&Rule> = chapter.rules.iter().collect();
        rules.sort_by_key(|rule| rule.code);
        for rule in rules {
            text.push('\n');
            text.push_str(&section(rule));
        }
    }
    text
}

fn section(rule: &Rule) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _infallible = writeln!(
        text,
        "## {}: {}\n\n{} Severity: {}.\n\n{}\n\n{}",
        rule.code,
        rule.name,
        rule.summary,
        rule.severity,
        rule.why,
        rule.example.trim_end()
    );
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_code_and_no_name_is_used_twice() {
        let codes: Vec<&str> = all().map(|rule| rule.code).collect();
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len(), "{codes:?}");
        let names: Vec<&str> = all().map(|rule| rule.name).collect();
        let unique: BTreeSet<_> = names.iter().collect();
        assert_eq!(unique.len(), names.len(), "{names:?}");
    }

    #[test]
    fn the_reference_is_what_the_code_says() {
        let written = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules.md")).unwrap();
        assert_eq!(written, reference(), "run `cargo run -- rules --markdown > docs/rules.md`");
    }

    #[test]
    fn every_rule_says_who_breaks_and_shows_how() {
        for rule in all() {
            assert!(rule.summary.ends_with('.') && !rule.why.is_empty() && !rule.example.trim().is_empty(), "{}", rule.code);
        }
    }
}
