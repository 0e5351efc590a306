//! Flags, made from the table of settings.

use std::collections::BTreeMap;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use crate::config::Flags;
use crate::config::settings::{Kind, SETTINGS, Setting};

/// Values of flags by the names of settings.
#[derive(Debug, Clone, Default)]
pub(super) struct SettingFlags(BTreeMap<&'static str, Vec<String>>);

impl SettingFlags {
    pub(super) fn into_flags(self) -> Flags {
        Flags(self.0)
    }
}

fn argument(setting: &'static Setting, flag: &'static str) -> Arg {
    let help = match setting.default {
        Some(default) => format!("{} [default: {default}]", setting.help),
        None => setting.help.to_owned(),
    };
    let argument = Arg::new(setting.name).long(flag).help(help).help_heading(setting.heading);
    match setting.kind {
        Kind::Switch => argument.action(ArgAction::SetTrue),
        Kind::List => argument.action(ArgAction::Append).value_name(setting.value_name),
        Kind::Text | Kind::Number => argument.action(ArgAction::Set).value_name(setting.value_name),
        Kind::Choice(words) => argument.action(ArgAction::Set).value_name(setting.value_name).value_parser(words.to_vec()),
    }
}

fn with_arguments(command: Command) -> Command {
    let flags = SETTINGS.iter().filter_map(|setting| Some((setting, setting.flag?)));
    flags.fold(command, |command, (setting, flag)| command.arg(argument(setting, flag)))
}

impl FromArgMatches for SettingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for setting in SETTINGS.iter().filter(|setting| setting.flag.is_some()) {
            let values: Vec<String> = match setting.kind {
                Kind::Switch => matches.get_flag(setting.name).then(|| "true".to_owned()).into_iter().collect(),
                _ => matches.get_many::<String>(setting.name).into_iter().flatten().cloned().collect(),
            };
            if !values.is_empty() {
                self.0.insert(setting.name, values);
            }
        }
        Ok(())
    }
}

impl Args for SettingFlags {
    fn augment_args(command: Command) -> Command {
        with_arguments(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        with_arguments(command)
    }
}
