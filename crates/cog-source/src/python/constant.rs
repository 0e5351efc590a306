//! Constants in the source.

use serde_json::{Map, Number, Value};

/// A constant in the source.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Constant {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    /// A list, tuple or set.
    List(Vec<Constant>),
    Dict(Vec<(Constant, Constant)>),
    /// A member of an enumeration.
    Member(Box<EnumMember>),
    /// A value in a dictionary or a list that is only known at run time.
    Unknown,
}

/// A member of an enumeration.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct EnumMember {
    pub name: String,
    pub value: Constant,
    /// Whether it is also a value itself, as those of `class Mode(str, Enum)`.
    pub is_value: bool,
}

/// A number as JSON. Whole numbers are written without a fraction, as Cog writes them.
pub(super) fn number(value: f64) -> Value {
    // The bound is where every whole number is still exact.
    if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
        return Value::from(value as i64);
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

impl Constant {
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::None => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::from(*value),
            Self::Float(value) => number(*value),
            Self::Text(value) => Value::String(value.clone()),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Member(member) => member.value.to_json(),
            Self::Unknown => Value::Null,
            Self::Dict(entries) => {
                let mut object: Vec<(String, Value)> = entries.iter().map(|(key, value)| (key.as_key(), value.to_json())).collect();
                object.sort_by(|one, other| one.0.cmp(&other.0));
                Value::Object(object.into_iter().collect::<Map<_, _>>())
            }
        }
    }

    /// The constant as the key of a JSON object.
    fn as_key(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            other => other.to_json().to_string(),
        }
    }

    /// Whether every part of it is known. A member of an enumeration that is not a value cannot be written as JSON.
    pub(super) fn is_known(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::Member(member) => member.is_value && member.value.is_known(),
            Self::List(items) => items.iter().all(Self::is_known),
            Self::Dict(entries) => entries.iter().all(|(key, value)| key.is_known() && value.is_known()),
            _ => true,
        }
    }

    /// The number of values in it.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::List(items) => items.iter().map(Self::size).sum::<usize>() + 1,
            Self::Dict(entries) => entries.iter().map(|(key, value)| key.size() + value.size()).sum::<usize>() + 1,
            Self::Text(text) => text.len() / 64 + 1,
            _ => 1,
        }
    }

    /// The value, with that of a member in its place.
    pub(super) fn plain(self) -> Self {
        match self {
            Self::Member(member) if member.is_value => member.value,
            other => other,
        }
    }

    /// The items of a list, the keys of a dictionary, or the characters of a text, as a loop visits them.
    pub(super) fn into_items(self) -> Option<Vec<Self>> {
        match self {
            Self::List(items) => Some(items),
            Self::Dict(entries) => Some(entries.into_iter().map(|(key, _)| key).collect()),
            Self::Text(text) => Some(text.chars().map(|character| Self::Text(character.to_string())).collect()),
            _ => None,
        }
    }

    /// Whether Python counts it as true; `None` when that is only known at run time.
    pub(super) fn truth(&self) -> Option<bool> {
        Some(match self {
            Self::None => false,
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::List(items) => !items.is_empty(),
            Self::Dict(entries) => !entries.is_empty(),
            Self::Member(_) | Self::Unknown => return None,
        })
    }

    /// The text that `str()` and f-strings make of it; `None` where Python's form is not that of other languages.
    pub(super) fn shown(&self) -> Option<String> {
        Some(match self {
            Self::None => "None".to_owned(),
            Self::Bool(true) => "True".to_owned(),
            Self::Bool(false) => "False".to_owned(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) if *value == 0.0 || (1e-4..1e16).contains(&value.abs()) => format!("{value:?}"),
            Self::Text(text) => text.clone(),
            _ => return None,
        })
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "limits are numbers of JSON, which are doubles")]
    pub(super) const fn as_number(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whole_numbers_have_no_fraction() {
        assert_eq!(number(7.0), json!(7));
        assert_eq!(number(-0.0), json!(0));
        assert_eq!(number(0.5), json!(0.5));
        assert_eq!(number(1e300), json!(1e300));
        assert_eq!(number(f64::INFINITY), Value::Null);
    }

    #[test]
    fn dictionaries_are_sorted_and_their_keys_are_texts() {
        let dict = Constant::Dict(vec![(Constant::Text("b".to_owned()), Constant::None), (Constant::Int(1), Constant::Bool(true))]);
        assert_eq!(dict.to_json().to_string(), r#"{"1":true,"b":null}"#);
    }
}
