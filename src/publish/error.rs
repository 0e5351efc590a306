//! Errors of turning an image into a version, by meaning.

use cog_findings::Finding;

use crate::clients::ErrorKind;
use crate::clients::docker::DockerError;
use crate::clients::registry::RegistryError;
use crate::clients::replicate::{ReplicateError, ReplicateFailure};
use crate::domain::identity::{ImageDigest, ModelRef, VersionRef};
use crate::publish::moved::Moved;
use crate::publish::published::Published;
use crate::publish::rules;

/// An error of a push or of what belongs to it.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The daemon.
    #[error(transparent)]
    Docker(DockerError),
    #[error(transparent)]
    Registry(RegistryError),
    #[error(transparent)]
    Replicate(ReplicateError),
    /// The test model does not exist, and no hardware is configured to create it on.
    #[error("the test model {model} does not exist, and no hardware is named to create it on")]
    NoTestHardware {
        /// The test model.
        model: ModelRef,
    },
    /// The test model does not exist, and the token's account cannot create it.
    #[error("the test model {model} does not exist, and the API token of '{account}' cannot create it")]
    ForeignTestModel {
        /// The test model.
        model: ModelRef,
        /// The token's account.
        account: String,
    },
    /// The test model exists, and the token cannot see it.
    #[error("the model {model} exists, but the API token cannot see it")]
    HiddenTestModel {
        /// The test model.
        model: ModelRef,
    },
    /// The destination of trainings belongs to another account.
    #[error("the destination {model} of trainings does not belong to '{account}', the account of the API token")]
    ForeignDestination {
        /// The destination.
        model: ModelRef,
        /// The token's account.
        account: String,
    },
    /// The live model does not exist.
    #[error("the model {model} does not exist, or the API token cannot see it")]
    NoLiveModel {
        /// The live model.
        model: ModelRef,
    },
    /// The CLI token may not push to a model.
    #[error("the CLI token may not push to {model}")]
    MayNotPush {
        model: ModelRef,
        /// The registry's answer.
        #[source]
        source: Box<RegistryError>,
    },
    /// The push succeeded, but the registry does not have what was pushed.
    #[error("the registry does not have the manifest {digest} that was just pushed to {model}")]
    NothingArrived {
        model: ModelRef,
        /// The pushed version.
        digest: ImageDigest,
    },
    /// It was pushed, but the registry or Replicate did not confirm it.
    #[error("{version} was pushed, but could not be confirmed")]
    Unconfirmed {
        /// The pushed version.
        version: Box<VersionRef>,
        /// Why it could not be confirmed.
        #[source]
        source: Box<PublishError>,
    },
    /// Its manifest was sent, and whether it arrived is unknown.
    #[error("{version} may have been pushed: the registry did not say whether it took it")]
    Unanswered {
        /// The version that exists if it did.
        version: Box<VersionRef>,
        /// Why there was no answer.
        #[source]
        source: Box<PublishError>,
    },
    /// The published layers are not those that were tested.
    #[error("{} was published with other layers than those that were tested", .0.version)]
    LayersDiffer(Box<Published>),
    /// The deployment does not exist, and the token's account cannot create it.
    #[error("the deployment {deployment} does not exist, and the API token of '{account}' cannot create it")]
    ForeignDeployment {
        /// `owner/name`.
        deployment: String,
        /// The token's account.
        account: String,
    },
    /// The deployment runs another model.
    #[error("the deployment {deployment} runs {is}, not {wanted}")]
    DeploymentOfOtherModel {
        /// `owner/name`.
        deployment: String,
        /// The model it runs.
        is: ModelRef,
        /// The model to deploy.
        wanted: ModelRef,
    },
    /// The registry did not take a graft. Nothing was pushed, and a build can take its place.
    #[error("the registry rejected the graft: {reason}")]
    GraftRefused {
        /// The cause. Untrusted text.
        reason: String,
    },
    /// The registry cannot publish a version by itself, and the daemon has no image of it.
    #[error("the registry could not publish {version} by itself, and the Docker daemon has no image of it: {reason}")]
    NoLocalImage {
        version: Box<VersionRef>,
        /// The cause. Untrusted text.
        reason: String,
    },
    #[error("the test model {model} is public, so everybody can see and run what is not tested yet")]
    PublicTestModel {
        /// The test model.
        model: ModelRef,
    },
    /// Somebody else published or deployed a version meanwhile. Nothing was pushed.
    #[error("{} got another version since it was checked", .0.name)]
    Moved(Box<Moved>),
    /// The run was canceled.
    #[error("canceled")]
    Cancelled,
}

impl From<DockerError> for PublishError {
    fn from(error: DockerError) -> Self {
        match error {
            DockerError::Cancelled => Self::Cancelled,
            other => Self::Docker(other),
        }
    }
}

impl From<RegistryError> for PublishError {
    fn from(error: RegistryError) -> Self {
        Self::Registry(error)
    }
}

