//! The matrix of a GitHub workflow, and the other outputs of a step that selects models.

use serde_json::{Value, json};

use crate::domain::model_name::ModelName;

/// GitHub refuses a matrix with more jobs: `docs/reference/github-actions.md#matrices-and-reusable-workflows`.
pub const MATRIX_JOBS: usize = 256;

/// The outputs of a step that selects models, for the following jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outputs {
    /// The matrix, as `strategy.matrix: ${{ fromJSON(...) }}` takes it. Every job's `model` can be given as `models`.
    pub matrix: Value,
    /// The names, separated by commas.
    pub models: String,
    /// The number of models.
    pub count: usize,
    /// Whether any model was chosen. GitHub fails a job with an empty matrix, so that job needs `if: needs.….outputs.any == 'true'`.
    pub any: bool,
}

impl Outputs {
    /// The outputs by their names, as text on one line each.
    pub fn entries(&self) -> [(&'static str, String); 4] {
        [
            ("matrix", self.matrix.to_string()),
            ("models", self.models.clone()),
            ("count", self.count.to_string()),
            ("any", self.any.to_string()),
        ]
    }
}

/// The outputs of a selection.
pub fn outputs(models: &[ModelName]) -> Outputs {
    Outputs { matrix: matrix(models), models: list(models), count: models.len(), any: !models.is_empty() }
}

/// The matrix: a job for each model, in their order. More models than a matrix has room for share jobs, each of which carries a list.
pub fn matrix(models: &[ModelName]) -> Value {
    if models.len() <= MATRIX_JOBS {
        return json!({ "model": models });
    }
    let jobs: Vec<Value> =
        shares(models).into_iter().zip(1..).map(|(models, job)| json!({ "model": list(models), "leg": job })).collect();
    json!({ "include": jobs })
}

/// Distributes models evenly over the jobs. If they do not divide evenly, the first jobs have one more.
fn shares(models: &[ModelName]) -> Vec<&[ModelName]> {
    let (least, with_one_more) = (models.len() / MATRIX_JOBS, models.len() % MATRIX_JOBS);
    let mut rest = models;
    let mut jobs = Vec::with_capacity(MATRIX_JOBS);
    for job in 0..MATRIX_JOBS {
        let (first, others) = rest.split_at(least + usize::from(job < with_one_more));
        jobs.push(first);
        rest = others;
    }
    jobs
}

fn list(models: &[ModelName]) -> String {
    models.iter().map(ModelName::as_str).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, proptest};

    use super::*;

    fn models(number: usize) -> Vec<ModelName> {
        (0..number).map(|number| format!("model-{number}").parse().unwrap()).collect()
    }

    fn includes(matrix: &Value) -> Vec<&str> {
        matrix["include"].as_array().unwrap().iter().map(|job| job["model"].as_str().unwrap()).collect()
    }

    #[test]
    fn a_matrix_has_a_job_for_each_model() {
        assert_eq!(matrix(&models(2)), json!({ "model": ["model-0", "model-1"] }));
        assert_eq!(matrix(&models(256))["model"].as_array().unwrap().len(), 256);
    }

    #[test]
    fn more_models_share_jobs() {
        let matrix = matrix(&models(257));
        let jobs = includes(&matrix);
        assert_eq!((jobs.len(), jobs[0], jobs[1], jobs[255]), (256, "model-0,model-1", "model-2", "model-256"));
        assert_eq!(matrix["include"][255]["leg"], 256);
    }

    #[test]
    fn outputs_are_lines() {
        let outputs = outputs(&models(2)).entries();
        assert_eq!(
            outputs,
            [
                ("matrix", r#"{"model":["model-0","model-1"]}"#.to_owned()),
                ("models", "model-0,model-1".to_owned()),
                ("count", "2".to_owned()),
                ("any", "true".to_owned()),
            ]
        );
    }

    #[test]
    fn a_selection_without_models_is_reported() {
        let outputs = outputs(&[]).entries();
        assert_eq!(outputs.map(|(_, value)| value), [r#"{"model":[]}"#, "", "0", "false"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn shards_hold_every_model_once_and_evenly(number in 257_usize..2000) {
            let models = models(number);
            let matrix = matrix(&models);
            let jobs = includes(&matrix);
            let all: Vec<&str> = jobs.iter().flat_map(|job| job.split(',')).collect();
            assert_eq!(all, models.iter().map(ModelName::as_str).collect::<Vec<_>>());
            let sizes: Vec<usize> = jobs.iter().map(|job| job.split(',').count()).collect();
            assert!(jobs.len() == MATRIX_JOBS && sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1);
        }
    }
}
