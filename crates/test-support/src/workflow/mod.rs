//! The runner of GitHub Actions for a whole workflow that calls our reusable one: inputs, secrets, jobs in their order, matrices,
//! conditions, steps with their files and outputs. Each job has a checkout of its own. Our actions are the binary with their inputs, as
//! `runner` starts it; steps with `run` are executed by bash.
//!
//! Checking out is a copy: submodules and files of Git LFS come only if the workflow asks for them. Jobs run one after another.

mod expression;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use self::expression::{Scope, Status, shown};
use crate::fake_github::{FakeGitHub, WRITER};
use crate::repository::copy;
use crate::runner::CHECKED_OUT;
use crate::{Repository, Seen, binary, root, runner};

/// A workflow of a repository, and what starts it.
pub struct WorkflowRun<'a> {
    /// The text of the workflow.
    pub workflow: &'a str,
    /// The files of the repository.
    pub files: &'a Path,
    pub server: &'a FakeGitHub,
    pub event: &'a str,
    pub payload: Value,
    pub secrets: &'a [(&'a str, &'a str)],
    /// Variables that the runner's machine has.
    pub machine: &'a [(&'a str, &'a str)],
}

/// A job that ran.
#[derive(Debug)]
pub struct JobRun {
    /// The name that its check has.
    pub name: String,
    /// `success`, `failure` or `skipped`.
    pub result: &'static str,
    /// The runner that it asks for.
    pub runs_on: Value,
    pub environment: String,
    /// The steps that ran, by name, and what they printed.
    pub steps: Vec<(String, Seen)>,
    /// The artifacts that it left: names, and the files at the top of them.
    pub artifacts: Vec<(String, Vec<String>)>,
    outputs: Map<String, Value>,
}

impl JobRun {
    /// What a step printed.
    pub fn step(&self, name: &str) -> &Seen {
        let found = self.steps.iter().find(|(step, _)| step == name);
        &found.unwrap_or_else(|| panic!("{} has no step {name}: {:?}", self.name, self.steps.iter().map(|(step, _)| step))).1
    }
}

/// A finished workflow.
#[derive(Debug)]
pub struct Finished {
    pub jobs: Vec<JobRun>,
    /// The outputs of the reusable workflow.
    pub outputs: BTreeMap<String, String>,
}

impl Finished {
    pub fn job(&self, name: &str) -> &JobRun {
        self.jobs.iter().find(|job| job.name == name).unwrap_or_else(|| panic!("there is no job {name}: {self:?}"))
    }

    /// Names and results of all jobs.
    pub fn results(&self) -> Vec<(&str, &str)> {
        self.jobs.iter().map(|job| (job.name.as_str(), job.result)).collect()
    }
}

