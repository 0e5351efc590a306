//! Video, by what its container says. Frames are counted and not decoded.

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known as sounds;
use symphonia::core::codecs::video::well_known as pictures;
use symphonia::core::formats::Track;
use symphonia::core::units::{TimeBase, Timestamp};

use crate::audio::open;
use crate::boxes::missing_box;
use crate::guard::guarded;
use crate::{Comparison, MediaFile, MediaKind, Tolerance, binary};

/// Packets that are counted. Ten hours at 60 frames per second have fewer.
const PACKET_LIMIT: u64 = 5_000_000;

/// Frame rates that differ by less are the same: 29.97 and 30 are not.
const FRAME_RATE_SHARE: f64 = 0.0005;

/// Matroska rounds times to a thousandth of a second, at both ends.
const TICK_SECS: f64 = 0.002;

/// What is known of a video without decoding it.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoFacts {
    /// How long the pictures last.
    pub duration_secs: f64,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// The codec of the pictures: `h264`, `vp9`.
    pub codec: String,
    /// Frames that the file holds.
    pub frames: u64,
    /// Frames per second.
    pub frame_rate: f64,
    /// The codec of the sound, if there is a sound track.
    pub audio_codec: Option<String>,
    /// Why it is not whole, if it is not.
    pub incomplete: Option<String>,
}

/// Whether a video is in a container that is read here: MP4, QuickTime, Matroska and WebM.
pub(super) fn is_readable(file: &MediaFile<'_>) -> bool {
    is_mp4(file.bytes) || file.bytes.starts_with(&[0x1a, 0x45, 0xdf, 0xa3])
}

fn is_mp4(bytes: &[u8]) -> bool {
    matches!(bytes.get(4..8), Some(b"ftyp" | b"moov" | b"mdat" | b"wide" | b"free" | b"skip"))
}

/// Reads what a video's container says; the error says why it cannot be read.
pub fn video_facts(file: &MediaFile<'_>) -> Result<VideoFacts, String> {
    if file.bytes.is_empty() {
        return Err("the file is empty".to_owned());
    }
    if !is_readable(file) {
        return Err("this kind of video file is not supported".to_owned());
    }
    let missing = if is_mp4(file.bytes) { missing_box(file.bytes) } else { None };
    guarded(|| {
        let mut format = open(file).map_err(|error| match &missing {
            Some(missing) => missing.clone(),
            // The library calls a file that ends too early a feature that it does not have.
            None if error.contains("missing") => {
                format!("its container ends too early ({error})").replace("unsupported feature: ", "")
            }
            None => error,
        })?;
        let tracks = format.tracks();
        let is_video = |track: &&Track| matches!(track.codec_params, Some(CodecParameters::Video(_)));
        let track = tracks.iter().find(is_video).ok_or("it has no picture track that is known")?;
        let Some(CodecParameters::Video(parameters)) = &track.codec_params else {
            return Err("it has no picture track that is known".to_owned());
        };
        let (width, height) = (parameters.width.unwrap_or_default(), parameters.height.unwrap_or_default());
        let codec = picture_codec(parameters.codec);
        let audio_codec = tracks.iter().find_map(|track| match &track.codec_params {
            Some(CodecParameters::Audio(parameters)) => Some(sound_codec(parameters.codec)),
            _ => None,
        });
        let (track_id, time_base) = (track.id, track.time_base);
        let said = track.duration.and_then(|duration| seconds(time_base, Timestamp::new(i64::try_from(duration.get()).ok()?)));
        let info = format.media_info();
        let said_by_all = info.duration.and_then(|all| seconds(info.time_base, Timestamp::new(i64::try_from(all.get()).ok()?)));
        let mut count = Count::default();
        let mut stumble = None;
        loop {
            match format.next_packet() {
                Ok(Some(packet)) if packet.track_id == track_id => count.take(packet.pts.get(), packet.dur.get()),
                Ok(Some(_)) => count.others += 1,
                Ok(None) => break,
                Err(error) => {
                    stumble = Some(error.to_string());
                    break;
                }
            }
            if count.frames + count.others > PACKET_LIMIT {
                break;
            }
        }
        let counted = count.span().and_then(|span| seconds(time_base, Timestamp::new(span)));
        let duration_secs = said.or(counted.filter(|secs| *secs > 0.0)).or(said_by_all).unwrap_or_default();
        let short = match (said.or(said_by_all), counted) {
            // The last frames of a file that was cut are missing, while its header was written for all.
            (Some(said), Some(counted)) if stumble.is_none() && counted < said * 0.9 - 0.5 => {
                Some(format!("it says {said:.2} s, and holds {counted:.2} s"))
            }
            _ => None,
        };
        let none = (count.frames == 0).then(|| "it holds no frame".to_owned());
        let frame_rate = count.frame_rate(counted.filter(|secs| *secs > 0.0).unwrap_or(duration_secs));
        Ok(VideoFacts {
            duration_secs,
            width: u32::from(width),
            height: u32::from(height),
            codec,
            frames: count.frames,
            frame_rate,
            audio_codec,
            incomplete: missing.clone().or(stumble).or(short).or(none),
        })
    })
}

