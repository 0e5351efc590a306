//! The command line as typed. How it is read, and how help shows it, is left to `command_line` and `help`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::cli::printer::{ColorChoice, Format};
use crate::cli::setting_flags::SettingFlags;

/// Tests, compares and publishes Cog models to Replicate without breaking the people who use them.
#[derive(Debug, Parser)]
#[command(name = "safe-push", version, max_term_width = 110, subcommand_required = true)]
// As with the argparse of cog-safe-push: the last of repeated flags counts, and a unique start of a flag will do.
#[command(args_override_self = true, infer_long_args = true)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) global: GlobalArguments,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Options of every subcommand.
#[derive(Debug, Args)]
pub(super) struct GlobalArguments {
    /// Show more: build output, each prediction, requests
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Output")]
    pub(super) verbose: u8,
    /// Show results and errors only
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Output")]
    pub(super) quiet: bool,
    /// Format of results
    #[arg(long, global = true, value_enum, default_value_t, hide_possible_values = false, help_heading = "Output")]
    pub(super) format: Format,
    /// Run as if started in this folder
    #[arg(short = 'C', long, global = true, value_name = "FOLDER", help_heading = "Output")]
    pub(super) working_directory: Option<PathBuf>,
    /// When to use colors
    #[arg(long, global = true, value_enum, default_value_t, hide_short_help = true, help_heading = "Output")]
    pub(super) color: ColorChoice,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Build, stage, verify and publish (the default)
    Run(RunArguments),
    /// Verify a version on Replicate, without building or pushing
    Verify(VerifyArguments),
    /// Make an older version the live one again
    Rollback(RollbackArguments),
    /// Publish a version that an earlier run tested
    Promote(PromoteArguments),
    /// Find what would break users, without building
    Check(CheckArguments),
    /// Build the image with its schema and labels
    Build(RunArguments),
    /// List the models that a run would test
    Select(SelectArguments),
    /// Show, compare or lint the OpenAPI schemas of models
    #[command(subcommand)]
    Schema(SchemaCommand),
    /// Inspect how the image is built
    #[command(subcommand)]
    Image(ImageCommand),
    /// Compare two output files
    Compare(CompareArguments),
    /// Render reports from a saved run.json
    Report(ReportArguments),
    /// List the rules behind findings
    Rules(RulesArguments),
    /// Serve a Replicate-compatible API and registry on this machine
    Sandbox(SandboxArguments),
    /// Push an example model to the sandbox, then break it
    Demo(DemoArguments),
    /// Push, run and delete a tiny model to check the pipeline
    Canary(CanaryArguments),
    /// Show the status, error and logs of a prediction
    Logs(LogsArguments),
    /// Check what this machine and these tokens can do
    Doctor(DoctorArguments),
    /// Explain the tokens, and check those that are set
    Login,
    /// Remove what killed runs left behind
    Clean(CleanArguments),
    /// Write a configuration for the model in this folder
    Init(InitArguments),
    /// Print a script that completes commands in a shell
    Completions(CompletionsArguments),
}

/// A run, or a part of one.
#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// Names of configured models, patterns such as 'flux-*', or OWNER/NAME
    #[arg(value_name = "MODEL")]
    pub(super) named: Vec<String>,
    /// Use the embedded sandbox instead of Replicate
    #[arg(long)]
    pub(super) sandbox: bool,
    /// Print annotated examples of the configuration files
    #[arg(long, hide_short_help = true)]
    pub(super) help_config: bool,
    #[command(flatten)]
    pub(super) settings: SettingFlags,
}

/// A check.
#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// Compare with a git revision instead of the live version, without network
    #[arg(long, value_name = "REVISION")]
    pub(super) against: Option<String>,
    #[command(flatten)]
    pub(super) run: RunArguments,
}

/// A verification without a build.
#[derive(Debug, Args)]
pub(super) struct VerifyArguments {
    /// Version, or the newest of a model; NAME is the test model of a configuration
    #[arg(value_name = "OWNER/NAME[:ID]|NAME", required_unless_present = "url")]
    pub(super) version: Option<String>,
    /// Running Cog server to verify instead, without an account
    #[arg(long, value_name = "URL", conflicts_with = "version")]
    pub(super) url: Option<String>,
    #[command(flatten)]
    pub(super) settings: SettingFlags,
}

