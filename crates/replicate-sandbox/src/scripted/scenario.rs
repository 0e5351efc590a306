//! Models and scripts in a YAML file, for `safe-push sandbox --script FILE`.
//!
//! ```yaml
//! models:
//!   - name: hotdog            # or owner/name
//!     hardware: cpu           # default: cpu
//!     visibility: private     # default: private
//!     official: false
//!     versions:               # oldest first
//!       - schema: {…}         # OpenAPI document; without one any input is accepted
//!         setup: {seconds: 2, logs: "loading\n"}
//!         replies:            # the first whose `when` is part of the input; {name} in texts is the input of that name
//!           - when: {prompt: bad}
//!             failure: "bad prompt"
//!           - output: "hello {prompt}"
//!             seconds: 1
//!             logs: "running\n"
//!             metrics: {tokens: 3}
//!     pushed:                 # answers for pushed versions instead of their containers; like a version, without a schema
//!       replies: [{output: ok}]
//! ```
//!
//! A reply has one of `output`, `failure`, `setup_failure`, or `never: boots`, `never: ends`, `never: survives`.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Script, ScriptedReply, ScriptedRequest};
use crate::database::Visibility;
use crate::error::SandboxError;

/// A scenario file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    models: Vec<RawModel>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawModel {
    name: String,
    #[serde(default = "cpu")]
    hardware: String,
    #[serde(default = "private")]
    visibility: Visibility,
    #[serde(default)]
    official: bool,
    #[serde(default)]
    versions: Vec<RawVersion>,
    pushed: Option<RawScript>,
}

fn cpu() -> String {
    "cpu".to_owned()
}

