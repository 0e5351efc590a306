//! Prepares text and values for reports: hides secrets and bounds sizes.

use cog_findings::text::{last_lines, shorten};
use cog_schema::Shape;
use serde_json::{Map, Value, json};

use crate::clients::replicate::ReplicateError;
use crate::domain::prediction::{Inputs, PredictionId};
use crate::support::secrets::{HIDDEN, Redactor};

/// Shorter secrets are not searched for in text: masking every `1` would hide more than it protects.
const SECRET_CHARACTERS: usize = 4;

/// Length at which a text is cut.
const TEXT_BYTES: usize = 16 * 1024;

/// Items of a list or members of an object that are shown.
const ITEMS: usize = 200;

/// Total size of a shown value.
const VALUE_BYTES: usize = 256 * 1024;

/// Lines of logs that are shown, and their total size.
const LOG_LINES: usize = 40;
const LOG_BYTES: usize = 8 * 1024;

/// Total size of the metrics that are shown.
const METRICS_BYTES: usize = 16 * 1024;

/// Hides the secrets of one case, and bounds the size of what is shown.
#[derive(Clone, Default)]
pub(super) struct Mask {
    names: Vec<String>,
    secrets: Vec<String>,
    /// Knows the other forms of secrets, as far as they are long enough.
    redactor: Redactor,
}

impl Mask {
    /// Finds the secrets among the inputs of a case by their schema.
    pub(super) fn new(inputs: &Inputs, shape: Option<&Shape>) -> Self {
        Self::with_secrets(inputs, shape, &[])
    }

    /// Finds the secrets by their schema, and takes the named inputs as secret too.
    pub(super) fn with_secrets(inputs: &Inputs, shape: Option<&Shape>, named: &[String]) -> Self {
        let members = shape.and_then(Shape::members);
        let mut mask = Self::default();
        for (name, value) in inputs {
            let is_declared = members.and_then(|members| members.get(name)).is_some_and(|member| member.shape.is_secret());
            if is_declared || named.contains(name) {
                mask.names.push(name.clone());
                match value {
                    Value::String(text) if text.chars().count() >= SECRET_CHARACTERS => mask.secrets.push(text.clone()),
                    _ => {}
                }
            }
        }
        // Longest first, because one secret may contain another.
        mask.secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        mask.redactor.learn(&mask.secrets);
        mask
    }

    /// Inputs for the report.
    pub(super) fn inputs(&self, inputs: &Inputs) -> Inputs {
        let show = |name: &String, value: &Value| if self.names.contains(name) { json!("***") } else { self.value(value) };
        inputs.iter().map(|(name, value)| (name.clone(), show(name, value))).collect()
    }

    /// Inputs of any size without secrets, for a command.
    pub(super) fn whole_inputs(&self, inputs: &Inputs) -> Inputs {
        let show = |name: &String, value: &Value| if self.names.contains(name) { json!("***") } else { self.whole(value) };
        inputs.iter().map(|(name, value)| (name.clone(), show(name, value))).collect()
    }

    /// A text for the report.
    pub(super) fn text(&self, text: &str) -> String {
        shorten(&self.hide(text), TEXT_BYTES)
    }

    /// A text of any size without secrets, also where its lines are taken apart.
    pub(super) fn lines(&self, text: &str) -> String {
        let is_line = |line: &&str| line.chars().count() >= SECRET_CHARACTERS;
        let lines = self.secrets.iter().filter(|secret| secret.contains('\n')).flat_map(|secret| secret.lines().filter(is_line));
        lines.fold(self.hide(text), |text, line| text.replace(line, "***"))
    }

    /// The last lines of logs for the report.
    pub(super) fn logs(&self, logs: &str) -> String {
        let lines = self.hide(&last_lines(logs, LOG_LINES));
        match lines.len().checked_sub(LOG_BYTES) {
            None | Some(0) => lines,
            Some(surplus) => format!("…{}", &lines[lines.ceil_char_boundary(surplus)..]),
        }
    }

    /// A value for the report.
    pub(super) fn value(&self, value: &Value) -> Value {
        let mut room = VALUE_BYTES;
        self.value_within(value, &mut room)
    }

    /// Metrics of a model for the report.
    pub(super) fn metrics(&self, metrics: &Map<String, Value>) -> Map<String, Value> {
        let mut room = METRICS_BYTES;
        self.members_within(metrics, &mut room)
    }

    /// A prediction's id for reports and events.
    pub(super) fn id(&self, id: &PredictionId) -> PredictionId {
        PredictionId::new(self.text(id.as_str()))
    }

    /// An error for reports: services repeat what they were sent.
    pub(super) fn error(&self, mut error: ReplicateError) -> ReplicateError {
        error.rewrite(&|text| self.text(text));
        error
    }

