//! Which inputs are the same to a model.

use cog_schema::{InputProperty, Method, input_properties};
use serde_json::Value;

use crate::domain::prediction::Inputs;

/// Identifies inputs by their effect: omitted inputs count as their defaults.
#[derive(Debug)]
pub(in crate::verify) struct Identity {
    /// Every input with its default.
    defaults: Vec<(String, Option<Value>)>,
}

impl Identity {
    pub(in crate::verify) fn of(document: &Value, method: Method) -> Self {
        Self::of_properties(&input_properties(document, method))
    }

    pub(super) fn of_properties(properties: &[InputProperty]) -> Self {
        Self { defaults: properties.iter().map(|property| (property.name.clone(), property.default.clone())).collect() }
    }

    /// A text that is equal for inputs with the same effect.
    pub(in crate::verify) fn text(&self, inputs: &Inputs) -> String {
        let sent = |name: &String| inputs.get(name).filter(|value| !value.is_null());
        let declared = self.defaults.iter().map(|(name, default)| (name, sent(name).or(default.as_ref())));
        let mut others: Vec<_> = inputs.iter().filter(|(name, _)| !self.defaults.iter().any(|(known, _)| known == *name)).collect();
        others.sort_by_key(|(name, _)| name.as_str());
        let all: Vec<_> = declared.chain(others.into_iter().map(|(name, value)| (name, Some(value)))).collect();
        serde_json::to_string(&all).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_default_that_is_spelled_out_changes_nothing() {
        let document = json!({"components": {"schemas": {"Input": {"type": "object", "properties": {
            "prompt": {"type": "string"}, "steps": {"type": "integer", "default": 50},
        }}}}});
        let identity = Identity::of(&document, Method::Predict);
        let text = |inputs: Value| identity.text(inputs.as_object().unwrap());
        let plain = text(json!({"prompt": "a"}));
        assert_eq!(text(json!({"steps": 50, "prompt": "a"})), plain);
        assert_eq!(text(json!({"prompt": "a", "steps": null})), plain);
        for other in [json!({"prompt": "a", "steps": 51}), json!({"prompt": "b"}), json!({"prompt": "a", "more": 1})] {
            assert_ne!(text(other.clone()), plain, "{other}");
        }
    }
}
