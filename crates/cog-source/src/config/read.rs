//! From the YAML tree to values: kinds, known keys and the form of single values. Rules between values are in `check`.

use cog_findings::{Finding, Location, Rule, Severity};

use super::keys::{self, Keys};
use super::types::{Build, CogConfig, Concurrency, Located, RunCommand, SecretMount, Target};
use super::weights;
use crate::environment::{Variable, VariableError};
use crate::rules;
use crate::sdk::SdkVersion;
use crate::yaml::{Key, Node, Value};

/// Reads the document. `None` when it is not a mapping.
pub(super) fn read(root: &Node, file: &str, sdk: Option<&SdkVersion>) -> (Option<CogConfig>, Vec<Finding>) {
    let sdk = sdk.cloned().or_else(|| sdk_in(root)).unwrap_or_default();
    let mut reader = Reader { sdk, findings: Vec::new() };
    let config = reader.root(root, file);
    (config, reader.findings)
}

/// The SDK that the document asks for, before anything else is read: it decides what is said about other keys.
fn sdk_in(root: &Node) -> Option<SdkVersion> {
    match &entry(entry(root, "build")?, "sdk_version")?.value {
        Value::Text(text) | Value::Number(text) => SdkVersion::parse(text),
        _ => None,
    }
}

fn entry<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    match &node.value {
        Value::Map(entries) => entries.iter().find(|(key, _)| key.name == name).map(|(_, value)| value),
        _ => None,
    }
}

/// Collects what there is to say while values are read.
pub(super) struct Reader {
    sdk: SdkVersion,
    pub(super) findings: Vec<Finding>,
}

impl Reader {
    fn root(&mut self, root: &Node, file: &str) -> Option<CogConfig> {
        let entries = match &root.value {
            Value::Null => &[],
            Value::Map(entries) => entries.as_slice(),
            other => {
                let message = format!("the document is {}; it must be a mapping", other.kind());
                self.report(&rules::UNREADABLE, message, &root.location);
                return None;
            }
        };
        let mut config = CogConfig {
            file: file.to_owned(),
            build: Build::default(),
            image: None,
            model: None,
            predict: None,
            train: None,
            concurrency: None,
            environment: Vec::new(),
            weights: Vec::new(),
        };
        let (mut run, mut predict) = (None, None);
        for (key, node) in entries {
            self.judge_key(&keys::ROOT, key);
            match key.name.as_str() {
                "build" => config.build = self.build(node),
                "image" => config.image = self.text("image", node).filter(is_not_empty),
                "model" => config.model = self.text("model", node).filter(is_not_empty),
                "run" => run = self.target("run", "run.py:Runner", node).map(|target| (key, target)),
                "predict" => predict = self.target("predict", "predict.py:Predictor", node).map(|target| (key, target)),
                "train" => config.train = self.target("train", "train.py:Trainer", node),
                "concurrency" => config.concurrency = self.concurrency(key, node),
                "environment" => config.environment = self.environment(node),
                "weights" => config.weights = weights::read(self, node),
                "tests" => config.build.legacy_keys.push(Located::new(key.name.clone(), key.location.clone())),
                _ => {}
            }
        }
        config.predict = self.run_or_predict(run, predict);
        if !["run", "predict", "train"].iter().any(|name| entry(root, name).is_some_and(is_written)) {
            let finding = Finding::new(&rules::TARGET_MISSING, "none of `run`, `predict` and `train` is set")
                .hint("add `predict: predict.py:Predictor`");
            self.findings.push(finding.at(Location::at(file, 1, 1)));
        }
        Some(config)
    }

    fn run_or_predict(&mut self, run: Option<(&Key, Target)>, predict: Option<(&Key, Target)>) -> Option<Target> {
        if let (Some((key, _)), Some(_)) = (&run, &predict) {
            self.report(&rules::TARGET_TWICE, "only one of `run` and `predict` can be set".to_owned(), &key.location);
        }
        match (run, predict) {
            (Some((key, target)), _) => {
                self.since(key, "run", (0, 20), "use `predict`");
                Some(target)
            }
            (None, Some((key, target))) => {
                if self.sdk.is_at_least(0, 20) {
                    // Every model of the last years says `predict`, and Cog itself still writes it into the labels.
                    let finding = Finding::new(&rules::DEPRECATED_KEY, "`predict` is called `run` since Cog 0.20")
                        .with_severity(Severity::Note)
                        .hint("`run: run.py:Runner` when you touch the file anyway");
                    self.findings.push(finding.at(key.location.clone()));
                }
                Some(target)
            }
            (None, None) => None,
        }
    }