    /// A value without secrets, of any size.
    pub(super) fn whole(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.hide(text)),
            Value::Array(items) => items.iter().map(|item| self.whole(item)).collect(),
            Value::Object(members) => {
                Value::Object(members.iter().map(|(name, member)| (self.hide(name), self.whole(member))).collect())
            }
            other => other.clone(),
        }
    }

    /// `room` is the number of bytes left; the shown bytes are subtracted.
    fn value_within(&self, value: &Value, room: &mut usize) -> Value {
        *room = room.saturating_sub(8);
        match value {
            Value::String(text) => {
                let shown = self.string(text, *room);
                *room = room.saturating_sub(shown.len());
                Value::String(shown)
            }
            Value::Array(items) => {
                let mut shown = Vec::new();
                for item in items.iter().take(ITEMS) {
                    if *room == 0 {
                        break;
                    }
                    shown.push(self.value_within(item, room));
                }
                if items.len() > shown.len() {
                    shown.push(json!(format!("… and {} more", items.len() - shown.len())));
                }
                Value::Array(shown)
            }
            Value::Object(members) => Value::Object(self.members_within(members, room)),
            other => other.clone(),
        }
    }

    fn members_within(&self, members: &Map<String, Value>, room: &mut usize) -> Map<String, Value> {
        let mut shown = Map::new();
        for (name, member) in members.iter().take(ITEMS) {
            if *room == 0 {
                break;
            }
            *room = room.saturating_sub(name.len());
            shown.insert(self.text(name), self.value_within(member, room));
        }
        if members.len() > shown.len() {
            shown.insert("…".to_owned(), json!(format!("and {} more", members.len() - shown.len())));
        }
        shown
    }

    fn string(&self, text: &str, room: usize) -> String {
        if text.starts_with("data:") && text.len() > 200 {
            let head = text.split(',').next().unwrap_or_default();
            return format!("{},… ({} characters)", shorten(head, 80), text.len());
        }
        let (shown, most) = (self.hide(text), TEXT_BYTES.min(room));
        if shown.len() <= most { shown } else { format!("{} ({} bytes in all)", shorten(&shown, most), text.len()) }
    }

    fn hide(&self, text: &str) -> String {
        let plain = self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, HIDDEN));
        self.redactor.text(&plain).into_inner()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cog_schema::read;

    fn mask(inputs: &Value) -> (Mask, Inputs) {
        let document = json!({"components": {"schemas": {"Input": {"type": "object", "properties": {
            "key": {"type": "string", "format": "password"}, "prompt": {"type": "string"},
        }}}}});
        let inputs = inputs.as_object().unwrap().clone();
        (Mask::new(&inputs, read(&document).input.as_ref()), inputs)
    }

    #[test]
    fn secrets_are_hidden_everywhere() {
        let (mask, inputs) = mask(&json!({"key": "hunter2", "prompt": "say hunter2"}));
        assert_eq!(Value::Object(mask.inputs(&inputs)), json!({"key": "***", "prompt": "say ***"}));
        assert_eq!(mask.text("KeyError: hunter2"), "KeyError: ***");
        assert_eq!(mask.logs("using hunter2\n"), "using ***");
        assert_eq!(mask.value(&json!({"a": ["hunter2"]})), json!({"a": ["***"]}));
        let metrics = json!({"note": "hunter2", "hunter2": 1, "steps": 4}).as_object().unwrap().clone();
        assert_eq!(Value::Object(mask.metrics(&metrics)), json!({"note": "***", "***": 1, "steps": 4}));
    }

    #[test]
    fn other_forms_of_a_secret_are_hidden_too() {
        let (mask, _) = mask(&json!({"key": "hunter2-and-more-3"}));
        for form in ["aHVudGVyMi1hbmQtbW9yZS0z", "68756e746572322d616e642d6d6f72652d33", "hunter2-\u{1b}[0mand-more-3"] {
            assert_eq!(mask.text(&format!("with {form}.")), "with ***.", "{form}");
        }
    }

    #[test]
    fn the_lines_of_a_secret_are_hidden_where_a_text_is_taken_apart() {
        let (mask, _) = mask(&json!({"key": "first line\nsecond line"}));
        assert_eq!(mask.lines("-first line\n-second line\n+other"), "-***\n-***\n+other");
    }

    #[test]
    fn the_size_of_everything_is_bounded() {
        let (mask, _) = mask(&json!({}));
        assert!(mask.text(&"x".repeat(1_000_000)).len() <= TEXT_BYTES);
        assert!(mask.logs(&"é".repeat(1_000_000)).len() <= LOG_BYTES + 8);
        assert_eq!(mask.value(&json!(vec![1; 1000])).as_array().unwrap().len(), ITEMS + 1);
        let nested = mask.value(&json!(vec![vec!["x".repeat(10_000); 300]; 300]));
        assert!(nested.to_string().len() < 2 * VALUE_BYTES, "{}", nested.to_string().len());
        let long = mask.value(&json!({"text": "x".repeat(10_000_000)}));
        assert!(long["text"].as_str().unwrap().ends_with("x… (10000000 bytes in all)"));
        let object: Map<String, Value> = (0..300).map(|number| (number.to_string(), json!(number))).collect();
        assert_eq!(mask.value(&Value::Object(object))["…"], "and 100 more");
        let metrics: Map<String, Value> = (0..20_000).map(|number| (format!("m{number}"), json!("x".repeat(1000)))).collect();
        let shown = mask.metrics(&metrics);
        assert_eq!(shown["…"], format!("and {} more", metrics.len() + 1 - shown.len()));
        assert!(json!(shown).to_string().len() < 2 * METRICS_BYTES);
        let data = format!("data:image/png;base64,{}", "A".repeat(1000));
        assert_eq!(mask.value(&json!(data)), json!("data:image/png;base64,… (1022 characters)"));
    }
}
