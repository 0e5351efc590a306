//! The one way to start a program that executes or parses files of the repository: its scripts, Ruff, git.
//!
//! Such a program shares nothing with this process that holds a secret. It is started through an *isolator*: this program once more, which
//! restricts itself and then becomes the other program. The layers, each of which holds without the others:
//!
//! - an environment of named variables alone
//! - no inherited descriptor besides the three streams
//! - the user who owns the checkout, without groups, where this process is root; no capabilities
//! - `no_new_privs`: no setuid program gives anything back
//! - Landlock: system folders can be read, the checkout and a private temporary folder written, and nothing else; no process outside can be
//!   inspected or signaled
//! - seccomp: UNIX sockets and pairs of datagram sockets cannot be opened, so no daemon can be reached, and processes cannot leave the
//!   session or enter a namespace; a program that only reads opens no socket at all
//! - a session of its own; what remains in it is killed when the program exits
//!
//! Files: `program` says what is started, `launcher` starts it, `policy` says what it may see, `isolator` is the other end. `landlock`
//! and `filter` are the kernel's two mechanisms. Which restrictions have to hold is decided by the
//! caller; what a program's output means as well.

mod descriptors;
mod filter;
mod git;
pub mod isolator;
mod landlock;
mod launcher;
mod policy;
mod program;

pub use git::{DIFF_WITHOUT_PROGRAMS, FiltersError, FiltersOff, git};
pub use landlock::is_available as landlock_is_available;
pub use launcher::{LaunchError, Launcher, RequiredIsolation};
pub use program::{ProgramKind, UntrustedProgram};

use rustix::process::{DumpableBehavior, set_dumpable_behavior};

/// Keeps other processes of the same user from reading this one's memory and environment. In a container that holds for root too.
pub fn hide_this_process() {
    // Without it, the other layers still hold.
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::debug!(%error, "this process can be read by others");
    }
}
