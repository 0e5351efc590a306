//! What an event asks for. A pure function, so that all of it can be read and tested in one place.

/// What is known when it is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) struct Situation<'a> {
    /// The event that started the workflow.
    pub(in crate::cli) event: &'a str,
    /// The event that the workflow says it is about. It can make a run more careful, never less.
    pub(in crate::cli) trigger: Option<&'a str>,
    /// Whether the code is from another repository.
    pub(in crate::cli) is_fork: bool,
    /// Whether the code is somebody else's for another reason: the event, or the commit that is checked out.
    pub(in crate::cli) is_foreign: bool,
    /// Whether Replicate's two tokens are there.
    pub(in crate::cli) has_tokens: bool,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Decision {
    /// Everything that the settings say, publishing included.
    Publish,
    /// Everything but publishing.
    Test,
    /// What can be known without a build, against the live version.
    Check,
    /// Without Replicate: what can be known without a build, and the sandbox for models that need no GPU.
    Offline,
    /// Nothing, for this reason.
    Refuse(&'static str),
}

/// How much an event by itself allows, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Allowed {
    Check,
    Test,
    Publish,
}

fn allowed(event: &str) -> Allowed {
    match event {
        "push" | "workflow_dispatch" => Allowed::Publish,
        "schedule" => Allowed::Check,
        // Pull requests and merge groups, and everything that nobody has thought of: their code may be unreviewed.
        _ => Allowed::Test,
    }
}

/// Why nothing is done, which the event alone decides, before a file is read.
pub(in crate::cli) fn refusal(event: &str, is_fork: bool) -> Option<&'static str> {
    (is_fork && matches!(event, "pull_request_target" | "workflow_run")).then_some(
        "this event gives secrets to a run, and the code is from a fork: it could take them. Run it on pull_request instead, \
         where a fork's code is checked without secrets",
    )
}

/// Decides.
pub(in crate::cli) fn decide(situation: Situation<'_>) -> Decision {
    let Situation { event, trigger, is_fork, is_foreign, has_tokens } = situation;
    if let Some(reason) = refusal(event, is_fork) {
        return Decision::Refuse(reason);
    }
    if is_fork || is_foreign {
        return Decision::Offline;
    }
    match allowed(event).min(trigger.map_or(Allowed::Publish, allowed)) {
        Allowed::Check => Decision::Check,
        Allowed::Test if !has_tokens => Decision::Offline,
        Allowed::Test => Decision::Test,
        Allowed::Publish => Decision::Publish,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_table() {
        use Decision::{Check, Offline, Publish, Test};
        for (event, own_with_tokens, own_without, fork) in [
            ("pull_request", Test, Offline, Some(Offline)),
            ("push", Publish, Publish, None),
            ("workflow_dispatch", Publish, Publish, None),
            ("schedule", Check, Check, None),
            ("merge_group", Test, Offline, None),
            ("pull_request_target", Test, Offline, Some(Decision::Refuse(""))),
            ("workflow_run", Test, Offline, Some(Decision::Refuse(""))),
            ("issue_comment", Test, Offline, None),
            ("", Test, Offline, None),
        ] {
            let situation = Situation { event, trigger: None, is_fork: false, is_foreign: false, has_tokens: true };
            assert_eq!(decide(situation), own_with_tokens, "{event}");
            assert_eq!(decide(Situation { has_tokens: false, ..situation }), own_without, "{event}");
            assert_eq!(decide(Situation { is_foreign: true, ..situation }), Offline, "{event}");
            if let Some(fork) = fork {
                for has_tokens in [true, false] {
                    let decided = decide(Situation { is_fork: true, has_tokens, ..situation });
                    let refused = matches!((decided, fork), (Decision::Refuse(_), Decision::Refuse(_)));
                    assert!(refused || decided == fork, "{event}: {decided:?}");
                }
            }
        }
    }

    #[test]
    fn a_trigger_type_never_makes_a_run_bolder() {
        use Decision::{Check, Publish, Test};
        for (event, trigger, expected) in [
            ("pull_request", "push", Test),
            ("push", "pull_request", Test),
            ("push", "push", Publish),
            ("schedule", "push", Check),
            ("workflow_dispatch", "schedule", Check),
            ("push", "something new", Test),
        ] {
            let situation = Situation { event, trigger: Some(trigger), is_fork: false, is_foreign: false, has_tokens: true };
            assert_eq!(decide(situation), expected, "{event} as {trigger}");
        }
    }
}
