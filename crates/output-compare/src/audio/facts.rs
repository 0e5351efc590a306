//! Measurements of one audio file.

use super::decode::decode;
use super::meter::Meter;
use super::spectrum::Spectra;
use crate::{DecodeError, MediaFile};

/// A peak below this level, where full scale is 1, is inaudible: -80 dB.
const SILENCE: f64 = 1e-4;

/// A file that holds less than this share of the samples that it declares is truncated. Encoders pad a little.
const COMPLETE_SHARE: f64 = 0.99;

/// Measurements of one audio file.
#[derive(Debug, Clone, PartialEq)]
pub struct AudioFacts {
    /// Length in seconds, of the whole file.
    pub duration_secs: f64,
    /// Samples per second of one channel.
    pub sample_rate: u32,
    /// Number of channels.
    pub channels: u32,
    /// Root mean square over what was measured, where full scale is 1.
    pub loudness: f64,
    /// The greatest absolute sample value, where full scale is 1.
    pub peak: f64,
    /// Percentage of samples in the flat top of a clipped wave.
    pub clipped_percent: f64,
    /// Why the file is incomplete, if it is: damaged, or shorter than it declares.
    pub incomplete: Option<String>,
    /// Whether only the first part was measured, because the file is very long.
    pub is_cut: bool,
}

impl AudioFacts {
    /// Whether every sample is below -80 dB.
    pub fn is_silent(&self) -> bool {
        self.peak < SILENCE
    }
}

/// Decodes and measures an audio file.
pub fn audio_facts(file: &MediaFile<'_>) -> Result<AudioFacts, DecodeError> {
    measure(file, false).map(|(facts, _)| facts)
}

/// Measures an audio file. The spectra are empty unless requested.
pub(super) fn measure(file: &MediaFile<'_>, with_spectra: bool) -> Result<(AudioFacts, Spectra), DecodeError> {
    let mut meter = Meter::new(with_spectra);
    let decoded = decode(file, &mut |samples, rate, channels| meter.take(samples, rate, channels))?;
    if meter.frames == 0 || meter.rate == 0 {
        return Err(DecodeError::Broken(decoded.error.unwrap_or_else(|| "it has no audio samples".to_owned())));
    }
    let rate = f64::from(meter.rate);
    let frames = meter.frames as f64 + decoded.rest_secs * rate;
    let missing = decoded.declared_frames.map(|declared| declared as f64).filter(|declared| frames < declared * COMPLETE_SHARE);
    let missing = missing.map(|declared| format!("it declares {:.2} s but holds {:.2} s", declared / rate, frames / rate));
    let facts = AudioFacts {
        duration_secs: frames / rate,
        sample_rate: meter.rate,
        channels: u32::try_from(meter.channels).unwrap_or(u32::MAX),
        loudness: meter.loudness(),
        peak: meter.peak,
        clipped_percent: meter.clipped_percent(),
        incomplete: missing.or(decoded.error),
        is_cut: meter.is_cut,
    };
    Ok((facts, meter.spectra()))
}
