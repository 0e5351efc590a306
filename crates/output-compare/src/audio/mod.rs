//! Sound, by what is heard: duration, channels, loudness and pitch over time, clipping.
//!
//! The sample rate does not matter. Sound that comes earlier or later by up to a twentieth of a second counts as the same; so far a listener
//! does not notice.

mod decode;
mod meter;
mod spectrum;

pub(super) use decode::open;
use meter::Meter;
use spectrum::{Spectra, distance};

use crate::{Comparison, MediaFile, MediaKind, Tolerance};

/// Below this loudness, of a full scale of 1, nothing is heard: -80 dB.
const SILENCE: f64 = 1e-4;

/// How far a shift is looked for. One that is found must still be within the tolerance.
const SHIFT_SEARCH_SECS: f64 = 0.2;

/// Less than this share of a sound that a file says it has: it is truncated. Encoders pad a little.
const WHOLE_SHARE: f64 = 0.99;

/// What is known of a sound without comparing it.
#[derive(Debug, Clone, PartialEq)]
pub struct AudioFacts {
    /// How long it is.
    pub duration_secs: f64,
    /// Samples per second of one channel.
    pub sample_rate: u32,
    /// Channels.
    pub channels: u32,
    /// Root mean square over all, where full scale is 1.
    pub loudness: f64,
    /// The greatest sample.
    pub peak: f64,
    /// Percent of the samples that lie in the flat top of a wave that was cut off.
    pub clipped_percent: f64,
    /// Why it is not whole, if it is not: damaged, or shorter than the file says.
    pub incomplete: Option<String>,
    /// Whether it is longer than what was listened to.
    pub is_cut: bool,
}

impl AudioFacts {
    /// Whether nothing can be heard.
    pub fn is_silent(&self) -> bool {
        self.peak < SILENCE
    }
}

/// Measures a sound; the error says why it cannot be decoded.
pub fn audio_facts(file: &MediaFile<'_>) -> Result<AudioFacts, String> {
    listen(file, false).map(|(facts, _)| facts)
}

fn listen(file: &MediaFile<'_>, wants_spectra: bool) -> Result<(AudioFacts, Spectra), String> {
    let mut meter = Meter::new(wants_spectra);
    let ending = decode::decode(file, &mut |samples, rate, channels| meter.take(samples, rate, channels))?;
    if meter.frames == 0 || meter.rate == 0 {
        return Err(ending.stumble.unwrap_or_else(|| "it holds no sound".to_owned()));
    }
    let heard = meter.frames as f64;
    let missing = ending.declared_frames.filter(|declared| heard < *declared as f64 * WHOLE_SHARE).map(|declared| {
        let seconds = |frames: f64| frames / f64::from(meter.rate);
        format!("it says {:.2} s, and holds {:.2} s", seconds(declared as f64), seconds(heard))
    });
    let facts = AudioFacts {
        duration_secs: heard / f64::from(meter.rate),
        sample_rate: meter.rate,
        channels: u32::try_from(meter.channels).unwrap_or(u32::MAX),
        loudness: meter.loudness(),
        peak: meter.peak,
        clipped_percent: meter.clipped_percent(),
        incomplete: missing.or(ending.stumble),
        is_cut: meter.is_cut,
    };
    Ok((facts, meter.spectra()))
}

/// Compares sounds.
pub(super) fn compare_files(left: &MediaFile<'_>, right: &MediaFile<'_>, tolerance: &Tolerance) -> Comparison {
    let ((one, one_spectra), (two, two_spectra)) = match (listen(left, true), listen(right, true)) {
        (Ok(one), Ok(two)) => (one, two),
        (Err(error), Err(_)) if left.bytes == right.bytes => {
            return Comparison::new(MediaKind::Audio, true).remark(format!("the bytes are equal, but not decoded: {error}"));
        }
        (Err(error), _) => return broken("first", &error),
        (_, Err(error)) => return broken("second", &error),
    };
    let found = distance(&one_spectra, &two_spectra, SHIFT_SEARCH_SECS);
    let duration = (one.duration_secs - two.duration_secs).abs();
    let channels = f64::from(one.channels.abs_diff(two.channels));
    let clipped = (two.clipped_percent - one.clipped_percent).abs();
    let shift = found.shift_secs.abs();
    let mut comparison = Comparison::new(MediaKind::Audio, true)
        .metric("duration_secs", one.duration_secs)
        .at_most("duration_difference_secs", duration, tolerance.duration_difference_secs)
        .at_most("channel_difference", channels, 0.0)
        .metric("loudness", one.loudness)
        .at_most("loudness_difference", found.loudness, tolerance.loudness_difference)
        .at_most("spectral_distance", found.spectral, tolerance.spectral_distance)
        .at_most("shift_secs", shift, tolerance.shift_secs)
        .at_most("clipped_percent_difference", clipped, tolerance.clipped_percent_difference)
        .metric("sample_rate", f64::from(one.sample_rate))
        .metric("other_sample_rate", f64::from(two.sample_rate));
    if one.channels != two.channels {
        comparison = comparison.differs(format!("one has {} channels, the other {}", one.channels, two.channels));
    }
    if duration > tolerance.duration_difference_secs {
        comparison = comparison.differs(format!("one lasts {:.2} s, the other {:.2} s", one.duration_secs, two.duration_secs));
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
            comparison.differs(format!("the sound differs: the spectral distance is {:.3}, above {limit:.3}", found.spectral));
    }
    if shift > tolerance.shift_secs {
        let word = if found.shift_secs > 0.0 { "later" } else { "earlier" };
        comparison = comparison.differs(format!("the second comes {shift:.3} s {word}"));
    }
    if clipped > tolerance.clipped_percent_difference {
        let (one, two) = (one.clipped_percent, two.clipped_percent);
        comparison = comparison.differs(format!("{one:.1} % of one is clipped, {two:.1} % of the other"));
    }
    match (&one.incomplete, &two.incomplete) {
        (None, Some(why)) => comparison = comparison.differs(format!("the second is not whole: {why}")),
        (Some(why), None) => comparison = comparison.differs(format!("the first is not whole: {why}")),
        _ => {}
    }
    if one.is_cut || two.is_cut {
        comparison = comparison.remark("only the beginning was listened to, for it is very long");
    }
    comparison
}

fn broken(which: &str, error: &str) -> Comparison {
    Comparison::new(MediaKind::Audio, false).remark(format!("the {which} cannot be decoded: {error}"))
}
