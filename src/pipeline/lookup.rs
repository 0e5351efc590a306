//! Questions to Replicate before a model is inspected.

use cog_findings::{Finding, Severity};

use crate::clients::replicate::{Hardware, Replicate, ReplicateFailure, Visibility};
use crate::domain::cleared::Replaced;
use crate::domain::identity::ModelRef;
use crate::domain::plan::{ModelPlan, PublishMode};
use crate::inspect::rules::LIVE_NOT_COMPARED;
use crate::inspect::{LiveModel, LiveVersion, live_model};
use crate::pipeline::Goal;
use crate::pipeline::context::RunContext;
use crate::pipeline::stop::Stop;
use crate::publish::{ReadyRequest, check_ready, check_rights};

/// What Replicate answered before the inspection.
pub(super) struct ReplicateFacts {
    /// The live version, asked for once: every comparison of the run uses the same one.
    pub(super) live: Option<LiveVersion>,
    /// Why the model was not compared with a live version.
    pub(super) not_compared: Option<NotCompared>,
    /// The newest version of the official model.
    pub(super) official: Replaced,
    /// What the deployment runs.
    pub(super) deployed: Replaced,
    /// The account's hardware.
    pub(super) hardware: Option<Vec<Hardware>>,
}

impl ReplicateFacts {
    /// Replicate was not asked.
    pub(super) fn unknown(reason: NotCompared) -> Self {
        Self { live: None, not_compared: Some(reason), official: Replaced::Hidden, deployed: Replaced::Hidden, hardware: None }
    }

    /// No question was necessary: the model is compared with something else.
    pub(super) fn not_asked() -> Self {
        Self { live: None, not_compared: None, official: Replaced::Hidden, deployed: Replaced::Hidden, hardware: None }
    }

    /// What a publication replaces.
    pub(super) fn replaces(&self) -> Replaced {
        Replaced::of(self.live.as_ref().map(|live| &live.version.id))
    }
}

/// Why a model was not compared with a live version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotCompared {
    NoToken,
    Unnamed,
    Missing,
    NoVersion,
    NoSchema,
}

impl NotCompared {
    /// The finding about it: a note, unless a live version is required.
    pub(super) fn finding(self, plan: &ModelPlan) -> Finding {
        let model = &plan.model;
        let (message, hint) = match self {
            Self::NoToken => {
                ("no API token is set, so nothing was compared with a live version".to_owned(), "set REPLICATE_API_TOKEN")
            }
            Self::Unnamed => (
                "no live model is named, so nothing was compared with one".to_owned(),
                "pass OWNER/NAME, or add `image: r8.im/OWNER/NAME` to cog.yaml",
            ),
            Self::Missing => (
                format!("{model} does not exist or the token cannot see it, so nothing was compared with a live version"),
                "check its name and whose token this is; a new model has to be created first",
            ),
            Self::NoVersion => (
                format!("{model} has no version yet, so nothing was compared with a live version"),
                "nothing has to be done before the first version is published",
            ),
            Self::NoSchema => (
                format!("the live version of {model} has no schema, so nothing was compared with it"),
                "publish a version built by a newer Cog",
            ),
        };
        let severity = match self {
            _ if plan.inspect.require_live => Severity::Error,
            // A misspelled name looks like this.
            Self::Missing => Severity::Warning,
            _ => LIVE_NOT_COMPARED.severity,
        };
        let finding = Finding::new(&LIVE_NOT_COMPARED, message).hint(hint).with_severity(severity);
        match plan.inspect.model_place.as_ref().filter(|_| self != Self::NoToken) {
            Some(place) => finding.at(place.clone()),
            None => finding,
        }
    }
}

