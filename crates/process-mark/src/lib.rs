//! Which process started this container, folder or journal, and is that process gone?
//!
//! A process that is killed cannot clean up. What it leaves behind carries a [`ProcessMark`] as text, in a label or a file name, and a later
//! process removes what belongs to a process that has surely ended. A process number alone does not say so, because numbers are reused and
//! mean something only within one PID namespace; the mark therefore holds the start time and the namespace too.
//!
//! Marks read Linux's `/proc`. Elsewhere there is no mark for the current process, and nothing counts as left behind. Finding and removing what
//! was left is up to the caller.
//!
//! ```
//! use process_mark::ProcessMark;
//!
//! if let Some(mark) = ProcessMark::current() {
//!     let label = mark.to_string();
//!     assert_eq!(ProcessMark::parse(&label), Some(mark.clone()));
//!     assert!(!mark.has_ended());
//! }
//! assert_eq!(ProcessMark::parse("not a mark"), None);
//! ```

#![warn(missing_docs)]

use std::fmt;
use std::fs;

/// A process, distinguishable from a later one with the same number. Written as `number/start/namespace`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessMark {
    process: u32,
    /// Clock ticks from boot to the start of the process.
    started: String,
    /// The PID namespace in which the number is valid, such as that of one job container.
    namespace: String,
}

impl ProcessMark {
    /// Marks the current process. `None` where there is no `/proc`.
    pub fn current() -> Option<Self> {
        let process = std::process::id();
        Some(Self { process, started: start_of(process)?, namespace: current_namespace()? })
    }

    /// Reads a mark back from its text. `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '/');
        let process = parts.next()?.parse().ok()?;
        let mut rest = parts.filter(|part| !part.is_empty()).map(str::to_owned);
        Some(Self { process, started: rest.next()?, namespace: rest.next()? })
    }

    /// Whether the process has surely ended. When in doubt, as for a process in another namespace, it has not.
    pub fn has_ended(&self) -> bool {
        current_namespace().is_some_and(|current| current == self.namespace)
            && start_of(self.process).is_none_or(|started| started != self.started)
    }
}

impl fmt::Display for ProcessMark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}/{}", self.process, self.started, self.namespace)
    }
}

fn start_of(process: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field, the name in parentheses, may contain spaces and parentheses itself; the start is field 22 of proc_pid_stat(5).
    stat.rsplit_once(')')?.1.split_whitespace().nth(19).map(str::to_owned)
}

fn current_namespace() -> Option<String> {
    Some(fs::read_link("/proc/self/ns/pid").ok()?.to_string_lossy().into_owned())
}

/// The examples in the README, compiled and run as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_survives_being_written_and_read() {
        let mark = ProcessMark { process: 7, started: "123".to_owned(), namespace: "pid:[4026531836]".to_owned() };
        assert_eq!(ProcessMark::parse(&mark.to_string()), Some(mark));
        for broken in ["", "7", "7/1", "7//pid:[1]", "1//", "x/1/pid:[1]", "rubbish"] {
            assert_eq!(ProcessMark::parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn only_a_dead_process_of_this_namespace_has_ended() {
        let current = ProcessMark::current().unwrap();
        assert!(!current.has_ended());
        assert!(ProcessMark { process: u32::MAX, ..current.clone() }.has_ended());
        assert!(ProcessMark { started: "1".to_owned(), ..current.clone() }.has_ended());
        assert!(!ProcessMark { process: u32::MAX, namespace: "pid:[1]".to_owned(), ..current }.has_ended());
    }
}
