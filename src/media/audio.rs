//! Sound, by what is heard: duration, channels, loudness over time and how fast the wave swings.

use std::io::Cursor;

use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

use crate::media::{Comparison, MediaFile, MediaKind, Tolerance, extension};

/// Samples of all channels that are decoded: about half an hour in stereo.
const SAMPLE_LIMIT: usize = 200_000_000;

/// The pieces in which loudness is measured, per second.
const PIECES_PER_SECOND: u32 = 20;

/// Below this loudness, of a full scale of 1, nothing is heard: -80 dB.
const SILENCE: f64 = 1e-4;

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
    /// Whether the decoder stumbled, or the sound was too long to be decoded whole.
    pub is_incomplete: bool,
    /// Loudness of each piece of a twentieth of a second.
    envelope: Vec<f64>,
    /// Sign changes per sample of each piece: twice the frequency of a pure tone over the sample rate.
    crossings: Vec<f64>,
}

impl AudioFacts {
    /// Whether nothing can be heard.
    pub fn is_silent(&self) -> bool {
        self.peak < SILENCE
    }
}

/// Measures a sound; the error says why it cannot be decoded.
pub fn audio_facts(file: &MediaFile<'_>) -> Result<AudioFacts, String> {
    if file.bytes.is_empty() {
        return Err("the file is empty".to_owned());
    }
    let say = |error: Error| error.to_string();
    let stream = MediaSourceStream::new(Box::new(Cursor::new(file.bytes.to_vec())), Default::default());
    let mut hint = Hint::new();
    hint.with_extension(&extension(file));
    let mut format =
        symphonia::default::get_probe().probe(&hint, stream, FormatOptions::default(), MetadataOptions::default()).map_err(say)?;
    let track = format.default_track(TrackType::Audio).ok_or("it has no sound track")?;
    let parameters = track.codec_params.as_ref().and_then(|parameters| parameters.audio()).ok_or("its codec is not known")?;
    let mut decoder =
        symphonia::default::get_codecs().make_audio_decoder(parameters, &AudioDecoderOptions::default()).map_err(say)?;
    let track_id = track.id;
    let mut meter = Meter::default();
    let mut samples: Vec<f32> = Vec::new();
    loop {
        let packet = match format.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => break,
            Err(_) => {
                meter.is_incomplete = true;
                break;
            }
        };
        if packet.track_id != track_id {
            continue;
        }
        match decoder.decode(&packet) {
            Ok(buffer) => {
                let (rate, channels) = (buffer.spec().rate(), buffer.spec().channels().count());
                samples.resize(buffer.samples_interleaved(), 0.0);
                buffer.copy_to_slice_interleaved(&mut samples);
                if !meter.take(&samples, rate, channels) {
                    break;
                }
            }
            Err(Error::DecodeError(_)) => meter.is_incomplete = true,
            Err(error) => return Err(say(error)),
        }
    }
    meter.facts().ok_or_else(|| "it holds no sound".to_owned())
}

#[derive(Default)]
struct Meter {
    rate: u32,
    channels: usize,
    frames: usize,
    squares: f64,
    peak: f64,
    is_incomplete: bool,
    piece_squares: f64,
    piece_frames: u32,
    piece_crossings: u32,
    was_negative: bool,
    envelope: Vec<f64>,
    crossings: Vec<f64>,
}

impl Meter {
    /// Takes samples of all channels in turn; false when that is enough.
    fn take(&mut self, samples: &[f32], rate: u32, channels: usize) -> bool {
        if rate == 0 || channels == 0 {
            return true;
        }
        if self.rate == 0 {
            (self.rate, self.channels) = (rate, channels);
        }
        let piece = (self.rate / PIECES_PER_SECOND).max(1);
        for frame in samples.chunks_exact(channels) {
            let mut mixed = 0.0;
            for sample in frame {
                let sample = if sample.is_finite() { f64::from(*sample) } else { 0.0 };
                self.peak = self.peak.max(sample.abs());
                mixed += sample;
            }
            mixed /= channels as f64;
            self.squares += mixed * mixed;
            self.piece_squares += mixed * mixed;
            let is_negative = mixed < 0.0;
            self.piece_crossings += u32::from(is_negative != self.was_negative);
            self.was_negative = is_negative;
            self.frames += 1;
            self.piece_frames += 1;
            if self.piece_frames == piece {
                self.close_piece();
            }
        }
        if self.frames.saturating_mul(channels) > SAMPLE_LIMIT {
            self.is_incomplete = true;
            return false;
        }
        true
    }

