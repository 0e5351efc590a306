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
