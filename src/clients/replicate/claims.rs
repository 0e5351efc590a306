//! Which caller holds which prediction. This makes a lost creation recoverable.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard};

use serde_json::Value;

use crate::clients::replicate::PredictionTarget;
use crate::clients::replicate::wire::RawJob;
use crate::domain::prediction::{Inputs, PredictionId};
use crate::support::locks::lock;

/// The predictions and trainings held by callers of this client, each by one caller.
#[derive(Debug, Default)]
pub(super) struct Claims {
    state: Mutex<ClaimState>,
}

#[derive(Debug, Default)]
struct ClaimState {
    ids: HashSet<PredictionId>,
    /// The model and version that the service reported for a target.
    reported: HashMap<PredictionTarget, (Option<String>, Option<String>)>,
}

impl Claims {
    fn state(&self) -> MutexGuard<'_, ClaimState> {
        lock(&self.state)
    }

    /// Claims a prediction for the caller whose creation returned it. `false` if another caller, who lost the response to an
    /// identical creation, has claimed it. Then the prediction of that other creation can be found instead.
    pub(super) fn take(&self, target: &PredictionTarget, job: &RawJob) -> bool {
        let mut state = self.state();
        state.reported.insert(target.clone(), (job.model.clone(), job.version.clone()));
        state.ids.insert(job.id())
    }

    /// Claims the oldest unclaimed prediction that could be the result of a lost creation. Candidates are newest first, as the
    /// service lists them.
    pub(super) fn take_lost(&self, target: &PredictionTarget, inputs: &Inputs, candidates: Vec<RawJob>) -> Option<RawJob> {
        let mut state = self.state();
        let reported = state.reported.get(target);
        let found = candidates
            .into_iter()
            .rev()
            .find(|job| !state.ids.contains(&job.id()) && runs_on(job, target, reported) && same_members(&job.input, inputs))?;
        state.ids.insert(found.id());
        Some(found)
    }
}

/// Whether a prediction runs on the target.
///
/// The reported version can differ from the requested one (an override), and an official model can be reported under an internal
/// name: `docs/reference/replicate-api.md#the-prediction-object`. So what was reported for the target before counts too. A
/// version's id alone is not enough, because two models may have a version with the same id.
fn runs_on(job: &RawJob, target: &PredictionTarget, reported: Option<&(Option<String>, Option<String>)>) -> bool {
    let model = job.model.as_deref();
    let direct = match target {
        PredictionTarget::Version(version) => {
            job.version.as_deref() == Some(version.id.as_str()) && model == Some(version.model.to_string().as_str())
        }
        PredictionTarget::Model(name) => model == Some(name.to_string().as_str()),
        PredictionTarget::Deployment { owner, name } => {
            let named = job.deployment.as_deref();
            return named.is_some_and(|named| named == name || named == format!("{owner}/{name}"));
        }
    };
    let as_before = || reported.is_some_and(|(model, version)| version.is_some() && (model, version) == (&job.model, &job.version));
    job.deployment.is_none() && (direct || as_before())
}

/// Whether two objects have the same members, in any order.
fn same_members(left: &Inputs, right: &Inputs) -> bool {
    left.len() == right.len() && left.iter().all(|(name, value)| right.get(name).is_some_and(|other| same_value(value, other)))
}

/// Whether two values are equal. `1` equals `1.0`, because a service may write numbers in its own way.
fn same_value(left: &Value, right: &Value) -> bool {
    match (left, right) {
        // Integers are compared exactly: two large seeds can be the same float.
        (Value::Number(left), Value::Number(right)) => {
            left == right || ((left.is_f64() || right.is_f64()) && left.as_f64() == right.as_f64())
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same_value(left, right))
        }
        (Value::Object(left), Value::Object(right)) => same_members(left, right),
        _ => left == right,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clients::replicate::wire::tests::VERSION;

    fn job(id: &str, members: &Value) -> RawJob {
        let mut value = json!({"id": id, "status": "starting", "model": "acme/x", "version": VERSION, "input": {"n": 1}});
        value.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        serde_json::from_value(value).unwrap()
    }

    fn version() -> PredictionTarget {
        PredictionTarget::Version(format!("acme/x:{VERSION}").parse().unwrap())
    }

    fn inputs(value: &Value) -> Inputs {
        value.as_object().unwrap().clone()
    }

    fn found(claims: &Claims, target: &PredictionTarget, candidates: Vec<RawJob>) -> Option<String> {
        claims.take_lost(target, &inputs(&json!({"n": 1})), candidates).map(|job| job.id().to_string())
    }

    #[test]
    fn a_prediction_is_taken_once_and_the_oldest_first() {
        let claims = Claims::default();
        let listed = || vec![job("new", &json!({})), job("old", &json!({}))];
        assert_eq!(found(&claims, &version(), listed()).as_deref(), Some("old"));
        assert_eq!(found(&claims, &version(), listed()).as_deref(), Some("new"));
        assert_eq!(found(&claims, &version(), listed()), None);
        assert!(!claims.take(&version(), &job("old", &json!({}))));
        assert!(claims.take(&version(), &job("third", &json!({}))));
    }

    #[test]
    fn another_model_version_deployment_or_input_is_not_ours() {
        let foreign = [
            json!({"model": "acme/y"}),
            json!({"version": "hidden"}),
            json!({"deployment": "acme/d"}),
            json!({"input": {"n": 2}}),
            json!({"input": {}}),
            json!({"input": {"n": 1, "m": 1}}),
        ];
        for members in foreign {
            assert_eq!(found(&Claims::default(), &version(), vec![job("a", &members)]), None, "{members}");
        }
    }

    #[test]
    fn an_overridden_version_is_recognized_once_reported() {
        let claims = Claims::default();
        let other = json!({"version": "7762fd07cf82c948538e41f63f77d685e02b063e37e496e96eefd46c929f9bdc"});
        assert_eq!(found(&claims, &version(), vec![job("a", &other)]), None);
        assert!(claims.take(&version(), &job("first", &other)));
        assert_eq!(found(&claims, &version(), vec![job("a", &other)]).as_deref(), Some("a"));
    }

    #[test]
    fn official_models_and_deployments_are_recognized() {
        let model = PredictionTarget::Model("acme/x".parse().unwrap());
        let hidden = job("a", &json!({"version": "hidden"}));
        assert_eq!(found(&Claims::default(), &model, vec![hidden]).as_deref(), Some("a"));
        let deployment = PredictionTarget::Deployment { owner: "acme".to_owned(), name: "d".to_owned() };
        for (named, is_ours) in [(json!("acme/d"), true), (json!("d"), true), (json!("evil/d"), false), (json!(null), false)] {
            let listed = vec![job("a", &json!({"deployment": named}))];
            assert_eq!(found(&Claims::default(), &deployment, listed).is_some(), is_ours);
        }
    }

    #[test]
    fn numbers_are_compared_by_value() {
        assert!(same_value(&json!({"a": [1, 2.5], "b": "x"}), &json!({"b": "x", "a": [1.0, 2.5]})));
        assert!(!same_value(&json!([1, 2]), &json!([1])));
        assert!(!same_value(&json!("1"), &json!(1)));
        assert!(!same_value(&json!(9_007_199_254_740_993_u64), &json!(9_007_199_254_740_992_u64)));
    }
}
