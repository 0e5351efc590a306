//! The one place that chooses between real services and the embedded sandbox.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use replicate_sandbox::{Gpus, Sandbox, SandboxOptions, Visibility};

use crate::cli::build_environment::{self, Reach};
use crate::cli::claude::{self, VIDEO_DECODER};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::handover::{self, Handover};
use crate::cli::leftovers;
use crate::clients::cog_server::CogServer;
use crate::clients::docker::{DescribeDaemon as _, Docker, NameImages, PushImages, RealDocker, RegistryCredentials};
use crate::clients::registry::{AnyRegistry, ImageDigests, RealRegistry, Registry, RegistryOptions, RegistryWriter};
use crate::clients::replicate::{BaseUrl, RealReplicate, Replicate, ReplicateOptions};
use crate::config::RunSettings;
use crate::domain::plan::ModelPlan;
use crate::domain::verdict::Verdict;
use crate::inspect::Tools;
use crate::pipeline::{BuildServices, CheckServices, PromoteServices, RegistryServices, Services};
use crate::publish::{PublishServices, PushDaemon};
use crate::support::SecretString;
use crate::support::clock::{Clock, SystemClock};
use crate::support::secrets::Redactor;
use crate::verify::{Judge, VerifyServices};

/// A larger `cog.yaml` is not a configuration.
const CONFIG_BYTES: u64 = 4 * 1024 * 1024;

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
    let mut made = BTreeSet::new();
    for plan in models {
        if made.insert(plan.model.clone()) {
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

/// The programs that safe-push starts.
pub(super) fn tools(context: &Context) -> Tools {
    Tools {
        ruff: context.environment.program_here_or_beside("ruff"),
        path: context.environment.get("PATH").map(str::to_owned),
        launcher: context.launcher.clone(),
    }
}

/// Whether videos can be decoded for Claude.
fn sees_videos(context: &Context) -> bool {
    context.environment.program(VIDEO_DECODER).is_some()
}

/// The Docker daemon.
pub(super) async fn docker(run: &RunSettings) -> Result<Docker, Failure> {
    Ok(Docker::of(connect_docker(run).await?))
}

/// The Docker daemon, without what earlier runs left in it.
async fn start_docker(run: &RunSettings, context: &Context) -> Result<Arc<RealDocker>, Failure> {
    let docker = connect_docker(run).await?;
    leftovers::remove_at_start(&docker, &context.printer).await;
    Ok(docker)
}

async fn connect_docker(run: &RunSettings) -> Result<Arc<RealDocker>, Failure> {
    Ok(Arc::new(RealDocker::connect(run.settings.docker_host.as_deref()).await?))
}

/// Replicate's API.
pub(super) fn replicate_client(run: &RunSettings, token: SecretString) -> Result<Arc<dyn Replicate>, Failure> {
    let named = run.settings.replicate_base_url.as_deref().unwrap_or(BaseUrl::REPLICATE);
    let base_url: BaseUrl = named
        .parse()
        .map_err(|error| Failure::new(Verdict::Misconfigured, anyhow::Error::from(error)).hint("correct REPLICATE_BASE_URL"))?;
    Ok(Arc::new(RealReplicate::new(ReplicateOptions::new(base_url, token), Arc::new(SystemClock))?))
}

/// Digests of base images, wherever they are.
fn digests(host: &str, credentials: Option<RegistryCredentials>, redactor: &Redactor) -> Arc<dyn ImageDigests> {
    let options = RegistryOptions { redactor: redactor.clone(), ..RegistryOptions::new(host, credentials) };
    Arc::new(AnyRegistry::new(options))
}

fn open_registry(host: &str, credentials: Option<RegistryCredentials>, redactor: &Redactor) -> Result<Arc<RealRegistry>, Failure> {
    let options = RegistryOptions { redactor: redactor.clone(), ..RegistryOptions::new(host, credentials) };
    Ok(Arc::new(RealRegistry::new(options)?))
}

/// The registry that is asked for base images, which it shows to everybody.
pub(super) fn base_registry(run: &RunSettings, context: &Context) -> Result<Arc<RealRegistry>, Failure> {
    open_registry(&run.settings.replicate_registry, None, context.printer.redactor())
}

/// The user that the CLI token belongs to.
pub(super) async fn registry_user(
    run: &RunSettings,
    token: SecretString,
    redactor: &Redactor,
) -> Result<RegistryCredentials, Failure> {
    let host = run.settings.replicate_registry.clone();
    let anonymous = open_registry(&host, None, redactor)?;
    let username = anonymous.verify_token(&token).await?;
    Ok(RegistryCredentials { host, username, password: token })
}

/// The token of Replicate's API.
pub(super) fn api_token(run: &RunSettings) -> Result<SecretString, Failure> {
    run.tokens.replicate.clone().ok_or_else(|| {
        let missing = Failure::request("no Replicate API token is set");
        missing.hint("set REPLICATE_API_TOKEN (https://replicate.com/account/api-tokens)")
    })
}

/// The error of a command that needs the token, and what can be done `instead` of setting it.
pub(super) fn no_token(context: &Context, instead: Option<&str>) -> Failure {
    let missing = Failure::request("no Replicate API token is set");
    match (&context.action, instead) {
        (Some(_), _) => missing.hint("set the input replicate_api_token to a secret (https://replicate.com/account/api-tokens)"),
        (None, Some(instead)) => {
            missing.hint(format!("set REPLICATE_API_TOKEN (https://replicate.com/account/api-tokens), or {instead}"))
        }
        (None, None) => missing.hint("set REPLICATE_API_TOKEN (https://replicate.com/account/api-tokens)"),
    }
}

fn no_cog_token(context: &Context) -> Failure {
    let name = if context.action.is_some() { "the input cog_token" } else { "COG_TOKEN" };
    Failure::request("no token for Replicate's registry is set").hint(format!(
        "set {name} to the CLI token from https://replicate.com/auth/token; it is a different token from the API token"
    ))
}

/// The machine's clock.
pub(super) fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// The services of a check: a token is used if it is set, and nothing is required.
pub(super) fn for_check(run: &RunSettings, context: &Context) -> Result<CheckServices, Failure> {
    let replicate = run.tokens.replicate.clone().map(|token| replicate_client(run, token)).transpose()?;
    // A job of a workflow may have no key because another job runs the predictions.
    let has_judge = (!context.environment.is_workflow()).then(|| run.tokens.anthropic.is_some());
    Ok(CheckServices {
        replicate,
        clock: clock(),
        tools: tools(context),
        has_judge,
        sees_videos: sees_videos(context),
        against: None,
    })
}

/// A check for the sandbox, where no version is live.
pub(super) fn without_replicate(check: CheckServices) -> CheckServices {
    CheckServices { replicate: None, ..check }
}

/// The services of a comparison with a git revision: neither a token nor the network is needed.
pub(super) fn for_comparison(revision: String, context: &Context) -> CheckServices {
    CheckServices {
        replicate: None,
        clock: clock(),
        tools: tools(context),
        has_judge: None,
        sees_videos: sees_videos(context),
        against: Some(revision),
    }
}

/// The services to verify an existing version: a token of the API is needed, but neither registry nor daemon.
pub(super) fn for_verification(run: &RunSettings, context: &Context) -> Result<VerifyServices, Failure> {
    let replicate = replicate_client(run, api_token(run)?)?;
    Ok(VerifyServices { replicate, judge: claude::judge(run, context)?, clock: clock() })
}

/// The services to verify a Cog server: the server, and Claude if a key is set.
pub(super) fn for_server(run: &RunSettings, server: &CogServer, context: &Context) -> Result<VerifyServices, Failure> {
    Ok(VerifyServices { replicate: Arc::new(server.clone()), judge: claude::judge(run, context)?, clock: clock() })
}

/// The services to publish an existing version: the API and the registry, without a daemon.
pub(super) async fn within_registry(run: &RunSettings, context: &Context) -> Result<RegistryServices, Failure> {
    let token = run.tokens.replicate.clone().ok_or_else(|| no_token(context, None))?;
    let cog_token = run.tokens.cog.clone().ok_or_else(|| no_cog_token(context))?;
    let replicate = replicate_client(run, token)?;
    let redactor = context.printer.redactor();
    let credentials = registry_user(run, cog_token, redactor).await?;
    let registry = open_registry(&credentials.host, Some(credentials.clone()), redactor)?;
    Ok(RegistryServices {
        verify: VerifyServices { replicate: Arc::clone(&replicate), judge: claude::judge(run, context)?, clock: clock() },
        publish: PublishServices {
            daemon: None,
            registry: Arc::<RealRegistry>::clone(&registry),
            writer: Some(registry),
            replicate,
            registry_host: credentials.host.clone(),
            credentials,
        },
    })
}

/// The services to publish a version that an earlier run tested.
pub(super) async fn for_promotion(run: &RunSettings, plan: &ModelPlan, context: &Context) -> Result<PromoteServices, Failure> {
    let RegistryServices { publish, .. } = within_registry(run, context).await?;
    let Context { environment, launcher, .. } = context;
    let environment = build_environment::collect(
        environment,
        launcher,
        [plan],
        environment.folder(),
        &publish.registry_host,
        Reach::Published,
        context.printer.redactor(),
    )?;
    Ok(PromoteServices { check: for_check(run, context)?, environment, publish })
}

/// The services of a build: the daemon.
pub(super) async fn for_build(
    run: &RunSettings,
    models: &[ModelPlan],
    on_sandbox: bool,
    context: &Context,
) -> Result<BuildServices, Failure> {
    let check = for_check(run, context)?;
    // As in a run on the sandbox, which asks neither Replicate nor its registry.
    let registry = (!on_sandbox).then(|| base_registry(run, context)).transpose()?;
    Ok(BuildServices {
        check: if on_sandbox { without_replicate(check) } else { check },
        docker: Docker::of(start_docker(run, context).await?),
        registry: registry.map(|registry| registry as Arc<dyn Registry>),
        digests: digests(&run.settings.replicate_registry, None, context.printer.redactor()),
        environment: build_environment::collect(
            &context.environment,
            &context.launcher,
            models,
            context.environment.folder(),
            &run.settings.replicate_registry,
            if on_sandbox { Reach::Local } else { Reach::Published },
            context.printer.redactor(),
        )?,
    })
}

/// Whether a model's `cog.yaml` asks for a GPU. An unreadable one counts as asking for it, so that the model is only checked on machines
/// without a GPU.
pub(super) fn uses_gpu(plan: &ModelPlan) -> bool {
    let text =
        repository_files::read_text(plan.repository(), Path::new(&plan.place.config_file()), CONFIG_BYTES).unwrap_or_default();
    cog_source::config::parse(&text, "cog.yaml").config.is_none_or(|config| config.build.gpu)
}

/// The GPUs of a sandbox: those that were asked for, or all if a model needs one and the daemon has them. Also returns what to say about it.
async fn gpus(run: &RunSettings, models: &[ModelPlan], docker: &RealDocker) -> Result<(Option<Gpus>, Option<String>), Failure> {
    let wanted = run.settings.gpus.as_deref().map(str::parse::<Gpus>).transpose();
    let wanted = wanted.map_err(|error| Failure::new(Verdict::Misconfigured, error).hint("write --gpus all, or --gpus 0,1"))?;
    let needed = models.iter().any(uses_gpu);
    if wanted.is_none() && !needed {
        return Ok((None, None));
    }
    let has_runtime = docker.version().await?.has_nvidia_runtime;
    let missing = "the Docker daemon has no NVIDIA runtime";
    Ok(match (wanted, has_runtime) {
        (Some(gpus), true) => (Some(gpus), None),
        (Some(gpus), false) => (Some(gpus), Some(format!("GPUs were asked for, but {missing}: containers may not start."))),
        (None, true) => (Some(Gpus::All), Some("Models got all GPUs of this machine, because cog.yaml asks for one.".to_owned())),
        (None, false) => (None, Some(format!("cog.yaml asks for a GPU, but {missing}: models ran without one."))),
    })
}