/// A promotion.
#[derive(Debug, Args)]
pub(super) struct PromoteArguments {
    /// Tested version
    #[arg(value_name = "OWNER/NAME-test:ID")]
    pub(super) version: String,
    /// Report of the run that tested it
    #[arg(long, value_name = "RUN.JSON", default_value = "safe-push-report/run.json")]
    pub(super) record: PathBuf,
    #[command(flatten)]
    pub(super) settings: SettingFlags,
}

/// A rollback.
#[derive(Debug, Args)]
pub(super) struct RollbackArguments {
    /// Live model
    #[arg(value_name = "OWNER/NAME")]
    pub(super) model: String,
    /// Version to go back to, or its first digits [default: the one before the newest]
    #[arg(long, value_name = "ID")]
    pub(super) to: Option<String>,
    /// Publish at once, without a test prediction
    #[arg(long)]
    pub(super) now: bool,
    #[command(flatten)]
    pub(super) settings: SettingFlags,
}

/// A selection of models.
#[derive(Debug, Args)]
pub(super) struct SelectArguments {
    /// Print a matrix for GitHub Actions
    #[arg(long)]
    pub(super) matrix: bool,
    #[command(flatten)]
    pub(super) settings: SettingFlags,
}

/// Work on schemas.
#[derive(Debug, Subcommand)]
pub(super) enum SchemaCommand {
    /// Print the schema that follows from the source
    Show(SchemaShowArguments),
    /// Compare two schemas; exit with 1 for breaking changes
    Diff(SchemaDiffArguments),
    /// Find what users will miss in a schema
    Lint(SchemaLintArguments),
}

/// The source of a schema.
#[derive(Debug, Args)]
pub(super) struct SchemaShowArguments {
    /// Predictor or trainer, FILE:NAME [default: from cog.yaml]
    #[arg(value_name = "FILE:NAME")]
    pub(super) target: Option<String>,
    /// Kind of the target
    #[arg(long, value_enum, default_value_t = MethodArgument::Predict)]
    pub(super) mode: MethodArgument,
    /// Cog version to generate the schema for
    #[arg(long, value_name = "VERSION")]
    pub(super) cog_version: Option<String>,
    /// Reproduce the gaps of Cog's own generator
    #[arg(long)]
    pub(super) cog_exact: bool,
}

/// A method, as it is written on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum MethodArgument {
    /// predict() or run()
    Predict,
    /// train()
    Train,
}

/// Two schemas.
#[derive(Debug, Args)]
pub(super) struct SchemaDiffArguments {
    /// Old schema: JSON file, - for stdin, folder, git revision, or OWNER/NAME[:ID]
    pub(super) old: String,
    /// New schema, in the same forms
    #[arg(default_value = ".")]
    pub(super) new: String,
}

/// One schema.
#[derive(Debug, Args)]
pub(super) struct SchemaLintArguments {
    /// Schema: JSON file, - for stdin, folder, git revision, or OWNER/NAME[:ID]
    #[arg(default_value = ".")]
    pub(super) schema: String,
}

/// Work on images.
#[derive(Debug, Subcommand)]
pub(super) enum ImageCommand {
    /// Print the Dockerfile
    Dockerfile(DockerfileArguments),
}

/// The Dockerfile of a build.
#[derive(Debug, Args)]
pub(super) struct DockerfileArguments {
    /// Live model, OWNER/NAME [default: the configured model]
    #[arg(value_name = "MODEL")]
    pub(super) model: Option<String>,
    /// Print the decisions and their reasons
    #[arg(long)]
    pub(super) explain: bool,
    /// Print the instructions of the Cog CLI, faults included
    #[arg(long)]
    pub(super) cog_exact: bool,
    #[command(flatten)]
    pub(super) settings: SettingFlags,
}

/// Two files.
#[derive(Debug, Args)]
pub(super) struct CompareArguments {
    /// Expected file or its http(s) URL
    pub(super) expected: String,
    /// Actual file or its http(s) URL
    pub(super) actual: String,
    /// File for the difference: a heat map or a diff
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Threshold of a measurement, as in ssim=0.95 (repeatable)
    #[arg(long = "threshold", value_name = "NAME=VALUE", value_parser = threshold)]
    pub(super) thresholds: Vec<(String, f64)>,
}

