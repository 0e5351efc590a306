//! The same inputs on the staged and on the live version. What counts as a difference is told in the room's documentation.

use std::sync::Arc;

use futures::future::join;
use serde_json::Value;

use crate::domain::finding::Finding;
use crate::domain::prediction::Prediction;
use crate::domain::report::CaseReport;
use crate::media::{self, MediaKind, Tolerance, compare_json, compare_text};
use crate::support::text::shorten;
use crate::verify::case::{Job, Progress, Ruled, Ruling};
use crate::verify::check::Needs;
use crate::verify::engine::Engine;
use crate::verify::judge::JudgeSubject;
use crate::verify::mask::Mask;
use crate::verify::observation::{FetchedFile, Observation, Outcome};
use crate::verify::opinion::{Opinion, evidence};
use crate::verify::places::Urgency;
use crate::verify::predict::{Ask, End, Side, Tried};
use crate::verify::rules;

/// What two outputs have in common.
#[derive(Debug, Clone, PartialEq)]
struct Likeness {
    same: bool,
    /// Why they differ; empty when they do not.
    reason: String,
    remarks: Vec<String>,
}

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
        let mask = Mask::new(&job.inputs, &self.schemas);
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
        let report = progress.finish();
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
        let Some(seen) = self.observe(prediction, &needs, mask).await else { return Seen::Cancelled };
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
                (Ruled { ruling: Ruling::Passed, remarks: vec![shorten(&remark, 1000)] }, None)
            }
            (Seen::Failed(error), _) => (Ruled::failed(format!("the staged version failed: {error}")), None),
            (Seen::Nothing, Live::Output(_)) => (Ruled::failed("the staged version gave no output, and the live one does"), None),
            (Seen::Nothing, Live::Failed(why) | Live::Nothing(why)) | (Seen::Output(_), Live::Failed(why) | Live::Nothing(why)) => {
                self.live_failed(job, why);
                let remark = format!("nothing to compare with: the live version gave no output: {why}");
                (Ruled { ruling: Ruling::Passed, remarks: vec![shorten(&remark, 1000)] }, None)
            }
            (Seen::Output(staged), Live::Output(live)) => {
                let mut remarks = self.keeper.keep(&job.id, "", &staged.files).await;
                remarks.extend(self.keeper.keep(&job.id, "live-", &live.files).await);
                let Some(likeness) = liken(staged.clone(), live.clone()).await else { return (crashed(), None) };
                remarks.extend(likeness.remarks);
                if likeness.same {
                    return (Ruled { ruling: Ruling::Passed, remarks }, None);
                }
                let ruling = Ruling::Failed { reason: likeness.reason, again: true };
                (Ruled { ruling, remarks }, Some(staged))
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
            return Ruled { ruling: Ruling::Passed, remarks: with_live.remarks };
        }
        match after {
            Live::Output(after) => {
                let Some(repeats) = liken(before.clone(), after.clone()).await else { return crashed() };
                if repeats.same {
                    let mut remarks = vec!["the live version repeats itself, so the difference is a change".to_owned()];
                    remarks.extend(with_live.remarks);
                    return Ruled { ruling: Ruling::Failed { reason: with_live.reason, again: false }, remarks };
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
            return Ruled { ruling: Ruling::Failed { reason, again: false }, remarks };
        }
        if self.services.judge.is_some() {
            let subject = JudgeSubject::LikeLive(Box::new(of_live));
            return match self.opinion(subject, mask.inputs(&job.inputs), of_staged).await {
                Opinion::Approves(more) => {
                    remarks.extend(more);
                    Ruled { ruling: Ruling::Excused, remarks }
                }
                Opinion::Refuses { reason, remarks: more } => {
                    remarks.extend(more);
                    Ruled { ruling: Ruling::Failed { reason, again: false }, remarks }
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
        Ruled { ruling: Ruling::Excused, remarks }
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

/// Compares off the async threads. `None` when that crashed.
async fn liken(left: Arc<Observation>, right: Arc<Observation>) -> Option<Likeness> {
    tokio::task::spawn_blocking(move || likeness(&left, &right)).await.ok()
}

/// Whether two outputs are the same.
fn likeness(staged: &Observation, live: &Observation) -> Likeness {
    let mut found = Likeness { same: true, reason: String::new(), remarks: Vec::new() };
    let mut differ = |reason: String, remarks: Vec<String>| {
        if found.same {
            found.reason = reason;
        } else {
            found.remarks.push(reason);
        }
        found.same = false;
        found.remarks.extend(remarks);
    };
    let values = match (staged.value_without_files(), live.value_without_files()) {
        (Value::String(staged), Value::String(live)) => compare_text(&live, &staged),
        (staged, live) => compare_json(&live, &staged, &Tolerance::default()),
    };
    if !values.same {
        let mut remarks = values.remarks;
        let first = if remarks.is_empty() { "the values differ".to_owned() } else { remarks.remove(0) };
        differ(format!("the output differs from the live version's: {first}"), remarks);
    }
    if staged.files.len() != live.files.len() {
        let counts = format!("the staged version gives {} files, the live one {}", staged.files.len(), live.files.len());
        differ(counts, Vec::new());
    }
    let mut measured = Vec::new();
    for (one, two) in staged.files.iter().zip(&live.files) {
        match compare_pair(one, two) {
            Ok((numbers, None)) => measured.push(numbers),
            Ok((numbers, Some(reason))) => differ(reason, vec![numbers]),
            Err(problem) => differ(problem, Vec::new()),
        }
    }
    found.remarks.extend(measured);
    found
}

/// The numbers of a pair of files, and why they differ if they do.
fn compare_pair(staged: &FetchedFile, live: &FetchedFile) -> Result<(String, Option<String>), String> {
    let (one, two) = (staged.media()?, live.media()?);
    let compared = media::compare(&two, &one, &Tolerance::default());
    let numbers: Vec<String> = compared.metrics.iter().map(|(name, value)| format!("{name} {value:.3}")).collect();
    let place = format!("output{}", staged.path);
    let line = format!("{place}: {} compared with live: {}", compared.kind, numbers.join(", "));
    if !compared.same {
        let why = compared.remarks.first().cloned().unwrap_or_else(|| "the files differ".to_owned());
        return Ok((line, Some(format!("{place} differs from the live version's: {why}"))));
    }
    let (format, other) = (normal_extension(&media::extension(&one)), normal_extension(&media::extension(&two)));
    let reason = (format != other).then(|| format!("{place}: the file format changed from {other} to {format}"));
    Ok((line, reason))
}

/// Extensions as the peer normalises them.
fn normal_extension(extension: &str) -> String {
    match extension {
        "jpeg" | "jpe" => "jpg",
        "tiff" => "tif",
        "mpeg" => "mpg",
        "htm" => "html",
        other => other,
    }
    .to_owned()
}

/// What has to hold between two outputs whatever randomness did.
fn loosely_alike(staged: &Observation, live: &Observation) -> Result<(), String> {
    alike_values(&staged.value_without_files(), &live.value_without_files(), "output")?;
    if staged.files.len() != live.files.len() {
        return Err(format!("the staged version gives {} files, the live one {}", staged.files.len(), live.files.len()));
    }
    staged.files.iter().zip(&live.files).try_for_each(|(one, two)| alike_files(one, two))
}

fn alike_values(staged: &Value, live: &Value, path: &str) -> Result<(), String> {
    match (staged, live) {
        (Value::String(staged), Value::String(live)) => {
            within_order(staged.chars().count() as f64 + 10.0, live.chars().count() as f64 + 10.0).then_some(()).ok_or_else(|| {
                format!("{path} has {} characters, the live version's {}", staged.chars().count(), live.chars().count())
            })
        }
        (Value::Array(staged), Value::Array(live)) => {
            if staged.is_empty() != live.is_empty() || !within_order(staged.len() as f64 + 1.0, live.len() as f64 + 1.0) {
                return Err(format!("{path} has {} items, the live version's {}", staged.len(), live.len()));
            }
            let pairs = staged.iter().zip(live).enumerate();
            pairs.into_iter().try_for_each(|(index, (one, two))| alike_values(one, two, &format!("{path}[{index}]")))
        }
        (Value::Object(staged), Value::Object(live)) => {
            if let Some(name) = live.keys().find(|name| !staged.contains_key(*name)) {
                return Err(format!("{path}.{} is missing", shorten(name, 60)));
            }
            staged.iter().try_for_each(|(name, value)| match live.get(name) {
                Some(other) => alike_values(value, other, &format!("{path}.{}", shorten(name, 60))),
                None => Err(format!("{path}.{} is new", shorten(name, 60))),
            })
        }
        (Value::Bool(_), Value::Bool(_)) | (Value::Number(_), Value::Number(_)) | (Value::Null, Value::Null) => Ok(()),
        _ => Err(format!("{path} is {}, the live version's {}", word(staged), word(live))),
    }
}

fn word(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn alike_files(staged: &FetchedFile, live: &FetchedFile) -> Result<(), String> {
    let (one, two) = (staged.media()?, live.media()?);
    let place = format!("output{}", staged.path);
    let (kind, other) = (media::detect(&one), media::detect(&two));
    if kind != other {
        return Err(format!("{place} is {kind}, the live version's {other}"));
    }
    let (format, other) = (normal_extension(&media::extension(&one)), normal_extension(&media::extension(&two)));
    if format != other {
        return Err(format!("{place}: the file format changed from {other} to {format}"));
    }
    match kind {
        MediaKind::Image => {
            let (one, two) = (media::image_facts(&one), media::image_facts(&two));
            match (one, two) {
                (Ok(one), Ok(two)) if (one.width, one.height) != (two.width, two.height) => Err(format!(
                    "{place} is {} x {} pixels, the live version's {} x {}",
                    one.width, one.height, two.width, two.height
                )),
                (Ok(one), Ok(two)) if one.is_one_colour && !two.is_one_colour => Err(format!("{place} has one colour only")),
                (Err(problem), Ok(_)) => Err(format!("{place} cannot be decoded: {problem}")),
                _ => Ok(()),
            }
        }
        MediaKind::Audio => match (media::audio_facts(&one), media::audio_facts(&two)) {
            (Ok(one), Ok(two)) if !within_order(one.duration_secs + 0.1, two.duration_secs + 0.1) => {
                Err(format!("{place} lasts {:.1} s, the live version's {:.1} s", one.duration_secs, two.duration_secs))
            }
            (Ok(one), Ok(two)) if one.is_silent() && !two.is_silent() => Err(format!("{place} is silent")),
            (Err(problem), Ok(_)) => Err(format!("{place} cannot be decoded: {problem}")),
            _ => Ok(()),
        },
        _ => within_order(one.bytes.len() as f64 + 64.0, two.bytes.len() as f64 + 64.0)
            .then_some(())
            .ok_or_else(|| format!("{place} has {} bytes, the live version's {}", one.bytes.len(), two.bytes.len())),
    }
}

/// Whether neither is ten times the other.
fn within_order(left: f64, right: f64) -> bool {
    left <= right * 10.0 && right <= left * 10.0
}
