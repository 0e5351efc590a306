//! The command line: what was typed becomes a request, services are picked, results are printed, and the process gets its exit code.
//!
//! One file for each subcommand under `commands/`. What a run does is left to `pipeline`; what settings mean, to `config`.

mod action;
mod alerts;
mod arguments;
mod browser;
mod build_environment;
mod build_proxies;
mod changed_tree;
mod claude;
mod command_line;
mod commands;
mod conclude;
mod context;
mod decision;
mod demo;
mod docker_config;
mod docker_login;
mod environment;
mod execute;
mod failure;
mod failure_report;
mod finding_output;
mod handover;
mod help;
mod keys;
mod leftovers;
mod load;
mod located;
mod named_file;
mod notify;
mod observe;
mod origin;
mod prepare;
mod printer;
mod project_folder;
mod promotion;
mod rules;
mod selection;
mod services;
mod setting_flags;
mod signals;
mod source_schema;
mod start;
mod wording;

pub use start::main;

/// The command line, for its reference.
pub(crate) fn command() -> clap::Command {
    help::command()
}

/// The rules as Markdown.
pub(crate) fn rules() -> String {
    commands::rules_reference()
}