    fn close_piece(&mut self) {
        if self.piece_frames > 0 {
            self.envelope.push((self.piece_squares / f64::from(self.piece_frames)).sqrt());
            self.crossings.push(f64::from(self.piece_crossings) / f64::from(self.piece_frames));
        }
        (self.piece_squares, self.piece_frames, self.piece_crossings) = (0.0, 0, 0);
    }

    fn facts(mut self) -> Option<AudioFacts> {
        if self.frames == 0 || self.rate == 0 {
            return None;
        }
        self.close_piece();
        Some(AudioFacts {
            duration_secs: self.frames as f64 / f64::from(self.rate),
            sample_rate: self.rate,
            channels: u32::try_from(self.channels).unwrap_or(u32::MAX),
            loudness: (self.squares / self.frames as f64).sqrt(),
            peak: self.peak,
            is_incomplete: self.is_incomplete,
            envelope: self.envelope,
            crossings: self.crossings,
        })
    }
}

/// Mean difference of two series, the shorter one continued with zeros.
fn mean_difference(left: &[f64], right: &[f64]) -> f64 {
    let length = left.len().max(right.len());
    if length == 0 {
        return 0.0;
    }
    let at = |series: &[f64], index: usize| series.get(index).copied().unwrap_or_default();
    (0..length).map(|index| (at(left, index) - at(right, index)).abs()).sum::<f64>() / length as f64
}

/// Compares sounds.
pub(super) fn compare_files(left: &MediaFile<'_>, right: &MediaFile<'_>, tolerance: &Tolerance) -> Comparison {
    let (one, two) = match (audio_facts(left), audio_facts(right)) {
        (Ok(one), Ok(two)) => (one, two),
        (Err(error), Err(_)) if left.bytes == right.bytes => {
            return Comparison::new(MediaKind::Audio, true).remark(format!("the bytes are equal, but not decoded: {error}"));
        }
        (Err(error), _) => return broken("first", &error),
        (_, Err(error)) => return broken("second", &error),
    };
    let loudness = mean_difference(&one.envelope, &two.envelope);
    let crossings = mean_difference(&one.crossings, &two.crossings);
    let duration = (one.duration_secs - two.duration_secs).abs();
    let comparison = Comparison::new(MediaKind::Audio, true)
        .metric("duration_secs", one.duration_secs)
        .at_most("duration_difference_secs", duration, tolerance.duration_secs)
        .metric("loudness", one.loudness)
        .at_most("loudness_difference", loudness, tolerance.loudness)
        .metric("crossing_rate_difference", crossings);
    let mut reasons = Vec::new();
    if one.channels != two.channels {
        reasons.push(format!("one has {} channels, the other {}", one.channels, two.channels));
    }
    if one.sample_rate != two.sample_rate {
        reasons.push(format!("one has {} samples per second, the other {}", one.sample_rate, two.sample_rate));
    }
    if duration > tolerance.duration_secs {
        reasons.push(format!("one lasts {:.2} s, the other {:.2} s", one.duration_secs, two.duration_secs));
    }
    if loudness > tolerance.loudness {
        reasons.push(format!("the loudness over time differs by {loudness:.3} on average, above {:.3}", tolerance.loudness));
    }
    // Noise has random crossings where it is all but silent: what is hardly heard does not count.
    let heard = one.loudness > SILENCE * 10.0 && two.loudness > SILENCE * 10.0;
    if heard && crossings > tolerance.loudness {
        reasons.push(format!("the pitch differs: {crossings:.3} sign changes per sample on average"));
    }
    Comparison { same: reasons.is_empty(), remarks: reasons, ..comparison }
}

fn broken(which: &str, error: &str) -> Comparison {
    Comparison::new(MediaKind::Audio, false).remark(format!("the {which} cannot be decoded: {error}"))
}
