//! Measures audio while it is decoded, without keeping the samples.

use super::spectrum::{Spectra, Spectrum};

/// Samples of all channels that are measured: over half an hour of stereo at 48 kHz.
const SAMPLE_LIMIT: usize = 200_000_000;

/// Seconds that are measured.
const SECONDS_LIMIT: usize = 1800;

/// A sample at or above this level, where full scale is 1, may have been clipped.
const FULL_SCALE: f64 = 0.998;

/// This many full-scale samples in a row are a clipped wave. A loud wave touches full scale for one or two.
const CLIPPED_RUN: u32 = 4;

#[derive(Default)]
pub(super) struct Meter {
    pub(super) rate: u32,
    pub(super) channels: usize,
    pub(super) frames: usize,
    pub(super) peak: f64,
    /// Whether the audio is longer than the measured part.
    pub(super) is_cut: bool,
    squares: f64,
    clipped: u64,
    full_run: u32,
    mixed: Vec<f32>,
    spectrum: Option<Spectrum>,
    with_spectrum: bool,
}

impl Meter {
    pub(super) fn new(with_spectrum: bool) -> Self {
        Self { with_spectrum, ..Self::default() }
    }

    /// Takes interleaved samples. Returns false once enough has been measured.
    pub(super) fn take(&mut self, samples: &[f32], rate: u32, channels: usize) -> bool {
        if rate == 0 || channels == 0 {
            return true;
        }
        if self.rate == 0 {
            (self.rate, self.channels) = (rate, channels);
            self.spectrum = self.with_spectrum.then(|| Spectrum::new(rate)).flatten();
        }
        self.mixed.clear();
        for frame in samples.chunks_exact(channels) {
            let (mut mixed, mut loudest) = (0.0, 0.0_f64);
            for sample in frame {
                let sample = if sample.is_finite() { f64::from(*sample) } else { 0.0 };
                loudest = loudest.max(sample.abs());
                mixed += sample;
            }
            mixed /= channels as f64;
            self.peak = self.peak.max(loudest);
            self.squares += mixed * mixed;
            self.count_clipping(loudest);
            self.mixed.push(mixed as f32);
        }
        self.frames += self.mixed.len();
        if let Some(spectrum) = &mut self.spectrum {
            spectrum.take(&self.mixed);
        }
        self.is_cut =
            self.frames.saturating_mul(channels) > SAMPLE_LIMIT || self.frames / self.rate.max(1) as usize > SECONDS_LIMIT;
        !self.is_cut
    }

    fn count_clipping(&mut self, loudest: f64) {
        if loudest < FULL_SCALE {
            self.full_run = 0;
            return;
        }
        self.full_run += 1;
        self.clipped += match self.full_run {
            CLIPPED_RUN => u64::from(CLIPPED_RUN),
            run if run > CLIPPED_RUN => 1,
            _ => 0,
        };
    }

    /// Root mean square of all samples, where full scale is 1.
    pub(super) fn loudness(&self) -> f64 {
        (self.squares / self.frames.max(1) as f64).sqrt()
    }

    pub(super) fn clipped_percent(&self) -> f64 {
        100.0 * self.clipped as f64 / self.frames.max(1) as f64
    }

    pub(super) fn spectra(self) -> Spectra {
        self.spectrum.map(Spectrum::finish).unwrap_or_default()
    }
}
