//! Whose container is it? A label names the process that started it, so that a later one can clear up after a crash.

use std::collections::HashMap;
use std::fs;

/// Every container of ours has this label.
pub(super) const LABEL: &str = "dev.safe-push.run";

/// A process: its number, when it started (numbers are used again), and the namespace in which the number means something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    process: u32,
    started: String,
    namespace: String,
}

impl Owner {
    /// This process. Where there is no `/proc` it cannot be told from another, and nothing of its is ever an orphan.
    pub(super) fn current() -> Self {
        let process = std::process::id();
        Self { process, started: start_of(process).unwrap_or_default(), namespace: namespace().unwrap_or_default() }
    }

    /// The label's value.
    pub(super) fn to_label(&self) -> String {
        format!("{}/{}/{}", self.process, self.started, self.namespace)
    }

    fn parse(label: &str) -> Option<Self> {
        let mut parts = label.splitn(3, '/');
        Some(Self {
            process: parts.next()?.parse().ok()?,
            started: parts.next().filter(|started| !started.is_empty())?.to_owned(),
            namespace: parts.next().filter(|namespace| !namespace.is_empty())?.to_owned(),
        })
    }

    /// Whether a container with these labels was left behind: its process is surely gone. In doubt it was not.
    pub(super) fn is_orphan(&self, labels: &HashMap<String, String>) -> bool {
        labels.get(LABEL).and_then(|label| Self::parse(label)).is_some_and(|other| {
            other.namespace == self.namespace && start_of(other.process).is_none_or(|started| started != other.started)
        })
    }
}

fn start_of(process: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in brackets, may itself hold blanks and brackets; behind it the start is the 20th field.
    stat.rsplit_once(')')?.1.split_whitespace().nth(19).map(str::to_owned)
}

fn namespace() -> Option<String> {
    Some(fs::read_link("/proc/self/ns/pid").ok()?.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(owner: &Owner) -> HashMap<String, String> {
        HashMap::from([(LABEL.to_owned(), owner.to_label())])
    }

    #[test]
    fn only_what_a_dead_process_of_this_namespace_left_is_an_orphan() {
        let me = Owner::current();
        assert!(!me.is_orphan(&labels(&me)));
        assert!(me.is_orphan(&labels(&Owner { process: u32::MAX, ..me.clone() })));
        assert!(me.is_orphan(&labels(&Owner { started: "1".to_owned(), ..me.clone() })));
        assert!(!me.is_orphan(&labels(&Owner { process: u32::MAX, namespace: "pid:[1]".to_owned(), ..me.clone() })));
    }

    #[test]
    fn a_container_without_our_label_is_nobodys_orphan() {
        let me = Owner::current();
        assert!(!me.is_orphan(&HashMap::new()));
        assert!(!me.is_orphan(&HashMap::from([(LABEL.to_owned(), "rubbish".to_owned())])));
        assert!(!me.is_orphan(&HashMap::from([(LABEL.to_owned(), "1//".to_owned())])));
    }
}
