//! The one place that chooses between real services and the embedded sandbox.
//!
//! - [`clients`]: a client for each service
//! - [`limited`]: the services of commands that do less than a whole run
//! - [`tokens`]: the tokens that a command needs
//! - [`gpus`]: the GPUs of the sandbox

mod clients;
mod gpus;
mod limited;
mod tokens;

use std::collections::BTreeSet;
use std::sync::Arc;

use replicate_sandbox::{Sandbox, SandboxOptions, Visibility};

pub(super) use self::clients::{base_registry, clock, docker, registry_user, replicate_client, tools};
use self::clients::{digests, open_registry, sees_videos, start_docker};
use self::gpus::gpus;
pub(super) use self::gpus::uses_gpu;
pub(super) use self::limited::{
    for_build, for_check, for_comparison, for_promotion, for_server, for_verification, within_registry, without_replicate,
};
use self::tokens::no_cog_token;
pub(super) use self::tokens::{api_token, no_token};
use crate::cli::build_environment::{self, Reach};
use crate::cli::claude;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::handover::{self, Handover};
use crate::cli::leftovers;
use crate::clients::docker::{Docker, NameImages, PushImages, RealDocker, RegistryCredentials};
use crate::clients::registry::{RealRegistry, Registry, RegistryWriter};
use crate::clients::replicate::{BaseUrl, RealReplicate, Replicate, ReplicateOptions};
use crate::config::RunSettings;
use crate::domain::plan::ModelPlan;
use crate::domain::verdict::Verdict;
use crate::pipeline::{BuildServices, CheckServices, Services};
use crate::publish::{PublishServices, PushDaemon};
use crate::support::clock::SystemClock;
use crate::verify::{Judge, VerifyServices};

/// The services of a run, and what has to be stopped after it.
pub(super) struct Connected {
    /// What the pipeline uses.
    pub(super) services: Services,
    /// What the report should say about it.
    pub(super) notices: Vec<String>,
    docker: Arc<RealDocker>,
    sandbox: Option<Sandbox>,
    handover: Option<Arc<Handover>>,
}

impl Connected {
    /// Stops what was started for the run.
    pub(super) async fn close(self) {
        if let Some(sandbox) = self.sandbox {
            sandbox.stop().await;
        }
        if let Some(handover) = self.handover {
            handover.forget().await;
        }
        leftovers::remove_at_end(&self.docker).await;
    }
}

/// Connects to Replicate, its registry and the Docker daemon.
pub(super) async fn replicate(run: &RunSettings, models: &[ModelPlan], context: &Context) -> Result<Connected, Failure> {
    let instead = Some("do everything on this machine with --sandbox");
    let token = run.tokens.replicate.clone().ok_or_else(|| no_token(context, instead))?;
    let cog_token = run.tokens.cog.clone().ok_or_else(|| no_cog_token(context))?;
    let client = replicate_client(run, token)?;
    claude::check_key(run, models).await?;
    let docker = start_docker(run, context).await?;
    let redactor = context.printer.redactor();
    let credentials = registry_user(run, cog_token, redactor).await?;
    let images = ImageServices::pushed(Arc::clone(&docker), open_registry(&credentials.host, Some(credentials.clone()), redactor)?);
    let services = services(context, models, images, client, credentials, claude::judge(run, context)?, Reach::Published)?;
    Ok(Connected { services, notices: Vec::new(), docker, sandbox: None, handover: None })
}

/// Starts a sandbox of our own, in which the models exist but have no version yet.
pub(super) async fn sandbox(run: &RunSettings, models: &[ModelPlan], context: &Context) -> Result<Connected, Failure> {
    let judge = claude::judge(run, context)?;
    claude::check_key(run, models).await?;
    let docker = start_docker(run, context).await?;
    let network = handover::own_network(&docker).await?;
    let username = models.first().map_or("sandbox", |plan| plan.model.owner());
    let defaults = SandboxOptions::default();
    let (gpus, about_gpus) = gpus(run, models, &docker).await?;
    let sandbox = Sandbox::start(SandboxOptions {
        username: username.to_owned(),
        gpus,
        docker_host: run.settings.docker_host.clone(),
        layers: run.settings.sandbox_layers.clone(),
        bind: network.as_ref().map_or(defaults.bind, |network| network.address),
        docker_network: network.as_ref().map(|network| network.name.clone()),
        ..defaults
    })
    .await?;
    let mut notices = vec!["Ran on the embedded sandbox: nothing was sent to Replicate.".to_owned()];
    if let Some(about_gpus) = about_gpus {
        context.printer.say(&format!("note: {about_gpus}"));
        notices.push(about_gpus);
    }
    let handover = network.map(|_| Handover::new(Arc::clone(&docker), sandbox.image_registrar(), sandbox.username()));
    if handover.is_some() {
        notices.push(
            "The Docker daemon cannot reach a sandbox within a container, so images were passed by reference instead of pushed."
                .to_owned(),
        );
    }
    match on_sandbox(&sandbox, models, context, Arc::clone(&docker), handover.clone(), judge) {
        Ok(services) => Ok(Connected { services, notices, docker, sandbox: Some(sandbox), handover }),
        Err(failure) => {
            sandbox.stop().await;
            Err(failure)
        }
    }
}

