//! Triggers and resolves alerts through PagerDuty: for the canary, and for tests of live versions.

use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::services;
use crate::clients::pagerduty::{AlertEvent, AlertSeverity, Alerts, PagerDutyOptions, RealPagerDuty};
use crate::config::Tokens;
use crate::domain::verdict::Verdict;
use crate::report::json::v1::{Model, Run};
use crate::report::notification::reason;

const EVENTS_URL: &str = "PAGERDUTY_EVENTS_URL";

/// How long an alert may take.
const ALERT_LIMIT: Duration = Duration::from_secs(60);

/// Prefix of the keys of alerts about live versions.
const LIVE: &str = "safe-push-verify";

/// PagerDuty, if there is a key for it.
pub(super) fn pager(tokens: &Tokens, context: &Context) -> Result<Option<RealPagerDuty>, Failure> {
    let Some(key) = tokens.pagerduty.clone() else { return Ok(None) };
    let events_url = context.environment.get(EVENTS_URL).map(str::to_owned);
    Ok(Some(RealPagerDuty::new(PagerDutyOptions::new(events_url, key, context.printer.redactor().clone()), services::clock())?))
}

/// Sends an event. A failure to send it does not change the verdict.
pub(super) async fn send(pager: Option<&RealPagerDuty>, event: Option<AlertEvent>, context: &Context) {
    let (Some(pager), Some(event)) = (pager, event) else { return };
    match timeout(ALERT_LIMIT, pager.send(&event)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => context.printer.warn(&error, error.hint()),
        Err(_elapsed) => context.printer.warn("PagerDuty did not answer in time", None),
    }
}

/// Sends alerts about tests of live versions: one per model, which its next passed test resolves.
pub(super) async fn send_of_run(pager: Option<&RealPagerDuty>, run: &Run, page: Option<&str>, context: &Context) {
    for event in of_run(run, page) {
        send(pager, Some(event), context).await;
    }
}

/// The alerts of a run. A model whose test was canceled has none.
fn of_run(run: &Run, page: Option<&str>) -> Vec<AlertEvent> {
    let of_all = match &run.error {
        Some(error) if run.verdict != Verdict::Cancelled => Some(trigger(LIVE.to_owned(), run.verdict, LIVE, &error.message, page)),
        None if run.verdict == Verdict::Passed => Some(AlertEvent::Resolve { dedup_key: LIVE.to_owned() }),
        _ => None,
    };
    let of_model = |model: &Model| {
        let dedup_key = format!("{LIVE}/{}", model.model);
        match model.verdict {
            Verdict::Passed => Some(AlertEvent::Resolve { dedup_key }),
            Verdict::Cancelled => None,
            verdict => {
                let reason = reason(model).unwrap_or_else(|| "no reason was kept".to_owned());
                Some(trigger(dedup_key, verdict, &model.model, &reason, page))
            }
        }
    };
    run.models.iter().filter_map(of_model).chain(of_all).collect()
}

fn trigger(dedup_key: String, verdict: Verdict, source: &str, reason: &str, page: Option<&str>) -> AlertEvent {
    AlertEvent::Trigger {
        dedup_key,
        summary: format!("live test of {source} {verdict}: {reason}"),
        source: source.to_owned(),
        severity: if verdict == Verdict::Misconfigured { AlertSeverity::Error } else { AlertSeverity::Critical },
        details: json!({ "verdict": verdict, "run": page }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::json::run_json;
    use crate::report::sample;

    #[test]
    fn a_model_has_an_alert_of_its_own_until_it_passes() {
        let mut run = run_json(&sample::passed());
        let resolved = of_run(&run, None);
        assert!(resolved.iter().all(|event| matches!(event, AlertEvent::Resolve { .. })) && resolved.len() == run.models.len() + 1);
        run.verdict = Verdict::Failed;
        run.models[0].verdict = Verdict::Failed;
        let key = format!("safe-push-verify/{}", run.models[0].model);
        let events = of_run(&run, Some("https://github.com/acme/hotdog/actions/runs/42"));
        assert!(matches!(&events[0], AlertEvent::Trigger { dedup_key, .. } if *dedup_key == key), "{events:?}");
        for model in &mut run.models {
            model.verdict = Verdict::Cancelled;
        }
        run.verdict = Verdict::Cancelled;
        assert_eq!(of_run(&run, None), []);
    }
}
