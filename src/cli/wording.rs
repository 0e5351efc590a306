//! Adapts messages to the place where they are read.
//!
//! The rooms below name flags and variables, as somebody at a terminal knows them. Whoever reads a workflow's log, a check run or a comment
//! knows the inputs of the action, and files by their place in the repository: the runner's container has names of its own for folders.
//! So the translation is made once, at the edge, from the list of settings. Commands in code spans stay: people run them on their machine.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::cli::environment::Environment;
use crate::config::settings::{SETTINGS, Setting, ValueKind};
use crate::config::tokens::TOKENS;
use crate::report::json::v1::{FindingEntry, Run};

/// A flag outside of code spans, and what may be its value. Each part is bounded.
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by every test of this file")]
static FLAG: LazyLock<Regex> = LazyLock::new(|| {
    let value = r"(?P<value>[A-Z0-9{][^\s,;)]{0,200}|[a-z]+(?P<end>[,;)]|$))";
    Regex::new(&format!(r"(?P<before>^|[\s(])--(?P<flag>[a-z][a-z0-9-]{{1,60}})(?:[ =]{value})?")).unwrap()
});

/// An input as the runner passes it.
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by every test of this file")]
static INPUT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\bINPUT_([A-Z][A-Z_]{1,60})\b").unwrap());

/// Folders of the runner as variables name them, for places that are not in the workspace.
const FOLDERS: [&str; 6] =
    ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_EVENT_PATH", "RUNNER_TEMP", "RUNNER_TOOL_CACHE", "GITHUB_WORKSPACE"];

/// How messages are worded.
#[derive(Debug, Clone, Default)]
pub(super) enum Wording {
    /// As they are, for a terminal.
    #[default]
    Terminal,
    /// For people who see the action from outside.
    Action {
        /// Places in this container, and what they are called outside of it.
        places: Vec<(String, String)>,
    },
}

impl Wording {
    /// The wording of an action with these variables.
    pub(super) fn of_action(environment: &Environment) -> Self {
        let mut places = Vec::new();
        for name in FOLDERS {
            let Some(path) = environment.get(name).map(|path| path.trim_end_matches('/')) else { continue };
            // A root would be found in every path.
            if !path.starts_with('/') || path.len() < 4 {
                continue;
            }
            if name == "GITHUB_WORKSPACE" {
                places.push((format!("{path}/"), String::new()));
                places.push((path.to_owned(), "the workspace".to_owned()));
            } else {
                places.push((path.to_owned(), format!("${name}")));
            }
        }
        Self::Action { places }
    }

    /// Words a sentence of ours: a hint or an error.
    pub(super) fn sentence(&self, text: &str) -> String {
        match self {
            Self::Terminal => text.to_owned(),
            Self::Action { .. } => self.places(&with_inputs(text)),
        }
    }

    /// Words a text that may quote others: only paths change.
    pub(super) fn places(&self, text: &str) -> String {
        match self {
            Self::Terminal => text.to_owned(),
            Self::Action { places } => {
                places.iter().fold(text.to_owned(), |text, (inside, outside)| text.replace(inside.as_str(), outside))
            }
        }
    }

    /// Words everything in a run that is ours. What models said stays as it is.
    pub(super) fn run(&self, mut run: Run) -> Run {
        if matches!(self, Self::Terminal) {
            return run;
        }
        let finding = |finding: &mut FindingEntry| {
            finding.message = self.sentence(&finding.message);
            finding.hint = finding.hint.as_deref().map(|hint| self.sentence(hint));
        };
        run.notices.iter_mut().for_each(|notice| *notice = self.sentence(notice));
        run.findings.iter_mut().for_each(finding);
        let of_models = run.models.iter_mut().filter_map(|model| model.error.as_mut());
        for error in run.error.iter_mut().chain(of_models) {
            error.message = self.sentence(&error.message);
            error.hint = error.hint.as_deref().map(|hint| self.sentence(hint));
        }
        for model in &mut run.models {
            model.findings.iter_mut().chain(&mut model.ignored).for_each(finding);
            for note in model.stages.iter_mut().filter_map(|stage| stage.note.as_mut()) {
                *note = self.sentence(note);
            }
        }
        run
    }
}