/// The first workflow of a page.
pub fn workflow_of_page(page: &str) -> String {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let (_, block) = text.split_once("```yaml\n").unwrap_or_else(|| panic!("{page} has no workflow"));
    block.split_once("```").unwrap().0.to_owned()
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

fn read(path: &str) -> Value {
    yaml(&fs::read_to_string(root().join(path)).unwrap())
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

impl WorkflowRun<'_> {
    /// Runs the first job of the workflow, which calls ours. Blocks.
    pub fn run(&self) -> Finished {
        let caller = yaml(self.workflow);
        let (_, job) = entries(&caller["jobs"]).next().unwrap();
        let uses = job["uses"].as_str().unwrap();
        let (path, _) = uses.strip_prefix("org/safe-push-action/").unwrap().split_once('@').unwrap();
        assert_eq!(job["secrets"], "inherit", "the caller gives its secrets");
        let called = read(path);
        let call = &called["on"]["workflow_call"];
        let outer = Scope::new(self.contexts([("inputs", self.payload["inputs"].clone())]), Status::Success);
        let mut inputs = Map::new();
        for (name, input) in entries(&call["inputs"]) {
            inputs.insert(name.clone(), input["default"].clone());
        }
        for (name, value) in entries(&job["with"]) {
            assert!(inputs.contains_key(name), "{name} is not an input");
            // Every input is a text, whatever the caller's type is.
            inputs.insert(name.clone(), Value::String(filled(&outer, value)));
        }
        let mut run = Calls { run: self, inputs: Value::Object(inputs), needs: Map::new(), jobs: Vec::new() };
        let scope = Scope::new(run.contexts(&[], []), Status::Success);
        scope.text(called["concurrency"]["group"].as_str().unwrap());
        run.all(&called["jobs"]);
        let jobs: Map<String, Value> =
            run.needs.iter().map(|(id, need)| (id.clone(), json!({ "outputs": need["outputs"] }))).collect();
        let scope = Scope::new(run.contexts(&[], [("jobs", Value::Object(jobs))]), Status::Success);
        let outputs = entries(&call["outputs"]).map(|(name, output)| (name.clone(), filled(&scope, &output["value"]))).collect();
        Finished { jobs: run.jobs, outputs }
    }

    fn contexts<const N: usize>(&self, more: [(&str, Value); N]) -> Map<String, Value> {
        let mut event = self.payload.clone();
        event["inputs"] = self.payload["inputs"].clone();
        let github = json!({
            "event_name": self.event, "event": event, "workflow": "models", "run_id": "11", "token": WRITER, "sha": CHECKED_OUT,
            "repository": "acme/hotdog", "workflow_ref": "acme/hotdog/.github/workflows/models.yaml@refs/heads/main",
        });
        let secrets: Map<String, Value> = self.secrets.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let mut contexts = Map::from_iter([("github".to_owned(), github), ("secrets".to_owned(), Value::Object(secrets))]);
        // Nothing of the machine is removed.
        contexts.insert("runner".to_owned(), json!({ "environment": "self-hosted", "os": "Linux" }));
        contexts.extend(more.map(|(name, value)| (name.to_owned(), value)));
        contexts
    }
}

fn filled(scope: &Scope, value: &Value) -> String {
    value.as_str().map_or_else(|| shown(value), |text| scope.text(text))
}

/// The jobs of the called workflow, as they run.
struct Calls<'a> {
    run: &'a WorkflowRun<'a>,
    inputs: Value,
    /// What later jobs see of earlier ones.
    needs: Map<String, Value>,
    jobs: Vec<JobRun>,
}

/// One job of a matrix.
struct MatrixJob {
    matrix: Value,
    strategy: Value,
}

