//! Who started a container. Containers outlive a process that is killed; the next one finds and removes them.

use std::collections::HashMap;
use std::fs;

/// Every container of a sandbox has this label; its value is the owner's id.
pub(super) const LABEL: &str = "dev.safe-push.sandbox";
/// Says which process started the container.
pub(super) const PROCESS_LABEL: &str = "dev.safe-push.sandbox.process";

/// A process, told apart from a later one with the same number: `number@start@namespace`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProcessMark {
    pid: u32,
    /// Clock ticks since boot.
    started: String,
    /// Numbers mean something only within one PID namespace, such as one job container of a runner.
    namespace: String,
}

impl ProcessMark {
    /// This process. `None` where there is no `/proc`.
    pub(super) fn current() -> Option<Self> {
        Self::of(std::process::id())
    }

    fn of(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The second field, the name in brackets, may hold blanks and brackets itself; the start is the 22nd of all.
        let started = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.to_owned();
        let namespace = fs::read_link("/proc/self/ns/pid").ok()?.to_string_lossy().into_owned();
        Some(Self { pid, started, namespace })
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '@');
        let pid = parts.next()?.parse().ok()?;
        Some(Self { pid, started: parts.next()?.to_owned(), namespace: parts.next()?.to_owned() })
    }

    fn to_label(&self) -> String {
        format!("{}@{}@{}", self.pid, self.started, self.namespace)
    }
}

/// The labels of a container that this process starts.
pub(super) fn labels(owner: &str, process: Option<&ProcessMark>) -> HashMap<String, String> {
    let mut labels = HashMap::from([(LABEL.to_owned(), owner.to_owned())]);
    labels.extend(process.map(|process| (PROCESS_LABEL.to_owned(), process.to_label())));
    labels
}

/// Whether the process that started the container is surely gone. In doubt it is not.
pub(super) fn is_orphan(labels: &HashMap<String, String>, current: Option<&ProcessMark>) -> bool {
    let (Some(current), Some(mark)) = (current, labels.get(PROCESS_LABEL).and_then(|text| ProcessMark::parse(text))) else {
        return false;
    };
    mark.namespace == current.namespace && ProcessMark::of(mark.pid).is_none_or(|now| now.started != mark.started)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_survives_the_label() {
        let mark = ProcessMark { pid: 7, started: "123".to_owned(), namespace: "pid:[4026531836]".to_owned() };
        assert_eq!(ProcessMark::parse(&mark.to_label()), Some(mark));
        assert_eq!(ProcessMark::parse("7@1"), None);
    }

    #[test]
    fn only_containers_of_dead_processes_of_this_namespace_are_orphans() {
        let current = ProcessMark::current().unwrap();
        let changed = |change: fn(&mut ProcessMark)| {
            let mut mark = current.clone();
            change(&mut mark);
            is_orphan(&labels("me", Some(&mark)), Some(&current))
        };
        assert!(!changed(|_| {}));
        assert!(changed(|mark| mark.started.push('0')));
        assert!(changed(|mark| mark.pid = u32::MAX));
        assert!(!changed(|mark| {
            mark.pid = u32::MAX;
            mark.namespace.push('x');
        }));
        assert!(!is_orphan(&labels("me", None), Some(&current)));
    }
}