    fn build(&mut self, node: &Node) -> Build {
        let mut build = Build::default();
        for (key, node) in self.map("build", node) {
            self.judge_key(&keys::BUILD, key);
            match key.name.as_str() {
                "gpu" => build.gpu = self.boolean("build.gpu", node).unwrap_or(false),
                "python_version" => build.python_version = self.text("build.python_version", node).filter(is_not_empty),
                "python_requirements" => {
                    build.python_requirements = self.text("build.python_requirements", node).filter(is_not_empty);
                }
                "python_packages" => {
                    build.python_packages = self.texts("build.python_packages", node);
                    let used = !build.python_packages.is_empty();
                    self.deprecated(key, "build.python_packages", "list them in a file for `build.python_requirements`", used);
                }
                "system_packages" => build.system_packages = self.texts("build.system_packages", node),
                "run" => build.run = self.commands("build.run", node),
                "pre_install" => {
                    build.pre_install = self.commands("build.pre_install", node);
                    let used = !build.pre_install.is_empty();
                    self.deprecated(
                        key,
                        "build.pre_install",
                        "move the commands to the end of `build.run`, where they run today",
                        used,
                    );
                }
                "cuda" => build.cuda = self.text("build.cuda", node).filter(is_not_empty),
                "cudnn" => build.cudnn = self.text("build.cudnn", node).filter(is_not_empty),
                "sdk_version" => build.sdk_version = self.sdk_version(node),
                legacy if keys::BUILD.legacy.contains(&legacy) => {
                    build.legacy_keys.push(Located::new(legacy.to_owned(), key.location.clone()));
                }
                _ => {}
            }
        }
        build
    }

    fn sdk_version(&mut self, node: &Node) -> Option<Located<SdkVersion>> {
        let text = self.text("build.sdk_version", node).filter(is_not_empty)?;
        match SdkVersion::parse(&text.value) {
            Some(version) => Some(Located::new(version, text.location)),
            None => {
                let finding = Finding::new(&rules::SDK_VERSION_INVALID, format!("`{}` is no version of the Cog SDK", text.value))
                    .hint("write an exact release such as \"0.22.0\", or leave it out for the newest");
                self.findings.push(finding.at(text.location));
                None
            }
        }
    }

    fn commands(&mut self, path: &str, node: &Node) -> Vec<RunCommand> {
        self.list(path, node).iter().filter_map(|item| self.command(path, item)).collect()
    }

    fn command(&mut self, path: &str, node: &Node) -> Option<RunCommand> {
        let (command, mounts) = match &node.value {
            Value::Map(entries) => {
                let (mut command, mut mounts) = (None, Vec::new());
                for (key, node) in entries {
                    self.judge_key(&keys::RUN, key);
                    match key.name.as_str() {
                        "command" => command = self.text("build.run.command", node),
                        "mounts" => {
                            mounts = self.list("build.run.mounts", node).iter().filter_map(|mount| self.mount(mount)).collect();
                        }
                        _ => {}
                    }
                }
                (command.unwrap_or_else(|| Located::new(String::new(), node.location.clone())), mounts)
            }
            _ => (self.text(path, node)?, Vec::new()),
        };
        let text = command.value.trim().to_owned();
        let fault = if text.is_empty() {
            Some(("a command is empty", "remove the item"))
        } else if text.contains('\n') {
            Some(("a command is more than one line", "make each line an item of its own, or join them with `&&`"))
        } else if text.ends_with('\\') {
            Some(("a command ends with a backslash", "remove it: the command would swallow the next instruction"))
        } else {
            None
        };
        if let Some((message, hint)) = fault {
            let finding = Finding::new(&rules::RUN_COMMAND_INVALID, format!("{message} in `{path}`")).hint(hint);
            self.findings.push(finding.at(command.location));
            return None;
        }
        Some(RunCommand { command: text, mounts, location: command.location })
    }

