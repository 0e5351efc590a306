//! Against services in memory, with paused time.

mod before_a_build;
mod cancelling;
mod deployment_proof;
mod existing;
mod lost_images;
mod meanings;
mod model_page;
mod moved;
mod two_pass;
mod whole;

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::build::BuildEnvironment;
use crate::clients::docker::Docker;
use crate::clients::registry::{AnyRegistry, RegistryOptions};
use crate::domain::plan::{
    Allowances, BuildPlan, Comparison, DeploymentPlan, InspectPlan, Limits, ModelPlan, PublishMode, VerifyPlan,
};
use crate::domain::project_place::ProjectPlace;
use crate::domain::report::{ModelReport, RunReport, Stage, StageStatus};
use crate::inspect::Tools;
use crate::pipeline::{BuildServices, CheckServices, Goal, ModelRun, RunOptions, Services, run};
use crate::publish::testing::{FakeDocker, Recorder, StillClock, World, live_model, test_model};
use crate::verify::VerifyServices;

const COG_YAML: &str = "build:\n  python_version: \"3.12\"\npredict: predict.py:Predictor\n";

const PREDICT_PY: &str = "from cog import BasePredictor, Input\n\n\n\
    class Predictor(BasePredictor):\n    \
    def predict(self, text: str = Input(description=\"What to say\", default=\"hello\")) -> str:\n        \
    return text\n";

/// The last stage of a run's goal.
#[derive(Clone, Copy)]
enum Last {
    Inspect,
    Build,
    Deploy,
}

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
            place: ProjectPlace::default(),
            is_named: true,
            model: live_model(),
            test_model: test_model(),
            test_hardware: Some("cpu".to_owned()),
            official_model: None,
            two_pass: false,
            readme: None,
            inspect: InspectPlan { no_lint: true, ..InspectPlan::default() },
            build: BuildPlan::default(),
            predict: VerifyPlan { compare: Comparison::Off, ..VerifyPlan::default() },
            train: None,
            publish: PublishMode::Publish,
            allow: Allowances::default(),
            deployment: None,
            always: false,
            deployment_check: false,
            parallel: 1,
            limits: Limits::default(),
        }
    }

    fn services(&self) -> Services {
        let publish = self.world.services();
        Services {
            build: BuildServices {
                check: CheckServices {
                    replicate: Some(Arc::clone(&publish.replicate)),
                    clock: Arc::new(StillClock),
                    tools: Tools::default(),
                    has_judge: None,
                    sees_videos: true,
                    against: None,
                },
                docker: Docker::of(Arc::new(FakeDocker(self.world.clone()))),
                registry: Some(Arc::clone(&publish.registry)),
                digests: Arc::new(AnyRegistry::new(RegistryOptions::new("registry.invalid", None))),
                environment: BuildEnvironment::default(),
            },
            verify: VerifyServices { replicate: Arc::clone(&publish.replicate), judge: None, clock: Arc::new(StillClock) },
            publish,
        }
    }

    /// Runs models with all services that their goal can have.
    async fn run_to(&self, last: Last, models: Vec<ModelRun>) -> RunReport {
        let services = self.services();
        let goal = match last {
            Last::Inspect => Goal::Check(&services.build.check),
            Last::Build => Goal::Build(&services.build),
            Last::Deploy => Goal::Publish(&services),
        };
        run(models, goal, &options(), &self.recorder, &self.cancelled).await
    }

    /// Runs one plan as far as it goes.
    async fn run(&self, plan: ModelPlan) -> ModelReport {
        let report = self.run_to(Last::Deploy, vec![ModelRun::new(plan)]).await;
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

/// A deployment of the live model.
fn deployment() -> DeploymentPlan {
    DeploymentPlan {
        owner: "acme".to_owned(),
        name: "hotdog".to_owned(),
        hardware: "cpu".to_owned(),
        min_instances: None,
        max_instances: None,
    }
}

fn options() -> RunOptions {
    RunOptions { tool_version: "0.1.0".to_owned(), notices: vec!["a notice".to_owned()], keep_outputs: None }
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
