//! Decoding sound: every sound comes through here.

use std::io::Cursor;

use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

use crate::guard::guarded;
use crate::{MediaFile, extension};

/// How the decoding of a sound ended.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Ending {
    /// Why it did not come to the end, if it did not: the file is damaged, or shorter than it says.
    pub(super) stumble: Option<String>,
    /// Samples of one channel that the file says it has.
    pub(super) declared_frames: Option<u64>,
}

/// Opens a container.
pub(crate) fn open<'a>(file: &MediaFile<'a>) -> Result<Box<dyn FormatReader + 'a>, String> {
    if file.bytes.is_empty() {
        return Err("the file is empty".to_owned());
    }
    let stream = MediaSourceStream::new(Box::new(Cursor::new(file.bytes)), Default::default());
    let mut hint = Hint::new();
    hint.with_extension(&extension(file));
    let probe = symphonia::default::get_probe();
    probe.probe(&hint, stream, FormatOptions::default(), MetadataOptions::default()).map_err(|error| error.to_string())
}

/// Decodes the first sound track, handing on the samples of all channels in turn with their rate and the number of channels, until `take`
/// has enough.
pub(super) fn decode(file: &MediaFile<'_>, take: &mut dyn FnMut(&[f32], u32, usize) -> bool) -> Result<Ending, String> {
    guarded(|| {
        let say = |error: Error| error.to_string();
        let mut format = open(file)?;
        let track = format.default_track(TrackType::Audio).ok_or("it has no sound track")?;
        let parameters = track.codec_params.as_ref().and_then(|parameters| parameters.audio()).ok_or("its codec is not known")?;
        let mut decoder =
            symphonia::default::get_codecs().make_audio_decoder(parameters, &AudioDecoderOptions::default()).map_err(say)?;
        let track_id = track.id;
        let mut ending = Ending { stumble: None, declared_frames: track.num_frames };
        let mut samples: Vec<f32> = Vec::new();
        loop {
            let packet = match format.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => break,
                Err(error) => {
                    ending.stumble = Some(say(error));
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
                        ending.declared_frames = None;
                        break;
                    }
                }
                Err(error @ Error::DecodeError(_)) => ending.stumble = Some(say(error)),
                Err(error) => return Err(say(error)),
            }
        }
        Ok(ending)
    })
}
