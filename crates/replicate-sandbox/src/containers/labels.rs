//! Labels that mark the owner of a container. A killed sandbox leaves its containers behind; the next one removes them.

use std::collections::HashMap;

use process_mark::ProcessMark;

/// Every container of a sandbox has this label. Its value is the sandbox's id.
pub(super) const SANDBOX: &str = "dev.safe-push.sandbox";
/// Marks the process that started the container.
const PROCESS: &str = "dev.safe-push.sandbox.process";

/// The labels of a container that this process starts for a sandbox.
pub(super) fn of(sandbox: &str) -> HashMap<String, String> {
    let mut labels = HashMap::from([(SANDBOX.to_owned(), sandbox.to_owned())]);
    labels.extend(ProcessMark::current().map(|mark| (PROCESS.to_owned(), mark.to_string())));
    labels
}

/// Whether the process that started the container is certainly gone. When in doubt, it is not.
pub(super) fn is_orphan(labels: &HashMap<String, String>) -> bool {
    labels.get(PROCESS).and_then(|label| ProcessMark::parse(label)).is_some_and(|mark| mark.has_ended())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_container_of_a_dead_process_is_an_orphan() {
        let labels = of("me");
        assert!(!is_orphan(&labels));
        let of_a_dead_process = labels[PROCESS].replacen(&std::process::id().to_string(), &u32::MAX.to_string(), 1);
        assert!(is_orphan(&HashMap::from([(PROCESS.to_owned(), of_a_dead_process)])));
        assert!(!is_orphan(&HashMap::new()));
        assert!(!is_orphan(&HashMap::from([(PROCESS.to_owned(), "rubbish".to_owned())])));
    }
}
