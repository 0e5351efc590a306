//! `sandbox`: the embedded services on their own, for programs that speak to Replicate.

use replicate_sandbox::{Sandbox, SandboxOptions};

use crate::cli::arguments::SandboxArguments;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::printer::Format;
use crate::domain::verdict::Verdict;
use crate::report::documents::SandboxVariables;
use crate::support::ExposeSecret;

pub(super) async fn run(arguments: SandboxArguments, context: &Context) -> Result<Verdict, Failure> {
    let options = SandboxOptions {
        bind: arguments.bind,
        port: arguments.port,
        hosts: arguments.hosts,
        username: arguments.username,
        docker: arguments.script.is_none(),
        script: arguments.script,
        layers: arguments.layers,
        docker_host: context.environment.get("DOCKER_HOST").map(str::to_owned),
        ..SandboxOptions::default()
    };
    let (bind, is_public) = (arguments.bind, !arguments.bind.to_canonical().is_loopback());
    let sandbox = Sandbox::start(options).await?;
    if is_public {
        context.printer.warn(
            format!("the sandbox listens on {bind}: anyone in its network who knows a token can run containers on this machine"),
            Some("keep the tokens secret, or listen on loopback only, as without an address"),
        );
    }
    announce(&sandbox, context)?;
    // Without the tokens nobody could use it.
    if context.printer.lost().is_none() {
        context.cancelled.cancelled().await;
    }
    context.printer.say("stopping; containers are being removed");
    sandbox.stop().await;
    Ok(Verdict::Passed)
}

/// The variables that point a program at the sandbox. Its tokens open nothing but the sandbox, so they may be shown.
fn announce(sandbox: &Sandbox, context: &Context) -> anyhow::Result<()> {
    let variables = SandboxVariables {
        replicate_base_url: sandbox.base_url().to_string(),
        replicate_registry: sandbox.registry_host().to_owned(),
        replicate_api_token: sandbox.api_token().expose_secret().to_owned(),
        cog_token: sandbox.cli_token().expose_secret().to_owned(),
    };
    if context.printer.format == Format::Json {
        return context.printer.json(&variables);
    }
    for (name, value) in [
        ("REPLICATE_BASE_URL", variables.replicate_base_url),
        ("REPLICATE_REGISTRY", variables.replicate_registry),
        ("REPLICATE_API_TOKEN", variables.replicate_api_token),
        ("COG_TOKEN", variables.cog_token),
    ] {
        context.printer.result(&format!("export {name}={value}"));
    }
    context.printer.say("the sandbox is running; Ctrl-C ends it and removes its containers");
    Ok(())
}
