//! `compare`: two output files, judged as a comparison with live would.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde_json::json;

use crate::cli::arguments::CompareArguments;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::printer::Format;
use crate::domain::output::Measurement;
use crate::domain::verdict::Verdict;
use crate::media::{self, MediaFile, Tolerance};
use crate::report::json::measurement;

/// Larger files are not read into memory.
const MOST_BYTES: u64 = 1024 * 1024 * 1024;

pub(super) fn run(arguments: &CompareArguments, context: &Context) -> Result<Verdict, Failure> {
    let (expected, actual) = (read(&arguments.expected)?, read(&arguments.actual)?);
    let comparison =
        media::compare(&file(&arguments.expected, &expected), &file(&arguments.actual, &actual), &Tolerance::default());
    if context.printer.format == Format::Json {
        context.printer.json(&json!({
            "same": comparison.same,
            "kind": comparison.kind.key(),
            "measurements": comparison.metrics.iter().map(measurement).collect::<Vec<_>>(),
            "remarks": comparison.remarks,
        }))?;
    } else {
        let word = if comparison.same { "same" } else { "different" };
        context.printer.result(&format!("{word} ({})", comparison.kind));
        for Measurement { name, value, .. } in &comparison.metrics {
            context.printer.result(&format!("  {name}: {value}"));
        }
        for remark in &comparison.remarks {
            context.printer.result(&format!("  {remark}"));
        }
    }
    Ok(if comparison.same { Verdict::Passed } else { Verdict::Failed })
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let failed = || format!("failed to read {}", path.display());
    let size = fs::metadata(path).with_context(failed)?.len();
    anyhow::ensure!(size <= MOST_BYTES, "{} is larger than {} MiB", path.display(), MOST_BYTES / 1024 / 1024);
    fs::read(path).with_context(failed)
}

fn file<'a>(path: &'a Path, bytes: &'a [u8]) -> MediaFile<'a> {
    MediaFile { bytes, media_type: None, name: path.to_str().unwrap_or_default() }
}
