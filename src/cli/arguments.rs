//! The command line as typed.
//!
//! `run` is the default: a first word that is no subcommand belongs to it, so that `cog-safe-push` command lines work unchanged.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::cli::printer::{ColorChoice, Format};
use crate::cli::setting_flags::SettingFlags;

/// Tests, compares and publishes Cog models to Replicate without breaking the people who use them.
#[derive(Debug, Parser)]
#[command(name = "safe-push", version, max_term_width = 110, disable_help_subcommand = true, subcommand_required = true)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) global: GlobalArguments,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What every subcommand understands.
#[derive(Debug, Args)]
pub(super) struct GlobalArguments {
    /// Show more: build output, each prediction, requests
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Output")]
    pub(super) verbose: u8,
    /// Show results and errors only
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Output")]
    pub(super) quiet: bool,
    /// How results are printed
    #[arg(long, global = true, value_enum, default_value_t, hide_possible_values = false, help_heading = "Output")]
    pub(super) format: Format,
    /// When colours are used
    #[arg(long, global = true, value_enum, default_value_t, help_heading = "Output")]
    pub(super) color: ColorChoice,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Build, stage, verify and publish (the default)
    Run(RunArguments),
    /// Verify a version that is already on Replicate: no build, no push
    Verify(VerifyArguments),
    /// Find what would break users, without building; all models, unless some are chosen
    Check(RunArguments),
    /// Build the image, with its schema and labels
    Build(RunArguments),
    /// Name the models of this repository that a run would take
    Select(SelectArguments),
    /// Show, compare or lint OpenAPI schemas of models
    #[command(subcommand)]
    Schema(SchemaCommand),
    /// What the image is built from
    #[command(subcommand)]
    Image(ImageCommand),
    /// Compare two output files
    Compare(CompareArguments),
    /// Render the reports of a run again from its run.json
    Report(ReportArguments),
    /// List the rules that findings refer to
    Rules(RulesArguments),
    /// Serve a Replicate-compatible API and registry on this machine
    Sandbox(SandboxArguments),
    /// Watch two pushes of an example model on the sandbox, a good and a breaking one
    Demo(DemoArguments),
    /// Push and run a tiny model of our own and remove it: does the whole way still work?
    Canary(CanaryArguments),
    /// Write a first configuration for the model in this folder
    Init(InitArguments),
}

/// A run, or a part of one.
#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// The live model, OWNER/NAME; else what the configuration says
    #[arg(value_name = "MODEL")]
    pub(super) model: Option<String>,
    /// Do everything on the embedded sandbox; nothing is sent to Replicate
    #[arg(long)]
    pub(super) sandbox: bool,
    /// Print annotated examples of the configuration files, and do nothing else
    #[arg(long)]
    pub(super) help_config: bool,
    #[command(flatten)]
    pub(super) settings: SettingFlags,
}

/// A verification alone.
#[derive(Debug, Args)]
pub(super) struct VerifyArguments {
    /// The version: OWNER/NAME:ID, or OWNER/NAME for the newest
    #[arg(value_name = "OWNER/NAME[:ID]")]
    pub(super) version: String,
    #[command(flatten)]
    pub(super) settings: SettingFlags,
}

/// Which models.
#[derive(Debug, Args)]
pub(super) struct SelectArguments {
    /// Print the matrix for GitHub Actions instead of names
    #[arg(long)]
    pub(super) matrix: bool,
    #[command(flatten)]
    pub(super) settings: SettingFlags,
}

/// Work on schemas.
#[derive(Debug, Subcommand)]
pub(super) enum SchemaCommand {
    /// Print the schema that the source describes
    Show(SchemaShowArguments),
    /// Say what changed between two schemas, and for whom that is a break (exit code 1)
    Diff(SchemaDiffArguments),
    /// Say what users will miss in a schema
    Lint(SchemaLintArguments),
}

/// Where a schema's source is.
#[derive(Debug, Args)]
pub(super) struct SchemaShowArguments {
    /// The predictor or trainer, FILE:NAME; else what cog.yaml says
    #[arg(value_name = "FILE:NAME")]
    pub(super) target: Option<String>,
    /// Whether the target is a predictor or a trainer
    #[arg(long, value_enum, default_value_t = Mode::Predict)]
    pub(super) mode: Mode,
    /// The Cog version whose schema is wanted
    #[arg(long, value_name = "VERSION")]
    pub(super) cog_version: Option<String>,
    /// Repeat what the official generator loses
    #[arg(long)]
    pub(super) peer_exact: bool,
    /// The folder with cog.yaml
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub(super) project: PathBuf,
}

/// What a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Mode {
    /// predict() or run()
    Predict,
    /// train()
    Train,
}

/// Two schemas.
#[derive(Debug, Args)]
pub(super) struct SchemaDiffArguments {
    /// The older one: a JSON file, - for standard input, OWNER/NAME[:ID], or a project folder
    pub(super) old: String,
    /// The newer one, named likewise
    #[arg(default_value = ".")]
    pub(super) new: String,
}

/// One schema.
#[derive(Debug, Args)]
pub(super) struct SchemaLintArguments {
    /// A JSON file, - for standard input, OWNER/NAME[:ID], or a project folder
    #[arg(default_value = ".")]
    pub(super) schema: String,
}

/// Work on images.
#[derive(Debug, Subcommand)]
pub(super) enum ImageCommand {
    /// Print the Dockerfile that a build would use
    Dockerfile(DockerfileArguments),
}

