//! Small repositories, each with what commands say about it. `tests/repositories/README.md` has the form of the files.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use serde_json::Value;
use test_support::Repository;

/// What a repository has unless it says otherwise.
const COG_YAML: &str = "build:\n  python_version: \"3.11\"\npredict: \"predict.py:Predictor\"\n";

/// A repository of the corpus.
struct Small {
    name: String,
    files: Vec<(String, String)>,
    commands: Vec<String>,
}

impl Small {
    fn folder(&self) -> Repository {
        let repository = Repository::new();
        let has_own = self.files.iter().any(|(path, _)| path.ends_with("cog.yaml"));
        if !has_own && !self.commands.iter().any(|command| command == "bare") {
            repository.write("cog.yaml", COG_YAML);
        }
        for (path, text) in &self.files {
            match path.split_once(" -> ") {
                Some((link, target)) => std::os::unix::fs::symlink(target, repository.path().join(link)).unwrap(),
                None => repository.write(path, text),
            }
        }
        repository
    }

    /// What each command says, on few lines.
    fn said(&self) -> String {
        let mut text = format!("# {}\n", self.name);
        for command in self.commands.iter().filter(|command| *command != "bare") {
            let repository = self.folder();
            let seen = repository.run(command);
            let _infallible = writeln!(text, "$ {command}: {}", seen.code.unwrap());
            let findings = findings(&repository);
            for line in &findings {
                let _infallible = writeln!(text, "  {line}");
            }
            let is_about_findings = command.starts_with("check");
            if !is_about_findings || (seen.code != Some(0) && findings.is_empty()) {
                let shown = if seen.code == Some(0) { &seen.stdout } else { &seen.stderr };
                for line in shown.lines().take(30) {
                    let _infallible = writeln!(text, "  {line}");
                }
            }
        }
        text
    }
}

/// The findings of the last run that are more than notes, and its error.
fn findings(repository: &Repository) -> Vec<String> {
    let Ok(text) = fs::read_to_string(repository.path().join("safe-push-report/run.json")) else { return Vec::new() };
    let run: Value = serde_json::from_str(&text).unwrap();
    let mut lines = Vec::new();
    for model in run["models"].as_array().unwrap() {
        for finding in model["findings"].as_array().unwrap().iter().filter(|finding| finding["severity"] != "note") {
            let place = match (&finding["file"], &finding["line"]) {
                (Value::String(file), Value::Number(line)) => format!(" {file}:{line}"),
                (Value::String(file), _) => format!(" {file}"),
                _ => String::new(),
            };
            let word = |key: &str| finding[key].as_str().unwrap().to_owned();
            lines.push(format!("{} {}{place}: {}", word("severity"), word("code"), repository.scrub(&word("message"))));
        }
        lines.extend(model["error"]["message"].as_str().map(|message| format!("stopped: {}", repository.scrub(message))));
    }
    lines
}

/// The repositories of a file.
fn read(path: &Path) -> Vec<Small> {
    let text = fs::read_to_string(path).unwrap();
    let mut found: Vec<Small> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("=== ") {
            found.push(Small { name: name.to_owned(), files: Vec::new(), commands: Vec::new() });
        } else if let (Some(file), Some(small)) = (line.strip_prefix("--- "), found.last_mut()) {
            small.files.push((file.to_owned(), String::new()));
        } else if let (Some(command), Some(small)) = (line.strip_prefix("$ "), found.last_mut()) {
            small.commands.push(command.to_owned());
        } else if let Some((_, text)) = found.last_mut().and_then(|small| small.files.last_mut()) {
            text.push_str(line);
            text.push('\n');
        }
    }
    for small in &mut found {
        for (_, text) in &mut small.files {
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        if small.commands.iter().all(|command| command == "bare") {
            small.commands.push("check".to_owned());
        }
    }
    found
}

fn corpus() -> Vec<(String, Vec<Small>)> {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/repositories")).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    paths.iter().map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), read(path))).collect()
}

#[test]
fn every_repository_is_judged_as_expected() {
    for (file, repositories) in corpus() {
        let said: Vec<String> = repositories.iter().map(Small::said).collect();
        assert_snapshot!(file, said.join("\n"));
    }
}

