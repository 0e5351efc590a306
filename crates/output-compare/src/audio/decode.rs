//! Decoding audio, packet by packet.

use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error;
use symphonia::core::formats::TrackType;

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
}

/// Decodes the first audio track. Passes interleaved samples, their rate and the number of channels to `take` until it returns false.
pub(super) fn decode(file: &MediaFile<'_>, take: &mut dyn FnMut(&[f32], u32, usize) -> bool) -> Result<Decoded, DecodeError> {
    guarded(|| {
        let mut format = open(file)?;
        let track = format.default_track(TrackType::Audio).ok_or_else(|| DecodeError::broken("it has no audio track"))?;
        let parameters = track.codec_params.as_ref().and_then(|parameters| parameters.audio());
        let parameters = parameters.ok_or_else(|| DecodeError::broken("its codec is unknown"))?;
        let mut decoder = symphonia::default::get_codecs().make_audio_decoder(parameters, &AudioDecoderOptions::default())?;
        let track_id = track.id;
        let mut decoded = Decoded { error: None, declared_frames: track.num_frames };
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
            match decoder.decode(&packet) {
                Ok(buffer) => {
                    let (rate, channels) = (buffer.spec().rate(), buffer.spec().channels().count());
                    samples.resize(buffer.samples_interleaved(), 0.0);
                    buffer.copy_to_slice_interleaved(&mut samples);
                    if !take(&samples, rate, channels) {
                        decoded.declared_frames = None;
                        break;
                    }
                }
                Err(error @ Error::DecodeError(_)) => decoded.error = Some(error.to_string()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(decoded)
    })
}
