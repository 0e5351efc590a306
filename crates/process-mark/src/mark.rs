//! The mark of a process.

use std::fmt;
use std::sync::OnceLock;

use super::proc::{self, ID_DIGITS};

/// The container of this process, if a daemon has confirmed that it knows it.
static CONTAINER: OnceLock<String> = OnceLock::new();

/// What is known about the process behind a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// It is running.
    Running,
    /// It has ended.
    Ended,
    /// It ran in another PID namespace, on another machine or before the last boot.
    Unknown,
}

/// Who knows whether the process behind a mark has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Witness<'a> {
    /// This machine's list of processes.
    Processes(Owner),
    /// The daemon that holds the mark, by the state of this container. If it does not know the container, the process has ended: the daemon
    /// knew it when the mark was made, and the machine has not been started again.
    Container(&'a str),
    /// Nobody.
    Nobody,
}

/// A process, distinguishable from a later one with the same number.
///
/// Written as `number-start-namespace-boot-container`, in letters that labels, image tags and file names allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessMark {
    process: u32,
    /// Clock ticks from boot to the start of the process.
    started: u64,
    /// The number of the PID namespace in which the process number is valid, such as that of one job container.
    namespace: u64,
    /// The first digits of the boot's id.
    boot: String,
    /// The first digits of the container's id.
    container: Option<String>,
}

impl ProcessMark {
    /// Marks the current process. `None` where there is no `/proc`.
    pub fn current() -> Option<Self> {
        Self::of(std::process::id())
    }

    /// Marks a process that this one has started. `None` where there is no `/proc`, or if the process has ended.
    pub fn of(process: u32) -> Option<Self> {
        Some(Self {
            process,
            started: proc::start_of(process)?,
            namespace: proc::namespace()?,
            boot: proc::boot()?,
            container: CONTAINER.get().cloned(),
        })
    }

    /// From now on, marks of this process name the container in which it runs. Call it only if the daemon that gets the marks knows the
    /// container: a later process will ask that daemon whether the container still runs.
    pub fn set_container(id: &str) {
        if let Some(digits) = id.get(..ID_DIGITS).filter(|digits| is_id(digits)) {
            // A process does not move to another container.
            let _first = CONTAINER.set(digits.to_owned());
        }
    }

    /// Reads a mark back from its text. `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mark = Self {
            process: parts.next()?.parse().ok()?,
            started: parts.next()?.parse().ok()?,
            namespace: parts.next()?.parse().ok()?,
            boot: parts.next().filter(|boot| is_id(boot))?.to_owned(),
            container: match parts.next()? {
                "0" => None,
                container => Some(container).filter(|container| is_id(container)).map(str::to_owned),
            },
        };
        // Numbers with signs or zeros in front, and whatever follows, are not ours.
        (mark.to_string() == text).then_some(mark)
    }

    /// Reads a mark from the start of a name, as in `MARK-unique`.
    pub fn parse_start(name: &str) -> Option<Self> {
        let end = name.match_indices('-').nth(4)?.0;
        Self::parse(&name[..end])
    }

    /// What this machine knows about the process.
    pub fn owner(&self) -> Owner {
        let is_here = self.is_of_this_boot() && proc::namespace().is_some_and(|namespace| namespace == self.namespace);
        match is_here {
            false => Owner::Unknown,
            true if proc::start_of(self.process) == Some(self.started) => Owner::Running,
            true => Owner::Ended,
        }
    }

    /// Who knows whether the process has ended. A container counts only if the process ran since this machine was started: no daemon here
    /// ever knew a container of another machine.
    pub fn witness(&self) -> Witness<'_> {
        match (self.owner(), self.container.as_deref()) {
            (owner @ (Owner::Running | Owner::Ended), _) => Witness::Processes(owner),
            (Owner::Unknown, Some(container)) if self.is_of_this_boot() => Witness::Container(container),
            (Owner::Unknown, _) => Witness::Nobody,
        }
    }

    fn is_of_this_boot(&self) -> bool {
        proc::boot().is_some_and(|boot| boot == self.boot)
    }

    /// The number of the process in its PID namespace.
    pub fn process(&self) -> u32 {
        self.process
    }
}

