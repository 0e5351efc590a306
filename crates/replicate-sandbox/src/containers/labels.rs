//! Labels that mark the owner of a container. A killed sandbox leaves its containers behind; the next one removes them.

use std::collections::HashMap;

use process_mark::{LABEL, ProcessMark};

/// Every container of a sandbox has this label. Its value is the sandbox's id.
pub(super) const SANDBOX: &str = "dev.safe-push.sandbox";

/// The labels of a container that this process starts for a sandbox.
pub(super) fn of(sandbox: &str) -> HashMap<String, String> {
    let mut labels = HashMap::from([(SANDBOX.to_owned(), sandbox.to_owned())]);
    labels.extend(ProcessMark::current().map(|mark| (LABEL.to_owned(), mark.to_string())));
    labels
}

/// The mark of the process that started the container.
pub(super) fn mark_of(labels: &HashMap<String, String>) -> Option<ProcessMark> {
    ProcessMark::parse(labels.get(LABEL)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_labels_name_this_process() {
        let labels = of("me");
        assert_eq!(mark_of(&labels), ProcessMark::current());
        assert_eq!(mark_of(&HashMap::new()), None);
        assert_eq!(mark_of(&HashMap::from([(LABEL.to_owned(), "rubbish".to_owned())])), None);
    }
}
