//! Against services in memory, with paused time.

mod before_a_build;
mod cancelling;
mod existing;
mod meanings;
mod two_pass;
mod whole;

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::build::BuildEnvironment;
use crate::domain::plan::{BuildPlan, Comparison, InspectPlan, Limits, ModelPlan, PublishMode, VerifyPlan};
use crate::domain::report::{ModelReport, RunReport, Stage, StageStatus};
use crate::inspect::Tools;
use crate::pipeline::{Goal, ModelRun, RunOptions, Services, run};
use crate::publish::testing::{
    FakeDocker, FakeRegistry, FakeReplicate, REGISTRY, Recorder, StillClock, World, credentials, live_model, test_model,
};

const COG_YAML: &str = "build:\n  python_version: \"3.12\"\npredict: predict.py:Predictor\n";

const PREDICT_PY: &str = "from cog import BasePredictor, Input\n\n\n\
    class Predictor(BasePredictor):\n    \
    def predict(self, text: str = Input(description=\"What to say\", default=\"hello\")) -> str:\n        \
    return text\n";

/// A world, a project and what listens.
struct Harness {
    world: World,
    recorder: Recorder,
    cancelled: CancellationToken,
    folder: TempDir,
}

impl Harness {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("cog.yaml"), COG_YAML).unwrap();
        std::fs::write(folder.path().join("predict.py"), PREDICT_PY).unwrap();
        Self { world: World::new(), recorder: Recorder::default(), cancelled: CancellationToken::new(), folder }
    }

    fn plan(&self) -> ModelPlan {
        ModelPlan {
            name: "hotdog".to_owned(),
            config_file: Some("cog-safe-push.yaml".to_owned()),
            project: self.folder.path().to_owned(),
            model: live_model(),
            test_model: test_model(),
            test_hardware: Some("cpu".to_owned()),
            official_model: None,
            two_pass: false,
            inspect: InspectPlan { no_lint: true, ..InspectPlan::default() },
            build: BuildPlan::default(),
            predict: VerifyPlan { compare: Comparison::Off, ..VerifyPlan::default() },
            train: None,
            publish: PublishMode::Publish,
            deployment: None,
            parallel: 1,
            limits: Limits::default(),
        }
    }

    fn services(&self) -> Services {
        Services {
            replicate: Arc::new(FakeReplicate(self.world.clone())),
            docker: Arc::new(FakeDocker(self.world.clone())),
            registry: Arc::new(FakeRegistry(self.world.clone())),
            registry_host: REGISTRY.to_owned(),
            credentials: credentials(),
            judge: None,
            clock: Arc::new(StillClock),
            tools: Tools::default(),
            build: BuildEnvironment::default(),
        }
    }

    async fn run_to(&self, goal: Goal, models: Vec<ModelRun>) -> RunReport {
        run(models, &self.services(), &options(goal), &self.recorder, &self.cancelled).await
    }

    /// Runs one plan as far as it goes.
    async fn run(&self, plan: ModelPlan) -> ModelReport {
        let report = self.run_to(Goal::Publish, vec![ModelRun::new(plan)]).await;
        report.models.into_iter().next().unwrap()
    }

    /// Cancels later, and says when.
    fn cancel_after(&self, wait: Duration) -> Instant {
        let later = self.cancelled.clone();
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            later.cancel();
        });
        Instant::now() + wait
    }
}

fn options(goal: Goal) -> RunOptions {
    RunOptions { tool_version: "0.1.0".to_owned(), notices: vec!["a notice".to_owned()], goal, keep_outputs: None }
}

/// Stages as `inspect passed`, in order.
fn stages(report: &ModelReport) -> Vec<String> {
    report.stages.iter().map(|stage| format!("{} {}", stage.stage, word(stage.status))).collect()
}

fn word(status: StageStatus) -> &'static str {
    match status {
        StageStatus::Passed => "passed",
        StageStatus::Failed => "failed",
        StageStatus::Errored => "errored",
        StageStatus::Cancelled => "cancelled",
        StageStatus::Skipped => "skipped",
    }
}

/// The one stage's note.
fn note(report: &ModelReport, stage: Stage) -> &str {
    let stage = report.stages.iter().find(|entered| entered.stage == stage).unwrap();
    stage.note.as_deref().unwrap_or_default()
}

fn error(report: &ModelReport) -> (&str, &str) {
    let error = report.error.as_ref().unwrap();
    (&error.message, error.hint.as_deref().unwrap_or_default())
}
