//! Flags, from the declaration of settings.

use std::collections::BTreeMap;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use crate::config::Flags;
use crate::config::settings::{Key, Setting, ValueKind};

/// The texts of flags.
#[derive(Debug, Clone, Default)]
pub(super) struct SettingFlags(BTreeMap<Key, Vec<String>>);

impl SettingFlags {
    pub(super) fn into_flags(self) -> Flags {
        Flags(self.0)
    }
}

/// The settings that have a flag.
fn with_flag() -> impl Iterator<Item = (Key, &'static Setting, &'static str)> {
    Key::ALL.iter().filter_map(|key| Some((*key, key.setting(), key.setting().flag?)))
}

fn argument(setting: &'static Setting, flag: &'static str) -> Arg {
    let help = setting.negated.unwrap_or(setting.help);
    let scope = match setting.kind {
        ValueKind::List => " (repeatable)",
        _ if setting.only_in_action => " (only in the action)",
        _ => "",
    };
    let default = setting.default_text().filter(|_| setting.negated.is_none());
    let default = default.map(|default| format!(" [default: {default}]")).unwrap_or_default();
    let help = format!("{help}{scope}{default}");
    let argument = Arg::new(setting.name).long(flag).help(help).help_heading(setting.heading);
    match setting.kind {
        ValueKind::Switch => argument.action(ArgAction::SetTrue),
        ValueKind::List => argument.action(ArgAction::Append).value_name(setting.value_name),
        ValueKind::Text | ValueKind::Model => argument.action(ArgAction::Set).value_name(setting.value_name),
        // Negative numbers are reported where numbers are read.
        ValueKind::Number => argument.action(ArgAction::Set).value_name(setting.value_name).allow_negative_numbers(true),
        ValueKind::Choice(words) => argument.action(ArgAction::Set).value_name(setting.value_name).value_parser(words.to_vec()),
    }
}

impl FromArgMatches for SettingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for (key, setting, _) in with_flag() {
            let values: Vec<String> = match setting.kind {
                ValueKind::Switch => matches.get_flag(setting.name).then(|| "true".to_owned()).into_iter().collect(),
                _ => matches.get_many::<String>(setting.name).into_iter().flatten().cloned().collect(),
            };
            if !values.is_empty() {
                self.0.insert(key, values);
            }
        }
        Ok(())
    }
}

impl Args for SettingFlags {
    fn augment_args(command: Command) -> Command {
        with_flag().fold(command, |command, (_, setting, flag)| command.arg(argument(setting, flag)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}
