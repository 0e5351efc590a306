//! Comparing two audio files.

use super::facts::measure;
use super::spectrum::distance;
use crate::decoded_pair::decoded_pair;
use crate::{Comparison, MediaFile, MediaKind, Tolerance};

/// How far a shift is searched for. A shift must still be within the tolerance.
const SHIFT_SEARCH_SECS: f64 = 0.2;

/// Compares two audio files. The sample rate does not matter.
pub(crate) fn compare_files(left: &MediaFile<'_>, right: &MediaFile<'_>, tolerance: &Tolerance) -> Comparison {
    let measured = (measure(left, true), measure(right, true));
    let ((one, one_spectra), (two, two_spectra)) = match decoded_pair(MediaKind::Audio, (left, right), measured) {
        Ok(pair) => pair,
        Err(comparison) => return *comparison,
    };
    let found = distance(&one_spectra, &two_spectra, SHIFT_SEARCH_SECS);
    let duration = (one.duration_secs - two.duration_secs).abs();
    let channels = f64::from(one.channels.abs_diff(two.channels));
    let clipped = (two.clipped_percent - one.clipped_percent).abs();
    let shift = found.shift_secs.abs();
    let mut comparison = Comparison::new(MediaKind::Audio, true)
        .measured("duration_secs", one.duration_secs)
        .at_most("duration_difference_secs", duration, tolerance.duration_difference_secs)
        .at_most("channel_difference", channels, 0.0)
        .measured("loudness", one.loudness)
        .at_most("loudness_difference", found.loudness, tolerance.loudness_difference)
        .at_most("spectral_distance", found.spectral, tolerance.spectral_distance)
        .at_most("shift_secs", shift, tolerance.shift_secs)
        .at_most("clipped_percent_difference", clipped, tolerance.clipped_percent_difference)
        .measured("sample_rate", f64::from(one.sample_rate))
        .measured("other_sample_rate", f64::from(two.sample_rate));
    if one.channels != two.channels {
        comparison = comparison.differs(format!("the first has {} channels, the second {}", one.channels, two.channels));
    }
    if duration > tolerance.duration_difference_secs {
        comparison =
            comparison.differs(format!("the first lasts {:.2} s, the second {:.2} s", one.duration_secs, two.duration_secs));
    }
    if one.is_silent() != two.is_silent() {
        let which = if two.is_silent() { "second" } else { "first" };
        comparison = comparison.differs(format!("the {which} is silent"));
    }
    if found.loudness > tolerance.loudness_difference {
        let limit = tolerance.loudness_difference;
        comparison =
            comparison.differs(format!("the loudness over time differs by {:.3} on average, above {limit:.3}", found.loudness));
    }
    if found.spectral > tolerance.spectral_distance {
        let limit = tolerance.spectral_distance;
        comparison =
            comparison.differs(format!("the audio differs: the spectral distance is {:.3}, above {limit:.3}", found.spectral));
    }
    if shift > tolerance.shift_secs {
        let direction = if found.shift_secs > 0.0 { "later" } else { "earlier" };
        comparison = comparison.differs(format!("the second starts {shift:.3} s {direction}"));
    }
    if clipped > tolerance.clipped_percent_difference {
        let (one, two) = (one.clipped_percent, two.clipped_percent);
        comparison = comparison.differs(format!("{one:.1}% of the first is clipped, {two:.1}% of the second"));
    }
    if one_spectra.is_empty() || two_spectra.is_empty() {
        let (rate, other) = (one.sample_rate, two.sample_rate);
        comparison =
            comparison.in_part(format!("pitch and loudness over time were not compared: sample rates of {rate} and {other} Hz"));
    }
    comparison = comparison.differs_if_one_is_incomplete(one.incomplete.as_deref(), two.incomplete.as_deref());
    if one.is_cut || two.is_cut {
        comparison = comparison.in_part("only the first half hour, or less of many channels, was compared");
    }
    comparison
}
