//! Spectra of audio over time, in semitone bands.
//!
//! Forty times a second, a window of a tenth of a second is split into semitones from 40 Hz to 20 kHz. The bands follow pitch, not the
//! sample rate, so resampled audio has the same bands. Energy between two bands is shared by both, so a tone that is off by a few cents
//! changes little.

use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

/// Spectra per second.
const PER_SECOND: u32 = 40;

/// A window is this fraction of a second.
const WINDOWS_PER_SECOND: u32 = 10;

/// The lowest band, and the number of bands: nine octaves.
const LOWEST_HZ: f64 = 40.0;
const BANDS: usize = 108;

/// Higher sample rates are rejected: the window length, and so the memory, would be the file author's choice.
const RATE_LIMIT: u32 = 1_000_000;

/// Inaudible amplitude that is added to every band, so that dither in one file and silence in the other count as the same.
const INAUDIBLE: f64 = 1e-4;

/// A sequence of spectra: the amplitude of each band and the loudness of each window.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Spectra {
    /// `BANDS` values per spectrum.
    bands: Vec<f32>,
    loudness: Vec<f32>,
}

impl Spectra {
    fn len(&self) -> usize {
        self.loudness.len()
    }

    /// Whether nothing was analyzed, because of an implausible sample rate.
    pub(super) fn is_empty(&self) -> bool {
        self.loudness.is_empty()
    }

    /// The amplitudes of the bands at each moment, from low to high.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.bands.chunks_exact(BANDS)
    }

    fn at(&self, number: usize) -> Option<(&[f32], f32)> {
        Some((self.bands.get(number * BANDS..(number + 1) * BANDS)?, *self.loudness.get(number)?))
    }
}

/// Computes spectra while samples arrive.
pub(super) struct Spectrum {
    transform: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    /// For each bin of the transform: the lower of its two bands, and the share of the upper one.
    bands_of_bins: Vec<Option<(usize, f32)>>,
    hop: usize,
    pending: Vec<f32>,
    input: Vec<f32>,
    bins: Vec<Complex<f32>>,
    spectra: Spectra,
}

impl Spectrum {
    /// `None` for an implausible sample rate.
    pub(super) fn new(rate: u32) -> Option<Self> {
        if !(WINDOWS_PER_SECOND * 8..=RATE_LIMIT).contains(&rate) {
            return None;
        }
        let length = (rate / WINDOWS_PER_SECOND) as usize;
        let transform = RealFftPlanner::<f32>::new().plan_fft_forward(length);
        let radians_per_sample = std::f64::consts::TAU / length as f64;
        let window: Vec<f32> = (0..length).map(|at| (0.5 - 0.5 * (radians_per_sample * at as f64).cos()) as f32).collect();
        let bands_of_bin = |bin: usize| {
            let pitch = (bin as f64 * f64::from(rate) / length as f64 / LOWEST_HZ).log2() * 12.0;
            (pitch >= 0.0 && pitch < (BANDS - 1) as f64).then(|| (pitch as usize, pitch.fract() as f32))
        };
        let bands_of_bins = (0..=length / 2).map(bands_of_bin).collect();
        let (input, bins) = (transform.make_input_vec(), transform.make_output_vec());
        let hop = (rate / PER_SECOND).max(1) as usize;
        Some(Self { transform, window, bands_of_bins, hop, pending: Vec::new(), input, bins, spectra: Spectra::default() })
    }

    pub(super) fn take(&mut self, samples: &[f32]) {
        self.pending.extend_from_slice(samples);
        let mut start = 0;
        while self.pending.len() - start >= self.window.len() {
            self.transform_window(start);
            start += self.hop;
        }
        self.pending.drain(..start.min(self.pending.len()));
    }

    /// Pads the remaining samples with silence.
    pub(super) fn finish(mut self) -> Spectra {
        if self.spectra.is_empty() || self.pending.len() > self.hop {
            self.pending.resize(self.window.len().max(self.pending.len()), 0.0);
            self.transform_window(0);
        }
        self.spectra
    }

    fn transform_window(&mut self, start: usize) {
        let samples = &self.pending[start..start + self.window.len()];
        let mut squares = 0.0_f64;
        for ((input, sample), weight) in self.input.iter_mut().zip(samples).zip(&self.window) {
            squares += f64::from(*sample) * f64::from(*sample);
            *input = sample * weight;
        }
        let mut bands = [0.0_f32; BANDS];
        // Cannot fail, because the buffers have the transform's own lengths. The window would count as silent.
        if self.transform.process(&mut self.input, &mut self.bins).is_ok() {
            for (bin, bands_of_bin) in self.bins.iter().zip(&self.bands_of_bins) {
                let Some((band, share)) = bands_of_bin else { continue };
                let energy = bin.norm_sqr();
                bands[*band] += energy * (1.0 - share);
                bands[*band + 1] += energy * share;
            }
        }
        // A full-scale tone gives about 1, whatever the sample rate.
        let scale = 4.0 / self.window.len() as f32;
        self.spectra.bands.extend(bands.iter().map(|energy| energy.sqrt() * scale));
        self.spectra.loudness.push((squares / self.window.len() as f64).sqrt() as f32);
    }
}

