//! Notifies `NOTIFY_URL` of runs that failed or published.

use crate::cli::conclude::finished_run;
use crate::cli::context::Context;
use crate::cli::services;
use crate::clients::webhook::{WEBHOOK_RETRY, Webhook, WebhookError};
use crate::domain::report::RunReport;
use crate::report::json::v1;
use crate::report::notification::notification;
use crate::support::SecretString;
use crate::support::secrets::Redacted;

/// Sends one document about a run that failed or published. A failure to send it does not change the verdict.
pub(super) async fn send(run: &Redacted<v1::Run>, url: Option<&SecretString>, context: &Context) {
    let Some(url) = url else { return };
    let page = page(context);
    let document = run.map(|run| notification(run, page.as_deref()));
    if document.is_none() {
        return;
    }
    let document = document.map(|document| document.clone().unwrap_or_default());
    let sent = match Webhook::new(url, WEBHOOK_RETRY, services::clock()) {
        Ok(webhook) => webhook.send(&document).await,
        Err(error) => Err(error),
    };
    if let Err(error) = sent {
        let hint = matches!(error, WebhookError::Url(_) | WebhookError::Status(_)).then_some("correct NOTIFY_URL");
        context.printer.warn(format!("nobody was notified about the run: {error}"), hint);
    }
}

/// Sends the document about a report.
pub(super) async fn send_report(report: &RunReport, url: Option<&SecretString>, context: &Context) {
    if url.is_some() {
        send(&finished_run(report, context), url, context).await;
    }
}

/// The page of the workflow's run.
pub(super) fn page(context: &Context) -> Option<String> {
    let variable = |name: &str| context.environment.get(name);
    let server = variable("GITHUB_SERVER_URL").unwrap_or("https://github.com");
    Some(format!("{server}/{}/actions/runs/{}", variable("GITHUB_REPOSITORY")?, variable("GITHUB_RUN_ID")?))
}
