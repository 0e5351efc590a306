//! `clean`: removes what earlier runs left behind because they were killed, and says what that freed.

use crate::cli::arguments::CleanArguments;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::leftovers::Cleaner;
use crate::cli::load;
use crate::cli::printer::Format;
use crate::cli::setting_flags::SettingFlags;
use crate::clients::docker::{DockerError, RealDocker};
use crate::domain::verdict::Verdict;
use crate::report::cleanup::{cleanup_json, cleanup_text};

pub(super) async fn run(arguments: &CleanArguments, context: &Context) -> Result<Verdict, Failure> {
    let run = load::settings_only(SettingFlags::default(), context)?;
    let mut cleaner = Cleaner::new(arguments.dry_run);
    let daemon = match RealDocker::connect(run.settings.docker_host.as_deref()).await {
        Ok(docker) => cleaner.daemon(&docker).await,
        Err(error) => Err(error),
    };
    let mut verdict = Verdict::Passed;
    match &daemon {
        Ok(()) => {}
        // Without a daemon, nothing is left in it.
        Err(error @ (DockerError::SocketMissing { .. } | DockerError::NotRunning { .. })) => {
            context.printer.say(&format!("note: {error}: only folders are cleaned"));
        }
        Err(error) => {
            context.printer.warn(error, error.hint());
            verdict = Verdict::ServiceError;
        }
    }
    let cleanup = cleaner.folders().await;
    for problem in &cleanup.problems {
        context.printer.warn(problem, None);
        verdict = Verdict::ServiceError;
    }
    match context.printer.format {
        Format::Json => context.printer.json(&cleanup_json(&cleanup))?,
        _ => context.printer.result(&cleanup_text(&cleanup)),
    }
    Ok(verdict)
}
