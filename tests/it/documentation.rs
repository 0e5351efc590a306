//! The README and the pages in `docs/` say what is true: their configurations, workflows, commands and messages are those of the code.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;
use replicate_sandbox::{Sandbox, SandboxOptions};
use safe_push::config::{Sources, load};
use safe_push::domain::verdict::Verdict;
use safe_push::reference::{command, model_schema};
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The files below a folder with this extension, by their paths from the root.
fn files(folder: &str, extension: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.insert(path.strip_prefix(root()).unwrap().display().to_string());
            }
        }
    }
    found
}

/// The pages for users. The examples of rules are mistakes, and those about services and development are of other kinds.
fn pages() -> impl Iterator<Item = String> {
    let is_for_users =
        |path: &String| !["docs/reference/", "docs/development/", "docs/rules.md"].iter().any(|other| path.starts_with(other));
    std::iter::once("README.md".to_owned()).chain(files("docs", "md")).filter(is_for_users)
}

/// The fenced blocks of a page in a language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    blocks_of(&read(page), language)
}

fn blocks_of(text: &str, language: &str) -> Vec<String> {
    let fence = Regex::new(r"(?ms)^```(\w+)[^\n]*\n(.*?)^```$").unwrap();
    let found = fence.captures_iter(text).filter(|found| &found[1] == language);
    found.map(|found| found[2].to_owned()).collect()
}

/// What a block of YAML is an example of.
#[derive(Debug, PartialEq)]
enum Example {
    Model,
    Repository,
    Workflow,
    Scenario,
}

fn kind(document: &Value) -> Example {
    let Some(mapping) = document.as_object() else { return Example::Workflow };
    let of_model = model_schema();
    if mapping.keys().any(|key| ["jobs", "permissions"].contains(&key.as_str())) {
        Example::Workflow
    } else if mapping.get("models").is_some_and(Value::is_array) {
        Example::Scenario
    } else if mapping.keys().all(|key| of_model["properties"].get(key).is_some()) {
        Example::Model
    } else {
        Example::Repository
    }
}

