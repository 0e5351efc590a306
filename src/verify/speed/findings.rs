//! Puts what the outputs do not show into findings and into the table of values before and after.

use cog_findings::{Finding, Rule, Severity};

use super::batches::{Speed, SpeedVerdict};
use super::sizes::OutputSizes;
use super::statistics::{LEAST_PAIRS, Summary, TYPICAL};
use crate::domain::before_after::{Aspect, BeforeAfter, Trend};
use crate::domain::case::CaseKind;
use crate::domain::cost::usd_per_second;
use crate::domain::report::{CaseReport, CaseStatus};
use crate::verify::engine::Engine;
use crate::verify::rules;
use crate::verify::schedule::Schedule;
use crate::verify::side::Side;

/// A boot is one sample, so only a great difference is reported.
const SLOWER_BOOT: f64 = 2.0;

/// Boots that take fewer seconds more are not reported.
const LEAST_BOOT_SECONDS: f64 = 30.0;

impl Engine<'_> {
    /// Compares what the outputs do not show, and reports what became worse.
    pub(in crate::verify) async fn look_beyond_outputs(&self, schedule: &Schedule, reports: &[CaseReport]) -> Vec<BeforeAfter> {
        if self.request.live.is_none() || schedule.paired.is_empty() {
            return Vec::new();
        }
        let has_failed = reports.iter().any(|report| !matches!(report.status, CaseStatus::Passed | CaseStatus::Flaky));
        let speed = self.speed(&schedule.paired, has_failed).await;
        let mut found = vec![self.predict_time(&speed)];
        found.extend(self.cost(&speed));
        found.extend(self.boot());
        found.extend(self.output_size(reports));
        found.retain(|entry| entry.before.is_some() || entry.after.is_some() || entry.note.is_some());
        found
    }

    fn predict_time(&self, speed: &Speed) -> BeforeAfter {
        let (trend, note) = match &speed.verdict {
            SpeedVerdict::Slower { reaches_limit } => {
                let text = speed.summary.map(|summary| format!("slower: {}, confirmed by a second batch", numbers(&summary)));
                if let Some(text) = &text {
                    self.regression(&rules::SLOWER, text, "predict_time", *reaches_limit);
                }
                (Trend::Worse, text)
            }
            SpeedVerdict::Faster => (Trend::Better, speed.summary.map(|summary| format!("faster: {}", numbers(&summary)))),
            SpeedVerdict::Alike => (Trend::Alike, speed.summary.map(|summary| alike(&summary))),
            SpeedVerdict::Unconfirmed(why) => (Trend::Alike, Some(format!("looked slower once, but {why}"))),
            SpeedVerdict::TooFew => {
                (Trend::NotJudged, speed.summary.map(|_| format!("not judged: that takes at least {LEAST_PAIRS} paired inputs")))
            }
            SpeedVerdict::NotComparable(why) => (Trend::NotJudged, Some(format!("not judged: {why}"))),
        };
        BeforeAfter {
            aspect: Aspect::PredictTime,
            before: speed.summary.map(|summary| summary.live),
            after: speed.summary.map(|summary| summary.staged),
            trend,
            note,
        }
    }

    /// The price of a prediction, if the hardware has a public price.
    fn cost(&self, speed: &Speed) -> Option<BeforeAfter> {
        let plan = self.request.plan;
        let tested = plan.hardware.tested.as_deref()?;
        let live = plan.hardware.live.as_deref().unwrap_or(tested);
        let (before_price, after_price) = (usd_per_second(live)?, usd_per_second(tested)?);
        let summary = match speed.summary {
            Some(summary) => summary,
            None => self.raw_times()?,
        };
        let (before, after) = (before_price * summary.live, after_price * summary.staged);
        let has_moved = live != tested;
        let is_slower = matches!(speed.verdict, SpeedVerdict::Slower { .. });
        let limit = plan.regressions.cost;
        let ratio = if before > 0.0 { after / before } else { 1.0 };
        let reaches_limit = limit.is_some_and(|limit| ratio >= limit) && (has_moved || is_slower);
        let is_dearer = reaches_limit || (has_moved && ratio >= TYPICAL);
        let mut entry = BeforeAfter {
            aspect: Aspect::Cost,
            before: Some(before),
            after: Some(after),
            trend: if is_dearer { Trend::Worse } else { Trend::NotJudged },
            note: (!has_moved).then(|| format!("run time at the public price of {tested}")),
        };
        if is_dearer {
            let text = format!("a prediction costs {ratio:.2}× as much: ${before:.6} on {live} → ${after:.6} on {tested}");
            self.regression(&rules::DEARER, &text, "cost", reaches_limit);
            entry.note = Some(text);
        }
        Some(entry)
    }

    /// The run times of the comparisons, on whatever hardware.
    fn raw_times(&self) -> Option<Summary> {
        Summary::of(&self.samples.pairs())
    }

    fn boot(&self) -> Option<BeforeAfter> {
        let after = self.samples.boot(Side::Staged)?.as_secs_f64();
        let before = self.samples.boot(Side::Live).map(|boot| boot.as_secs_f64()).filter(|_| self.samples.booted(Side::Live));
        let mut entry = BeforeAfter { aspect: Aspect::Boot, before, after: Some(after), trend: Trend::NotJudged, note: None };
        let Some(before) = before else {
            entry.note = Some("not compared: the live version was running already".to_owned());
            return Some(entry);
        };
        let ratio = after / before;
        let is_longer = after - before >= LEAST_BOOT_SECONDS;
        let reaches_limit = is_longer && self.request.plan.regressions.boot.is_some_and(|limit| ratio >= limit);
        if reaches_limit || (is_longer && ratio >= SLOWER_BOOT) {
            let text = format!("the first prediction waited {ratio:.1}× as long for its start: {before:.0} s → {after:.0} s");
            self.regression(&rules::BOOT_SLOWER, &text, "boot", reaches_limit);
            entry.trend = Trend::Worse;
        } else {
            entry.trend = Trend::Alike;
        }
        Some(entry)
    }

    fn output_size(&self, reports: &[CaseReport]) -> Option<BeforeAfter> {
        let compared: Vec<CaseReport> = reports.iter().filter(|report| report.kind == CaseKind::Compare).cloned().collect();
        let sizes = OutputSizes::of(&compared)?;
        let trend = if sizes.grew() { Trend::Worse } else { Trend::Alike };
        if sizes.grew() {
            let ratio = sizes.staged / sizes.live;
            let text = format!("outputs are {ratio:.1}× as large: {:.0} bytes → {:.0} bytes", sizes.live, sizes.staged);
            self.regression(&rules::OUTPUT_LARGER, &text, "output_size", false);
        }
        let (before, after) = (Some(sizes.live), Some(sizes.staged));
        Some(BeforeAfter { aspect: Aspect::OutputSize, before, after, trend, note: None })
    }

    /// Reports something that became worse; as an error where the settings set a limit that is reached.
    fn regression(&self, rule: &Rule, text: &str, key: &str, reaches_limit: bool) {
        let finding = Finding::new(rule, text);
        self.add_finding(if reaches_limit {
            finding.with_severity(Severity::Error).hint(format!("find the cause, or raise regressions.{key} in .safe-push.yaml"))
        } else {
            finding
        });
    }
}

/// `5 of 5 inputs, typically 1.41× (1.31–1.62×), 2.3 s → 3.2 s`.
fn numbers(summary: &Summary) -> String {
    let Summary { pairs, slower, typical, least, most, live, staged, .. } = summary;
    let count = if *typical < 1.0 { String::new() } else { format!("{slower} of {pairs} inputs, ") };
    format!("{count}typically {typical:.2}× ({least:.2}–{most:.2}×), {live:.1} s → {staged:.1} s")
}

fn alike(summary: &Summary) -> String {
    let Summary { pairs, slower, typical, .. } = summary;
    format!(
        "about as fast: {slower} of {pairs} inputs slower, typically {typical:.2}×; differences under {TYPICAL:.2}× cannot be told from \
         {pairs} predictions"
    )
}
