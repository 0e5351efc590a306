//! `canary`: pushes, runs and deletes a tiny model on a schedule, and alerts somebody when that fails.

use std::time::Duration;

use uuid::Uuid;

use crate::cli::alerts;
use crate::cli::arguments::CanaryArguments;
use crate::cli::conclude::options;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::load;
use crate::cli::printer::Format;
use crate::cli::services::{self, Connected};
use crate::cli::setting_flags::SettingFlags;
use crate::clients::pagerduty::{AlertEvent, AlertSeverity};
use crate::config::RunSettings;
use crate::domain::canary::CanaryReport;
use crate::domain::identity::{IdentityError, ModelRef};
use crate::domain::plan::Limits;
use crate::domain::report::StageStatus;
use crate::domain::verdict::Verdict;
use crate::pipeline::{CanaryRequest, canary, write_canary};
use crate::report::canary::{canary_flight, canary_text};

/// The canary's model, when none is named.
const NAME: &str = "safe-push-canary";

pub(super) async fn run(arguments: &CanaryArguments, context: &Context) -> Result<Verdict, Failure> {
    let run = load::settings_with_tokens(SettingFlags::default(), context)?;
    let pager = alerts::pager(&run.tokens, context)?;
    // One key for every run, whatever account the token belongs to, so that a later run resolves the alert.
    let dedup_key = match &arguments.model {
        Some(model) => format!("{NAME}/{model}"),
        None => NAME.to_owned(),
    };
    let report = match fly(&run, arguments, context).await {
        Ok(report) => report,
        Err(failure) => {
            alerts::send(pager.as_ref(), of_failure(&failure, dedup_key), context).await;
            return Err(failure);
        }
    };
    alerts::send(pager.as_ref(), of_report(&report, dedup_key), context).await;
    let flight = canary_flight(&report);
    match context.printer.format {
        Format::Json => context.printer.json(&flight)?,
        _ => context.printer.result(&canary_text(&flight)),
    }
    Ok(report.verdict)
}

async fn fly(run: &RunSettings, arguments: &CanaryArguments, context: &Context) -> Result<CanaryReport, Failure> {
    let request = CanaryRequest {
        model: canary_model(run, arguments).await?,
        hardware: arguments.hardware.clone(),
        id: Uuid::new_v4().to_string(),
        limits: Limits {
            startup: Duration::from_secs(arguments.startup_timeout),
            predict: Duration::from_secs(arguments.predict_timeout),
            ..Limits::default()
        },
    };
    let folder = write_canary(&request).map_err(|error| {
        Failure::new(Verdict::ServiceError, anyhow::Error::new(error).context("failed to make a folder for the canary"))
    })?;
    let plans = [request.plan(folder.path())];
    let connected = match arguments.sandbox {
        true => services::sandbox(run, &plans, context).await?,
        false => services::replicate(run, &plans, context).await?,
    };
    let observer = context.observer();
    let options = options(Vec::new());
    let Connected { services, .. } = &connected;
    let report = canary(&request, folder.path(), services, &options, &*observer, &context.cancelled).await;
    connected.close().await;
    Ok(report)
}

/// The model that was named, or one of the token's account.
async fn canary_model(run: &RunSettings, arguments: &CanaryArguments) -> Result<ModelRef, Failure> {
    let named = match (&arguments.model, arguments.sandbox) {
        (Some(model), _) => model.clone(),
        (None, true) => format!("sandbox/{NAME}"),
        (None, false) => {
            let replicate = services::replicate_client(run, services::api_token(run)?)?;
            format!("{}/{NAME}", replicate.account().await?.username)
        }
    };
    let wrong = |error: IdentityError| Failure::new(Verdict::Misconfigured, error).hint("name a model as OWNER/NAME");
    named.parse().map_err(wrong)
}

/// The alert for a finished canary; `None` if it was canceled.
fn of_report(report: &CanaryReport, dedup_key: String) -> Option<AlertEvent> {
    let severity = match report.verdict {
        Verdict::Passed => return Some(AlertEvent::Resolve { dedup_key }),
        Verdict::Cancelled => return None,
        Verdict::Misconfigured => AlertSeverity::Error,
        Verdict::Failed | Verdict::ServiceError | Verdict::Billing => AlertSeverity::Critical,
    };
    let problem = report.problem.as_ref().map_or("no reason was kept", |problem| problem.message.as_str());
    let step = report.steps.iter().rev().find(|step| step.status != StageStatus::Passed);
    let step = step.map(|step| format!(" at {}", step.name)).unwrap_or_default();
    Some(AlertEvent::Trigger {
        dedup_key,
        summary: format!("safe-push canary {}{step}: {problem}", report.verdict),
        source: report.model.to_string(),
        severity,
        details: serde_json::to_value(canary_flight(report)).unwrap_or_default(),
    })
}

/// Reports a canary that could not start.
fn of_failure(failure: &Failure, dedup_key: String) -> Option<AlertEvent> {
    (failure.verdict != Verdict::Cancelled).then(|| AlertEvent::Trigger {
        dedup_key,
        summary: format!("safe-push canary {}: {}", failure.verdict, failure.message()),
        source: NAME.to_owned(),
        severity: AlertSeverity::Error,
        details: serde_json::json!({ "hint": failure.hint }),
    })
}
