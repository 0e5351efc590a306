//! One setting: its help, its type, and where it can be written.

use std::ops::RangeInclusive;

use figment::value::Value;

use crate::config::settings::action::Action;
use crate::config::settings::value::{Rejected, SettingValue};
use crate::config::settings::value_kind::ValueKind;

#[derive(Debug, Clone)]
pub struct Setting {
    /// The key in `.safe-push.yaml`, the name of the input and, in capitals after `SAFE_PUSH_`, of the variable.
    pub name: &'static str,
    /// The section of the help.
    pub heading: &'static str,
    /// One line about it.
    pub help: &'static str,
    /// The form of its values.
    pub kind: ValueKind,
    /// The flag without its dashes.
    pub flag: Option<&'static str>,
    /// The help of a flag that says the opposite, as in `--no-compare-outputs`.
    pub negated: Option<&'static str>,
    /// The actions that have it as an input.
    pub inputs: &'static [Action],
    /// Variables beside `SAFE_PUSH_*`. The first one that is set counts.
    pub variables: &'static [&'static str],
    /// Whether `.safe-push.yaml` may hold it.
    pub in_repository: bool,
    /// Whether it only has an effect in the action.
    pub only_in_action: bool,
    /// The key of the model's configuration that means the same, as in `predict.predict_timeout`.
    pub model_key: Option<&'static str>,
    /// The placeholder of the value in help.
    pub value_name: &'static str,
    /// Numbers that are allowed.
    pub range: Option<RangeInclusive<u64>>,
    /// The expression that an action's input has when a workflow sets none. Only the runner knows its value.
    pub default_input: Option<&'static str>,
    /// What is used when nothing is set, where that is not a fixed value.
    pub otherwise: Option<&'static str>,
    default: Option<fn() -> Option<String>>,
    parse: fn(&str) -> Result<Value, Rejected>,
}

impl Setting {
    /// The variable that sets it.
    pub fn variable(&self) -> String {
        format!("SAFE_PUSH_{}", self.name.to_uppercase())
    }

    /// The value that is used when nothing is set. `None` also for a default that goes without saying: a switch is off.
    pub fn fixed_default(&self) -> Option<String> {
        self.default.and_then(|default| default())
    }

    /// The fixed default, or what is used instead of one.
    pub fn default_text(&self) -> Option<String> {
        self.fixed_default().or_else(|| self.otherwise.map(str::to_owned))
    }

    /// Reads the text of a flag, variable or input.
    pub(in crate::config) fn parse(&self, text: &str) -> Result<Value, Rejected> {
        (self.parse)(text)
    }
}

/// The words of a declaration.
#[doc(hidden)]
impl Setting {
    pub const fn new<T: SettingValue>(name: &'static str, heading: &'static str, help: &'static str) -> Self {
        Self {
            name,
            heading,
            help: help.trim_ascii(),
            kind: T::KIND,
            flag: None,
            negated: None,
            inputs: &[],
            variables: &[],
            in_repository: false,
            only_in_action: false,
            model_key: None,
            value_name: "",
            range: None,
            default_input: None,
            otherwise: None,
            default: None,
            parse: parsed::<T>,
        }
    }

    pub const fn flag(mut self, flag: &'static str) -> Self {
        self.flag = Some(flag);
        self
    }

    pub const fn negated(mut self, help: &'static str) -> Self {
        assert!(matches!(self.kind, ValueKind::Switch), "only a switch can be negated");
        self.negated = Some(help);
        self
    }

    pub const fn value(mut self, name: &'static str) -> Self {
        self.value_name = name;
        self
    }

    pub const fn inputs(mut self, actions: &'static [Action]) -> Self {
        self.inputs = actions;
        self
    }

    pub const fn variables(mut self, names: &'static [&'static str]) -> Self {
        self.variables = names;
        self
    }

    pub const fn repository(mut self) -> Self {
        self.in_repository = true;
        self
    }

    pub const fn only_in_action(mut self) -> Self {
        self.only_in_action = true;
        self
    }

    pub const fn model_key(mut self, key: &'static str) -> Self {
        self.model_key = Some(key);
        self
    }

    pub const fn range(mut self, range: RangeInclusive<u64>) -> Self {
        assert!(matches!(self.kind, ValueKind::Number), "only a number has a range");
        self.range = Some(range);
        self
    }

    pub const fn default_input(mut self, expression: &'static str) -> Self {
        self.default_input = Some(expression);
        self
    }

    pub const fn otherwise(mut self, text: &'static str) -> Self {
        self.otherwise = Some(text);
        self
    }

    pub const fn default(mut self, default: fn() -> Option<String>) -> Self {
        self.default = Some(default);
        self
    }
}

fn parsed<T: SettingValue>(text: &str) -> Result<Value, Rejected> {
    Value::serialize(T::from_text(text)?).map_err(|error| Rejected { problem: error.to_string(), hint: None })
}
