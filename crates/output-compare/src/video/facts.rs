//! Facts in the container of a video.

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known as audio_codecs;
use symphonia::core::codecs::video::VideoCodecId;
use symphonia::core::codecs::video::well_known as video_codecs;
use symphonia::core::units::{TimeBase, Timestamp};

use super::boxes::missing_box;
use crate::container::open;
use crate::decode_guard::guarded;
use crate::{DecodeError, MediaFile};

/// Packets that are counted: more than ten hours at 60 frames per second.
const PACKET_LIMIT: u64 = 5_000_000;

/// What is known about a video without decoding its frames.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoFacts {
    /// Length of the video track in seconds.
    pub duration_secs: f64,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Video codec, as in `h264` or `vp9`.
    pub codec: String,
    /// Number of frames in the file.
    pub frames: u64,
    /// Frames per second.
    pub frame_rate: f64,
    /// Audio codec, as in `aac`; `None` without an audio track.
    pub audio_codec: Option<String>,
    /// Why the file is incomplete, if it is.
    pub incomplete: Option<String>,
    /// Whether only the first packets were counted, because there are very many.
    pub is_cut: bool,
}

/// Whether the container is MP4, QuickTime, Matroska or WebM.
fn is_supported(file: &MediaFile<'_>) -> bool {
    is_mp4(file.bytes) || file.bytes.starts_with(&[0x1a, 0x45, 0xdf, 0xa3])
}

fn is_mp4(bytes: &[u8]) -> bool {
    matches!(bytes.get(4..8), Some(b"ftyp" | b"moov" | b"mdat" | b"wide" | b"free" | b"skip"))
}

/// Reads the container of a video.
pub fn video_facts(file: &MediaFile<'_>) -> Result<VideoFacts, DecodeError> {
    if file.bytes.is_empty() {
        return Err(DecodeError::broken("the file is empty"));
    }
    if !is_supported(file) {
        return Err(DecodeError::Unsupported("this video container is not supported".to_owned()));
    }
    let missing = if is_mp4(file.bytes) { missing_box(file.bytes) } else { None };
    guarded(|| {
        let mut format = open(file).map_err(|error| match &missing {
            Some(missing) => DecodeError::broken(missing),
            // Symphonia reports a container that ends too early as an unsupported feature.
            None if error.to_string().contains("missing") => {
                DecodeError::Broken(format!("its container ends too early ({error})").replace("unsupported feature: ", ""))
            }
            None => error,
        })?;
        let tracks = format.tracks();
        let video = tracks.iter().find_map(|track| match &track.codec_params {
            Some(CodecParameters::Video(parameters)) => Some((track, parameters)),
            _ => None,
        });
        let (track, parameters) = video.ok_or_else(|| DecodeError::broken("it has no known video track"))?;
        let (width, height) = (parameters.width.unwrap_or_default(), parameters.height.unwrap_or_default());
        let codec = video_codec_name(parameters.codec);
        let audio_codec = tracks.iter().find_map(|track| match &track.codec_params {
            Some(CodecParameters::Audio(parameters)) => Some(audio_codec_name(parameters.codec)),
            _ => None,
        });
        let (track_id, time_base) = (track.id, track.time_base);
        let declared = track.duration.and_then(|duration| seconds(time_base, Timestamp::new(i64::try_from(duration.get()).ok()?)));
        let info = format.media_info();
        let declared_by_all = info.duration.and_then(|all| seconds(info.time_base, Timestamp::new(i64::try_from(all.get()).ok()?)));
        let mut count = FrameCount::default();
        let (mut error, mut is_cut) = (None, false);
        loop {
            match format.next_packet() {
                Ok(Some(packet)) if packet.track_id == track_id => count.take(packet.pts.get(), packet.dur.get()),
                Ok(Some(_)) => count.other_packets += 1,
                Ok(None) => break,
                Err(packet_error) => {
                    error = Some(packet_error.to_string());
                    break;
                }
            }
            if count.frames + count.other_packets > PACKET_LIMIT {
                is_cut = true;
                break;
            }
        }
        let counted = count.span().and_then(|span| seconds(time_base, Timestamp::new(span)));
        let duration_secs = declared.or(counted.filter(|secs| *secs > 0.0)).or(declared_by_all).unwrap_or_default();
        let short = match (declared.or(declared_by_all), counted) {
            // The header of a truncated file still declares all frames.
            (Some(declared), Some(counted)) if error.is_none() && !is_cut && counted < declared * 0.9 - 0.5 => {
                Some(format!("it declares {declared:.2} s but holds {counted:.2} s"))
            }
            _ => None,
        };
        let no_frames = (count.frames == 0).then(|| "it holds no frames".to_owned());
        let frame_rate = count.frame_rate(counted.filter(|secs| *secs > 0.0).unwrap_or(duration_secs));
        Ok(VideoFacts {
            duration_secs,
            width: u32::from(width),
            height: u32::from(height),
            codec,
            frames: count.frames,
            frame_rate,
            audio_codec,
            incomplete: missing.clone().or(error).or(short).or(no_frames),
            is_cut,
        })
    })
}

