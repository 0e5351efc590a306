//! From the process's arguments to its exit code.

use std::backtrace::Backtrace;
use std::env;
use std::io::{self, Write};
use std::panic;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use tracing_subscriber::EnvFilter;

use crate::cli::action::ActionStep;
use crate::cli::arguments::{Arguments, Command};
use crate::cli::command_line;
use crate::cli::commands;
use crate::cli::context::Context;
use crate::cli::environment::Environment;
use crate::cli::failure::Failure;
use crate::cli::failure_report;
use crate::cli::printer::Printer;
use crate::cli::project_folder;
use crate::cli::signals;
use crate::config::tokens::{WeakToken, check_tokens};
use crate::domain::verdict::Verdict;
use crate::support::secrets::Redactor;
use crate::support::untrusted::{Launcher, RequiredIsolation, hide_this_process, isolator};
use crate::verify::jq;

/// How long to wait for what still runs after a command has ended. Its containers carry labels, and its files are temporary.
const LAST_MOMENTS: Duration = Duration::from_secs(1);

/// Runs safe-push with the arguments and environment of this process.
pub fn main() -> ExitCode {
    if let Some(failed) = isolator::enter(env::args_os()) {
        return failed;
    }
    if jq::is_worker(env::args_os()) {
        return jq::work();
    }
    if let Ok(executable) = env::current_exe() {
        jq::use_worker(executable);
    }
    hide_this_process();
    let mut environment = Environment::of_process();
    let redactor = Redactor::of(environment.secret_values());
    redact_panics(&redactor);
    let arguments = match command_line::parse(env::args_os()) {
        Ok(arguments) => arguments,
        Err(error) => return explain(&error, &redactor),
    };
    let global = &arguments.global;
    let mut printer = Printer::new(global.format, global.color, global.quiet, &environment, redactor);
    if let Err(failure) = project_folder::enter(&arguments, &mut environment, &printer) {
        failure_report::print(&failure, &printer);
        return failure.verdict.exit_code().into();
    }
    let action = ActionStep::enter(&environment, &mut printer);
    log(&environment, global.verbose, printer.redactor());
    let launcher = match launcher(&environment) {
        Ok(launcher) => launcher,
        Err(error) => {
            printer.complain(&format!("error: failed to locate the program of this process: {error}"));
            return Verdict::ServiceError.exit_code().into();
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            printer.complain(&format!("error: failed to start the runtime: {error}"));
            return Verdict::ServiceError.exit_code().into();
        }
    };
    let verdict = runtime.block_on(run(arguments, environment, printer, action, launcher));
    runtime.shutdown_timeout(LAST_MOMENTS);
    verdict.exit_code().into()
}

/// The launcher of programs that execute or parse files of the repository. In a workflow, the runner's files and tokens are within reach.
fn launcher(environment: &Environment) -> io::Result<Launcher> {
    let need = if environment.is_workflow() { RequiredIsolation::All } else { RequiredIsolation::Available };
    Launcher::of_this_program(need, environment.get("HOME").map(PathBuf::from))
}

async fn run(
    arguments: Arguments,
    environment: Environment,
    printer: Printer,
    action: Option<ActionStep>,
    launcher: Launcher,
) -> Verdict {
    let verbosity = arguments.global.verbose;
    let context = Context { environment, printer, verbosity, cancelled: signals::cancelled_by_signals(), action, launcher };
    let needs_no_token = matches!(arguments.command, Command::Rules(_) | Command::Sandbox(_) | Command::Completions(_));
    let outcome = match check_tokens(context.environment.variables()) {
        Err(weak) if !needs_no_token => Err(weak_token(weak)),
        _ => commands::dispatch(arguments.command, &context).await,
    };
    match outcome {
        Ok(verdict) => with_result(verdict, &context.printer),
        Err(failure) => {
            failure_report::print(&failure, &context.printer);
            if let Some(action) = &context.action {
                failure_report::report_early(&failure, action, &context).await;
            }
            failure.verdict
        }
    }
}

/// A command whose result did not arrive has not passed: an empty matrix would look like no work.
fn with_result(verdict: Verdict, printer: &Printer) -> Verdict {
    let Some(error) = printer.lost() else { return verdict };
    print_lost_output(error);
    if verdict == Verdict::Passed { Verdict::Misconfigured } else { verdict }
}

/// To standard error, even where everything else goes to standard output.
fn print_lost_output(error: &io::Error) {
    let _unread = writeln!(
        io::stderr().lock(),
        "error: failed to write the result to standard output: {error}\n  hint: the result is incomplete; free space, or redirect it elsewhere"
    );
}

/// A panic is a bug, and its message may hold anything.
fn redact_panics(redactor: &Redactor) {
    let redactor = redactor.clone();
    panic::set_hook(Box::new(move |info| {
        let text = redactor.text(&format!("{info}\n{}", Backtrace::capture()));
        let _unread = writeln!(io::stderr().lock(), "{text}");
    }));
}

fn weak_token(weak: WeakToken) -> Failure {
    let hint = format!("set {} to the whole token, or unset it: this value would be hidden wherever it occurs", weak.variable);
    Failure::new(Verdict::Misconfigured, weak).hint(hint)
}

/// Help and version are results; everything else is a wrong request.
fn explain(error: &clap::Error, redactor: &Redactor) -> ExitCode {
    let text = error.render().to_string();
    let shown = redactor.text(&text);
    let written = if *shown == text { error.print() } else { io::stderr().lock().write_all(shown.as_bytes()) };
    let is_lost = |error: &io::Error| error.kind() != io::ErrorKind::BrokenPipe;
    let verdict = match written.err().filter(is_lost) {
        _ if error.use_stderr() => Verdict::Misconfigured,
        Some(error) => {
            print_lost_output(&error);
            Verdict::Misconfigured
        }
        None => Verdict::Passed,
    };
    verdict.exit_code().into()
}

/// Diagnostics for developers: off unless asked for.
fn log(environment: &Environment, verbosity: u8, redactor: &Redactor) {
    let filter = match (environment.get("SAFE_PUSH_LOG"), verbosity) {
        (Some(filter), _) => EnvFilter::new(filter),
        (None, 0..=1) => EnvFilter::new("off"),
        (None, 2) => EnvFilter::new("safe_push=info"),
        (None, _) => EnvFilter::new("safe_push=debug"),
    };
    let redactor = redactor.clone();
    let writer = move || RedactedStderr(redactor.clone());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).without_time().init();
}

/// Standard error for diagnostics, which come an event at a time.
struct RedactedStderr(Redactor);

impl Write for RedactedStderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = self.0.text(&String::from_utf8_lossy(bytes));
        io::stderr().lock().write_all(text.as_bytes()).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}
