//! The isolator: safe-push started again. It restricts itself, then becomes the untrusted program.
//!
//! It runs before anything else of a process, on its only thread: restrictions hold for the thread that asks for them.

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::thread;
use std::time::Duration;

use rustix::process::{Signal, geteuid, set_parent_process_death_signal, setsid};
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities, set_no_new_privs};

use super::policy::IsolationPolicy;
use super::{descriptors, filter, landlock};

/// The first argument of an isolator. No subcommand is called so.
pub(super) const ARGUMENT: &str = "untrusted-program";

/// The exit code of an isolator that did not become the program.
pub(super) const FAILED: u8 = 213;

/// Prefix of the line in which a failed isolator reports its reason.
pub(super) const REASON: &str = "safe-push could not isolate the program: ";

/// Attempts to start an executable that is still open for writing (ETXTBSY).
const BUSY_TRIES: usize = 50;
const BUSY_PAUSE: Duration = Duration::from_millis(10);

/// Becomes the program that the arguments name, if they are those of an isolator. Returns only when they are not, or when that failed.
pub fn enter(arguments: impl IntoIterator<Item = OsString>) -> Option<ExitCode> {
    let mut arguments = arguments.into_iter().skip(1);
    if arguments.next()? != ARGUMENT {
        return None;
    }
    let problem = become_program(arguments);
    // If stderr is closed, the reason cannot be reported.
    let _unread = writeln!(io::stderr(), "{REASON}{problem}");
    Some(FAILED.into())
}

fn become_program(mut arguments: impl Iterator<Item = OsString>) -> String {
    let policy = arguments.next().and_then(|text| text.into_string().ok()).and_then(|text| serde_json::from_str(&text).ok());
    let (Some(policy), Some(program)) = (policy, arguments.next()) else { return "its arguments are incomplete".to_owned() };
    let mut command = match closed(program, arguments) {
        Ok(command) => command,
        Err(problem) => return problem,
    };
    if let Err(problem) = restrict(&policy) {
        return problem;
    }
    for _ in 0..BUSY_TRIES {
        let error = command.exec();
        if error.kind() != io::ErrorKind::ExecutableFileBusy {
            return format!("{}: {error}", command.get_program().display());
        }
        thread::sleep(BUSY_PAUSE);
    }
    format!("{} is being written", command.get_program().display())
}

/// The program, behind a shell that closes what was inherited, where there is something.
fn closed(program: OsString, arguments: impl Iterator<Item = OsString>) -> Result<Command, String> {
    let inherited = descriptors::inherited();
    let mut command = if inherited.is_empty() {
        Command::new(program)
    } else {
        let mut shell = Command::new(shell());
        shell.arg("-c").arg(descriptors::closing(&inherited)).arg("bash").arg(program);
        shell
    };
    command.args(arguments);
    Ok(command)
}

/// Bash, wherever the program's own `PATH` leads.
fn shell() -> &'static str {
    ["/bin/bash", "/usr/bin/bash"].into_iter().find(|path| Path::new(path).exists()).unwrap_or("bash")
}

/// Restricts this process for good. The order matters: each layer still allows what the next one needs.
fn restrict(policy: &IsolationPolicy) -> Result<(), String> {
    let step = |what: &'static str| move |error: rustix::io::Errno| format!("{what}: {error}");
    // An isolator that leads a group already is in a session of its own, or has none to leave.
    let _session = setsid().map_err(step("failed to start a session"))?;
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(step("failed to tie its lifetime to safe-push"))?;
    set_no_new_privs(true).map_err(step("failed to set no_new_privs"))?;
    if geteuid().is_root() {
        let none = CapabilitySets {
            effective: CapabilitySet::empty(),
            permitted: CapabilitySet::empty(),
            inheritable: CapabilitySet::empty(),
        };
        set_capabilities(None, none).map_err(step("failed to drop capabilities"))?;
    }
    let confined = match landlock::restrict(policy) {
        Ok(true) => Ok(()),
        Ok(false) => Err("the kernel, or the filter of this container, has no Landlock".to_owned()),
        Err(error) => Err(format!("Landlock: {error}")),
    };
    let filtered = filter::restrict(policy.network).map_err(|error| format!("seccomp: {error}"));
    if policy.required { confined.and(filtered) } else { Ok(()) }
}