fn seconds(base: Option<TimeBase>, at: Timestamp) -> Option<f64> {
    base?.calc_time(at).map(|time| time.as_secs_f64())
}

/// Frames and when they are shown.
#[derive(Default)]
struct Count {
    frames: u64,
    others: u64,
    first: Option<i64>,
    last: i64,
    last_length: u64,
}

impl Count {
    fn take(&mut self, at: i64, length: u64) {
        self.frames += 1;
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        if at >= self.last {
            (self.last, self.last_length) = (at, length);
        }
    }

    /// From the first frame to the end of the last. Containers that give frames no length give the last one that of the others.
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

fn picture_codec(id: symphonia::core::codecs::video::VideoCodecId) -> String {
    let known = [
        (pictures::CODEC_ID_H264, "h264"),
        (pictures::CODEC_ID_HEVC, "hevc"),
        (pictures::CODEC_ID_VVC, "vvc"),
        (pictures::CODEC_ID_AV1, "av1"),
        (pictures::CODEC_ID_VP8, "vp8"),
        (pictures::CODEC_ID_VP9, "vp9"),
        (pictures::CODEC_ID_MPEG4, "mpeg4"),
        (pictures::CODEC_ID_MPEG2, "mpeg2"),
        (pictures::CODEC_ID_MPEG1, "mpeg1"),
        (pictures::CODEC_ID_MJPEG, "mjpeg"),
        (pictures::CODEC_ID_H263, "h263"),
        (pictures::CODEC_ID_THEORA, "theora"),
    ];
    known.iter().find(|(other, _)| *other == id).map_or_else(|| format!("codec {id}"), |(_, name)| (*name).to_owned())
}

fn sound_codec(id: symphonia::core::codecs::audio::AudioCodecId) -> String {
    let known = [
        (sounds::CODEC_ID_AAC, "aac"),
        (sounds::CODEC_ID_MP3, "mp3"),
        (sounds::CODEC_ID_OPUS, "opus"),
        (sounds::CODEC_ID_VORBIS, "vorbis"),
        (sounds::CODEC_ID_FLAC, "flac"),
        (sounds::CODEC_ID_ALAC, "alac"),
        (sounds::CODEC_ID_AC3, "ac3"),
    ];
    known.iter().find(|(other, _)| *other == id).map_or_else(|| format!("codec {id}"), |(_, name)| (*name).to_owned())
}

/// Compares videos by their facts. What can be seen in them is not looked at, and the remark says so.
pub(super) fn compare_files(left: &MediaFile<'_>, right: &MediaFile<'_>, tolerance: &Tolerance) -> Comparison {
    if !is_readable(left) && !is_readable(right) {
        return binary::compare_files(left, right, MediaKind::Video).remark("videos of this kind are compared by their bytes only");
    }
    let (one, two) = match (video_facts(left), video_facts(right)) {
        (Ok(one), Ok(two)) => (one, two),
        (Err(error), Err(_)) if left.bytes == right.bytes => {
            return Comparison::new(MediaKind::Video, true).remark(format!("the bytes are equal, but not read: {error}"));
        }
        (Err(error), _) => return broken("first", &error),
        (_, Err(error)) => return broken("second", &error),
    };
    let duration = (one.duration_secs - two.duration_secs).abs();
    // Encoders drop or repeat a frame at the end.
    let duration_limit = tolerance.duration_difference_secs.max(1.5 / one.frame_rate.max(1.0));
    let rate = (one.frame_rate - two.frame_rate).abs();
    let rate_limit = one.frame_rate * (FRAME_RATE_SHARE + TICK_SECS / one.duration_secs.max(0.1));
    let (bytes, other_bytes) = (left.bytes.len().max(1) as f64, right.bytes.len().max(1) as f64);
    let factor = (bytes / other_bytes).max(other_bytes / bytes);
    let tracks = |facts: &VideoFacts| f64::from(u8::from(facts.audio_codec.is_some()));
    let mut comparison = Comparison::new(MediaKind::Video, true)
        .metric("width", f64::from(one.width))
        .metric("height", f64::from(one.height))
        .metric("duration_secs", one.duration_secs)
        .at_most("duration_difference_secs", duration, duration_limit)
        .metric("frame_rate", one.frame_rate)
        .at_most("frame_rate_difference", rate, rate_limit)
        .metric("frames", one.frames as f64)
        .metric("other_frames", two.frames as f64)
        .metric("sound_tracks", tracks(&one))
        .metric("other_sound_tracks", tracks(&two))
        .at_most("size_factor", factor, tolerance.size_factor);
    if (one.width, one.height) != (two.width, two.height) {
        let (size, other) = ((one.width, one.height), (two.width, two.height));
        comparison = comparison.differs(format!("one is {} x {} pixels, the other {} x {}", size.0, size.1, other.0, other.1));
    }
    if one.codec != two.codec {
        comparison = comparison.differs(format!("one is {}, the other {}", one.codec, two.codec));
    }
    if duration > duration_limit {
        comparison = comparison.differs(format!("one lasts {:.2} s, the other {:.2} s", one.duration_secs, two.duration_secs));
    }
    if rate > rate_limit {
        comparison =
            comparison.differs(format!("one has {:.2} frames per second, the other {:.2}", one.frame_rate, two.frame_rate));
    }
    match (&one.audio_codec, &two.audio_codec) {
        (Some(_), None) => comparison = comparison.differs("the second has no sound".to_owned()),
        (None, Some(_)) => comparison = comparison.differs("the first has no sound".to_owned()),
        (Some(one), Some(two)) if one != two => {
            comparison = comparison.differs(format!("the sound of one is {one}, of the other {two}"));
        }
        _ => {}
    }
    match (&one.incomplete, &two.incomplete) {
        (None, Some(why)) => comparison = comparison.differs(format!("the second is not whole: {why}")),
        (Some(why), None) => comparison = comparison.differs(format!("the first is not whole: {why}")),
        _ => {}
    }
    if factor > tolerance.size_factor {
        comparison = comparison.differs(format!("one has {} bytes, the other {}", left.bytes.len(), right.bytes.len()));
    }
    if left.bytes == right.bytes {
        return comparison;
    }
    comparison.remark("what can be seen in the videos was not compared, only what their containers say")
}

fn broken(which: &str, error: &str) -> Comparison {
    Comparison::new(MediaKind::Video, false).remark(format!("the {which} cannot be read: {error}"))
}