impl Calls<'_> {
    fn contexts<const N: usize>(&self, needs: &[String], more: [(&str, Value); N]) -> Map<String, Value> {
        let needs: Map<String, Value> = needs.iter().filter_map(|id| Some((id.clone(), self.needs.get(id)?.clone()))).collect();
        let mut contexts = self.run.contexts([("inputs", self.inputs.clone()), ("needs", Value::Object(needs))]);
        contexts.extend(more.map(|(name, value)| (name.to_owned(), value)));
        contexts
    }

    fn all(&mut self, jobs: &Value) {
        let mut left: Vec<(&String, &Value)> = entries(jobs).collect();
        while !left.is_empty() {
            let is_ready = |job: &Value| needs_of(job).iter().all(|id| self.needs.contains_key(id));
            let index = left.iter().position(|(_, job)| is_ready(job)).expect("a circle of needs");
            let (id, job) = left.remove(index);
            self.job(id, job);
        }
    }

    fn job(&mut self, id: &str, job: &Value) {
        let needs = needs_of(job);
        let all_passed = needs.iter().all(|id| self.needs[id]["result"] == "success");
        let status = if all_passed { Status::Success } else { Status::Failure };
        let scope = Scope::new(self.contexts(&needs, []), status);
        if !scope.holds(job["if"].as_str()) {
            self.needs.insert(id.to_owned(), json!({ "result": "skipped", "outputs": {} }));
            return;
        }
        let matrix_jobs = matrix_jobs(&scope, &job["strategy"]);
        let (mut result, mut outputs) = ("success", Map::new());
        for matrix_job in matrix_jobs {
            let done = self.matrix_job(id, job, &needs, &matrix_job);
            if done.result == "failure" {
                result = "failure";
            }
            outputs.extend(done.outputs.clone());
            self.jobs.push(done);
        }
        self.needs.insert(id.to_owned(), json!({ "result": result, "outputs": outputs }));
    }

    fn matrix_job(&self, id: &str, job: &Value, needs: &[String], matrix_job: &MatrixJob) -> JobRun {
        let contexts = || self.contexts(needs, [("matrix", matrix_job.matrix.clone()), ("strategy", matrix_job.strategy.clone())]);
        let scope = Scope::new(contexts(), Status::Success);
        let whole = |name: &str| job[name].as_str().map(|text| scope.fill(text)).unwrap_or_default();
        let minutes = job["timeout-minutes"].as_str().map_or_else(|| job["timeout-minutes"].clone(), |text| scope.fill(text));
        assert!(minutes.as_f64().is_some_and(|minutes| minutes > 0.0), "{id} has no time limit: {minutes}");
        if let Some(group) = job["concurrency"]["group"].as_str() {
            assert!(!scope.text(group).is_empty());
        }
        let mut done = JobRun {
            name: shown(&whole("name")),
            result: "success",
            runs_on: whole("runs-on"),
            environment: shown(&whole("environment")),
            steps: Vec::new(),
            artifacts: Vec::new(),
            outputs: Map::new(),
        };
        let mut machine = Machine::new(self.run, id);
        let mut steps = Map::new();
        let mut status = Status::Success;
        for step in job["steps"].as_array().unwrap() {
            let mut contexts = contexts();
            contexts.insert("steps".to_owned(), Value::Object(steps.clone()));
            let scope = Scope::new(contexts, status);
            if !scope.holds(step["if"].as_str()) {
                continue;
            }
            let with: BTreeMap<String, String> =
                entries(&step["with"]).map(|(name, value)| (name.clone(), filled(&scope, value))).collect();
            let name = step["name"].as_str().or(step["uses"].as_str()).unwrap_or_default().split('@').next().unwrap().to_owned();
            let uses = step["uses"].as_str().unwrap_or_default();
            let seen = match uses.split_once('@').map_or(uses, |(action, _)| action) {
                "" => Some(machine.shell(&scope, step)),
                "actions/checkout" => {
                    machine.check_out(self.run.files, &with);
                    None
                }
                "actions/upload-artifact" => {
                    done.artifacts.push((with["name"].clone(), machine.files_in(&with["path"])));
                    None
                }
                action => Some(machine.action(&scope, action.strip_prefix("$/").unwrap(), &with)),
            };
            let Some(seen) = seen else { continue };
            if seen.code != Some(0) {
                (status, done.result) = (Status::Failure, "failure");
            }
            if let Some(id) = step["id"].as_str() {
                steps.insert(id.to_owned(), json!({ "outputs": machine.outputs() }));
            }
            done.steps.push((name, seen));
        }
        let mut contexts = contexts();
        contexts.insert("steps".to_owned(), Value::Object(steps));
        let scope = Scope::new(contexts, status);
        done.outputs = entries(&job["outputs"]).map(|(name, value)| (name.clone(), json!(filled(&scope, value)))).collect();
        done
    }
}

fn needs_of(job: &Value) -> Vec<String> {
    match &job["needs"] {
        Value::String(id) => vec![id.clone()],
        Value::Array(ids) => ids.iter().map(shown).collect(),
        _ => Vec::new(),
    }
}

/// The jobs of a matrix with one axis; one job without a matrix.
fn matrix_jobs(scope: &Scope, strategy: &Value) -> Vec<MatrixJob> {
    let Some(matrix) = strategy["matrix"].as_str() else {
        return vec![MatrixJob { matrix: Value::Null, strategy: json!({ "job-index": 0, "job-total": 1, "max-parallel": 1 }) }];
    };
    let matrix = scope.fill(matrix);
    let (axis, values) = entries(&matrix).next().unwrap();
    let values = values.as_array().unwrap();
    assert!(!values.is_empty() && values.len() <= 256, "GitHub refuses a matrix of {} jobs", values.len());
    let most = strategy["max-parallel"].as_str().map(|text| scope.fill(text)).unwrap_or_default();
    let matrix_job = |(index, value): (usize, &Value)| MatrixJob {
        matrix: json!({ axis: value }),
        strategy: json!({ "fail-fast": false, "job-index": index, "job-total": values.len(), "max-parallel": most }),
    };
    values.iter().enumerate().map(matrix_job).collect()
}

