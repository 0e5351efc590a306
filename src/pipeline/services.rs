//! The services of a run, and how far they let it go.

use std::sync::Arc;

use crate::build::BuildEnvironment;
use crate::clients::docker::Docker;
use crate::clients::registry::{ImageDigests, Registry};
use crate::clients::replicate::Replicate;
use crate::inspect::Tools;
use crate::publish::PublishServices;
use crate::support::clock::Clock;
use crate::verify::{JudgeAbility, VerifyServices};

/// Services for inspecting models. Neither a daemon nor a token is needed.
#[derive(Clone)]
pub struct CheckServices {
    /// Answers for the live version's schema and the account's hardware. Without it neither is checked.
    pub replicate: Option<Arc<dyn Replicate>>,
    /// The clock of the whole run.
    pub clock: Arc<dyn Clock>,
    /// Programs that `inspect` starts.
    pub tools: Tools,
    /// Whether a run in this environment could ask Claude. `None` if that is not known, as for foreign code, which gets no key.
    pub has_judge: Option<bool>,
    /// Whether Claude could be shown the frames of videos, as far as this machine is the one that tests.
    pub sees_videos: bool,
    /// A git revision to compare with instead of the live version.
    pub against: Option<String>,
}

/// Services for inspecting and building models.
#[derive(Clone)]
pub struct BuildServices {
    /// Services for the inspection before the build.
    pub check: CheckServices,
    /// The daemon that builds and keeps images.
    pub docker: Docker,
    /// The registry in which base images are looked up, if there is one.
    pub registry: Option<Arc<dyn Registry>>,
    /// Finds out which base image a reference leads to, in any registry.
    pub digests: Arc<dyn ImageDigests>,
    /// The machine and account a build runs in.
    pub environment: BuildEnvironment,
}

/// Services for every stage.
#[derive(Clone)]
pub struct Services {
    /// Services for inspecting and building.
    pub build: BuildServices,
    /// Services for verifying.
    pub verify: VerifyServices,
    /// Services for staging, publishing and deploying.
    pub publish: PublishServices,
}

/// Services for publishing a version that exists already.
#[derive(Clone)]
pub struct RegistryServices {
    /// Services for verifying.
    pub verify: VerifyServices,
    /// Services for publishing and deploying, without a daemon.
    pub publish: PublishServices,
}

/// Services for publishing a version that was tested before.
#[derive(Clone)]
pub struct PromoteServices {
    /// Services for the inspection.
    pub check: CheckServices,
    /// The machine and account that a build would run in.
    pub environment: BuildEnvironment,
    /// Services for publishing and deploying, without a daemon.
    pub publish: PublishServices,
}

/// How far a run goes, with the services that it needs: a check cannot reach a daemon, and a build cannot push.
#[derive(Clone, Copy)]
pub enum Goal<'a> {
    /// Inspect.
    Check(&'a CheckServices),
    /// Inspect and build. The image stays in the daemon under the name that Cog would give it.
    Build(&'a BuildServices),
    /// Everything that the plan says; its `publish` decides whether anything is published.
    Publish(&'a Services),
}

impl<'a> Goal<'a> {
    pub(super) fn check_services(self) -> &'a CheckServices {
        match self {
            Self::Check(services) => services,
            Self::Build(services) => &services.check,
            Self::Publish(services) => &services.build.check,
        }
    }

    pub(super) fn build_services(self) -> Option<&'a BuildServices> {
        match self {
            Self::Check(_) => None,
            Self::Build(services) => Some(services),
            Self::Publish(services) => Some(&services.build),
        }
    }

    /// How outputs can be judged by Claude. A check or a build that cannot know whether they can assumes it.
    pub(super) fn judge(self) -> JudgeAbility {
        match self {
            Self::Check(_) | Self::Build(_) => {
                let services = self.check_services();
                JudgeAbility { exists: services.has_judge.unwrap_or(true), sees_videos: services.sees_videos }
            }
            Self::Publish(services) => JudgeAbility::of(services.verify.judge.as_deref()),
        }
    }

    /// Whether predictions run.
    pub(super) fn verifies(self) -> bool {
        matches!(self, Self::Publish(_))
    }
}
