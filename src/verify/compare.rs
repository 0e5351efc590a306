//! The same inputs on the staged and on the live version. What counts as a difference is told in the room's documentation.

use std::sync::Arc;

use cog_findings::Finding;
use cog_findings::text::shorten;
use cog_schema::Method;
use futures::future::join;
use serde_json::Value;

use crate::domain::prediction::Prediction;
use crate::domain::report::CaseReport;
use crate::verify::case::Job;
use crate::verify::check::Needs;
use crate::verify::engine::Engine;
use crate::verify::judge::JudgeSubject;
use crate::verify::likeness::{liken, loosely_alike};
use crate::verify::mask::Mask;
use crate::verify::observation::{Observation, Outcome};
use crate::verify::opinion::{Opinion, evidence};
use crate::verify::places::Urgency;
use crate::verify::predict::{Ask, End, Side, Tried};
use crate::verify::progress::{Progress, Ruled, Ruling};
use crate::verify::rules;

/// What became of the live version's prediction.
enum Live {
    Output(Arc<Observation>),
    /// It gave none; why.
    Nothing(String),
    /// It failed as the model's code does.
    Failed(String),
    Cancelled,
    Errored(String),
}

impl Engine<'_> {
    /// Runs a comparison to its verdict.
    pub(super) async fn run_comparison(&self, job: &Job) -> CaseReport {
        let mask = self.mask(job);
        let mut progress = Progress::new(job, &mask, self.services.clock.instant());
        let (staged, live) = self.ask_both(job, &mask, Urgency::Usual).await;
        progress.report_mut().live = live.attempts.last().cloned();
        let first_live = self.live_of(live.end, &mask).await;
        let (ruled, first) = self.first_round(job, &mask, staged.end, &first_live).await;
        let again = progress.take(staged.attempts, ruled, true);
        if again {
            let (staged, live) = self.ask_both(job, &mask, Urgency::Urgent).await;
            let second_live = self.live_of(live.end, &mask).await;
            let ruled = self.second_round(job, &mask, staged.end, [&first_live, &second_live], first).await;
            progress.take(staged.attempts, ruled, false);
        }
        let mut report = progress.finish();
        self.gallery.fill(&mut report);
        self.note_flaky(job, &report);
        report
    }

    async fn ask_both(&self, job: &Job, mask: &Mask, urgency: Urgency) -> (Tried, Tried) {
        let ask = |side| Ask { case: &job.id, side, inputs: &job.inputs, mask, urgency };
        join(self.predict(ask(Side::Staged)), self.predict(ask(Side::Live))).await
    }

    async fn live_of(&self, end: End, mask: &Mask) -> Live {
        match end {
            End::Ended(prediction) => match self.see(&prediction, mask).await {
                Seen::Output(seen) => Live::Output(seen),
                Seen::Failed(error) => Live::Failed(error),
                Seen::Nothing => Live::Nothing("it succeeded without an output".to_owned()),
                Seen::Errored(problem) => Live::Errored(problem),
                Seen::Cancelled => Live::Cancelled,
            },
            End::Refused(detail) => Live::Nothing(format!("the inputs were refused: {detail}")),
            End::TimedOut { reason, .. } => Live::Nothing(reason),
            End::Errored(reason) => Live::Nothing(reason),
            End::Cancelled | End::NotStarted => Live::Cancelled,
        }
    }

    async fn see(&self, prediction: &Prediction, mask: &Mask) -> Seen {
        let needs = Needs { output_files: true, wanted_url: None };
        let Some(seen) = self.observe(prediction, Method::Predict, &needs, mask).await else { return Seen::Cancelled };
        if let Some(problem) = seen.service_problem() {
            return Seen::Errored(problem);
        }
        match &seen.outcome {
            Outcome::Failed(error) | Outcome::Refused(error) => Seen::Failed(error.clone()),
            Outcome::Succeeded if seen.output.as_ref().is_none_or(Value::is_null) => Seen::Nothing,
            Outcome::Succeeded => Seen::Output(Arc::new(seen)),
        }
    }

    /// Judges the first pair. A difference is a failure for the time being; the staged output is kept for the second round.
    async fn first_round(&self, job: &Job, mask: &Mask, end: End, live: &Live) -> (Ruled, Option<Arc<Observation>>) {
        let prediction = match end {
            End::Ended(prediction) => prediction,
            other => return (self.rule(job, mask, other).await, None),
        };
        match (self.see(&prediction, mask).await, live) {
            (Seen::Cancelled, _) | (_, Live::Cancelled) => (Ruled::of(Ruling::Cancelled), None),
            (Seen::Errored(problem), _) => (Ruled::of(Ruling::Errored(problem)), None),
            (_, Live::Errored(problem)) => (Ruled::of(Ruling::Errored(problem.clone())), None),
            (Seen::Failed(error), Live::Failed(other)) => {
                self.live_failed(job, other);
                let remark = format!("both versions fail with these inputs: {error}; live: {other}");
                (Ruled::new(Ruling::Passed, vec![shorten(&remark, 1000)]), None)
            }
            (Seen::Failed(error), _) => (Ruled::failed(format!("the staged version failed: {error}")), None),
            (Seen::Nothing, Live::Output(_)) => (Ruled::failed("the staged version gave no output, and the live one does"), None),
            (Seen::Nothing, Live::Failed(why) | Live::Nothing(why)) | (Seen::Output(_), Live::Failed(why) | Live::Nothing(why)) => {
                self.live_failed(job, why);
                let remark = format!("nothing to compare with: the live version gave no output: {why}");
                (Ruled::new(Ruling::Passed, vec![shorten(&remark, 1000)]), None)
            }
            (Seen::Output(staged), Live::Output(live)) => {
                let mut remarks = self.keeper.keep(&job.id, "", &staged.files).await;
                remarks.extend(self.keeper.keep(&job.id, "live-", &live.files).await);
                let Some(likeness) = liken(staged.clone(), live.clone()).await else { return (crashed(), None) };
                remarks.extend(likeness.remarks);
                if likeness.same {
                    let ruled = Ruled::new(Ruling::Passed, remarks).with(likeness.comparisons);
                    return (self.check_health(job, ruled, &staged).await, None);
                }
                let ruling = Ruling::Failed { reason: likeness.reason, again: true };
                (Ruled::new(ruling, remarks).with(likeness.comparisons), Some(staged))
            }
        }
    }

    fn live_failed(&self, job: &Job, why: &str) {
        let message = format!("{}: the live version gave no output to compare with: {}", job.id, shorten(why, 500));
        self.found_in(job, Finding::new(&rules::LIVE_FAILED, message));
    }

    /// Judges what a second pair adds: is the difference a change, or does the model not repeat itself?
    async fn second_round(&self, job: &Job, mask: &Mask, end: End, lives: [&Live; 2], first: Option<Arc<Observation>>) -> Ruled {
        let prediction = match end {
            End::Ended(prediction) => prediction,
            other => return self.rule(job, mask, other).await,
        };
        let staged = match self.see(&prediction, mask).await {
            Seen::Output(seen) => seen,
            Seen::Cancelled => return Ruled::of(Ruling::Cancelled),
            Seen::Errored(problem) => return Ruled::of(Ruling::Errored(problem)),
            Seen::Failed(error) => return Ruled::failed(format!("the staged version failed: {error}")),
            Seen::Nothing => return Ruled::failed("the staged version gave no output"),
        };
        let [Live::Output(before), after] = lives else {
            // It was the staged version that failed, and now it does not: there is nothing to compare it with.
            return Ruled::of(Ruling::Passed);
        };
        let Some(with_live) = liken(staged.clone(), before.clone()).await else { return crashed() };
        if with_live.same {
            return Ruled::new(Ruling::Passed, with_live.remarks).with(with_live.comparisons);
        }
        match after {
            Live::Output(after) => {
                let Some(repeats) = liken(before.clone(), after.clone()).await else { return crashed() };
                if repeats.same {
                    let mut remarks = vec!["the live version repeats itself, so the difference is a change".to_owned()];
                    remarks.extend(with_live.remarks);
                    let ruling = Ruling::Failed { reason: with_live.reason, again: false };
                    return Ruled::new(ruling, remarks).with(with_live.comparisons);
                }
            }
            Live::Cancelled => return Ruled::of(Ruling::Cancelled),
            Live::Errored(problem) => return Ruled::of(Ruling::Errored(problem.clone())),
            Live::Nothing(why) | Live::Failed(why) => {
                let remark = format!("the live version did not repeat itself: {why}");
                return self.without_repetition(job, mask, first.unwrap_or(staged), before, vec![remark]).await;
            }
        }
        let remarks = vec!["the live version does not repeat itself with these inputs".to_owned()];
        self.without_repetition(job, mask, first.unwrap_or(staged), before, remarks).await
    }

    /// Compares outputs of a model whose randomness nothing fixes.
    async fn without_repetition(
        &self,
        job: &Job,
        mask: &Mask,
        staged: Arc<Observation>,
        live: &Arc<Observation>,
        mut remarks: Vec<String>,
    ) -> Ruled {
        let (one, two, mask_of_both) = (staged.clone(), live.clone(), mask.clone());
        let looking = tokio::task::spawn_blocking(move || {
            (loosely_alike(&one, &two), evidence(&one, &mask_of_both), evidence(&two, &mask_of_both))
        });
        let Ok((alike, of_staged, of_live)) = looking.await else { return crashed() };
        if let Err(reason) = alike {
            return Ruled::new(Ruling::Failed { reason, again: false }, remarks);
        }
        if self.services.judge.is_some() {
            let subject = JudgeSubject::LikeLive(Box::new(of_live));
            return match self.opinion(subject, mask.inputs(&job.inputs), of_staged).await {
                Opinion::Approves(more) => {
                    remarks.extend(more);
                    Ruled::new(Ruling::Excused, remarks)
                }
                Opinion::Refuses { reason, remarks: more } => {
                    remarks.extend(more);
                    Ruled::new(Ruling::Failed { reason, again: false }, remarks)
                }
                Opinion::None(why) => Ruled::of(Ruling::Errored(why)),
                Opinion::Cancelled => Ruled::of(Ruling::Cancelled),
            };
        }
        let message =
            format!("{}: the live version does not repeat itself; only kind and size of the outputs were compared", job.id);
        let hint = "set the seed in the case, or give an Anthropic API key so that a judge can look";
        self.found_in(job, Finding::new(&rules::COMPARISON_LOOSE, message).hint(hint));
        remarks.push("types, files and sizes are alike; the content was not compared".to_owned());
        Ruled::new(Ruling::Excused, remarks)
    }
}

enum Seen {
    Output(Arc<Observation>),
    Nothing,
    Failed(String),
    Errored(String),
    Cancelled,
}

fn crashed() -> Ruled {
    Ruled::of(Ruling::Errored("comparing the outputs crashed".to_owned()))
}
