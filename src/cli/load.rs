//! Flags, variables and files become loaded settings.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::setting_flags::SettingFlags;
use crate::config::{self, ConfigError, Loaded, RunSettings, Sources};
use crate::domain::verdict::Verdict;
use crate::inspect::with_excerpt;

/// Loads the settings of a run in the working folder.
pub(super) fn load(model: Option<String>, flags: SettingFlags, context: &Context) -> Result<Loaded, Failure> {
    config::load(&sources(model, flags, context)).map_err(|error| wrong(error, context))
}

/// Loads what needs no model.
pub(super) fn settings_only(flags: SettingFlags, context: &Context) -> Result<RunSettings, Failure> {
    config::run_settings(&sources(None, flags, context)).map_err(|error| wrong(error, context))
}

fn sources(model: Option<String>, flags: SettingFlags, context: &Context) -> Sources {
    Sources {
        repository: context.environment.folder().to_owned(),
        environment: context.environment.variables().clone(),
        action: context.action.is_some(),
        flags: flags.into_flags(),
        model_argument: model,
    }
}

fn wrong(error: ConfigError, context: &Context) -> Failure {
    let folder = context.environment.folder();
    let findings = error.findings().into_iter().map(|finding| with_excerpt(finding, folder)).collect();
    Failure { verdict: Verdict::Misconfigured, hint: error.hint(), error: error.into(), findings }
}

/// Loads the settings that the files of the working folder hold.
pub(super) fn load_plain(context: &Context) -> Result<Loaded, Failure> {
    load(None, SettingFlags::default(), context)
}