    fn mount(&mut self, node: &Node) -> Option<SecretMount> {
        let (mut kind, mut id, mut target) = (None, None, None);
        for (key, node) in self.map("build.run.mounts", node) {
            self.judge_key(&keys::MOUNT, key);
            let slot = match key.name.as_str() {
                "type" => &mut kind,
                "id" => &mut id,
                "target" => &mut target,
                _ => continue,
            };
            *slot = self.text("build.run.mounts", node).filter(is_not_empty);
        }
        let fault = match (&kind, &id, &target) {
            (Some(kind), _, _) if kind.value != "secret" => format!("mounts of type `{}` are not supported", kind.value),
            (Some(_), Some(id), Some(target)) if [id, target].iter().all(|text| is_plain(&text.value)) => {
                return Some(SecretMount { id: id.value.clone(), target: target.value.clone() });
            }
            (Some(_), Some(_), Some(_)) => "a mount's `id` or `target` has a comma, a blank or a quote".to_owned(),
            _ => "a mount needs `type`, `id` and `target`".to_owned(),
        };
        let finding = Finding::new(&rules::MOUNT_INVALID, fault).hint("write {type: secret, id: NAME, target: /path/in/the/build}");
        self.findings.push(finding.at(node.location.clone()));
        None
    }

    fn concurrency(&mut self, key: &Key, node: &Node) -> Option<Concurrency> {
        if node.value == Value::Null {
            return None;
        }
        let (mut max, mut default_target, mut max_is_written) = (None, None, false);
        for (key, node) in self.map("concurrency", node) {
            self.judge_key(&keys::CONCURRENCY, key);
            match key.name.as_str() {
                "max" => {
                    max_is_written = true;
                    max = self.integer("concurrency.max", node).map(|value| Located::new(value, node.location.clone()));
                }
                "default_target" => {
                    default_target = self.integer("concurrency.default_target", node).and_then(|value| u32::try_from(value).ok());
                }
                _ => {}
            }
        }
        let Some(max) = max else {
            if !max_is_written && matches!(node.value, Value::Map(_)) {
                self.report(&rules::CONCURRENCY_INVALID, "`concurrency` has no `max`".to_owned(), &key.location);
            }
            return None;
        };
        match u32::try_from(max.value) {
            Ok(value) if value >= 1 => {
                if self.sdk.is_at_least(0, 22) {
                    self.deprecated(key, "concurrency.max", "put `@cog.concurrent(max=…)` on the async method", true);
                }
                Some(Concurrency { max: Located::new(value, max.location), default_target })
            }
            _ => {
                let message = format!("`concurrency.max` is {}; it must be at least 1", max.value);
                self.report(&rules::CONCURRENCY_INVALID, message, &max.location);
                None
            }
        }
    }

    fn environment(&mut self, node: &Node) -> Vec<Located<Variable>> {
        let mut variables: Vec<Located<Variable>> = Vec::new();
        for entry in self.texts("environment", node) {
            match Variable::parse(&entry.value) {
                Ok(variable) if variables.iter().any(|known| known.value.name == variable.name) => {
                    let message = format!("`{}` is set twice in `environment`", variable.name);
                    self.report(&rules::ENVIRONMENT_INVALID, message, &entry.location);
                }
                Ok(variable) => variables.push(Located::new(variable, entry.location)),
                Err(error @ VariableError::Reserved { .. }) => {
                    let finding = Finding::new(&rules::ENVIRONMENT_RESERVED, format!("{error}: Cog or the platform sets it"))
                        .hint("set it in the model's own code, or rename it");
                    self.findings.push(finding.at(entry.location));
                }
                Err(error) => self.report(&rules::ENVIRONMENT_INVALID, error.to_string(), &entry.location),
            }
        }
        variables
    }

