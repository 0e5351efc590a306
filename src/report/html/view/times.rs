//! How long each model took, stage by stage, as bars of one scale.

use std::time::Duration;

use super::bars::{self, Bar, Part};
use super::{Model, Verdict};
use crate::domain::report::Stage;
use crate::report::json::v1;
use crate::support::clock::readable_duration;

/// A model's time.
pub(crate) struct ModelTime {
    pub(crate) anchor: String,
    pub(crate) name: String,
    pub(crate) verdict: Verdict,
    pub(crate) total: String,
    /// The bars as text, for screen readers.
    pub(crate) text: String,
    pub(crate) bars: Vec<Bar>,
}

/// The times of models in the order of the page, and the stages that they have.
pub(super) fn times(models: &[(&v1::Model, &Model)]) -> (Vec<ModelTime>, Vec<&'static str>) {
    let total = |model: &v1::Model| model.stages.iter().map(|stage| stage.duration_ms).fold(0, u64::saturating_add);
    let longest = models.iter().map(|(model, _)| total(model)).max().unwrap_or_default();
    if longest == 0 {
        return (Vec::new(), Vec::new());
    }
    let times = models.iter().map(|(model, view)| {
        let bars = stage_bars(&model.stages, longest);
        ModelTime {
            anchor: view.anchor.clone(),
            name: view.name.clone(),
            verdict: view.verdict,
            total: readable_duration(Duration::from_millis(total(model))),
            text: bars::text(&bars),
            bars,
        }
    });
    let has = |stage: Stage| {
        models.iter().any(|(model, _)| model.stages.iter().any(|entry| entry.name == stage && entry.duration_ms > 0))
    };
    (times.collect(), Stage::ALL.into_iter().filter(|stage| has(*stage)).map(Stage::as_str).collect())
}

fn stage_bars(stages: &[v1::StageEntry], longest_ms: u64) -> Vec<Bar> {
    let parts = stages.iter().filter_map(|stage| Part::new(stage.name.as_str(), stage.duration_ms, stage.name.as_str()));
    bars::bars(parts.collect(), longest_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::report::StageStatus;

    #[test]
    fn bars_follow_each_other_and_none_is_longer_than_the_longest_model() {
        let stage = |name, duration_ms| v1::StageEntry { name, status: StageStatus::Passed, duration_ms, note: None };
        let stages = [stage(Stage::Inspect, 1000), stage(Stage::Build, 3000), stage(Stage::Stage, 0), stage(Stage::Verify, 6000)];
        let bars = stage_bars(&stages, 20_000);
        let shape: Vec<(&str, u64, u64)> = bars.iter().map(|bar| (bar.class, bar.start, bar.length)).collect();
        assert_eq!(shape, [("inspect", 0, 50), ("build", 50, 150), ("verify", 200, 300)]);
        assert_eq!(bars[1].text, "build 3.0 s");
    }
}