/// Names inputs where flags and variables are named.
fn with_inputs(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    // An odd backtick has no partner, so it is not known what is code.
    if parts.len().is_multiple_of(2) {
        return outside_code(text);
    }
    let part = |(index, part): (usize, &&str)| match index % 2 {
        0 => outside_code(part),
        _ => format!("`{}`", in_code(part)),
    };
    parts.iter().enumerate().map(part).collect()
}

/// A code span that is a flag, and nothing else, becomes what a workflow would write.
fn in_code(code: &str) -> String {
    let Some(flag) = code.strip_prefix("--") else { return code.to_owned() };
    let (name, value) = flag.split_once([' ', '=']).map_or((flag, None), |(name, value)| (name, Some(value)));
    setting_of(name).map_or_else(|| code.to_owned(), |(setting, means)| assignment(setting, means, value))
}

fn outside_code(text: &str) -> String {
    let text = FLAG.replace_all(text, |found: &Captures<'_>| {
        let whole = &found[0];
        let Some((setting, means)) = setting_of(&found["flag"]) else { return whole.to_owned() };
        let end = found.name("end").map_or("", |end| end.as_str());
        let value = found.name("value").map(|value| value.as_str().trim_end_matches([',', ';', ')', '.']));
        let is_switch = matches!(setting.kind, ValueKind::Switch);
        let (value, rest) = match found.name("value") {
            // The next word of the sentence.
            Some(word) if is_switch => (None, format!(" {}", word.as_str())),
            Some(word) if end.is_empty() => (value, word.as_str()[value.unwrap_or_default().len()..].to_owned()),
            Some(_) => (value, end.to_owned()),
            None => (None, String::new()),
        };
        let kind = if setting.inputs.is_empty() { "variable" } else { "input" };
        format!("{}the {kind} `{}`{rest}", &found["before"], assignment(setting, means, value))
    });
    let text = INPUT.replace_all(&text, |found: &Captures<'_>| format!("the input {}", found[1].to_lowercase()));
    TOKENS.iter().filter(|token| !token.inputs.is_empty()).fold(text.into_owned(), |text, token| {
        text.split(' ').map(|word| named_token(word, token.variable, token.input)).collect::<Vec<_>>().join(" ")
    })
}

/// The word, or the input if the word is the variable with nothing but punctuation around it.
fn named_token(word: &str, variable: &str, input: &str) -> String {
    let inner = word.trim_matches([',', ';', '.', ':', '(', ')', '\'']);
    if inner == variable { word.replace(variable, &format!("the input {input}")) } else { word.to_owned() }
}

/// The setting that a flag sets, and the value that the bare flag stands for.
fn setting_of(flag: &str) -> Option<(&'static Setting, Option<&'static str>)> {
    // A flag of every command may be declared elsewhere, and is an input of the same name.
    let is_input = |setting: &&Setting, flag: &str| !setting.inputs.is_empty() && setting.name == flag.replace('-', "_");
    let of = |flag: &str| {
        let declared = SETTINGS.iter().find(|setting| setting.flag == Some(flag));
        declared.or_else(|| SETTINGS.iter().find(|setting| is_input(setting, flag)))
    };
    if let Some(setting) = of(flag) {
        return Some((setting, matches!(setting.kind, ValueKind::Switch).then_some("true")));
    }
    let setting = of(flag.strip_prefix("no-")?).filter(|setting| setting.negated.is_some())?;
    Some((setting, Some("false")))
}

