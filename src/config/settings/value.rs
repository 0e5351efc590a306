//! The types that settings have, and how each is written as text.

use std::path::PathBuf;

use cog_findings::text::nearest;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::settings::value_kind::ValueKind;
use crate::domain::choice::Choice;
use crate::domain::identity::ModelRef;

/// Why a text is not a value of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// What it must be, as in "it must be true or false".
    pub problem: String,
    /// How to correct it.
    pub hint: Option<String>,
}

impl Rejected {
    pub(in crate::config) fn because(problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), hint: None }
    }
}

/// A type that settings can have.
pub trait SettingValue: Serialize + DeserializeOwned {
    /// The form of its values.
    const KIND: ValueKind;

    /// Reads the text of a flag, variable or input. It is not empty.
    fn from_text(text: &str) -> Result<Self, Rejected>;

    /// A default as help shows it; `None` when it goes without saying.
    fn shown(&self) -> Option<String>;
}

impl SettingValue for bool {
    const KIND: ValueKind = ValueKind::Switch;

    fn from_text(text: &str) -> Result<Self, Rejected> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err(Rejected::because("it must be true or false")),
        }
    }

    fn shown(&self) -> Option<String> {
        self.then(|| "true".to_owned())
    }
}

impl SettingValue for u64 {
    const KIND: ValueKind = ValueKind::Number;

    fn from_text(text: &str) -> Result<Self, Rejected> {
        text.parse().map_err(|_no_number| Rejected::because("it must be a whole number, 0 or more"))
    }

    fn shown(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl SettingValue for String {
    const KIND: ValueKind = ValueKind::Text;

    fn from_text(text: &str) -> Result<Self, Rejected> {
        Ok(text.to_owned())
    }

    fn shown(&self) -> Option<String> {
        Some(self.clone())
    }
}

impl SettingValue for PathBuf {
    const KIND: ValueKind = ValueKind::Text;

    fn from_text(text: &str) -> Result<Self, Rejected> {
        Ok(Self::from(text))
    }

    fn shown(&self) -> Option<String> {
        Some(self.display().to_string())
    }
}

impl SettingValue for ModelRef {
    const KIND: ValueKind = ValueKind::Model;

    fn from_text(text: &str) -> Result<Self, Rejected> {
        text.parse().map_err(|_no_model| Rejected {
            problem: "it is not OWNER/NAME".to_owned(),
            hint: Some("write its owner and its name, as in acme/hotdog".to_owned()),
        })
    }

    fn shown(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl SettingValue for Vec<String> {
    const KIND: ValueKind = ValueKind::List;

    fn from_text(text: &str) -> Result<Self, Rejected> {
        Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
    }

    fn shown(&self) -> Option<String> {
        None
    }
}

impl<T: Choice + Serialize + DeserializeOwned> SettingValue for T {
    const KIND: ValueKind = ValueKind::Choice(T::NAMES);

    fn from_text(text: &str) -> Result<Self, Rejected> {
        T::from_name(text).ok_or_else(|| Rejected {
            problem: format!("it must be one of {}", T::NAMES.join(", ")),
            hint: nearest(text, T::NAMES.iter().copied()).map(|near| format!("did you mean '{near}'?")),
        })
    }

    fn shown(&self) -> Option<String> {
        Some(self.name().to_owned())
    }
}