fn is_id(text: &str) -> bool {
    text.len() == ID_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

impl fmt::Display for ProcessMark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { process, started, namespace, boot, container } = self;
        write!(formatter, "{process}-{started}-{namespace}-{boot}-{}", container.as_deref().unwrap_or("0"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark() -> ProcessMark {
        let boot = "0123456789ab".to_owned();
        ProcessMark { process: 7, started: 123, namespace: 4_026_531_836, boot, container: None }
    }

    #[test]
    fn a_mark_survives_being_written_and_read() {
        let contained = ProcessMark { container: Some("ba9876543210".to_owned()), ..mark() };
        for mark in [mark(), contained] {
            assert_eq!(ProcessMark::parse(&mark.to_string()), Some(mark.clone()));
            assert_eq!(ProcessMark::parse_start(&format!("{mark}-unique-x")), Some(mark.clone()));
            assert_eq!(ProcessMark::parse(&format!("{mark}-unique")), None);
        }
        for broken in [
            "",
            "7",
            "7-1-2",
            "7-1-2-0123456789ab",
            "7-1-2-0123456789ab-",
            "7-1-2-0123456789a-0",
            "7-1-2-0123456789AB-0",
            "7-1-2-0123456789ab-x",
            "07-1-2-0123456789ab-0",
            "+7-1-2-0123456789ab-0",
            "-7-1-2-0123456789ab-0",
            "rubbish",
            "0123456789abcdef0123456789abcdef",
        ] {
            assert_eq!(ProcessMark::parse(broken), None, "{broken}");
            assert_eq!(ProcessMark::parse_start(&format!("{broken}-x")), None, "{broken}");
        }
    }

    #[test]
    fn a_mark_fits_into_a_tag() {
        let longest = ProcessMark {
            process: 4_194_304,
            started: 999_999_999_999,
            namespace: u32::MAX.into(),
            container: Some("ba9876543210".to_owned()),
            ..mark()
        };
        // Docker allows 128 characters; a prefix and a UUID go with it.
        assert!(longest.to_string().len() <= 60, "{longest}");
    }

    #[test]
    fn only_a_dead_process_of_this_namespace_and_boot_has_ended() {
        let current = ProcessMark::current().unwrap();
        assert_eq!(current.owner(), Owner::Running);
        let gone = ProcessMark { process: u32::MAX, ..current.clone() };
        assert_eq!(gone.owner(), Owner::Ended);
        assert_eq!(ProcessMark { started: 1, ..current.clone() }.owner(), Owner::Ended);
        assert_eq!(ProcessMark { namespace: 1, ..gone.clone() }.owner(), Owner::Unknown);
        // Another machine has the same number for its first namespace.
        let elsewhere = ProcessMark { boot: "0123456789ab".to_owned(), ..gone };
        assert_eq!(elsewhere.owner(), Owner::Unknown);
    }

    #[test]
    fn a_container_is_asked_for_if_this_boot_knew_it() {
        let container = Some("ba9876543210".to_owned());
        let current = ProcessMark { container: container.clone(), ..ProcessMark::current().unwrap() };
        assert_eq!(current.witness(), Witness::Processes(Owner::Running));
        assert_eq!(ProcessMark { started: 1, ..current.clone() }.witness(), Witness::Processes(Owner::Ended));
        let contained = ProcessMark { namespace: 1, ..current };
        assert_eq!(contained.witness(), Witness::Container("ba9876543210"));
        assert_eq!(ProcessMark { container: None, ..contained.clone() }.witness(), Witness::Nobody);
        assert_eq!(ProcessMark { boot: "0123456789ab".to_owned(), ..contained }.witness(), Witness::Nobody);
    }
}
