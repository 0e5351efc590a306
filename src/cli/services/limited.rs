//! The services of commands that do less than a whole run. What a command must not do, it has no service for.

use std::sync::Arc;

use super::clients::{
    base_registry, clock, digests, open_registry, registry_user, replicate_client, sees_videos, start_docker, tools,
};
use super::tokens::{api_token, no_cog_token, no_token};
use crate::cli::build_environment::{self, Reach};
use crate::cli::claude;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::clients::cog_server::CogServer;
use crate::clients::docker::Docker;
use crate::clients::registry::{RealRegistry, Registry};
use crate::config::RunSettings;
use crate::domain::plan::ModelPlan;
use crate::pipeline::{BuildServices, CheckServices, PromoteServices, RegistryServices};
use crate::publish::PublishServices;
use crate::verify::VerifyServices;

/// The services of a check: a token is used if it is set, and nothing is required.
pub(in crate::cli) fn for_check(run: &RunSettings, context: &Context) -> Result<CheckServices, Failure> {
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
pub(in crate::cli) fn without_replicate(check: CheckServices) -> CheckServices {
    CheckServices { replicate: None, ..check }
}

/// The services of a comparison with a git revision: neither a token nor the network is needed.
pub(in crate::cli) fn for_comparison(revision: String, context: &Context) -> CheckServices {
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
pub(in crate::cli) fn for_verification(run: &RunSettings, context: &Context) -> Result<VerifyServices, Failure> {
    let replicate = replicate_client(run, api_token(run)?)?;
    Ok(VerifyServices { replicate, judge: claude::judge(run, context)?, clock: clock() })
}

/// The services to verify a Cog server: the server, and Claude if a key is set.
pub(in crate::cli) fn for_server(run: &RunSettings, server: &CogServer, context: &Context) -> Result<VerifyServices, Failure> {
    Ok(VerifyServices { replicate: Arc::new(server.clone()), judge: claude::judge(run, context)?, clock: clock() })
}

/// The services to publish an existing version: the API and the registry, without a daemon.
pub(in crate::cli) async fn within_registry(run: &RunSettings, context: &Context) -> Result<RegistryServices, Failure> {
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
pub(in crate::cli) async fn for_promotion(
    run: &RunSettings,
    plan: &ModelPlan,
    context: &Context,
) -> Result<PromoteServices, Failure> {
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
pub(in crate::cli) async fn for_build(
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
