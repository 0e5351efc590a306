//! A file for each subcommand.

mod build;
mod check;
mod compare;
mod image;
mod init;
mod report;
mod rules;
mod run;
mod sandbox;
mod schema;
mod select;
mod verify;

use crate::cli::arguments::Command;
use crate::cli::context::Context;
use crate::cli::demo;
use crate::cli::failure::Failure;
use crate::domain::verdict::Verdict;

/// Carries out a command.
pub(super) async fn dispatch(command: Command, context: &Context) -> Result<Verdict, Failure> {
    match command {
        Command::Run(arguments) => run::run(arguments, context).await,
        Command::Verify(arguments) => verify::run(arguments, context).await,
        Command::Check(arguments) => check::run(arguments, context).await,
        Command::Build(arguments) => build::run(arguments, context).await,
        Command::Select(arguments) => select::run(arguments, context),
        Command::Schema(command) => schema::run(command, context).await,
        Command::Image(command) => image::run(command, context).await,
        Command::Compare(arguments) => compare::run(&arguments, context),
        Command::Report(arguments) => report::run(&arguments, context).await,
        Command::Rules(arguments) => rules::run(&arguments, context),
        Command::Sandbox(arguments) => sandbox::run(arguments, context).await,
        Command::Demo(arguments) => demo::run(arguments, context).await,
        Command::Init(arguments) => init::run(&arguments, context).await,
    }
}
