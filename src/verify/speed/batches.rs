//! Measures run times of paired inputs: first those of the comparisons, then, if they look slower, again and one at a time.

use cog_findings::text::count;

use super::sample::{FirstRound, is_cold, run_time_of};
use super::statistics::{LEAST_PAIRS, Pair, SpeedDecision, Summary, TYPICAL, decide, is_suspect, looks_faster, median, pooled};
use crate::domain::events::EventKind;
use crate::verify::call::{PredictionCall, PredictionEnd};
use crate::verify::engine::Engine;
use crate::verify::planned_case::PlannedCase;
use crate::verify::side::Side;
use crate::verify::slots::Priority;

/// Tries to measure a run time: the first prediction after a boot does not count.
const TRIES: usize = 2;

/// What is known about the run times.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Speed {
    /// `None` if nothing was measured.
    pub(super) summary: Option<Summary>,
    pub(super) verdict: SpeedVerdict,
}

/// What the run times show.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SpeedVerdict {
    /// Confirmed by a second batch. `reaches_limit` says whether the limit in the settings is reached.
    Slower {
        reaches_limit: bool,
    },
    Faster,
    /// No difference that could be told from noise.
    Alike,
    /// A first batch looked slower. The reason why no second one confirmed it.
    Unconfirmed(String),
    /// Too few inputs for a verdict.
    TooFew,
    /// The reason: other hardware, for example.
    NotComparable(String),
}

impl Engine<'_> {
    /// Compares the run times of both versions.
    pub(super) async fn speed(&self, cases: &[PlannedCase], has_failed: bool) -> Speed {
        let plan = self.request.plan;
        let hardware = &plan.hardware;
        if let (Some(live), Some(tested)) = (&hardware.live, &hardware.tested)
            && live != tested
        {
            let reason = format!("the live version runs on {live}, this version on {tested}");
            return Speed { summary: None, verdict: SpeedVerdict::NotComparable(reason) };
        }
        let Some(first) = self.first_batch(cases, has_failed).await else {
            let rounds = cases.iter().map(|case| self.samples.first_round(&case.id));
            let warm: Vec<Pair> =
                rounds.filter_map(|round| if let FirstRound::Warm(pair) = round { Some(pair) } else { None }).collect();
            let verdict = match warm.len() + 1 {
                pairs if pairs < LEAST_PAIRS => SpeedVerdict::TooFew,
                _ if looks_faster(&warm) => SpeedVerdict::Faster,
                _ => SpeedVerdict::Alike,
            };
            return Speed { summary: Summary::of(&warm), verdict };
        };
        let (measured, first): (Vec<&PlannedCase>, Vec<Pair>) =
            cases.iter().zip(first).filter_map(|(case, pair)| Some((case, pair?))).unzip();
        let summary = Summary::of(&first);
        if first.len() < LEAST_PAIRS {
            return Speed { summary, verdict: SpeedVerdict::TooFew };
        }
        if !is_suspect(&first) {
            let verdict = if looks_faster(&first) { SpeedVerdict::Faster } else { SpeedVerdict::Alike };
            return Speed { summary, verdict };
        }
        self.emit(EventKind::Notice(format!(
            "{} took longer than on the live version; running them again to be sure",
            count(first.len(), "input")
        )));
        let second = self.batch(&measured, plan.benchmark.max(1), true).await;
        let (first, second): (Vec<Pair>, Vec<Pair>) =
            first.into_iter().zip(second).filter_map(|(one, two)| Some((one, two?))).unzip();
        if second.len() < LEAST_PAIRS {
            let reason = "the second batch did not finish".to_owned();
            return Speed { summary, verdict: SpeedVerdict::Unconfirmed(reason) };
        }
        let limit = plan.regressions.predict_time;
        let reaches_limit = limit.is_some_and(|limit| decide(&first, &second, limit) == SpeedDecision::Slower);
        let verdict = if reaches_limit || decide(&first, &second, TYPICAL) == SpeedDecision::Slower {
            SpeedVerdict::Slower { reaches_limit }
        } else if is_suspect(&second) {
            SpeedVerdict::Alike
        } else {
            SpeedVerdict::Unconfirmed("a second batch did not confirm it".to_owned())
        };
        Speed { summary: Summary::of(&pooled(&first, &second)), verdict }
    }

    /// The first batch: that of a benchmark, or that of the comparisons if it looks slower. Pairs that followed a boot are measured again.
    async fn first_batch(&self, cases: &[PlannedCase], has_failed: bool) -> Option<Vec<Option<Pair>>> {
        let all: Vec<&PlannedCase> = cases.iter().collect();
        if self.request.plan.benchmark > 0 {
            return Some(self.batch(&all, self.request.plan.benchmark, false).await);
        }
        let rounds: Vec<FirstRound> = cases.iter().map(|case| self.samples.first_round(&case.id)).collect();
        let warm: Vec<Pair> =
            rounds.iter().filter_map(|round| if let FirstRound::Warm(pair) = round { Some(*pair) } else { None }).collect();
        let usable = rounds.iter().filter(|round| **round != FirstRound::Missing).count();
        // A version that failed is not published, however fast it is.
        if has_failed || usable < LEAST_PAIRS || !is_suspect(&warm) {
            return None;
        }
        let mut pairs = Vec::with_capacity(cases.len());
        for (case, round) in cases.iter().zip(rounds) {
            pairs.push(match round {
                FirstRound::Warm(pair) => Some(pair),
                FirstRound::Cold => self.pair(case, true).await,
                FirstRound::Missing => None,
            });
        }
        Some(pairs)
    }

    /// Measures each pair `times` times, one prediction at a time, and takes medians.
    async fn batch(&self, cases: &[&PlannedCase], times: usize, is_reversed: bool) -> Vec<Option<Pair>> {
        let mut measured: Vec<Vec<Pair>> = vec![Vec::new(); cases.len()];
        for round in 0..times {
            // Live, new, new, live: a trend over time favors neither.
            for (index, (case, measured)) in cases.iter().zip(&mut measured).enumerate() {
                let live_first = ((index + round) % 2 == 0) != is_reversed;
                measured.extend(self.pair(case, live_first).await);
            }
        }
        let middle = |pairs: &[Pair], time: fn(&Pair) -> f64| median(&pairs.iter().map(time).collect::<Vec<_>>());
        let pair =
            |pairs: Vec<Pair>| Some(Pair { live: middle(&pairs, |pair| pair.live)?, staged: middle(&pairs, |pair| pair.staged)? });
        measured.into_iter().map(pair).collect()
    }

    async fn pair(&self, case: &PlannedCase, live_first: bool) -> Option<Pair> {
        if live_first {
            let live = self.timed(case, Side::Live).await?;
            return Some(Pair { live, staged: self.timed(case, Side::Staged).await? });
        }
        let staged = self.timed(case, Side::Staged).await?;
        Some(Pair { live: self.timed(case, Side::Live).await?, staged })
    }

    /// The run time of a prediction in seconds.
    async fn timed(&self, case: &PlannedCase, side: Side) -> Option<f64> {
        let mask = self.mask(case);
        let mut found = None;
        for _ in 0..TRIES {
            let call = PredictionCall {
                case: &case.id,
                side,
                inputs: &case.inputs,
                mask: &mask,
                priority: Priority::Normal,
                timeout: case.timeout,
                watches_output: case.watches_output(),
            };
            let PredictionEnd::Finished(prediction) = self.predict(call).await.end else { return None };
            found = Some(run_time_of(&prediction)?.as_secs_f64());
            if !is_cold(&prediction) {
                break;
            }
        }
        found
    }
}
