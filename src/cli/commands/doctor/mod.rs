//! `doctor`: what this machine and these tokens can do, one line each with the fix. `login` is the part about tokens.
//!
//! Nothing is changed, built or pushed.

mod examination;
mod machine;
mod models;
mod tokens;

use crate::cli::arguments::DoctorArguments;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::load;
use crate::cli::printer::Format;
use crate::cli::setting_flags::SettingFlags;
use crate::domain::verdict::Verdict;
use crate::report::documents::Examinations;
use examination::{CheckedState, Examination};

pub(super) async fn run(arguments: DoctorArguments, context: &Context) -> Result<Verdict, Failure> {
    let run = load::settings_with_tokens(arguments.settings.clone(), context)?;
    let mut found = vec![machine::docker(&run).await];
    found.extend(machine::disk(&run, context).await);
    found.push(machine::ruff(context).await);
    let (tokens, replicate) = tokens::examine(&run, context).await;
    found.extend(tokens);
    found.extend(models::examine(arguments.settings, replicate.as_deref(), context).await);
    found.push(tokens::github(&run, context));
    conclude(&found, context)
}

/// `login`: where tokens come from, and whether those that are set are accepted.
pub(super) async fn login(context: &Context) -> Result<Verdict, Failure> {
    let run = load::settings_with_tokens(SettingFlags::default(), context)?;
    if context.printer.format == Format::Text {
        context.printer.result(tokens::EXPLANATION);
    }
    let (found, _replicate) = tokens::examine(&run, context).await;
    conclude(&found, context)
}

fn conclude(found: &[Examination], context: &Context) -> Result<Verdict, Failure> {
    if context.printer.format == Format::Json {
        context.printer.json(&Examinations(found.iter().map(Examination::entry).collect()))?;
    } else {
        for one in found {
            context.printer.result(&one.line());
        }
    }
    let has_failed = found.iter().any(|one| one.state == CheckedState::Failed);
    Ok(if has_failed { Verdict::Misconfigured } else { Verdict::Passed })
}