impl From<ReplicateError> for PublishError {
    fn from(error: ReplicateError) -> Self {
        match error.kind() {
            ErrorKind::Cancelled => Self::Cancelled,
            _ => Self::Replicate(error),
        }
    }
}

impl PublishError {
    /// Whose failure it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Docker(error) => error.kind(),
            Self::Registry(error) => error.kind(),
            Self::Replicate(error) => error.kind(),
            Self::Unconfirmed { source, .. } | Self::Unanswered { source, .. } => source.kind(),
            Self::NoTestHardware { .. }
            | Self::ForeignTestModel { .. }
            | Self::HiddenTestModel { .. }
            | Self::ForeignDestination { .. }
            | Self::NoLiveModel { .. }
            | Self::MayNotPush { .. }
            | Self::ForeignDeployment { .. }
            | Self::DeploymentOfOtherModel { .. }
            | Self::PublicTestModel { .. } => ErrorKind::Request,
            Self::Moved(_) => ErrorKind::Model,
            Self::NothingArrived { .. } | Self::LayersDiffer(_) | Self::GraftRefused { .. } | Self::NoLocalImage { .. } => {
                ErrorKind::Service
            }
            Self::Cancelled => ErrorKind::Cancelled,
        }
    }

    /// What to do about it, where that is known.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Docker(error) => return error.hint().map(str::to_owned),
            Self::Registry(error) => return error.hint().map(str::to_owned),
            Self::Replicate(error) => return error.hint().map(str::to_owned),
            Self::NoTestHardware { model } => format!(
                "set test_hardware (a SKU such as cpu or gpu-l40s) and the model is made, or create {model} as a private model at \
                 https://replicate.com/create"
            ),
            Self::ForeignTestModel { model, account } => format!(
                "a token can only create models of its own account: set test_model to {account}/{}, or use an API token of {}",
                model.name(),
                model.owner()
            ),
            Self::HiddenTestModel { model } => format!("use an API token of {}", model.owner()),
            Self::ForeignDestination { model, account } => format!(
                "trainings can only end in models of the token's account: set train.destination to {account}/{}, or use an API token of {}",
                model.name(),
                model.owner()
            ),
            Self::NoLiveModel { model } => format!(
                "create {model} at https://replicate.com/create, use an API token of {}, or set test_only to publish nothing",
                model.owner()
            ),
            Self::MayNotPush { source, .. } => return source.hint().map(str::to_owned),
            Self::GraftRefused { .. } => "run again with --graft never".to_owned(),
            Self::NothingArrived { .. } => "run again; if it happens again, see https://www.replicatestatus.com".to_owned(),
            Self::Unconfirmed { source, .. } => match &**source {
                Self::Replicate(error) if matches!(error.failure(), ReplicateFailure::NeverAppeared { .. }) => {
                    "see https://www.replicatestatus.com, and run again: layers that arrived are not sent twice".to_owned()
                }
                source => return source.hint(),
            },
            Self::NoLocalImage { .. } => "run again; if it happens again, build its commit and publish that".to_owned(),
            Self::Unanswered { version, .. } => {
                format!("look for it in https://replicate.com/{}/versions before you run again", version.model)
            }
            Self::LayersDiffer(published) => match &published.previous {
                Some(previous) => format!(
                    "do not use it: delete {} or make {previous} the version in use, and look for what changes images between the \
                     Docker daemon and the registry",
                    published.version
                ),
                None => format!(
                    "do not use it: delete {}, and look for what changes images between the Docker daemon and the registry",
                    published.version
                ),
            },
            Self::ForeignDeployment { account, .. } => {
                format!("a token can only create deployments of its own account: leave the owner out, or set it to {account}")
            }
            Self::DeploymentOfOtherModel { wanted, .. } => {
                format!("choose another name for the deployment of {wanted}; a deployment keeps its model")
            }
            Self::PublicTestModel { .. } => {
                "make it private in its settings on replicate.com, name a private model as test_model, or \
                                             allow it with --allow-public-test-model"
                    .to_owned()
            }
            Self::Moved(_) => "run again to compare with it, or publish anyway with --allow-moved-live".to_owned(),
            Self::Cancelled => return None,
        })
    }

    /// The version that was pushed despite the error, or may have been. It may already be in use.
    pub fn pushed(&self) -> Option<&VersionRef> {
        match self {
            Self::Unconfirmed { version, .. } | Self::Unanswered { version, .. } => Some(version),
            Self::LayersDiffer(published) => Some(&published.version),
            _ => None,
        }
    }

    /// The error as a finding, if it concerns the version rather than the way to it.
    pub fn finding(&self) -> Option<Finding> {
        let Self::LayersDiffer(published) = self else { return None };
        let list = |layers: &[ImageDigest]| layers.iter().map(ImageDigest::short).collect::<Vec<_>>().join(" ");
        Some(
            Finding::new(&rules::LAYERS_DIFFER, self.to_string())
                .hint(self.hint().unwrap_or_default())
                .detail("tested", list(&published.layers.staged))
                .detail("published", list(&published.layers.published)),
        )
    }
}
