//! How much of each pitch there is, over time.
//!
//! Forty times a second, a tenth of a second is taken apart into semitones from 40 Hz to 20 kHz. Bands are those of the ear and not of the
//! sample rate, so a resampled sound has the same ones. Neighbouring bands share what lies between them: a tone that is off by a few cents
//! does not jump.

use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

/// Spectra per second.
pub(super) const PER_SECOND: u32 = 40;

/// Parts of a second that one spectrum looks at.
const WINDOWS_PER_SECOND: u32 = 10;

/// The lowest band, and how many there are: nine octaves.
const LOWEST_HZ: f64 = 40.0;
const BANDS: usize = 108;

/// Rates beyond this are not those of sound; their windows would be as long as their author likes.
const RATE_LIMIT: u32 = 1_000_000;

/// Amplitude that nobody hears, in every band: the dither of one file is no difference to the silence of the other.
const HUSH: f64 = 1e-4;

/// What one spectrum holds: the amplitude of each band, and the loudness of its window.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Spectra {
    /// One after another.
    bands: Vec<f32>,
    loudness: Vec<f32>,
}

impl Spectra {
    fn len(&self) -> usize {
        self.loudness.len()
    }

    fn at(&self, number: usize) -> Option<(&[f32], f32)> {
        Some((self.bands.get(number * BANDS..(number + 1) * BANDS)?, *self.loudness.get(number)?))
    }
}

/// Takes sound apart while it comes.
pub(super) struct Spectrum {
    transform: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    /// For each bin: the lower of its two bands, and the share of the upper one.
    places: Vec<Option<(usize, f32)>>,
    hop: usize,
    waiting: Vec<f32>,
    input: Vec<f32>,
    bins: Vec<Complex<f32>>,
    found: Spectra,
}

impl Spectrum {
    /// `None` for a rate that no sound has.
    pub(super) fn new(rate: u32) -> Option<Self> {
        if !(WINDOWS_PER_SECOND * 8..=RATE_LIMIT).contains(&rate) {
            return None;
        }
        let length = (rate / WINDOWS_PER_SECOND) as usize;
        let transform = RealFftPlanner::<f32>::new().plan_fft_forward(length);
        let turn = std::f64::consts::TAU / length as f64;
        let window: Vec<f32> = (0..length).map(|at| (0.5 - 0.5 * (turn * at as f64).cos()) as f32).collect();
        let place = |bin: usize| {
            let pitch = (bin as f64 * f64::from(rate) / length as f64 / LOWEST_HZ).log2() * 12.0;
            (pitch >= 0.0 && pitch < (BANDS - 1) as f64).then(|| (pitch as usize, pitch.fract() as f32))
        };
        let places = (0..=length / 2).map(place).collect();
        let (input, bins) = (transform.make_input_vec(), transform.make_output_vec());
        let hop = (rate / PER_SECOND).max(1) as usize;
        Some(Self { transform, window, places, hop, waiting: Vec::new(), input, bins, found: Spectra::default() })
    }

    pub(super) fn take(&mut self, samples: &[f32]) {
        self.waiting.extend_from_slice(samples);
        let mut start = 0;
        while self.waiting.len() - start >= self.window.len() {
            self.look(start);
            start += self.hop;
        }
        self.waiting.drain(..start.min(self.waiting.len()));
    }

    /// What is left at the end is looked at as if silence followed.
    pub(super) fn finish(mut self) -> Spectra {
        if self.found.len() == 0 || self.waiting.len() > self.hop {
            self.waiting.resize(self.window.len().max(self.waiting.len()), 0.0);
            self.look(0);
        }
        self.found
    }

    fn look(&mut self, start: usize) {
        let samples = &self.waiting[start..start + self.window.len()];
        let mut squares = 0.0_f64;
        for ((input, sample), weight) in self.input.iter_mut().zip(samples).zip(&self.window) {
            squares += f64::from(*sample) * f64::from(*sample);
            *input = sample * weight;
        }
        let mut bands = [0.0_f32; BANDS];
        // The lengths are the transform's own, so it cannot fail; if it did, the window would count as silent.
        if self.transform.process(&mut self.input, &mut self.bins).is_ok() {
            for (bin, place) in self.bins.iter().zip(&self.places) {
                let Some((band, share)) = place else { continue };
                let energy = bin.norm_sqr();
                bands[*band] += energy * (1.0 - share);
                bands[*band + 1] += energy * share;
            }
        }
        // A tone of full scale gives about 1, whatever the rate.
        let scale = 4.0 / self.window.len() as f32;
        self.found.bands.extend(bands.iter().map(|energy| energy.sqrt() * scale));
        self.found.loudness.push((squares / self.window.len() as f64).sqrt() as f32);
    }
}

/// How two sounds differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Distance {
    /// Share of the amplitudes that the two do not have in common: 0 to 1.
    pub(super) spectral: f64,
    /// Mean difference of loudness over time, where full scale is 1.
    pub(super) loudness: f64,
    /// Seconds by which the second is later than the first, where they fit best.
    pub(super) shift_secs: f64,
}

/// Compares two sounds where they fit best, looking so far in both directions. A shift has to make it better by a good part to count: a
/// steady tone fits anywhere.
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
        // At the ends a shifted sound has no counterpart, and that is no difference; a longer one goes on alone.
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
        spectral: apart / (whole + HUSH * BANDS as f64 * count).max(f64::MIN_POSITIVE),
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
    fn tones_are_told_apart_by_their_pitch_and_not_by_their_rate() {
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
    fn what_nobody_hears_is_no_difference() {
        let found = distance(&tone(440.0, 16_000, 1e-5), &tone(440.0, 16_000, 0.0), 0.1);
        assert!(found.spectral < 0.05, "{found:?}");
    }

    #[test]
    fn rates_that_no_sound_has_are_not_taken_apart() {
        assert!(Spectrum::new(1).is_none());
        assert!(Spectrum::new(u32::MAX).is_none());
        assert!(Spectrum::new(8000).is_some());
    }
}
