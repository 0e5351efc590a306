//! `compare`: two output files or addresses, judged as a comparison with live would.

use std::fs;

use anyhow::Context as _;
use bytes::Bytes;
use cog_findings::text::nearest;
use output_compare::{self, Comparison, Limit, Measurement, MediaFile, ThresholdError, Tolerance};
use url::Url;

use crate::cli::arguments::CompareArguments;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::load;
use crate::cli::named_file;
use crate::cli::printer::Format;
use crate::cli::services;
use crate::cli::setting_flags::SettingFlags;
use crate::clients::replicate::DownloadLimits;
use crate::domain::verdict::Verdict;
use crate::report::documents::ComparedFiles;
use crate::report::escape::printable;
use crate::report::json::measurement;
use crate::support::SecretString;

/// Larger files are not read into memory.
const MAX_BYTES: usize = 1024 * 1024 * 1024;

pub(super) async fn run(arguments: &CompareArguments, context: &Context) -> Result<Verdict, Failure> {
    let tolerance = tolerance(&arguments.thresholds)?;
    let comparing = async {
        let (expected, actual) = (open(&arguments.expected, context).await?, open(&arguments.actual, context).await?);
        let wants_difference = arguments.out.is_some();
        // Comparing images takes a while, and a signal must be noticed in the meantime.
        let looking = tokio::task::spawn_blocking(move || {
            let (left, right) = (expected.media(), actual.media());
            let comparison = output_compare::compare(&left, &right, &tolerance);
            let difference = wants_difference.then(|| output_compare::difference(&comparison, &left, &right)).flatten();
            (comparison, difference)
        });
        looking.await.context("comparing the files crashed").map_err(Failure::from)
    };
    let (comparison, difference) = tokio::select! {
        () = context.cancelled.cancelled() => return Ok(Verdict::Cancelled),
        found = comparing => found?,
    };
    if let Some(path) = &arguments.out {
        match difference {
            Some(bytes) => fs::write(context.environment.folder().join(path), bytes)
                .with_context(|| format!("failed to write {}", path.display()))?,
            None if comparison.same => context.printer.say("nothing was written: there is no difference to show"),
            None => context.printer.say(&format!("nothing was written: a difference of {} files cannot be shown", comparison.kind)),
        }
    }
    show(&comparison, context)?;
    Ok(if comparison.same { Verdict::Passed } else { Verdict::Failed })
}

fn tolerance(thresholds: &[(String, f64)]) -> Result<Tolerance, Failure> {
    let mut tolerance = Tolerance::default();
    for (name, value) in thresholds {
        tolerance.set(name, *value).map_err(|error| {
            let hint = match &error {
                ThresholdError::Unknown { name } => match nearest(name, Tolerance::NAMES) {
                    Some(nearest) => format!("did you mean {nearest}?"),
                    None => format!("there are {}", Tolerance::NAMES.join(", ")),
                },
                ThresholdError::BadValue { .. } => "give a number that is not less than 0".to_owned(),
            };
            Failure::new(Verdict::Misconfigured, anyhow::Error::from(error)).hint(hint)
        })?;
    }
    Ok(tolerance)
}

/// A file in memory, wherever it came from.
struct OpenedFile {
    bytes: Bytes,
    media_type: Option<String>,
    name: String,
}

impl OpenedFile {
    fn media(&self) -> MediaFile<'_> {
        MediaFile { bytes: &self.bytes, media_type: self.media_type.as_deref(), name: &self.name }
    }
}

async fn open(place: &str, context: &Context) -> Result<OpenedFile, Failure> {
    if place.starts_with("https://") || place.starts_with("http://") {
        return download(place, context).await;
    }
    let path = context.environment.folder().join(place);
    Ok(OpenedFile {
        bytes: named_file::read(&path, place, MAX_BYTES as u64).await?.into(),
        media_type: None,
        name: place.to_owned(),
    })
}

/// Fetches a file like those of a case: the token goes only to Replicate, and public files need none.
async fn download(address: &str, context: &Context) -> Result<OpenedFile, Failure> {
    let run = load::settings_only(SettingFlags::default(), context)?;
    let token = run.tokens.replicate.clone().unwrap_or_else(|| SecretString::from(String::new()));
    let client = services::replicate_client(&run, token)?;
    let file = client.download(address, &DownloadLimits::of_bytes(MAX_BYTES as u64)).await?;
    let name = address.parse::<Url>().map(|url| url.path().to_owned()).unwrap_or_default();
    let bytes = file.read().context("failed to read the temporary file")?.unwrap_or_default();
    Ok(OpenedFile { bytes, media_type: file.content_type, name })
}

fn show(comparison: &Comparison, context: &Context) -> anyhow::Result<()> {
    let reason = comparison.reason();
    let remarks = &comparison.remarks[usize::from(reason.is_some() && !comparison.remarks.is_empty())..];
    if context.printer.format == Format::Json {
        return context.printer.json(&ComparedFiles {
            same: comparison.same,
            kind: comparison.kind.key().to_owned(),
            reason: reason.map(ToString::to_string),
            measurements: comparison.measurements.iter().map(measurement).collect(),
            remarks: remarks.iter().map(ToString::to_string).collect(),
        });
    }
    context.printer.result(&match reason {
        None => format!("same ({})", comparison.kind),
        Some(reason) => format!("different ({}): {}", comparison.kind, printable(reason)),
    });
    for row in table(&comparison.measurements) {
        context.printer.result(&row);
    }
    for remark in remarks {
        context.printer.result(&format!("  {}", printable(remark)));
    }
    Ok(())
}

/// The numbers with their thresholds, aligned.
fn table(metrics: &[Measurement]) -> Vec<String> {
    let values: Vec<String> = metrics.iter().map(|metric| number(metric.value)).collect();
    let width_of_names = metrics.iter().map(|metric| metric.name.len()).max().unwrap_or_default();
    let width_of_values = values.iter().map(String::len).max().unwrap_or_default();
    let rows = metrics.iter().zip(&values).map(|(metric, value)| {
        let limit = match metric.limit {
            None => return format!("  {:<width_of_names$}  {value:>width_of_values$}", metric.name),
            Some(Limit::AtMost(most)) => format!("at most  {}", number(most)),
            Some(Limit::AtLeast(least)) => format!("at least {}", number(least)),
        };
        let verdict = if metric.holds() { "ok" } else { "differs" };
        format!("  {:<width_of_names$}  {value:>width_of_values$}  {limit:<16} {verdict}", metric.name)
    });
    rows.collect()
}

/// A number with as many digits as are useful.
fn number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 { format!("{value:.0}") } else { format!("{value:.4}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_under_each_other() {
        let metric = |name: &str, value, limit| Measurement { name: name.to_owned(), value, limit };
        let rows = table(&[
            metric("width", 1024.0, None),
            metric("mean_color_distance", 0.25, Some(Limit::AtMost(8.0))),
            metric("ssim", 0.5, Some(Limit::AtLeast(0.9))),
        ]);
        assert_eq!(
            rows,
            [
                "  width                  1024",
                "  mean_color_distance  0.2500  at most  8       ok",
                "  ssim                 0.5000  at least 0.9000  differs",
            ]
        );
    }
}
