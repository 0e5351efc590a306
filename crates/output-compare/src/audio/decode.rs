//! Decoding audio, packet by packet.

use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error;
use symphonia::core::formats::TrackType;
use symphonia::core::packet::Packet;
use symphonia::core::units::{TimeBase, Timestamp};

use crate::container::open;
use crate::decode_guard::guarded;
use crate::{DecodeError, MediaFile};

/// How decoding finished.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Decoded {
    /// The error that stopped it early or spoiled a packet, if any: the file is damaged or truncated.
    pub(super) error: Option<String>,
    /// Samples per channel that the container declares.
    pub(super) declared_frames: Option<u64>,
    /// Length of what follows the decoded part, in seconds.
    pub(super) rest_secs: f64,
}

/// The length of packets that are counted but not decoded, in units of the track.
#[derive(Default)]
struct Rest {
    sum: u64,
    first: Option<i64>,
    end: i64,
}

impl Rest {
    fn take(&mut self, packet: &Packet) {
        let length = packet.dur.get();
        self.sum = self.sum.saturating_add(length);
        let start = packet.pts.get();
        self.first.get_or_insert(start);
        self.end = self.end.max(start.saturating_add(i64::try_from(length).unwrap_or(i64::MAX)));
    }

    /// The sum of the lengths, or if the container does not give them, the time from the first packet to the last.
    fn secs(&self, base: Option<TimeBase>, rate: u32) -> f64 {
        let Some(first) = self.first else { return 0.0 };
        let length = if self.sum > 0 { i64::try_from(self.sum).unwrap_or(i64::MAX) } else { self.end.saturating_sub(first) };
        let by_base = base.and_then(|base| base.calc_time(Timestamp::new(length))).map(|time| time.as_secs_f64());
        by_base.unwrap_or_else(|| length as f64 / f64::from(rate.max(1)))
    }
}

/// Decodes the first audio track. Passes interleaved samples, their rate and the number of channels to `take` until it returns false. The
/// packets after that are counted, not decoded.
pub(super) fn decode(file: &MediaFile<'_>, take: &mut dyn FnMut(&[f32], u32, usize) -> bool) -> Result<Decoded, DecodeError> {
    guarded(|| {
        let mut format = open(file)?;
        let track = format.default_track(TrackType::Audio).ok_or_else(|| DecodeError::broken("it has no audio track"))?;
        let parameters = track.codec_params.as_ref().and_then(|parameters| parameters.audio());
        let parameters = parameters.ok_or_else(|| DecodeError::broken("its codec is unknown"))?;
        let mut decoder = symphonia::default::get_codecs().make_audio_decoder(parameters, &AudioDecoderOptions::default())?;
        let (track_id, time_base) = (track.id, track.time_base);
        let mut decoded = Decoded { error: None, declared_frames: track.num_frames, rest_secs: 0.0 };
        let mut rest: Option<(Rest, u32)> = None;
        let mut samples: Vec<f32> = Vec::new();
        loop {
            let packet = match format.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => break,
                Err(error) => {
                    decoded.error = Some(error.to_string());
                    break;
                }
            };
            if packet.track_id != track_id {
                continue;
            }
            if let Some((rest, _)) = &mut rest {
                rest.take(&packet);
                continue;
            }
            match decoder.decode(&packet) {
                Ok(buffer) => {
                    let (rate, channels) = (buffer.spec().rate(), buffer.spec().channels().count());
                    samples.resize(buffer.samples_interleaved(), 0.0);
                    buffer.copy_to_slice_interleaved(&mut samples);
                    if !take(&samples, rate, channels) {
                        rest = Some((Rest::default(), rate));
                    }
                }
                Err(error @ Error::DecodeError(_)) => decoded.error = Some(error.to_string()),
                Err(error) => return Err(error.into()),
            }
        }
        decoded.rest_secs = rest.map_or(0.0, |(rest, rate)| rest.secs(time_base, rate));
        Ok(decoded)
    })
}