fn seconds(base: Option<TimeBase>, at: Timestamp) -> Option<f64> {
    base?.calc_time(at).map(|time| time.as_secs_f64())
}

/// Frames and the times at which they are shown.
#[derive(Default)]
struct FrameCount {
    frames: u64,
    other_packets: u64,
    first: Option<i64>,
    last: i64,
    last_length: u64,
}

impl FrameCount {
    fn take(&mut self, at: i64, length: u64) {
        self.frames += 1;
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        if at >= self.last {
            (self.last, self.last_length) = (at, length);
        }
    }

    /// The time from the first frame to the end of the last. If the container gives frames no length, the last frame counts as long as the
    /// mean.
    fn span(&self) -> Option<i64> {
        let between = self.last.checked_sub(self.first?)?;
        let length = match self.last_length {
            0 => between.checked_div(i64::try_from(self.frames.saturating_sub(1)).ok()?).unwrap_or_default(),
            length => i64::try_from(length).ok()?,
        };
        between.checked_add(length)
    }

    fn frame_rate(&self, duration_secs: f64) -> f64 {
        if duration_secs > 0.0 { self.frames as f64 / duration_secs } else { 0.0 }
    }
}

fn video_codec_name(id: VideoCodecId) -> String {
    let known = [
        (video_codecs::CODEC_ID_H264, "h264"),
        (video_codecs::CODEC_ID_HEVC, "hevc"),
        (video_codecs::CODEC_ID_VVC, "vvc"),
        (video_codecs::CODEC_ID_AV1, "av1"),
        (video_codecs::CODEC_ID_VP8, "vp8"),
        (video_codecs::CODEC_ID_VP9, "vp9"),
        (video_codecs::CODEC_ID_MPEG4, "mpeg4"),
        (video_codecs::CODEC_ID_MPEG2, "mpeg2"),
        (video_codecs::CODEC_ID_MPEG1, "mpeg1"),
        (video_codecs::CODEC_ID_MJPEG, "mjpeg"),
        (video_codecs::CODEC_ID_H263, "h263"),
        (video_codecs::CODEC_ID_THEORA, "theora"),
    ];
    known.iter().find(|(other, _)| *other == id).map_or_else(|| format!("codec {id}"), |(_, name)| (*name).to_owned())
}

fn audio_codec_name(id: AudioCodecId) -> String {
    let known = [
        (audio_codecs::CODEC_ID_AAC, "aac"),
        (audio_codecs::CODEC_ID_MP3, "mp3"),
        (audio_codecs::CODEC_ID_OPUS, "opus"),
        (audio_codecs::CODEC_ID_VORBIS, "vorbis"),
        (audio_codecs::CODEC_ID_FLAC, "flac"),
        (audio_codecs::CODEC_ID_ALAC, "alac"),
        (audio_codecs::CODEC_ID_AC3, "ac3"),
    ];
    known.iter().find(|(other, _)| *other == id).map_or_else(|| format!("codec {id}"), |(_, name)| (*name).to_owned())
}