    fn target(&mut self, path: &str, example: &str, node: &Node) -> Option<Target> {
        let text = self.text(path, node).filter(is_not_empty)?;
        let target = Target::parse(&text.value, text.location.clone());
        if target.is_none() {
            let finding =
                Finding::new(&rules::TARGET_FORM, format!("`{path}` is `{}`, which names no file and member", text.value))
                    .hint(format!("write it as `{example}`"));
            self.findings.push(finding.at(text.location));
        }
        target
    }

    /// The entries of a mapping; nothing for an empty value.
    pub(super) fn map<'a>(&mut self, path: &str, node: &'a Node) -> &'a [(Key, Node)] {
        match &node.value {
            Value::Map(entries) => entries,
            Value::Null => &[],
            other => {
                self.wrong_type(path, "a mapping", other, &node.location);
                &[]
            }
        }
    }

    /// The items of a list; nothing for an empty value.
    pub(super) fn list<'a>(&mut self, path: &str, node: &'a Node) -> &'a [Node] {
        match &node.value {
            Value::List(items) => items,
            Value::Null => &[],
            other => {
                self.wrong_type(path, "a list", other, &node.location);
                &[]
            }
        }
    }

    pub(super) fn texts(&mut self, path: &str, node: &Node) -> Vec<Located<String>> {
        self.list(path, node).iter().filter_map(|item| self.text(path, item)).collect()
    }

    /// Text; a number counts as the text it was written as.
    pub(super) fn text(&mut self, path: &str, node: &Node) -> Option<Located<String>> {
        match &node.value {
            Value::Text(text) | Value::Number(text) => Some(Located::new(text.clone(), node.location.clone())),
            Value::Null => None,
            other => {
                self.wrong_type(path, "text", other, &node.location);
                None
            }
        }
    }

    fn boolean(&mut self, path: &str, node: &Node) -> Option<bool> {
        match &node.value {
            Value::Bool(value) => Some(*value),
            Value::Null => None,
            other => {
                self.wrong_type(path, "true or false", other, &node.location);
                None
            }
        }
    }

    fn integer(&mut self, path: &str, node: &Node) -> Option<i64> {
        let number = match &node.value {
            Value::Number(text) => text.parse().ok(),
            _ => None,
        };
        if number.is_none() {
            self.wrong_type(path, "a whole number", &node.value, &node.location);
        }
        number
    }

    /// Says what there is to say about a key that Cog does not read.
    pub(super) fn judge_key(&mut self, keys: &Keys, key: &Key) {
        self.findings.extend(keys.judge(key, &self.sdk));
    }

    fn wrong_type(&mut self, path: &str, expected: &str, found: &Value, location: &Location) {
        self.report(&rules::WRONG_TYPE, format!("`{path}` must be {expected}, not {}", found.kind()), location);
    }

    pub(super) fn report(&mut self, rule: &Rule, message: String, location: &Location) {
        self.findings.push(Finding::new(rule, message).at(location.clone()));
    }

    fn deprecated(&mut self, key: &Key, path: &str, hint: &str, is_used: bool) {
        if is_used {
            let finding = Finding::new(&rules::DEPRECATED_KEY, format!("`{path}` is deprecated")).hint(hint);
            self.findings.push(finding.at(key.location.clone()));
        }
    }

    /// Says that a key is younger than the SDK.
    pub(super) fn since(&mut self, key: &Key, path: &str, (major, minor): (u32, u32), hint: &str) {
        if !self.sdk.is_at_least(major, minor) {
            let message = format!("`{path}` exists since Cog {major}.{minor}, and the SDK is {}", self.sdk);
            self.findings.push(Finding::new(&rules::KEY_NEEDS_NEWER_SDK, message).hint(hint).at(key.location.clone()));
        }
    }
}

/// Whether there is a value at all, right or wrong.
fn is_written(node: &Node) -> bool {
    match &node.value {
        Value::Null => false,
        Value::Text(text) => !text.trim().is_empty(),
        _ => true,
    }
}

fn is_not_empty(text: &Located<String>) -> bool {
    !text.value.trim().is_empty()
}

/// Whether a value can stand in `--mount=…` as it is.
fn is_plain(text: &str) -> bool {
    !text.chars().any(|character| character.is_whitespace() || character.is_control() || ",\"'\\$".contains(character))
}
