//! Compares the image that was staged with that of the live version.

use cog_findings::text::shorten;
use cog_findings::{Finding, Severity};
use futures::future::try_join;

use crate::clients::registry::RegistryWriter;
use crate::domain::before_after::{Aspect, BeforeAfter, Trend};
use crate::domain::identity::VersionRef;
use crate::pipeline::grace::at_once;
use crate::pipeline::record::ModelRecord;
use crate::pipeline::stop::Stop;
use crate::publish::{ImageWeight, LayerWeight, weigh};
use crate::verify::rules::IMAGE_LARGER;

/// Growth that is worth a note, and growth that is worth a warning.
const NOTED: f64 = 1.05;
const WARNED: f64 = 1.25;

/// Growth by fewer bytes is only noted.
const WARNED_BYTES: u64 = 1_000_000_000;

/// Steps that a finding names.
const STEPS: usize = 3;

/// Reports the sizes of both images. A registry that does not answer leaves them unknown: nothing depends on them.
pub(super) async fn weigh_images(
    record: &mut ModelRecord<'_>,
    staged: &VersionRef,
    live: &VersionRef,
    writer: &dyn RegistryWriter,
) -> Result<(), Stop> {
    let asking = async { Ok::<_, Stop>(try_join(weigh(live, writer), weigh(staged, writer)).await) };
    let weights = match at_once(asking, record.context.cancelled).await? {
        Ok((Some(before), Some(after))) => Some((before, after)),
        Ok(_) => None,
        Err(error) => {
            tracing::debug!(%error, "the sizes of the images are unknown");
            None
        }
    };
    let Some((before, after)) = weights else { return Ok(()) };
    let limit = record.model.plan.predict.regressions.image_size;
    let finding = judge(&before, &after, limit);
    let trend = if finding.is_some() { Trend::Worse } else { Trend::Alike };
    let sizes = (before.size_bytes() as f64, after.size_bytes() as f64);
    let entry = |aspect, before, after, trend| BeforeAfter { aspect, before: Some(before), after: Some(after), trend, note: None };
    record.report.before_after.push(entry(Aspect::ImageSize, sizes.0, sizes.1, trend));
    let layers = (before.layers.len() as f64, after.layers.len() as f64);
    record.report.before_after.push(entry(Aspect::Layers, layers.0, layers.1, Trend::NotJudged));
    record.found_under_policy(finding.into_iter().collect());
    Ok(())
}

fn judge(before: &ImageWeight, after: &ImageWeight, limit: Option<f64>) -> Option<Finding> {
    let (old, new) = (before.size_bytes(), after.size_bytes());
    if old == 0 || new <= old {
        return None;
    }
    let ratio = new as f64 / old as f64;
    let reaches_limit = limit.is_some_and(|limit| ratio >= limit);
    if ratio < NOTED && !reaches_limit {
        return None;
    }
    let message = format!("the image is {ratio:.2}× as large as that of the live version: {} → {}", gigabytes(old), gigabytes(new));
    let steps: Vec<String> = after.largest_new(before, STEPS).into_iter().map(described).collect();
    let mut finding = Finding::new(&IMAGE_LARGER, message);
    if !steps.is_empty() {
        finding = finding.detail("largest new layers", steps.join("; "));
    }
    Some(if reaches_limit {
        finding
            .with_severity(Severity::Error)
            .hint("leave out what predictions do not need, or raise regressions.image_size in .safe-push.yaml")
    } else if ratio >= WARNED && new - old >= WARNED_BYTES {
        finding
    } else {
        finding.with_severity(Severity::Note)
    })
}

fn described(layer: &LayerWeight) -> String {
    let step = layer.step.as_deref().map_or_else(|| "unknown step".to_owned(), |step| shorten(step.trim(), 120));
    format!("{} {step}", gigabytes(layer.size_bytes))
}

fn gigabytes(bytes: u64) -> String {
    let amount = bytes as f64;
    if bytes >= 100_000_000 { format!("{:.2} GB", amount / 1e9) } else { format!("{:.1} MB", amount / 1e6) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(layers: &[u64]) -> ImageWeight {
        let layer = |(number, size): (usize, &u64)| LayerWeight {
            digest: format!("{number}:{size}"),
            size_bytes: *size,
            step: Some(format!("RUN step {number}")),
        };
        ImageWeight { layers: layers.iter().enumerate().map(layer).collect() }
    }

    #[test]
    fn growth_is_noted_warned_of_or_an_error() {
        const MB: u64 = 1_000_000;
        for (before, after, limit, wanted) in [
            (100 * MB, 104 * MB, None, None),
            (100 * MB, 90 * MB, Some(1.01), None),
            (100 * MB, 106 * MB, None, Some(Severity::Note)),
            (100 * MB, 900 * MB, None, Some(Severity::Note)),
            (4000 * MB, 4900 * MB, None, Some(Severity::Note)),
            (4000 * MB, 5200 * MB, None, Some(Severity::Warning)),
            (4000 * MB, 4900 * MB, Some(1.2), Some(Severity::Error)),
            (4000 * MB, 4100 * MB, Some(1.02), Some(Severity::Error)),
        ] {
            let found = judge(&image(&[before]), &image(&[after]), limit);
            assert_eq!(found.map(|finding| finding.severity), wanted, "{before} {after} {limit:?}");
        }
    }

    #[test]
    fn the_largest_new_steps_are_named() {
        let found = judge(&image(&[1_000_000_000, 5]), &image(&[1_000_000_000, 20_000_000, 3_000_000_000]), None).unwrap();
        assert_eq!(found.message, "the image is 4.02× as large as that of the live version: 1.00 GB → 4.02 GB");
        assert_eq!(found.details[0].1, "3.00 GB RUN step 2; 20.0 MB RUN step 1");
    }
}
