//! `verify`: only the verification, of an existing version.

use crate::cli::alerts;
use crate::cli::arguments::VerifyArguments;
use crate::cli::conclude::{conclude, finished_run, options};
use crate::cli::context::Context;
use crate::cli::decision::decided;
use crate::cli::failure::Failure;
use crate::cli::load;
use crate::cli::notify;
use crate::cli::prepare::model_run;
use crate::cli::services;
use crate::cli::setting_flags::SettingFlags;
use crate::clients::cog_server::{CogServer, CogServerError};
use crate::domain::identity::{ModelRef, VersionId, split_version};
use crate::domain::verdict::Verdict;
use crate::pipeline::{self, ExistingVersion};

/// The model of a server without a configuration.
const NAMELESS: &str = "local/model";

pub(super) async fn run(arguments: VerifyArguments, context: &Context) -> Result<Verdict, Failure> {
    match (arguments.url, arguments.version) {
        (Some(url), _) => of_server(&url, arguments.settings, context).await,
        (None, version) => of_version(&version.unwrap_or_default(), arguments.settings, context).await,
    }
}

/// Verifies a running Cog server.
async fn of_server(url: &str, flags: SettingFlags, context: &Context) -> Result<Verdict, Failure> {
    // The only configuration is used; without one, only fuzz inputs run.
    let mut loaded = load::load_for_version(NAMELESS.to_owned(), flags, context).await?;
    let Some(wanted) = loaded.models.pop() else { return Err(Failure::request("no configuration for the server")) };
    let wrong = |error: CogServerError| {
        let verdict = error.kind().verdict();
        Failure::new(verdict, error).hint("name a running Cog server, as in --url http://localhost:5000")
    };
    let server = CogServer::new(url, loaded.run.tokens.cog_server.as_ref(), services::clock()).map_err(wrong)?;
    let services = services::for_server(&loaded.run, &server, context)?;
    let observer = context.observer();
    let report =
        pipeline::verify_server(model_run(wanted), &server, &services, &options(loaded.notices), &*observer, &context.cancelled)
            .await;
    let verdict = conclude(&report, &loaded.run.settings.report_dir, context);
    notify::send_report(&report, loaded.run.tokens.notify.as_ref(), context).await;
    Ok(verdict)
}

/// Verifies a version at Replicate.
async fn of_version(version: &str, flags: SettingFlags, context: &Context) -> Result<Verdict, Failure> {
    let (mut loaded, named) = match is_name(version) {
        true => (load::load(vec![version.to_owned()], flags, context).await?, None),
        false => {
            let (model, id) = version_reference(version)?;
            (load::load_for_version(model.to_string(), flags, context).await?, Some((model, id)))
        }
    };
    if decided(&loaded.run, false, context)?.is_foreign {
        let message = "nothing is verified: the inputs come from foreign code, and the token's account pays for each prediction";
        return Err(Failure::request(message).hint("run this on an event that is about the repository's own commit"));
    }
    let Some(wanted) = loaded.models.pop() else {
        return Err(Failure::request(format!("no configuration for {version}")));
    };
    let (model, version) = named.unwrap_or_else(|| (wanted.plan.test_model.clone(), None));
    let services = services::for_verification(&loaded.run, context)?;
    let pager = alerts::pager(&loaded.run.tokens, context)?;
    let observer = context.observer();
    let report = pipeline::verify_existing(
        model_run(wanted),
        &ExistingVersion { model, id: version },
        &services,
        &options(loaded.notices),
        &*observer,
        &context.cancelled,
    )
    .await;
    let verdict = conclude(&report, &loaded.run.settings.report_dir, context);
    let run = finished_run(&report, context);
    notify::send(&run, loaded.run.tokens.notify.as_ref(), context).await;
    alerts::send_of_run(pager.as_ref(), &run, notify::page(context).as_deref(), context).await;
    Ok(verdict)
}

/// Whether a text is the name of a configuration.
fn is_name(text: &str) -> bool {
    !text.contains(['/', ':'])
}

pub(super) fn version_reference(text: &str) -> Result<(ModelRef, Option<VersionId>), Failure> {
    let wrong =
        |error: anyhow::Error| Failure::new(Verdict::Misconfigured, error).hint("name a version as OWNER/NAME:ID, or OWNER/NAME");
    let (model, id) = split_version(text);
    let model = model.parse().map_err(|error: crate::domain::identity::IdentityError| wrong(error.into()))?;
    let id = id.map(str::parse).transpose().map_err(|error: crate::domain::identity::IdentityError| wrong(error.into()))?;
    Ok((model, id))
}
