//! Ruff, replaced by scripts that record how they were called.

use std::time::{Duration, Instant};

use crate::support::untrusted::Launcher;

use super::*;

const NOTE: &str = "dir=$(dirname \"$0\"); for word in \"$@\"; do echo \"$word\"; done > \"$dir/arguments\"; env | sort > \"$dir/environment\"; \
     pwd > \"$dir/folder\"";

/// A program beside the project, and the tools that name it.
struct Ruff {
    folder: TempDir,
    tools: Tools,
}

impl Ruff {
    fn saying(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = script(&folder, &format!("{NOTE}\n{text}"));
        let path = Some("/usr/bin:/bin".to_owned());
        Self { tools: Tools { ruff: Some(program), path, launcher: Launcher::without_isolator() }, folder }
    }

    /// A Ruff that finds nothing.
    fn content() -> Self {
        Self::saying("echo '[]'")
    }

    fn note(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }

    fn arguments(&self) -> Vec<String> {
        self.note("arguments").lines().map(str::to_owned).collect()
    }

    async fn look(&self, project: &Path) -> Inspected {
        inspected_with(&linting(project), None, &self.tools).await
    }
}

fn linting(project: &Path) -> ModelPlan {
    ModelPlan { inspect: InspectPlan::default(), ..plan(project) }
}

fn complaint(file: &Path, code: Option<&str>, message: &str, start: (u32, u32), end: (u32, u32)) -> Value {
    json!({
        "code": code, "message": message, "filename": file,
        "location": {"row": start.0, "column": start.1}, "end_location": {"row": end.0, "column": end.1},
        "fix": null, "noqa_row": 1, "url": "https://docs.astral.sh/ruff/rules/unused-import",
    })
}

fn complaining(complaints: &[Value]) -> Ruff {
    Ruff::saying(&format!("cat <<'END'\n{}\nEND", Value::from(complaints.to_vec())))
}

#[tokio::test]
async fn predictor_and_trainer_are_checked_once_each() {
    let text = "build:\n  python_version: \"3.12\"\nrun: run.py:Runner\ntrain: train.py:train\n";
    let folder = folder(&[("cog.yaml", text), ("run.py", RUN_PY), ("train.py", ""), ("other.py", "import os\n")]);
    let ruff = Ruff::content();
    let inspected = ruff.look(folder.path()).await;
    assert_eq!(inspected.ruff, RuffOutcome::Ran);
    let arguments = ruff.arguments();
    let files = arguments.iter().position(|word| word == "--").unwrap();
    assert_eq!(arguments[files + 1..], ["run.py", "train.py"]);
    assert_eq!(ruff.note("folder").trim(), folder.path().canonicalize().unwrap().to_str().unwrap());

    let same = folder_with_train_in_run();
    let ruff = Ruff::content();
    ruff.look(same.path()).await;
    assert_eq!(ruff.arguments().iter().filter(|word| *word == "run.py").count(), 1);
}

fn folder_with_train_in_run() -> TempDir {
    let text = "build:\n  python_version: \"3.12\"\nrun: run.py:Runner\ntrain: run.py:train\n";
    folder(&[("cog.yaml", text), ("run.py", RUN_PY)])
}

#[tokio::test]
async fn without_settings_the_rules_are_the_old_defaults() {
    let folder = folder(&[("cog.yaml", COG_YAML), ("run.py", RUN_PY), (".git/HEAD", "")]);
    let ruff = Ruff::content();
    ruff.look(folder.path()).await;
    let arguments = ruff.arguments().join(" ");
    assert!(arguments.contains("--isolated --select E4,E7,E9,F --ignore E402"), "{arguments}");
}

#[tokio::test]
async fn the_repositorys_own_settings_count_in_any_file() {
    let cases: [(&[(&str, &str)], bool); 7] = [
        (&[("model/ruff.toml", "")], true),
        (&[("model/.ruff.toml", "")], true),
        (&[("model/pyproject.toml", "[tool.ruff]\nline-length = 100\n")], true),
        (&[("pyproject.toml", "[project]\n\n[tool.ruff.lint]\nselect = [\"E\"]\n")], true),
        (&[("ruff.toml", "")], true),
        (&[("pyproject.toml", "[tool.black]\n")], false),
        (&[("model/.git/HEAD", ""), ("ruff.toml", "")], false),
    ];
    for (settings, own) in cases {
        let mut files = vec![("model/cog.yaml", COG_YAML), ("model/run.py", RUN_PY), (".git/HEAD", "")];
        files.extend(settings);
        let folder = folder(&files);
        let ruff = Ruff::content();
        ruff.look(&folder.path().join("model")).await;
        let arguments = ruff.arguments().join(" ");
        assert_eq!(arguments.contains("--extend-ignore E402"), own, "{settings:?}: {arguments}");
        assert_eq!(arguments.contains("--isolated"), !own, "{settings:?}: {arguments}");
    }
}

#[tokio::test]
async fn ruff_gets_no_variable_but_the_path() {
    let ruff = Ruff::content();
    ruff.look(model_folder().path()).await;
    let environment = ruff.note("environment");
    // A shell sets the last three itself.
    let foreign: Vec<&str> =
        environment.lines().filter(|line| !["PATH=", "PWD=", "SHLVL=", "_="].iter().any(|own| line.starts_with(own))).collect();
    assert!(foreign.is_empty() && environment.contains("PATH=/usr/bin:/bin"), "{environment}");
}

