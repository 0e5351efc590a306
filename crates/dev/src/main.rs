//! `cargo dev`: generates what follows from the code.

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use dev::{Outcome, generate_all, repository};

/// Tasks of this repository
#[derive(Parser)]
#[command(name = "cargo dev", bin_name = "cargo dev")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Write the documentation, schemas and inputs that follow from the code
    GenerateAll {
        /// Whether to write the files or to check that they are current
        #[arg(long, value_enum, default_value_t = Mode::Write)]
        mode: Mode,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Mode {
    /// Write files that are stale
    Write,
    /// Print what is stale, and exit with 1
    Check,
}

fn main() -> anyhow::Result<ExitCode> {
    let Task::GenerateAll { mode } = Arguments::parse().task;
    let root = repository();
    let mut is_stale = false;
    for file in generate_all(&root)? {
        match (file.outcome(), mode) {
            (Outcome::Current, _) => {}
            (Outcome::Stale(_), Mode::Write) => {
                file.write(&root)?;
                say(&format!("wrote {}\n", file.path));
            }
            (Outcome::Stale(diff), Mode::Check) => {
                is_stale = true;
                say(&diff);
            }
        }
    }
    if is_stale {
        say("run `cargo dev generate-all`\n");
    }
    Ok(if is_stale { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

#[expect(clippy::print_stdout, reason = "the only output of this program")]
fn say(text: &str) {
    print!("{text}");
}