/// Every example of a kind, with its page.
fn examples(wanted: &Example) -> Vec<(String, String)> {
    let all = pages().flat_map(|page| blocks(&page, "yaml").into_iter().map(move |text| (page.clone(), text)));
    all.filter(|(page, text)| {
        kind(&serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{page}: {error}:\n{text}"))) == *wanted
    })
    .collect()
}

/// Reads a repository as a run does.
fn assert_loads(files: &[(PathBuf, String)], page: &str) {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    // Of the examples' secret inputs.
    let environment = [("HF_TOKEN", "hf_of_the_examples"), ("SAFE_PUSH_SECRET_VARIABLES", "HF_TOKEN")];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let sources = Sources { repository: folder.path().to_owned(), environment, every_model: true, ..Sources::default() };
    let loaded = load(&sources).unwrap_or_else(|error| panic!("{page}: {error:?}"));
    let findings: Vec<_> = loaded.models.iter().flat_map(|model| &model.findings).collect();
    assert!(findings.is_empty(), "{page}: {findings:?}");
}

#[test]
fn the_readme_is_read_in_a_minute() {
    let lines = read("README.md").lines().count();
    assert!(lines <= 150, "README.md has {lines} lines");
}

#[test]
fn configurations_are_accepted() {
    let examples = examples(&Example::Model);
    for page in ["README.md", "docs/quick-start.md", "docs/configuration.md"] {
        assert!(examples.iter().any(|(of, _)| of == page), "{page} has no configuration of a model");
    }
    for (page, text) in examples {
        // A part of a configuration has no model.
        let text = if text.contains("model: ") { text } else { format!("model: acme/hotdog\n{text}") };
        assert_loads(&[("cog-safe-push-configs/hotdog.yaml".into(), text)], &page);
    }
}

#[test]
fn settings_of_a_repository_are_accepted() {
    let mut examples = examples(&Example::Repository);
    // What follows the introduction are mistakes.
    let introduction = read("docs/rules.md").split("\n## ").next().unwrap().to_owned();
    let of_rules = blocks_of(&introduction, "yaml");
    assert_eq!(of_rules.len(), 1, "{introduction}");
    examples.extend(of_rules.into_iter().map(|text| ("docs/rules.md".to_owned(), text)));
    assert!(examples.len() >= 4, "{examples:?}");
    for (page, text) in examples {
        let settings: Value = serde_saphyr::from_str(&text).unwrap();
        let names = settings["models"].as_object().into_iter().flatten().map(|(name, _)| name);
        let model = |name: &String| (format!("cog-safe-push-configs/{name}.yaml").into(), format!("model: acme/{name}\n"));
        let mut files: Vec<(PathBuf, String)> = names.map(model).collect();
        files.push((".safe-push.yaml".into(), text));
        assert_loads(&files, &page);
    }
}

/// What a step or job passes to one of our actions and is not declared there.
fn undeclared(document: &Value, uses: &mut usize, wrong: &mut Vec<String>) {
    if let Some(ours) = document["uses"].as_str().and_then(|uses| uses.strip_prefix("org/safe-push-action")) {
        *uses += 1;
        let path = ours.split('@').next().unwrap().trim_start_matches('/');
        let (file, declared) = match path.ends_with(".yaml") {
            true => (path.to_owned(), "/on/workflow_call"),
            false => (Path::new(path).join("action.yml").display().to_string(), ""),
        };
        let file: Value = serde_saphyr::from_str(&read(&file)).unwrap();
        for (passed, kind) in [("with", "inputs"), ("secrets", "secrets")] {
            let known = file.pointer(&format!("{declared}/{kind}"));
            let names = document[passed].as_object().into_iter().flatten().map(|(name, _)| name);
            wrong.extend(
                names.filter(|name| known.is_none_or(|known| known.get(name).is_none())).map(|name| format!("{path}: {name}")),
            );
        }
    }
    match document {
        Value::Array(items) => items.iter().for_each(|item| undeclared(item, uses, wrong)),
        Value::Object(members) => members.values().for_each(|member| undeclared(member, uses, wrong)),
        _ => {}
    }
}

#[test]
fn workflows_pass_inputs_that_exist() {
    let examples = examples(&Example::Workflow);
    assert!(examples.iter().any(|(page, _)| page == "README.md"));
    let (mut uses, mut wrong) = (0, Vec::new());
    for (_, text) in examples {
        undeclared(&serde_saphyr::from_str(&text).unwrap(), &mut uses, &mut wrong);
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(uses >= 8, "only {uses} uses of the actions were found");
    let mut wrong = Vec::new();
    let mistake = serde_json::json!([{ "uses": "org/safe-push-action@v1", "with": { "modles": "all" }, "secrets": { "A": "" } }]);
    undeclared(&mistake, &mut uses, &mut wrong);
    assert_eq!(wrong, [": modles", ": A"]);
}

#[tokio::test]
async fn scenarios_of_the_sandbox_are_accepted() {
    let examples = examples(&Example::Scenario);
    assert!(!examples.is_empty());
    for (page, text) in examples {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("models.yaml");
        fs::write(&script, text).unwrap();
        let options = SandboxOptions { docker: false, script: Some(script), ..SandboxOptions::default() };
        Sandbox::start(options).await.unwrap_or_else(|error| panic!("{page}: {error}")).stop().await;
    }
}

/// The words of a command line of ours, whichever way it is started.
fn own_words(line: &str) -> Option<Vec<&str>> {
    let line = line.split("  #").next().unwrap().split(" > ").next().unwrap().split(" | ").next().unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    let start = match words.as_slice() {
        ["safe-push", ..] => 0,
        ["uvx", "--from", ..] => words.iter().position(|word| *word == "safe-push")?,
        ["cargo", "run", ..] => words.iter().position(|word| *word == "--")?,
        ["docker", "run", ..] => words.iter().position(|word| word.starts_with("ghcr.io/"))?,
        _ => return None,
    };
    Some(words[start + 1..].to_vec())
}

#[test]
fn commands_are_those_of_the_cli() {
    let root_command = command();
    let is_command = |word: &str| root_command.get_subcommands().any(|command| command.get_name() == word);
    let (mut seen, mut wrong) = (0, Vec::new());
    let inline = Regex::new(r"`safe-push ([a-z]+)").unwrap();
    for page in pages() {
        for line in blocks(&page, "console").iter().flat_map(|block| block.lines()) {
            let Some(mut words) = own_words(line) else { continue };
            seen += 1;
            if words.first().copied().is_none_or(|word| !is_command(word) && word != "--version") {
                words.insert(0, "run");
            }
            let parsed = command().try_get_matches_from(std::iter::once("safe-push").chain(words));
            wrong.extend(parsed.err().filter(clap::Error::use_stderr).map(|error| format!("{page}: {line}: {error}")));
        }
        let text = read(&page);
        let unknown = inline.captures_iter(&text).filter(|found| !is_command(&found[1]));
        wrong.extend(unknown.map(|found| format!("{page}: there is no command {}", &found[1])));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen >= 20, "only {seen} commands were found");
}

#[test]
fn the_navigation_has_every_page() {
    let site = read("mkdocs.yml");
    let (_, navigation) = site.split_once("\nnav:\n").unwrap();
    let entry = Regex::new(r"(?m)[\w./-]+\.md$").unwrap();
    let listed: Vec<String> = entry.find_iter(navigation).map(|found| format!("docs/{}", found.as_str())).collect();
    assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), files("docs", "md"));
    assert_eq!(listed.len(), listed.iter().collect::<BTreeSet<_>>().len(), "a page is listed twice");
}

#[test]
fn exit_codes_are_those_of_the_verdicts() {
    let row = Regex::new(r"(?m)^\| (\d+) \| `(\w+)` \|").unwrap();
    let page = read("docs/exit-codes.md");
    let listed: BTreeSet<(String, String)> =
        row.captures_iter(&page).map(|found| (found[1].to_owned(), found[2].to_owned())).collect();
    let verdicts =
        [Verdict::Passed, Verdict::Failed, Verdict::ServiceError, Verdict::Billing, Verdict::Misconfigured, Verdict::Cancelled];
    let known = verdicts.map(|verdict| (verdict.exit_code().to_string(), verdict.as_str().to_owned()));
    assert_eq!(listed, known.into());
}

#[test]
fn messages_are_in_the_code() {
    let is_tested = |path: &String| !path.contains("/tests");
    let code: String =
        files("src", "rs").into_iter().chain(files("crates", "rs")).filter(is_tested).map(|path| read(&path)).collect();
    let message = Regex::new(r"(?m)^\| `([^`]+)`").unwrap();
    let page = read("docs/troubleshooting.md");
    let messages: Vec<&str> = message.captures_iter(&page).map(|found| found.extract::<1>().1[0]).collect();
    let unknown: Vec<_> = messages.iter().filter(|message| !code.contains(**message)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    assert!(messages.len() >= 10);
}
