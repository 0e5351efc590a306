//! What an event asks for. A pure function, so that all of it can be read and tested in one place. `cli::decision` calls it for every way
//! into a run.

/// The facts that the decision depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) struct Situation<'a> {
    /// The event that started the workflow; `None` outside of a workflow.
    pub(in crate::cli) event: Option<&'a str>,
    /// The event that the setting `trigger_type` names. It can make a run more careful, never less.
    pub(in crate::cli) trigger: Option<&'a str>,
    /// Whether the code is from another repository.
    pub(in crate::cli) is_fork: bool,
    /// Whether the code is foreign for another reason: the event, or the commit that is checked out.
    pub(in crate::cli) is_foreign: bool,
    /// Whether Replicate's two tokens are set.
    pub(in crate::cli) has_tokens: bool,
    /// Why the event by itself is not about something to publish: the branch of a push, the action of a release.
    pub(in crate::cli) test_only_because: Option<&'a str>,
}

/// What a run may do.
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
        "push" | "workflow_dispatch" | "release" => Allowed::Publish,
        "schedule" => Allowed::Check,
        // Pull requests, merge groups and unknown events: their code may be unreviewed.
        _ => Allowed::Test,
    }
}

/// Why nothing is done. The event alone decides this, before any file is read.
pub(in crate::cli) fn refusal(event: &str, is_fork: bool) -> Option<&'static str> {
    (is_fork && matches!(event, "pull_request_target" | "workflow_run")).then_some(
        "this event gives secrets to a run, and the code is from a fork: it could take them. Run it on pull_request instead, \
         where a fork's code is checked without secrets",
    )
}

/// How much a situation allows, secrets aside.
fn allowed_in(situation: Situation<'_>) -> Allowed {
    // Users may do everything on their own machine.
    let allowed = situation.event.map_or(Allowed::Publish, allowed).min(situation.trigger.map_or(Allowed::Publish, allowed));
    if situation.test_only_because.is_some() { allowed.min(Allowed::Test) } else { allowed }
}

/// Why nothing is published. `None` where the settings alone decide.
pub(in crate::cli) fn restriction(situation: Situation<'_>) -> Option<String> {
    if situation.is_fork {
        return Some("the code is from a fork".to_owned());
    }
    if situation.is_foreign {
        return Some("the code is not the event's own".to_owned());
    }
    if allowed_in(situation) == Allowed::Publish {
        return None;
    }
    if let Some(reason) = situation.test_only_because {
        return Some(reason.to_owned());
    }
    // The event is named where it is enough, because nothing else changes it.
    let by_event = situation.event.filter(|event| allowed(event) < Allowed::Publish);
    Some(match (by_event, situation.trigger) {
        (Some(""), _) => "the workflow's event is unknown".to_owned(),
        (Some(event), _) => format!("the event is {event}"),
        (None, trigger) => format!("trigger_type is {}", trigger.unwrap_or_default()),
    })
}

/// Whether a run that would publish may not, because somebody else's commit is checked out. People who start one wait for a new version.
pub(in crate::cli) fn is_foreign_publication(situation: Situation<'_>) -> bool {
    situation.is_foreign && !situation.is_fork && situation.event.is_some() && allowed_in(situation) == Allowed::Publish
}

pub(in crate::cli) fn decide(situation: Situation<'_>) -> Decision {
    let Situation { event, is_fork, is_foreign, has_tokens, .. } = situation;
    if let Some(reason) = refusal(event.unwrap_or_default(), is_fork) {
        return Decision::Refuse(reason);
    }
    if is_fork || is_foreign {
        return Decision::Offline;
    }
    match allowed_in(situation) {
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
            ("release", Publish, Publish, None),
            ("repository_dispatch", Test, Offline, None),
            ("schedule", Check, Check, None),
            ("merge_group", Test, Offline, None),
            ("pull_request_target", Test, Offline, Some(Decision::Refuse(""))),
            ("workflow_run", Test, Offline, Some(Decision::Refuse(""))),
            ("issue_comment", Test, Offline, None),
            ("", Test, Offline, None),
        ] {
            let situation = Situation {
                event: Some(event),
                trigger: None,
                is_fork: false,
                is_foreign: false,
                has_tokens: true,
                test_only_because: None,
            };
            assert_eq!(restriction(situation).is_none(), own_with_tokens == Publish, "{event}");
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
            let situation = Situation {
                event: Some(event),
                trigger: Some(trigger),
                is_fork: false,
                is_foreign: false,
                has_tokens: true,
                test_only_because: None,
            };
            assert_eq!(decide(situation), expected, "{event} as {trigger}");
        }
    }

    #[test]
    fn an_event_that_is_not_about_something_to_publish_is_tested() {
        let test_only_because = Some("the push is to x, not to the default branch main");
        for (event, expected) in [("push", Decision::Test), ("schedule", Decision::Check), ("pull_request", Decision::Test)] {
            let situation = Situation {
                event: Some(event),
                trigger: None,
                is_fork: false,
                is_foreign: false,
                has_tokens: true,
                test_only_because,
            };
            assert_eq!(decide(situation), expected, "{event}");
            let why = restriction(situation).unwrap();
            assert_eq!(why, "the push is to x, not to the default branch main");
        }
    }

    #[test]
    fn only_a_run_that_would_publish_is_stopped_by_a_foreign_commit() {
        for (event, is_foreign, is_fork, expected) in [
            (Some("push"), true, false, true),
            (Some("workflow_dispatch"), true, false, true),
            (Some("push"), false, false, false),
            (Some("pull_request"), true, false, false),
            (Some("push"), true, true, false),
            (None, true, false, false),
        ] {
            let situation = Situation { event, trigger: None, is_fork, is_foreign, has_tokens: true, test_only_because: None };
            assert_eq!(is_foreign_publication(situation), expected, "{event:?}");
        }
    }

    #[test]
    fn outside_of_a_workflow_only_the_trigger_type_restricts() {
        use Decision::{Check, Offline, Publish, Test};
        for (trigger, with_tokens, without) in [
            (None, Publish, Publish),
            (Some("push"), Publish, Publish),
            (Some("workflow_dispatch"), Publish, Publish),
            (Some("pull_request"), Test, Offline),
            (Some("merge_group"), Test, Offline),
            (Some("schedule"), Check, Check),
        ] {
            let situation =
                Situation { event: None, trigger, is_fork: false, is_foreign: false, has_tokens: true, test_only_because: None };
            assert_eq!(decide(situation), with_tokens, "{trigger:?}");
            assert_eq!(decide(Situation { has_tokens: false, ..situation }), without, "{trigger:?}");
        }
    }

    #[test]
    fn the_reason_names_what_restricts() {
        let why = |event, trigger, is_fork| {
            restriction(Situation { event, trigger, is_fork, is_foreign: false, has_tokens: true, test_only_because: None })
                .unwrap_or_default()
        };
        assert_eq!(why(Some("pull_request"), Some("push"), false), "the event is pull_request");
        assert_eq!(why(Some("push"), Some("pull_request"), false), "trigger_type is pull_request");
        assert_eq!(why(None, Some("schedule"), false), "trigger_type is schedule");
        assert_eq!(why(Some(""), None, false), "the workflow's event is unknown");
        assert_eq!(why(Some("pull_request"), None, true), "the code is from a fork");
        assert_eq!(why(Some("push"), None, false), "");
    }
}