fn on_sandbox(
    sandbox: &Sandbox,
    models: &[ModelPlan],
    context: &Context,
    docker: Arc<RealDocker>,
    handover: Option<Arc<Handover>>,
    judge: Option<Arc<dyn Judge>>,
) -> Result<Services, Failure> {
    let mut created = BTreeSet::new();
    for plan in models {
        if created.insert(plan.model.clone()) {
            let hardware = plan.test_hardware.as_deref().unwrap_or("cpu");
            sandbox.create_model(&plan.model.to_string(), Visibility::Private, hardware)?;
        }
    }
    let base_url: BaseUrl =
        sandbox.base_url().parse().map_err(|error| Failure::new(Verdict::ServiceError, anyhow::Error::from(error)))?;
    let client = RealReplicate::new(ReplicateOptions::new(base_url, sandbox.api_token().clone()), Arc::new(SystemClock))?;
    let credentials = RegistryCredentials {
        host: sandbox.registry_host().to_owned(),
        username: sandbox.username().to_owned(),
        password: sandbox.cli_token().clone(),
    };
    let images = match handover {
        Some(handover) => ImageServices {
            names: Arc::<Handover>::clone(&handover),
            push: Arc::<Handover>::clone(&handover),
            ..ImageServices::of(docker, handover)
        },
        None => {
            let redactor = context.printer.redactor();
            ImageServices::pushed(docker, open_registry(&credentials.host, Some(credentials.clone()), redactor)?)
        }
    };
    services(context, models, images, Arc::new(client), credentials, judge, Reach::Local)
}

/// The daemon that makes and pushes images, and the registry that has them then.
struct ImageServices {
    docker: Docker,
    names: Arc<dyn NameImages>,
    push: Arc<dyn PushImages>,
    registry: Arc<dyn Registry>,
    writer: Option<Arc<dyn RegistryWriter>>,
}

impl ImageServices {
    /// A daemon that pushes to the registry, which can also be written to without it.
    fn pushed(docker: Arc<RealDocker>, registry: Arc<RealRegistry>) -> Self {
        let writer: Arc<dyn RegistryWriter> = Arc::<RealRegistry>::clone(&registry);
        Self { writer: Some(writer), ..Self::of(docker, registry) }
    }

    /// A daemon that pushes to the registry.
    fn of(docker: Arc<RealDocker>, registry: Arc<dyn Registry>) -> Self {
        Self {
            names: Arc::<RealDocker>::clone(&docker),
            push: Arc::<RealDocker>::clone(&docker),
            docker: Docker::of(docker),
            registry,
            writer: None,
        }
    }
}

fn services(
    context: &Context,
    models: &[ModelPlan],
    images: ImageServices,
    replicate: Arc<dyn Replicate>,
    credentials: RegistryCredentials,
    judge: Option<Arc<dyn Judge>>,
    reach: Reach,
) -> Result<Services, Failure> {
    let registry_host = credentials.host.clone();
    let ImageServices { docker, names, push, registry, writer } = images;
    let environment = {
        let Context { environment, launcher, .. } = context;
        build_environment::collect(
            environment,
            launcher,
            models,
            environment.folder(),
            &registry_host,
            reach,
            context.printer.redactor(),
        )?
    };
    Ok(Services {
        build: BuildServices {
            check: CheckServices {
                replicate: Some(Arc::clone(&replicate)),
                clock: clock(),
                tools: tools(context),
                has_judge: Some(judge.is_some()),
                sees_videos: sees_videos(context),
                against: None,
            },
            docker: docker.clone(),
            registry: Some(Arc::clone(&registry)),
            digests: digests(&registry_host, Some(credentials.clone()), context.printer.redactor()),
            environment,
        },
        verify: VerifyServices { replicate: Arc::clone(&replicate), judge, clock: clock() },
        publish: PublishServices {
            daemon: Some(PushDaemon { derive: docker.derive, names, push }),
            registry,
            writer,
            replicate,
            registry_host,
            credentials,
        },
    })
}
