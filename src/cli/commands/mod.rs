//! A file for each subcommand.

mod build;
mod canary;
mod check;
mod clean;
mod compare;
mod completions;
mod doctor;
mod help_config;
mod image;
mod init;
mod init_projects;
mod init_workflow;
mod logs;
mod promote;
mod report;
mod rollback;
mod rules;
mod run;
mod sandbox;
mod schema;
mod select;
mod verify;

use crate::cli::arguments::{Command, SchemaCommand};
use crate::cli::context::Context;
use crate::cli::demo;
use crate::cli::failure::Failure;
use crate::cli::finding_output;
use crate::cli::printer::Format;
use crate::domain::verdict::Verdict;

/// The rules as Markdown.
pub(super) fn rules_reference() -> String {
    rules::reference()
}

/// A command that yields no findings, by its name.
fn without_findings(command: &Command) -> Option<&'static str> {
    Some(match command {
        Command::Run(_)
        | Command::Verify(_)
        | Command::Check(_)
        | Command::Build(_)
        | Command::Report(_)
        | Command::Rollback(_)
        | Command::Promote(_) => {
            return None;
        }
        Command::Schema(SchemaCommand::Diff(_) | SchemaCommand::Lint(_)) => return None,
        Command::Schema(SchemaCommand::Show(_)) => "schema show",
        Command::Select(_) => "select",
        Command::Image(_) => "image",
        Command::Compare(_) => "compare",
        Command::Rules(_) => "rules",
        Command::Sandbox(_) => "sandbox",
        Command::Demo(_) => "demo",
        Command::Canary(_) => "canary",
        Command::Clean(_) => "clean",
        Command::Init(_) => "init",
        Command::Completions(_) => "completions",
        Command::Doctor(_) => "doctor",
        Command::Login => "login",
        Command::Logs(_) => "logs",
    })
}

/// Carries out a command.
pub(super) async fn dispatch(command: Command, context: &Context) -> Result<Verdict, Failure> {
    if matches!(context.printer.format, Format::Github | Format::Sarif)
        && let Some(name) = without_findings(&command)
    {
        return Err(finding_output::refuse(name));
    }
    match command {
        Command::Run(arguments) | Command::Build(arguments) if arguments.help_config => Ok(help_config::run(context)),
        Command::Check(arguments) if arguments.run.help_config => Ok(help_config::run(context)),
        Command::Run(arguments) => run::run(arguments, context).await,
        Command::Verify(arguments) => verify::run(arguments, context).await,
        Command::Rollback(arguments) => rollback::run(arguments, context).await,
        Command::Promote(arguments) => promote::run(arguments, context).await,
        Command::Check(arguments) => check::run(arguments, context).await,
        Command::Build(arguments) => build::run(arguments, context).await,
        Command::Select(arguments) => select::run(arguments, context).await,
        Command::Schema(command) => schema::run(command, context).await,
        Command::Image(command) => image::run(command, context).await,
        Command::Compare(arguments) => compare::run(&arguments, context).await,
        Command::Report(arguments) => report::run(&arguments, context).await,
        Command::Rules(arguments) => rules::run(&arguments, context),
        Command::Sandbox(arguments) => sandbox::run(arguments, context).await,
        Command::Demo(arguments) => demo::run(arguments, context).await,
        Command::Canary(arguments) => canary::run(&arguments, context).await,
        Command::Clean(arguments) => clean::run(&arguments, context).await,
        Command::Init(arguments) => init::run(&arguments, context).await,
        Command::Doctor(arguments) => doctor::run(arguments, context).await,
        Command::Login => doctor::login(context).await,
        Command::Logs(arguments) => logs::run(&arguments, context).await,
        Command::Completions(arguments) => Ok(completions::run(&arguments, context)),
    }
}