#[test]
fn the_corpus_is_large_and_its_names_are_unique() {
    let mut names: Vec<String> = corpus().into_iter().flat_map(|(_, found)| found).map(|small| small.name).collect();
    assert!(names.len() >= 60, "{}", names.len());
    names.sort();
    names.dedup_by(|one, other| one == other);
    assert!(names.iter().all(|name| name.contains(": ")), "each says why it is here");
}

/// What `init` writes is accepted: it adds no mistake to what the model itself gets wrong.
#[test]
fn what_init_writes_is_accepted() {
    let mut wrong = Vec::new();
    for small in corpus().into_iter().flat_map(|(_, found)| found) {
        let before = small.folder();
        let is_configured = small.files.iter().any(|(path, _)| path.contains("safe-push"));
        if is_configured || !before.path().join("cog.yaml").is_file() {
            continue;
        }
        before.run("check acme/model");
        let repository = small.folder();
        let written = repository.run("init acme/model");
        let checked = repository.run("check");
        let (expected, found) = (findings(&before), findings(&repository));
        let errors = |lines: &[String]| lines.iter().filter(|line| line.starts_with("error")).cloned().collect::<Vec<_>>();
        if written.code != Some(0)
            || !errors(&found).iter().all(|error| expected.contains(error))
            || (errors(&expected).is_empty() && checked.code != Some(0))
        {
            wrong.push(format!("{}\n{written}\n{checked}\nbefore: {expected:?}\nafter: {found:?}", small.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// The schema that describes a file, and its name in the repository.
fn schema_of(path: &str) -> Option<&'static str> {
    match path {
        ".safe-push.yaml" => Some("safe-push"),
        "cog-safe-push.yaml" => Some("cog-safe-push"),
        _ if path.starts_with("cog-safe-push-configs/") && path.ends_with(".yaml") => Some("cog-safe-push"),
        _ => None,
    }
}

/// Accepted for the sake of files that other readers of YAML accept; an editor asks for the plain form.
const BEYOND_THE_SCHEMA: [&str; 3] = ["letters: ", "empty_names: ", "word_booleans: "];

/// Editors and `check` agree about configurations: what the schema rejects is an error, and an unknown key is found by both.
#[test]
fn schemas_agree_with_check() {
    let (mut looked_at, mut wrong) = (0, Vec::new());
    for small in corpus().into_iter().flat_map(|(_, found)| found) {
        let configured: Vec<_> = small.files.iter().filter_map(|(path, text)| Some((path, text, schema_of(path)?))).collect();
        if configured.is_empty() {
            continue;
        }
        let repository = small.folder();
        let seen = repository.run("check --format json");
        let run: Value = serde_json::from_str(&seen.stdout).unwrap_or_else(|error| panic!("{}: {error}: {seen}", small.name));
        let of_models = run["models"].as_array().into_iter().flatten().flat_map(|model| model["findings"].as_array().unwrap());
        let findings: Vec<&Value> = run["findings"].as_array().into_iter().flatten().chain(of_models).collect();
        for (path, text, schema) in configured {
            // What is no YAML, or has another meaning for other readers of YAML, has no schema.
            let Ok(document) = serde_saphyr::from_str::<Value>(text) else { continue };
            looked_at += 1;
            let file =
                fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schemas/{schema}.schema.json"))).unwrap();
            let is_valid = jsonschema::is_valid(&serde_json::from_str(&file).unwrap(), &document);
            let here = |finding: &&&Value| finding["file"] == **path;
            let has_error = findings.iter().filter(here).any(|finding| finding["severity"] == "error");
            let has_unknown_key = findings.iter().filter(here).any(|finding| finding["code"] == "SP002");
            let is_beyond = BEYOND_THE_SCHEMA.iter().any(|name| small.name.starts_with(name));
            if (!is_valid && !has_error && !is_beyond) || (is_valid && has_unknown_key) {
                let said: Vec<_> = findings.iter().filter(here).map(|finding| &finding["message"]).collect();
                wrong.push(format!("{} {path}: valid {is_valid}, findings {said:?}\n{text}", small.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(looked_at >= 20, "{looked_at}");
}