/// A Dockerfile and its reasons.
#[derive(Debug, Args)]
pub(super) struct DockerfileArguments {
    /// Print the choices and their reasons instead
    #[arg(long)]
    pub(super) explain: bool,
    /// Print the official program's instructions, faults included, for comparison
    #[arg(long)]
    pub(super) peer_exact: bool,
    #[command(flatten)]
    pub(super) settings: SettingFlags,
}

/// Two files.
#[derive(Debug, Args)]
pub(super) struct CompareArguments {
    /// The file that is right, or its http(s) address
    pub(super) expected: String,
    /// The file in question, or its http(s) address
    pub(super) actual: String,
    /// Where the difference goes: a heat map (PNG) of pictures, a diff of texts and JSON
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Holds a measurement to another threshold, as in ssim=0.95; can be given several times
    #[arg(long = "threshold", value_name = "NAME=VALUE", value_parser = threshold)]
    pub(super) thresholds: Vec<(String, f64)>,
}

fn threshold(text: &str) -> Result<(String, f64), String> {
    let (name, value) = text.split_once('=').ok_or("name the measurement, as in ssim=0.95")?;
    let value = value.trim().parse().map_err(|_error| format!("'{value}' is no number"))?;
    Ok((name.trim().to_owned(), value))
}

/// A saved run.
#[derive(Debug, Args)]
pub(super) struct ReportArguments {
    /// The run.json of a run, or those of several, which become one; without any, in a workflow's last job, check runs that are still
    /// open are closed
    #[arg(value_name = "RUN.JSON")]
    pub(super) runs: Vec<PathBuf>,
    /// Where the reports go; else only the summary is printed
    #[arg(long, value_name = "FOLDER")]
    pub(super) out: Option<PathBuf>,
}

/// Rules of all rooms.
#[derive(Debug, Args)]
pub(super) struct RulesArguments {
    /// One rule only, as in SP101
    pub(super) code: Option<String>,
    /// Print the reference as Markdown
    #[arg(long)]
    pub(super) markdown: bool,
}

/// A sandbox of its own.
#[derive(Debug, Args)]
pub(super) struct SandboxArguments {
    /// The port; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    pub(super) port: u16,
    /// The address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(super) bind: IpAddr,
    /// The account that owns the models
    #[arg(long, value_name = "NAME", default_value = "sandbox")]
    pub(super) username: String,
    /// A YAML file with models that answer from a script
    #[arg(long, value_name = "FILE")]
    pub(super) script: Option<PathBuf>,
}

/// The demo.
#[derive(Debug, Args)]
pub(super) struct DemoArguments {
    /// Where the reports go
    #[arg(long, value_name = "FOLDER", default_value = "safe-push-report")]
    pub(super) report_dir: PathBuf,
}

/// A canary.
#[derive(Debug, Args)]
pub(super) struct CanaryArguments {
    /// The canary's own private model, OWNER/NAME; made when it is missing (default: safe-push-canary of the token's account)
    #[arg(value_name = "MODEL")]
    pub(super) model: Option<String>,
    /// Do everything on the embedded sandbox; nothing is sent to Replicate
    #[arg(long)]
    pub(super) sandbox: bool,
    /// The hardware on which the model is made
    #[arg(long, value_name = "SKU", default_value = "cpu")]
    pub(super) hardware: String,
    /// The limit of its start, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 900, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(super) startup_timeout: u64,
    /// The limit of its prediction, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(super) predict_timeout: u64,
}

/// A first configuration.
#[derive(Debug, Args)]
pub(super) struct InitArguments {
    /// The live model, OWNER/NAME
    #[arg(value_name = "OWNER/NAME")]
    pub(super) model: String,
    /// Replace a configuration that is already there
    #[arg(long)]
    pub(super) force: bool,
}

/// Reads a command line. Without a subcommand, it is `run`.
pub(super) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Arguments, clap::Error> {
    Arguments::try_parse_from(with_default(words.into_iter().collect()))
}

/// Global options that take a value in the next word.
const WITH_VALUE: [&str; 2] = ["--format", "--color"];

fn with_default(mut words: Vec<OsString>) -> Vec<OsString> {
    let command = Arguments::command();
    let mut index = 1;
    while let Some(word) = words.get(index).and_then(|word| word.to_str()) {
        let is_global = matches!(word, "-q" | "--quiet" | "--verbose")
            || (word.starts_with("-v") && word[1..].chars().all(|c| c == 'v'))
            || WITH_VALUE.iter().any(|name| word.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')));
        if WITH_VALUE.contains(&word) {
            index += 2;
        } else if is_global {
            index += 1;
        } else {
            break;
        }
    }
    let next = words.get(index).and_then(|word| word.to_str());
    let about_the_program = matches!(next, Some("-h" | "--help" | "-V" | "--version"));
    let known = next.is_some_and(|word| command.get_subcommands().any(|known| known.get_name() == word));
    if !about_the_program && !known {
        words.insert(index.min(words.len()), "run".into());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        let words = std::iter::once("safe-push").chain(line.split_whitespace()).map(OsString::from).collect();
        with_default(words).iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn the_command_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_first_word_that_is_no_subcommand_belongs_to_run() {
        for (line, expected) in [
            ("", "run"),
            ("acme/hotdog", "run acme/hotdog"),
            ("--no-push acme/hotdog", "run --no-push acme/hotdog"),
            ("-vv --format json acme/hotdog", "-vv --format json run acme/hotdog"),
            ("--format=json", "--format=json run"),
            ("check acme/hotdog", "check acme/hotdog"),
            ("-q check", "-q check"),
            ("--help", "--help"),
            ("-V", "-V"),
            ("--test-model check", "run --test-model check"),
        ] {
            assert_eq!(words(line).join(" "), expected, "{line}");
        }
    }
}