/// Asks Replicate, and changes nothing. Whatever would stop a later stage stops the run here.
pub(super) async fn look_up(
    plan: &ModelPlan,
    replicate: &dyn Replicate,
    goal: Goal<'_>,
    context: &RunContext<'_>,
) -> Result<ReplicateFacts, Stop> {
    // A check needs no account of its own, and any call notices a token that is rejected.
    let account = match goal {
        Goal::Publish(_) => Some(context.account(replicate).await?),
        Goal::Check(_) | Goal::Build(_) => None,
    };
    let found = live_model(replicate, &plan.model).await?;
    let not_compared = match &found {
        LiveModel::Missing => Some(NotCompared::Missing),
        LiveModel::Empty => Some(NotCompared::NoVersion),
        LiveModel::Version(version) => version.schema.is_none().then_some(NotCompared::NoSchema),
    };
    let live = found.version();
    let publishes = plan.publish == PublishMode::Publish;
    let (mut official, mut deployed) = (Replaced::Hidden, Replaced::Hidden);
    if let Some(account) = account {
        let request = ReadyRequest {
            account,
            test_model: &plan.test_model,
            test_hardware: plan.test_hardware.as_deref(),
            may_be_public: plan.allow.public_test_model,
            destination: plan.train.as_ref().filter(|train| train.trains()).map(|train| &train.destination),
            live: (publishes && live.is_none()).then_some(&plan.model),
            deployment: plan.deployment.as_ref().filter(|_| publishes),
        };
        if plan.two_pass {
            check_hides_key(plan, replicate).await?;
        }
        let ready = check_ready(&request, replicate).await?;
        deployed = ready.deployed;
        if let Goal::Publish(services) = goal
            && let Some(writer) = services.publish.writer.as_deref()
        {
            let staged = (!ready.test_model_missing).then_some(&plan.test_model);
            let published = [Some(&plan.model), plan.official_model.as_ref()].into_iter().flatten().filter(|_| publishes);
            let models: Vec<_> = staged.into_iter().chain(published).collect();
            check_rights(&models, writer).await?;
        }
        if let Some(model) = plan.official_model.as_ref().filter(|_| publishes) {
            official = newest(replicate, model).await?;
        }
    }
    let names_hardware = plan.test_hardware.is_some() || plan.train.is_some() || plan.deployment.is_some();
    let hardware = if names_hardware { Some(context.hardware(replicate).await?.to_vec()) } else { None };
    Ok(ReplicateFacts { live, not_compared, official, deployed, hardware })
}

/// With two passes, the images of the first one contain a key, and anyone who may run a model can read its files. So every model that they
/// are pushed to has to be private, even if a public test model is otherwise allowed.
async fn check_hides_key(plan: &ModelPlan, replicate: &dyn Replicate) -> Result<(), Stop> {
    let live = (plan.publish == PublishMode::Publish).then_some(("model", &plan.model));
    let destination = plan.train.as_ref().filter(|train| train.trains()).map(|train| ("train.destination", &train.destination));
    let models = [live, Some(("test_model", &plan.test_model)), destination];
    for (key, model) in models.into_iter().flatten() {
        let found = replicate.model(model).await?;
        if found.is_some_and(|found| found.visibility == Visibility::Public) {
            return Err(Stop::misconfigured(
                format!(
                    "two_pass is set, but {key} is {model}, which is public: its image holds the key, and everybody can run it{}",
                    plan.config_file.as_deref().map(|file| format!(" ({file})")).unwrap_or_default()
                ),
                format!(
                    "make {model} private in its settings on replicate.com, or name a private model as {key}; only official_model is for everybody"
                ),
            ));
        }
    }
    Ok(())
}

/// The newest version of an official model, which some tokens may not see: `docs/reference/replicate-api.md#official-models`.
async fn newest(replicate: &dyn Replicate, model: &ModelRef) -> Result<Replaced, Stop> {
    match replicate.model(model).await {
        Ok(Some(found)) => Ok(Replaced::of(found.latest_version.as_ref().map(|version| &version.id))),
        Ok(None) => Ok(Replaced::Hidden),
        Err(error) if matches!(error.failure(), ReplicateFailure::Forbidden { .. }) => Ok(Replaced::Hidden),
        Err(error) => Err(error.into()),
    }
}
