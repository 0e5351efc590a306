//! `logs`: what a prediction printed, and how it went.

use crate::cli::arguments::LogsArguments;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::load;
use crate::cli::printer::Format;
use crate::cli::services;
use crate::cli::setting_flags::SettingFlags;
use crate::domain::prediction::{Prediction, PredictionId};
use crate::domain::verdict::Verdict;
use crate::report::documents::PredictionLogs;
use crate::report::escape;

pub(super) async fn run(arguments: &LogsArguments, context: &Context) -> Result<Verdict, Failure> {
    let id = id_of(&arguments.prediction).ok_or_else(|| {
        let failure = Failure::request(format!("'{}' is not the ID of a prediction", escape::line(&arguments.prediction)));
        failure.hint("give an ID as reports and Replicate's pages show it, or the URL of the page")
    })?;
    let run = load::settings_only(SettingFlags::default(), context)?;
    let replicate = services::replicate_client(&run, services::api_token(&run)?)?;
    let prediction = replicate.prediction(&id).await?;
    if context.printer.format == Format::Json {
        context.printer.json(&document(&prediction))?;
    } else {
        show(&prediction, context);
    }
    Ok(Verdict::Passed)
}

/// The ID in a text: the text itself, or the last part of a URL's path.
fn id_of(text: &str) -> Option<PredictionId> {
    let path = text.split(['?', '#']).next().unwrap_or(text).trim_end_matches('/');
    let id = path.rsplit('/').next()?;
    let is_id = (8..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_id.then(|| PredictionId::new(id))
}

fn show(prediction: &Prediction, context: &Context) {
    let time = prediction.predict_time.map(|time| format!(", {:.1} s", time.as_secs_f64())).unwrap_or_default();
    context.printer.say(&format!("{}: {}{time}", prediction.id, escape::line(prediction.status.as_str())));
    if let Some(error) = &prediction.error {
        context.printer.say(&format!("error: {}", escape::printable(error).trim_end()));
    }
    if let Some(page) = &prediction.web_url {
        context.printer.say(&format!("page: {}", escape::line(page)));
    }
    match prediction.logs.trim_end() {
        "" => context.printer.say("no logs"),
        logs => context.printer.result(&escape::printable(logs)),
    }
}

fn document(prediction: &Prediction) -> PredictionLogs {
    PredictionLogs {
        id: prediction.id.to_string(),
        status: prediction.status.as_str().to_owned(),
        version: prediction.version.clone(),
        error: prediction.error.clone(),
        logs: prediction.logs.clone(),
        predict_seconds: prediction.predict_time.map(|time| time.as_secs_f64()),
        url: prediction.web_url.as_ref().map(ToString::to_string),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_taken_from_pages_and_addresses() {
        let id = "gm3qorzdhgbfurvjtvhg6dckhu";
        for text in [
            id,
            "https://replicate.com/p/gm3qorzdhgbfurvjtvhg6dckhu",
            "https://api.replicate.com/v1/predictions/gm3qorzdhgbfurvjtvhg6dckhu/?x=1",
        ] {
            assert_eq!(id_of(text).map(|id| id.to_string()).as_deref(), Some(id), "{text}");
        }
        for text in ["", "acme/hotdog", "../../etc", "x y z a b c d e", "https://replicate.com/p/"] {
            assert_eq!(id_of(text), None, "{text}");
        }
    }
}