fn private() -> Visibility {
    Visibility::Private
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawVersion {
    schema: Option<Value>,
    #[serde(default)]
    setup: RawSetup,
    replies: Vec<RawReply>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScript {
    #[serde(default)]
    setup: RawSetup,
    replies: Vec<RawReply>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSetup {
    #[serde(default)]
    seconds: f64,
    #[serde(default)]
    logs: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReply {
    #[serde(default)]
    when: Map<String, Value>,
    output: Option<Value>,
    failure: Option<String>,
    setup_failure: Option<String>,
    never: Option<Never>,
    #[serde(default)]
    seconds: f64,
    #[serde(default)]
    logs: String,
    #[serde(default)]
    metrics: Map<String, Value>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Never {
    Boots,
    Ends,
    Survives,
}

/// The models of a scenario, checked and ready to create.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) models: Vec<ScenarioModel>,
}

#[derive(Debug)]
pub(crate) struct ScenarioModel {
    /// `name` or `owner/name`.
    pub(crate) name: String,
    pub(crate) hardware: String,
    pub(crate) visibility: Visibility,
    pub(crate) is_official: bool,
    /// OpenAPI documents and scripts, oldest first.
    pub(crate) versions: Vec<(Option<Value>, Script)>,
    /// Answers for pushed versions.
    pub(crate) pushed: Option<Script>,
}

impl Scenario {
    pub(crate) async fn read(file: &Path) -> Result<Self, SandboxError> {
        let shown = file.display().to_string();
        let text =
            tokio::fs::read_to_string(file).await.map_err(|source| SandboxError::ReadScript { file: shown.clone(), source })?;
        Self::parse(&text).map_err(|reason| SandboxError::Script { file: shown, reason })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let raw: Raw = serde_saphyr::from_str(text).map_err(|cause| cause.to_string())?;
        let models = raw.models.into_iter().map(|model| {
            let name = model.name.clone();
            model.into_model().map_err(|reason| format!("model {name}: {reason}"))
        });
        Ok(Self { models: models.collect::<Result<_, _>>()? })
    }
}

impl RawModel {
    fn into_model(self) -> Result<ScenarioModel, String> {
        let versions = self.versions.into_iter().map(|version| Ok((version.schema, script(version.setup, version.replies)?)));
        Ok(ScenarioModel {
            name: self.name,
            hardware: self.hardware,
            visibility: self.visibility,
            is_official: self.official,
            versions: versions.collect::<Result<_, String>>()?,
            pushed: self.pushed.map(|pushed| script(pushed.setup, pushed.replies)).transpose()?,
        })
    }
}

fn check(setup: &RawSetup, replies: &[RawReply]) -> Result<(), String> {
    if replies.is_empty() {
        return Err("at least one reply is required".to_owned());
    }
    for reply in replies {
        let endings = [reply.output.is_some(), reply.failure.is_some(), reply.setup_failure.is_some(), reply.never.is_some()];
        if endings.into_iter().filter(|given| *given).count() != 1 {
            return Err("a reply has exactly one of output, failure, setup_failure and never".to_owned());
        }
    }
    let seconds = replies.iter().map(|reply| reply.seconds).chain([setup.seconds]);
    match seconds.into_iter().find(|seconds| Duration::try_from_secs_f64(*seconds).is_err()) {
        Some(wrong) => Err(format!("{wrong} is not a valid number of seconds")),
        None => Ok(()),
    }
}

fn script(setup: RawSetup, replies: Vec<RawReply>) -> Result<Script, String> {
    check(&setup, &replies)?;
    Ok(Script::new(move |request| {
        let fits = |reply: &&RawReply| reply.when.iter().all(|(name, value)| request.input.get(name) == Some(value));
        match replies.iter().find(fits) {
            Some(found) => reply(found, &setup, request),
            None => ScriptedReply::failure("the script has no reply to these inputs"),
        }
    }))
}

fn reply(raw: &RawReply, setup: &RawSetup, request: &ScriptedRequest) -> ScriptedReply {
    let filled = |text: &String| fill(text, &request.input);
    let reply = match (&raw.output, &raw.failure, &raw.setup_failure, raw.never) {
        (Some(output), ..) => ScriptedReply::output(fill_value(output, &request.input)),
        (_, Some(error), ..) => ScriptedReply::failure(filled(error)),
        (_, _, Some(error), _) => ScriptedReply::setup_failure(filled(error)),
        (.., Some(Never::Boots)) => ScriptedReply::never_boots(),
        (.., Some(Never::Survives)) => ScriptedReply::disappears(),
        (.., Some(Never::Ends) | None) => ScriptedReply::never_ends(),
    };
    let mut reply = reply.setup(seconds(setup.seconds)).setup_logs(&setup.logs).after(seconds(raw.seconds)).logs(filled(&raw.logs));
    for (name, value) in &raw.metrics {
        reply = reply.metric(name, value.clone());
    }
    reply
}

fn seconds(number: f64) -> Duration {
    Duration::try_from_secs_f64(number).unwrap_or_default()
}

/// Replaces `{name}` by the input of that name.
fn fill(text: &str, input: &Map<String, Value>) -> String {
    let mut filled = text.to_owned();
    for (name, value) in input {
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        filled = filled.replace(&format!("{{{name}}}"), &shown);
    }
    filled
}

fn fill_value(value: &Value, input: &Map<String, Value>) -> Value {
    match value {
        Value::String(text) => Value::String(fill(text, input)),
        Value::Array(items) => items.iter().map(|item| fill_value(item, input)).collect(),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), fill_value(value, input))).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_reported() {
        let cases = [
            ("models: [{name: m, versions: [{replies: []}]}]", "model m: at least one reply is required"),
            ("models: [{name: m, versions: [{replies: [{}]}]}]", "exactly one of output"),
            ("models: [{name: m, pushed: {replies: [{output: a, failure: b}]}}]", "exactly one of output"),
            ("models: [{name: m, pushed: {replies: [{output: a, seconds: -1}]}}]", "-1 is not a valid number of seconds"),
            ("models: [{name: m, color: red}]", "color"),
            ("models: [{name: m, visibility: hidden}]", "hidden"),
        ];
        for (text, part) in cases {
            let reason = Scenario::parse(text).unwrap_err();
            assert!(reason.contains(part), "{text}: {reason}");
        }
    }

    #[test]
    fn texts_can_contain_inputs() {
        let input = Map::from_iter([("prompt".to_owned(), "cat".into()), ("steps".to_owned(), 4.into())]);
        let output = serde_json::json!({"caption": ["a {prompt}", 1], "steps": "{steps} of {unknown}"});
        assert_eq!(fill_value(&output, &input), serde_json::json!({"caption": ["a cat", 1], "steps": "4 of {unknown}"}));
    }
}
