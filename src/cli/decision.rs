//! The one decision about what a run may do, for every way into it: the action, a step of a workflow that calls the CLI, and a terminal.

use crate::cli::action::{Decision, Situation, WorkflowEvent, decide, is_foreign_publication, refusal, restriction};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::config::{LoadedModel, RunSettings, Tokens};
use crate::domain::plan::{Builder, ModelPlan, PublishMode};

/// What a run may do.
pub(super) struct Decided {
    pub(super) decision: Decision,
    /// The event that started the workflow. Without a workflow it has no name.
    pub(super) event: WorkflowEvent,
    /// Whether the code is foreign.
    pub(super) is_foreign: bool,
    /// Why it may not publish.
    pub(super) restriction: Option<String>,
}

impl Decided {
    /// Removes every secret from a run of foreign code.
    ///
    /// # Errors
    /// When a build would give that code secrets that the workflow passes, or start a program that is not confined.
    pub(super) fn protect(&self, run: &mut RunSettings, models: &[LoadedModel]) -> Result<(), Failure> {
        if !self.is_foreign {
            return Ok(());
        }
        run.tokens = Tokens::default();
        match models.iter().find_map(|model| needs_trust(&model.plan)) {
            Some(need) => Err(Failure::request(format!("the run uses foreign code, and {need}"))
                .hint("run this on an event that is about the repository's own commit")),
            None => Ok(()),
        }
    }

    /// Keeps models from being published where the decision is to test at most.
    pub(super) fn restrict(&self, models: &mut [LoadedModel]) {
        if self.decision != Decision::Publish {
            models.iter_mut().for_each(|model| model.plan.publish = PublishMode::NotOnThisEvent);
        }
    }
}

/// Why foreign code may not build this model.
pub(super) fn needs_trust(plan: &ModelPlan) -> Option<&'static str> {
    if !plan.build.secrets.is_empty() {
        Some("its build asks for secrets")
    } else if plan.build.builder != Builder::Native {
        Some("its build asks for the Cog CLI, which runs beside the Docker socket")
    } else {
        None
    }
}

/// Ends a run that the event alone forbids, before a file of the repository is read.
///
/// # Errors
/// When nothing at all may be done on this event.
pub(super) fn refuse_event(context: &Context) -> Result<(), Failure> {
    if !context.environment.is_workflow() {
        return Ok(());
    }
    let event = WorkflowEvent::of(&context.environment);
    if let Some(reason) = &event.unreadable {
        // It would count as foreign code, and a check of it as a success.
        return Err(
            Failure::request(format!("failed to read the event that started the workflow: {reason}")).hint("run the job again")
        );
    }
    refusal(&event.name, event.is_fork).map_or(Ok(()), |reason| Err(refused(&event, reason)))
}

fn refused(event: &WorkflowEvent, reason: &str) -> Failure {
    Failure::request(format!("safe-push does not run on {}: {reason}", event.name))
}

/// Refuses to publish a version that exists, where a run would not publish one.
///
/// # Errors
/// When the event, the code or the settings allow no publication.
pub(super) fn refuse_to_publish(decided: &Decided, model: &LoadedModel, done: &str) -> Result<(), Failure> {
    if decided.is_foreign || decided.decision != Decision::Publish {
        let reason = decided.restriction.as_deref().unwrap_or("the checked-out commit is not the event's own");
        let failure = Failure::request(format!("nothing is {done}: {reason}"));
        return Err(failure.hint("do it from a terminal, or in a workflow that is started by hand"));
    }
    if model.plan.publish != PublishMode::Publish {
        let failure = Failure::request(format!("nothing is {done}: the settings of {} publish nothing", model.plan.model));
        return Err(failure.hint("leave out no_push and test_only"));
    }
    Ok(())
}

/// Ends a run that somebody started to publish, when the checked-out commit lets it publish nothing. Green would say that it did.
///
/// # Errors
/// When the run would publish, and may not.
pub(super) fn refuse_thwarted(run: &RunSettings, on_sandbox: bool, context: &Context) -> Result<(), Failure> {
    let event = WorkflowEvent::of(&context.environment);
    let code = context.code_of(&run.repository);
    let test_only_because = event.test_only_because(&run.settings.publish_branches);
    let situation = Situation {
        event: context.environment.is_workflow().then_some(event.name.as_str()),
        trigger: run.settings.trigger_type.as_deref(),
        is_fork: event.is_fork,
        is_foreign: code.why_foreign().is_some(),
        has_tokens: on_sandbox,
        test_only_because: test_only_because.as_deref(),
    };
    match code.why_foreign() {
        Some(reason) if is_foreign_publication(situation) && !run.settings.test_only && !on_sandbox => Err(Failure::request(
            format!("nothing can be published on {}: {reason}", event.name),
        )
        .hint("run this in the repository of the model, on its own commit, or set test_only to check the code without secrets")),
        _ => Ok(()),
    }
}

/// Decides from the event, the settings, the tokens and whose commit is checked out. No file of the repository takes part, apart from those
/// in which git keeps the commit.
///
/// # Errors
/// When nothing at all may be done on this event.
pub(super) fn decided(run: &RunSettings, on_sandbox: bool, context: &Context) -> Result<Decided, Failure> {
    let event = WorkflowEvent::of(&context.environment);
    let is_foreign = context.code_of(&run.repository).why_foreign().is_some();
    let test_only_because = event.test_only_because(&run.settings.publish_branches);
    let situation = Situation {
        event: context.environment.is_workflow().then_some(event.name.as_str()),
        trigger: run.settings.trigger_type.as_deref(),
        test_only_because: test_only_because.as_deref().filter(|_| context.environment.is_workflow()),
        is_fork: event.is_fork,
        is_foreign,
        has_tokens: on_sandbox || (run.tokens.replicate.is_some() && run.tokens.cog.is_some()),
    };
    let decision = decide(situation);
    if let Decision::Refuse(reason) = decision {
        return Err(refused(&event, reason));
    }
    Ok(Decided { decision, is_foreign: situation.is_fork || is_foreign, restriction: restriction(situation), event })
}
