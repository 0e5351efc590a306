//! One case: a prediction, its judgement, and a second try when it failed.

use std::sync::Arc;

use cog_findings::text::shorten;
use cog_findings::{Finding, Location};
use cog_schema::Method;

use crate::clients::replicate::TimeLimit;
use crate::domain::case::{CaseId, CaseKind, Expectation};
use crate::domain::output::OutputComparison;
use crate::domain::plan::HealthMode;
use crate::domain::prediction::{Inputs, Prediction};
use crate::domain::report::{CaseReport, CaseStatus};
use crate::verify::check::{Check, Judged, Needs, check_for};
use crate::verify::engine::Engine;
use crate::verify::health::{Complaint, complaints};
use crate::verify::judge::{Evidence, JudgeSubject};
use crate::verify::mask::Mask;
use crate::verify::observation::{Observation, Outcome};
use crate::verify::opinion::{Opinion, evidence};
use crate::verify::places::Urgency;
use crate::verify::predict::{Ask, End, Side};
use crate::verify::progress::{Progress, Ruled, Ruling};
use crate::verify::{platform, rules};

/// Tries of one case.
const TRIES: usize = 2;

/// Something to be verified.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) id: CaseId,
    pub(super) kind: CaseKind,
    pub(super) inputs: Inputs,
    pub(super) expectation: Expectation,
    pub(super) location: Option<Location>,
}

/// What pure judging gave.
struct Looked {
    judged: Judged,
    complaints: Vec<(Complaint, String)>,
    evidence: Evidence,
}

impl Job {
    /// Which of the model's methods it calls.
    pub(super) fn method(&self) -> Method {
        if self.kind.is_training() { Method::Train } else { Method::Predict }
    }

    /// Who answers it when it is no comparison.
    pub(super) fn side(&self) -> Side {
        if self.kind.is_training() { Side::Trainer } else { Side::Staged }
    }
}