/// How two audio files differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Distance {
    /// Share of the amplitudes that they do not have in common: 0 to 1.
    pub(super) spectral: f64,
    /// Mean difference in loudness over time, where full scale is 1.
    pub(super) loudness: f64,
    /// Delay of the second relative to the first at the best alignment.
    pub(super) shift_secs: f64,
}

/// Compares two audio files at their best alignment, searching `search_secs` in both directions. Only a clearly better alignment counts as
/// a shift, because a steady tone fits anywhere.
pub(super) fn distance(left: &Spectra, right: &Spectra, search_secs: f64) -> Distance {
    let reach = (search_secs * f64::from(PER_SECOND)).round() as usize;
    let mut best = at_shift(left, right, 0);
    for shift in (1..=reach as isize).flat_map(|shift| [shift, -shift]) {
        let found = at_shift(left, right, shift);
        if found.spectral < best.spectral * 0.9 - 1e-3 {
            best = found;
        }
    }
    best
}

fn at_shift(left: &Spectra, right: &Spectra, shift: isize) -> Distance {
    let (mut apart, mut whole, mut loudness, mut count) = (0.0_f64, 0.0_f64, 0.0_f64, 0_usize);
    let silence = [0.0_f32; BANDS];
    let length = left.len().max(right.len());
    for number in 0..length {
        let one = left.at(number);
        let two = number.checked_add_signed(shift).and_then(|number| right.at(number));
        // The ends of shifted audio have no counterpart, which is not a difference. The rest of a longer file is compared with silence.
        let is_end = number.checked_add_signed(shift).is_none() || number + shift.unsigned_abs() >= length;
        if (one.is_none() && two.is_none()) || (shift != 0 && is_end) {
            continue;
        }
        let (one, two) = (one.unwrap_or((&silence, 0.0)), two.unwrap_or((&silence, 0.0)));
        for (one, two) in one.0.iter().zip(two.0) {
            let (one, two) = (f64::from(*one), f64::from(*two));
            apart += (one - two).abs();
            whole += one + two;
        }
        loudness += f64::from((one.1 - two.1).abs());
        count += 1;
    }
    let count = count.max(1) as f64;
    Distance {
        spectral: apart / (whole + INAUDIBLE * BANDS as f64 * count).max(f64::MIN_POSITIVE),
        loudness: loudness / count,
        shift_secs: shift as f64 / f64::from(PER_SECOND),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f64, rate: u32, volume: f64) -> Spectra {
        let mut spectrum = Spectrum::new(rate).unwrap();
        let samples: Vec<f32> =
            (0..rate).map(|at| ((f64::from(at) / f64::from(rate) * hz * std::f64::consts::TAU).sin() * volume) as f32).collect();
        samples.chunks(1000).for_each(|some| spectrum.take(some));
        spectrum.finish()
    }

    #[test]
    fn tones_differ_by_pitch_and_not_by_sample_rate() {
        let original = tone(440.0, 44_100, 0.5);
        let apart = |other: &Spectra| distance(&original, other, 0.1).spectral;
        assert!(apart(&tone(440.0, 44_100, 0.5)) < 1e-9);
        assert!(apart(&tone(440.0, 16_000, 0.5)) < 0.05, "{}", apart(&tone(440.0, 16_000, 0.5)));
        assert!(apart(&tone(441.0, 44_100, 0.5)) < 0.2, "{}", apart(&tone(441.0, 44_100, 0.5)));
        assert!(apart(&tone(466.2, 44_100, 0.5)) > 0.3, "{}", apart(&tone(466.2, 44_100, 0.5)));
        assert!(apart(&tone(880.0, 44_100, 0.5)) > 0.8, "{}", apart(&tone(880.0, 44_100, 0.5)));
        assert!(apart(&tone(440.0, 44_100, 0.0)) > 0.5, "{}", apart(&tone(440.0, 44_100, 0.0)));
    }

    #[test]
    fn inaudible_noise_is_not_a_difference() {
        let found = distance(&tone(440.0, 16_000, 1e-5), &tone(440.0, 16_000, 0.0), 0.1);
        assert!(found.spectral < 0.05, "{found:?}");
    }

    #[test]
    fn implausible_sample_rates_are_rejected() {
        assert!(Spectrum::new(1).is_none());
        assert!(Spectrum::new(u32::MAX).is_none());
        assert!(Spectrum::new(8000).is_some());
    }
}
