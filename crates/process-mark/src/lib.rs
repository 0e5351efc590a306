//! Which process started this container, image name or folder, and is that process gone?
//!
//! A process that is killed cannot clean up. What it leaves behind carries a [`ProcessMark`] as text, in a label or a name, and a later
//! process removes what belongs to a process that has surely ended. A process number alone does not say so, because numbers are reused and
//! mean something only within one PID namespace of one machine; the mark therefore holds the start time, the namespace and the boot too.
//!
//! A process in another namespace cannot be asked about. If it ran in a container that a daemon knows, the daemon can
//! ([`ProcessMark::witness`]). What remains unknown is left alone until it is older than [`AGE_LIMIT`].
//!
//! Marks read Linux's `/proc`. Elsewhere there is no mark for the current process, and nothing counts as left behind. Finding and removing
//! what was left is up to the caller, apart from temporary folders ([`folder`]).
//!
//! ```
//! use process_mark::{Owner, ProcessMark};
//!
//! if let Some(mark) = ProcessMark::current() {
//!     let label = mark.to_string();
//!     assert_eq!(ProcessMark::parse(&label), Some(mark.clone()));
//!     assert_eq!(mark.owner(), Owner::Running);
//! }
//! assert_eq!(ProcessMark::parse("not a mark"), None);
//! ```

#![warn(missing_docs)]

pub mod folder;
mod mark;
mod proc;

use std::time::Duration;

pub use mark::{Owner, ProcessMark, Witness};
pub use proc::container_of_mounts;

/// The label of what belongs to a process in a container daemon. Its value is the mark.
pub const LABEL: &str = "dev.safe-push.process";

/// How long something is left alone if its process cannot be asked about.
pub const AGE_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

/// The examples in the README, compiled and run as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