impl Engine<'_> {
    /// What hides the secrets of a job.
    pub(super) fn mask(&self, job: &Job) -> Mask {
        Mask::new(&job.inputs, self.schemas.inputs_of(job.method()))
    }

    /// Runs a case on the staged version to its verdict.
    pub(super) async fn run_case(&self, job: &Job) -> CaseReport {
        let mask = self.mask(job);
        let mut progress = Progress::new(job, &mask, self.services.clock.instant());
        for tries_left in (0..TRIES).rev() {
            let urgency = if tries_left + 1 == TRIES { Urgency::Usual } else { Urgency::Urgent };
            let ask = Ask { case: &job.id, side: job.side(), inputs: &job.inputs, mask: &mask, urgency };
            let tried = self.predict(ask).await;
            let ruled = self.rule(job, &mask, tried.end).await;
            if !progress.take(tried.attempts, ruled, tries_left > 0) {
                break;
            }
        }
        if job.kind.is_training() {
            self.name_trained_versions(progress.report_mut());
        }
        let mut report = progress.finish();
        self.gallery.fill(&mut report);
        self.note_flaky(job, &report);
        report
    }

    /// Tells of a case that passed only when repeated.
    pub(super) fn note_flaky(&self, job: &Job, report: &CaseReport) {
        if report.status == CaseStatus::Flaky {
            let why = report.attempts.iter().find_map(|attempt| attempt.reason.as_deref()).unwrap_or("no reason was kept");
            self.found_in(job, Finding::new(&rules::CASE_FLAKY, format!("{} failed once and then passed: {why}", job.id)));
        }
    }

    /// Keeps a finding about a case.
    pub(super) fn found_in(&self, job: &Job, mut finding: Finding) {
        finding.message = self.mask(job).text(&finding.message);
        self.found(match &job.location {
            Some(location) => finding.at(location.clone()),
            None => finding,
        });
    }

    /// Judges how one prediction ended.
    pub(super) async fn rule(&self, job: &Job, mask: &Mask, end: End) -> Ruled {
        match end {
            End::NotStarted => Ruled::of(Ruling::NotStarted),
            End::Cancelled => Ruled::of(Ruling::Cancelled),
            End::Errored(reason) => Ruled::of(Ruling::Errored(reason)),
            End::TimedOut { limit, reason } => Ruled::of(Ruling::Failed { reason, again: limit == TimeLimit::Run }),
            End::Refused(detail) if job.kind.is_generated() => {
                let message = format!("{}: Replicate refused generated inputs: {detail}", job.id);
                self.found_in(job, Finding::new(&rules::GENERATED_INPUTS_REFUSED, message));
                Ruled::new(Ruling::Passed, vec![format!("nothing was checked: the inputs were refused: {detail}")])
            }
            End::Refused(detail) => {
                let seen = Observation::without_files(job.method(), Outcome::Refused(detail), None);
                match check_for(&job.expectation).judge(&seen) {
                    Judged::Passed(remarks) => Ruled::new(Ruling::Passed, remarks),
                    Judged::Failed { reason, remarks } => Ruled::new(Ruling::Failed { reason, again: false }, remarks),
                    Judged::Compared { comparison, remarks } => settle_comparison(*comparison, remarks, false),
                    Judged::AskJudge(_) => Ruled::failed("the inputs were refused"),
                }
            }
            End::Ended(prediction) => self.rule_ended(job, mask, &prediction).await,
        }
    }

    async fn rule_ended(&self, job: &Job, mask: &Mask, prediction: &Prediction) -> Ruled {
        let check: Box<dyn Check> = check_for(&job.expectation);
        let looks_after_health = self.request.plan.health != HealthMode::Off && job.expectation == Expectation::Succeeds;
        let mut needs = check.needs();
        // The report shows the files also where no checker looks at them, unless nobody wants them looked at. What a training made may be
        // gigabytes: only a checker that asks for it gets it.
        needs.output_files |= !job.kind.is_training() && (self.request.plan.health != HealthMode::Off || self.keeper.keeps());
        // Files are held in memory from here on, so not too many cases at one time.
        let Ok(held) = self.judging.acquire().await else { return Ruled::of(Ruling::Cancelled) };
        let Some(seen) = self.observe(prediction, job.method(), &needs, mask).await else { return Ruled::of(Ruling::Cancelled) };
        // What only the look at its health needs is a complaint when it is missing.
        if check.needs() != Needs::default()
            && let Some(problem) = seen.service_problem()
        {
            return Ruled::of(Ruling::Errored(problem));
        }
        let seen = Arc::new(seen);
        let mut remarks = self.keeper.keep(&job.id, "", &seen.files).await;
        if let Outcome::Failed(error) = &seen.outcome {
            remarks.extend(platform::advice(error).map(str::to_owned));
        }
        let Some(looked) = self.look(check, seen.clone(), job, mask).await else {
            return Ruled::of(Ruling::Errored("judging the output crashed".to_owned()));
        };
        drop(held);
        let mut ruled = self.settle(job, mask, looked.judged, looked.evidence).await;
        remarks.append(&mut ruled.remarks);
        ruled.remarks = remarks;
        if job.kind == CaseKind::WarmUp {
            ruled = self.forgive_warm_up(job, ruled);
        }
        self.weigh_health(job, ruled, looked.complaints, looks_after_health)
    }

    /// Judges off the async threads: pictures and jq programs take their time.
    async fn look(&self, check: Box<dyn Check>, seen: Arc<Observation>, job: &Job, mask: &Mask) -> Option<Looked> {
        let (document, kind, mask) = (self.document.clone(), job.kind, mask.clone());
        let looking = tokio::task::spawn_blocking(move || {
            let judged = check.judge(&seen);
            let evidence = if matches!(judged, Judged::AskJudge(_)) { evidence(&seen, &mask) } else { Evidence::default() };
            Looked { judged, complaints: complaints(&seen, &document, kind), evidence }
        });
        looking.await.ok()
    }

    async fn settle(&self, job: &Job, mask: &Mask, judged: Judged, evidence: Evidence) -> Ruled {
        match judged {
            Judged::Passed(remarks) => Ruled::new(Ruling::Passed, remarks),
            Judged::Failed { reason, remarks } => Ruled::new(Ruling::Failed { reason, again: true }, remarks),
            Judged::Compared { comparison, remarks } => settle_comparison(*comparison, remarks, true),
            Judged::AskJudge(description) => {
                let expected = format!("expected an output that fits '{}'", shorten(&description, 500));
                let subject = JudgeSubject::FitsDescription(description);
                match self.opinion(subject, mask.inputs(&job.inputs), evidence).await {
                    Opinion::Approves(remarks) => Ruled::new(Ruling::Passed, remarks),
                    Opinion::Refuses { reason, remarks } => {
                        let reason = format!("{expected}; {reason}");
                        Ruled::new(Ruling::Failed { reason, again: true }, remarks)
                    }
                    Opinion::None(why) => Ruled::of(Ruling::Errored(why)),
                    Opinion::Cancelled => Ruled::of(Ruling::Cancelled),
                }
            }
        }
    }

    /// A warm-up shows that the version boots. Whether the smallest inputs make sense to the model is another matter.
    fn forgive_warm_up(&self, job: &Job, ruled: Ruled) -> Ruled {
        match ruled.ruling {
            Ruling::Failed { reason, .. } => {
                self.found_in(job, Finding::new(&rules::WARM_UP_FAILED, format!("the warm-up did not succeed: {reason}")));
                let mut remarks = ruled.remarks;
                remarks.push(reason);
                Ruled::new(Ruling::Passed, remarks)
            }
            ruling => Ruled { ruling, ..ruled },
        }
    }

    /// Looks after the health of an output that passed otherwise.
    pub(super) async fn check_health(&self, job: &Job, ruled: Ruled, seen: &Arc<Observation>) -> Ruled {
        let looks = self.request.plan.health != HealthMode::Off;
        let (document, kind, seen) = (self.document.clone(), job.kind, seen.clone());
        let looking = tokio::task::spawn_blocking(move || complaints(&seen, &document, kind));
        let complaints = if looks { looking.await.unwrap_or_default() } else { Vec::new() };
        self.weigh_health(job, ruled, complaints, looks)
    }

    fn weigh_health(&self, job: &Job, mut ruled: Ruled, complaints: Vec<(Complaint, String)>, looks: bool) -> Ruled {
        if !matches!(ruled.ruling, Ruling::Passed) {
            return ruled;
        }
        for (complaint, message) in complaints {
            // A generated case has no other expectation than the schema.
            let fails = match complaint {
                Complaint::OffSchema if job.kind.is_generated() => true,
                _ if !looks => continue,
                _ => self.request.plan.health == HealthMode::Fail,
            };
            if fails && matches!(ruled.ruling, Ruling::Passed) {
                ruled.ruling = Ruling::Failed { reason: message, again: true };
            } else if fails {
                ruled.remarks.push(message);
            } else {
                self.found_in(job, Finding::new(complaint.rule(), format!("{}: {message}", job.id)));
                ruled.remarks.push(message);
            }
        }
        ruled
    }
}

/// The output and the file that a case names: whether they are the same decides.
fn settle_comparison(comparison: OutputComparison, remarks: Vec<String>, again: bool) -> Ruled {
    let ruling = match &comparison.reason {
        None => Ruling::Passed,
        Some(why) => Ruling::Failed { reason: format!("the output does not match the file of the case: {why}"), again },
    };
    Ruled::new(ruling, remarks).with(vec![comparison])
}