fn assignment(setting: &Setting, means: Option<&str>, value: Option<&str>) -> String {
    // The flag of a negated switch says the opposite of its setting.
    let means = match (means, setting.negated.is_some(), setting.flag.is_some_and(|flag| flag.starts_with("no-"))) {
        (Some("true"), true, true) => Some("false"),
        (means, ..) => means,
    };
    let name = if setting.inputs.is_empty() { setting.variable() } else { setting.name.to_owned() };
    value.or(means).map_or_else(|| name.clone(), |value| format!("{name}: {value}"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    fn action() -> Wording {
        let variables = [("GITHUB_WORKSPACE", "/github/workspace"), ("RUNNER_TEMP", "/github/runner_temp")];
        Wording::of_action(&Environment::of(variables.map(|(name, value)| (name, value.to_owned()))))
    }

    #[test]
    fn flags_become_inputs_and_variables() {
        for (text, worded) in [
            ("choose one with `--models a`", "choose one with `models: a`"),
            ("use 'all' alone: --models all", "use 'all' alone: the input `models: all`"),
            ("allow it with --secret-variable HF_TOKEN", "allow it with the input `secret_variables: HF_TOKEN`"),
            ("run again with --graft never", "run again with the input `graft: never`"),
            ("publish anyway with --allow-moved-live", "publish anyway with the input `allow_moved_live: true`"),
            ("build with the Cog CLI (`--builder cog`)", "build with the Cog CLI (`builder: cog`)"),
            (
                "a layer of their own with --separate-weights",
                "a layer of their own with the variable `SAFE_PUSH_SEPARATE_WEIGHTS: true`",
            ),
            ("INPUT_PARALLEL is 'many', not a number", "the input parallel is 'many', not a number"),
            ("set REPLICATE_API_TOKEN (https://x)", "set the input replicate_api_token (https://x)"),
            ("- Reproduce with `--seed 7`", "- Reproduce with `SAFE_PUSH_SEED: 7`"),
            ("roll back with `safe-push rollback a/b --to c`", "roll back with `safe-push rollback a/b --to c`"),
            ("name an older one with --to", "name an older one with --to"),
        ] {
            assert_eq!(action().sentence(text), worded);
            assert_eq!(Wording::Terminal.sentence(text), text);
        }
    }

    #[test]
    fn places_are_those_of_the_repository() {
        for (text, worded) in [
            ("failed to write /github/workspace/out/run.json", "failed to write out/run.json"),
            ("no model in /github/workspace", "no model in the workspace"),
            ("/github/runner_temp/x: no space", "$RUNNER_TEMP/x: no space"),
        ] {
            assert_eq!(action().places(text), worded);
        }
    }

    /// Flags that no hint of the action can lead to: they belong to commands that people run on their machine.
    const OF_COMMANDS: [&str; 18] = [
        "to",
        "now",
        "against",
        "format",
        "out",
        "force",
        "url",
        "record",
        "threshold",
        "open",
        "list",
        "github",
        "install",
        "upgrade",
        "rm",
        "sandbox",
        "mount",
        "ignore-schema-compatibility",
    ];

    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() && name != "tests" && name != "demo" && name != "testing" {
                sources(&path, found);
            } else if name.ends_with(".rs") && name != "tests.rs" && name != "help.rs" && name != "wording.rs" {
                found.push(path);
            }
        }
    }

    /// Every hint of the code, as far as it is a literal of its own.
    #[test]
    fn no_hint_of_the_code_names_a_flag_in_the_action() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        sources(&root.join("src"), &mut files);
        for library in ["cog-schema", "cog-source", "output-compare"] {
            sources(&root.join("crates").join(library).join("src"), &mut files);
        }
        let literal = Regex::new(r#""((?:[^"\\]|\\.)*)""#).unwrap();
        let hint = Regex::new(r"(?i)hint|fix\(|Some\(|=> |reason|notice").unwrap();
        let flag = Regex::new(r"(?:^|[\s(`])--([a-z][a-z-]+)").unwrap();
        let mut seen = 0;
        let mut left = Vec::new();
        for path in files {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            let lines: Vec<&str> = code.lines().collect();
            for (index, line) in lines.iter().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
                let is_hint = hint.is_match(line) || index > 0 && hint.is_match(lines[index - 1]);
                for found in literal.captures_iter(line).filter(|_| is_hint) {
                    let words = found[1].to_owned();
                    // A program's argument, and not a sentence.
                    if !words.contains(' ') || words.contains(" && ") || words.starts_with("COPY") || words.starts_with("RUN") {
                        continue;
                    }
                    seen += usize::from(flag.is_match(&words));
                    let worded = action().sentence(&words);
                    for flag in flag.captures_iter(&worded).filter(|flag| !OF_COMMANDS.contains(&&flag[1])) {
                        left.push(format!("{}:{}: --{} in {worded}", path.display(), index + 1, &flag[1]));
                    }
                }
            }
        }
        assert!(seen >= 20, "only {seen} hints with flags were found");
        assert!(left.is_empty(), "{}", left.join("\n"));
    }
}