/// The machine of one job.
struct Machine {
    workspace: Repository,
    variables: BTreeMap<String, String>,
    /// Its id in the workflow.
    job: String,
}

impl Machine {
    fn new(run: &WorkflowRun<'_>, job: &str) -> Self {
        let workspace = runner::step(Repository::new(), &run.server.url(), run.event, &run.payload, WRITER);
        let variables = run.machine.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { workspace, variables, job: job.to_owned() }
    }

    /// Copies the files. Without their inputs, submodules are empty folders and files of Git LFS are pointers.
    fn check_out(&self, files: &Path, with: &BTreeMap<String, String>) {
        let wants = |name: &str| with.get(name).is_some_and(|value| matches!(value.as_str(), "true" | "recursive"));
        copy(files, self.workspace.path());
        let lines = |name: &str| fs::read_to_string(files.join(name)).unwrap_or_default();
        for path in lines(".gitmodules").lines().filter_map(|line| line.trim().strip_prefix("path = ")) {
            if !wants("submodules") {
                fs::remove_dir_all(self.workspace.path().join(path)).unwrap();
                fs::create_dir(self.workspace.path().join(path)).unwrap();
            }
        }
        for line in lines(".gitattributes").lines().filter(|line| line.contains("filter=lfs")) {
            if !wants("lfs") {
                let path = line.split(' ').next().unwrap();
                self.workspace.write(path, "version https://git-lfs.github.com/spec/v1\n");
            }
        }
    }

    fn shell(&mut self, scope: &Scope, step: &Value) -> Seen {
        let variables = entries(&step["env"]).map(|(name, value)| (name.clone(), filled(scope, value))).collect();
        let folder = step["working-directory"].as_str().map_or_else(|| ".".to_owned(), |folder| scope.text(folder));
        let script = scope.text(step["run"].as_str().unwrap());
        self.program(Path::new("bash"), &["-e".to_owned(), "-c".to_owned(), script], &folder, variables)
    }

    fn action(&mut self, scope: &Scope, folder: &str, with: &BTreeMap<String, String>) -> Seen {
        let action = read(&format!("{folder}/action.yml"));
        let mut inputs = BTreeMap::new();
        for (name, input) in entries(&action["inputs"]) {
            let value = with.get(name).cloned().unwrap_or_else(|| filled(scope, &input["default"]));
            inputs.insert(format!("INPUT_{}", name.to_uppercase()), value);
        }
        for name in with.keys() {
            assert!(!action["inputs"][name].is_null(), "{folder} has no input {name}");
        }
        let arguments: Vec<String> = action["runs"]["args"].as_array().into_iter().flatten().map(shown).collect();
        self.program(&binary(), &arguments, ".", inputs)
    }

    fn program(&mut self, program: &Path, arguments: &[String], folder: &str, more: BTreeMap<String, String>) -> Seen {
        self.workspace.write("runner/output", "");
        let mut variables = self.variables.clone();
        variables.insert("GITHUB_JOB".to_owned(), self.job.clone());
        variables.extend(more);
        self.workspace.run_program(program, arguments, folder, &variables)
    }

    /// The outputs of the last step, in both forms.
    fn outputs(&self) -> Map<String, Value> {
        let text = self.workspace.read("runner/output");
        let mut found = Map::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some((name, delimiter)) = line.split_once("<<") {
                let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
                found.insert(name.to_owned(), json!(value.join("\n")));
            } else if let Some((name, value)) = line.split_once('=') {
                found.insert(name.to_owned(), json!(value));
            }
        }
        found
    }

    fn files_in(&self, folder: &str) -> Vec<String> {
        let found = fs::read_dir(self.workspace.path().join(folder)).into_iter().flatten();
        let mut names: Vec<String> = found.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}