#[tokio::test]
async fn messages_become_errors_at_their_locations() {
    let folder = model_folder();
    let file = folder.path().canonicalize().unwrap().join("run.py");
    let ruff = complaining(&[
        complaint(&file, Some("F401"), "`os` imported but unused", (1, 8), (1, 10)),
        complaint(&file, None, "SyntaxError:\n  Expected ')'", (9, 1), (10, 1)),
    ]);
    let inspected = ruff.look(folder.path()).await;
    assert_eq!(codes(&inspected.findings), ["SP401", "SP401"]);
    let [unused, syntax] = inspected.findings.as_slice() else { panic!("{:?}", inspected.findings) };
    assert_eq!((unused.message.as_str(), place(unused).as_str()), ("F401 `os` imported but unused", "run.py:1:8"));
    assert_eq!(unused.location.as_ref().unwrap().end_column, Some(10));
    assert_eq!(unused.details, [("ruff".to_owned(), "F401".to_owned())]);
    assert_eq!((syntax.message.as_str(), place(syntax).as_str()), ("SyntaxError: Expected ')'", "run.py:9:1"));
    assert_eq!(syntax.location.as_ref().unwrap().end_column, None);
    assert!(inspected.findings.iter().all(Finding::is_error));
}

#[tokio::test]
async fn many_and_long_messages_are_limited() {
    let folder = model_folder();
    let file = folder.path().canonicalize().unwrap().join("run.py");
    let complaints: Vec<Value> =
        (1..=500).map(|row| complaint(&file, Some("E701"), &"x".repeat(5000), (row, 1), (row, 2))).collect();
    let inspected = complaining(&complaints).look(folder.path()).await;
    assert_eq!(inspected.findings.len(), 200);
    assert!(inspected.findings.iter().all(|finding| finding.message.len() <= 2005));
}

#[tokio::test]
async fn a_failing_ruff_is_a_warning_with_its_message() {
    for (text, words) in [
        ("echo 'unknown field selekt' >&2; exit 2", "unknown field selekt"),
        ("echo 'not json'", "its output is not valid"),
        ("echo '{}'", "its output is not valid"),
        ("yes | head -c 20000000", "its output is larger than 16 MiB"),
    ] {
        let inspected = Ruff::saying(text).look(model_folder().path()).await;
        assert_eq!((inspected.ruff, codes(&inspected.findings)), (RuffOutcome::Failed, vec!["SP402"]), "{text}");
        assert!(!inspected.findings[0].is_error());
        assert!(inspected.findings[0].details[0].1.contains(words), "{:?}", inspected.findings);
    }
}

#[tokio::test]
async fn a_missing_program_is_a_warning() {
    let tools = Tools { ruff: Some("/nowhere/ruff".into()), ..Tools::default() };
    let inspected = inspected_with(&linting(model_folder().path()), None, &tools).await;
    assert_eq!((inspected.ruff, codes(&inspected.findings)), (RuffOutcome::Failed, vec!["SP402"]));
}

#[tokio::test]
async fn without_ruff_a_note_names_both_fixes() {
    let inspected = inspected_with(&linting(model_folder().path()), None, &Tools::default()).await;
    assert_eq!((inspected.ruff, codes(&inspected.findings)), (RuffOutcome::Missing, vec!["SP403"]));
    let hint = inspected.findings[0].hint.as_deref().unwrap();
    assert!(hint.contains("pip install ruff") && hint.contains("--no-lint"), "{hint}");
    assert_eq!(inspected.findings[0].severity, cog_findings::Severity::Note);
    let mut required = linting(model_folder().path());
    required.inspect.require_lint = true;
    let folder = model_folder();
    required.project = folder.path().to_owned();
    assert!(inspected_with(&required, None, &Tools::default()).await.findings[0].is_error());
}

#[tokio::test]
async fn ruff_is_not_started_when_disabled_or_without_source() {
    let ruff = Ruff::content();
    let folder = model_folder();
    assert_eq!(inspected_with(&plan(folder.path()), None, &ruff.tools).await.ruff, RuffOutcome::Disabled);
    fs::remove_file(folder.path().join("run.py")).unwrap();
    assert_eq!(ruff.look(folder.path()).await.ruff, RuffOutcome::NothingToLint);
    assert_eq!(ruff.arguments(), Vec::<String>::new());
}

#[tokio::test]
async fn canceling_stops_ruff() {
    let ruff = Ruff::saying("exec sleep 60");
    let folder = model_folder();
    let plan = linting(folder.path());
    let request =
        InspectRequest { plan: &plan, config_findings: &[], live: None, baseline: None, hardware: None, tools: &ruff.tools };
    let cancelled = CancellationToken::new();
    let started = Instant::now();
    let (outcome, ()) = tokio::join!(inspect(&request, &cancelled), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        cancelled.cancel();
    });
    assert!(matches!(outcome, Err(InspectError::Cancelled)), "{outcome:?}");
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_project_below_the_root_has_its_folder_in_every_location() {
    let folder = model_folder();
    let (project, _) = load_project(folder.path(), &ProjectPlace::of_folder("models/a"), None).await.unwrap();
    let file = folder.path().canonicalize().unwrap().join("run.py");
    let ruff = complaining(&[complaint(&file, Some("F401"), "unused", (1, 1), (1, 2))]);
    let (_, findings) = crate::inspect::ruff::run(&project, &ruff.tools, false, &CancellationToken::new()).await.unwrap();
    let finding = signature::in_repository(findings[0].clone(), &project);
    assert_eq!(place(&finding), "models/a/run.py:1:1");
}