fn threshold(text: &str) -> Result<(String, f64), String> {
    let (name, value) = text.split_once('=').ok_or("name the measurement, as in ssim=0.95")?;
    let value = value.trim().parse().map_err(|_error| format!("'{value}' is not a number"))?;
    Ok((name.trim().to_owned(), value))
}

/// A saved run.
#[derive(Debug, Args)]
pub(super) struct ReportArguments {
    /// Saved runs to render as one; none to finish a workflow
    #[arg(value_name = "RUN.JSON")]
    pub(super) runs: Vec<PathBuf>,
    /// Earlier run to compare with
    #[arg(long, value_name = "RUN.JSON", requires = "runs")]
    pub(super) against: Option<PathBuf>,
    /// Folder for the reports
    #[arg(long, value_name = "FOLDER")]
    pub(super) out: Option<PathBuf>,
    /// Open the report in a browser; without RUN.JSON, that of the last run
    #[arg(long)]
    pub(super) open: bool,
}

/// The rules.
#[derive(Debug, Args)]
pub(super) struct RulesArguments {
    /// Rule to show, as in SP101
    pub(super) code: Option<String>,
    /// Print all rules as Markdown
    #[arg(long)]
    pub(super) markdown: bool,
}

/// A sandbox outside of a run.
#[derive(Debug, Args)]
pub(super) struct SandboxArguments {
    /// Port, or 0 for a free one
    #[arg(long, default_value_t = 0)]
    pub(super) port: u16,
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(super) bind: IpAddr,
    /// Host that requests may name, besides loopback and the address (repeatable)
    #[arg(long = "host", value_name = "HOST")]
    pub(super) hosts: Vec<String>,
    /// Account that owns the models
    #[arg(long, value_name = "NAME", default_value = "sandbox")]
    pub(super) username: String,
    /// YAML file with scripted models
    #[arg(long, value_name = "FILE")]
    pub(super) script: Option<PathBuf>,
    /// Folder that keeps large layers for later sandboxes
    #[arg(long, value_name = "FOLDER")]
    pub(super) layers: Option<PathBuf>,
}

/// The demo.
#[derive(Debug, Args)]
pub(super) struct DemoArguments {
    /// Folder for the reports
    #[arg(long, value_name = "FOLDER", default_value = "safe-push-report")]
    pub(super) report_dir: PathBuf,
}

/// A canary.
#[derive(Debug, Args)]
pub(super) struct CanaryArguments {
    /// Private model to push to [default: safe-push-canary of the token's account]
    #[arg(value_name = "MODEL")]
    pub(super) model: Option<String>,
    /// Use the embedded sandbox instead of Replicate
    #[arg(long)]
    pub(super) sandbox: bool,
    /// Hardware of the model, if it is created
    #[arg(long, value_name = "SKU", default_value = "cpu")]
    pub(super) hardware: String,
    /// Time limit for the prediction to start
    #[arg(long, value_name = "SECONDS", default_value_t = 900, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(super) startup_timeout: u64,
    /// Time limit of the prediction, from its start
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(super) predict_timeout: u64,
}

/// A cleanup.
#[derive(Debug, Args)]
pub(super) struct CleanArguments {
    /// List what would be removed
    #[arg(long)]
    pub(super) dry_run: bool,
}

/// A first configuration.
#[derive(Debug, Args)]
pub(super) struct InitArguments {
    /// Live model; OWNER alone names the models after their folders
    #[arg(value_name = "OWNER/NAME|OWNER", required_unless_present = "github")]
    pub(super) model: Option<String>,
    /// Also write a workflow for GitHub Actions
    #[arg(long)]
    pub(super) github: bool,
    /// With --github: also an hourly check of the whole pipeline
    #[arg(long, requires = "github")]
    pub(super) canary: bool,
    /// Replace existing files
    #[arg(long)]
    pub(super) force: bool,
}

/// A script for a shell.
#[derive(Debug, Args)]
pub(super) struct CompletionsArguments {
    /// Shell to print the script for
    #[arg(value_name = "SHELL")]
    pub(super) shell: clap_complete::Shell,
}

/// A prediction to look at.
#[derive(Debug, Args)]
pub(super) struct LogsArguments {
    /// Its ID, or the URL of its page
    #[arg(value_name = "PREDICTION")]
    pub(super) prediction: String,
}

/// An examination of the machine.
#[derive(Debug, Args)]
pub(super) struct DoctorArguments {
    #[command(flatten)]
    pub(super) settings: SettingFlags,
}
