//! Comparing two videos.

use super::facts::{VideoFacts, video_facts};
use crate::decoded_pair::decoded_pair;
use crate::{Comparison, MediaFile, MediaKind, Tolerance};

/// Frame rates that differ by less than this share are equal. It separates 29.97 from 30.
const FRAME_RATE_SHARE: f64 = 0.0005;

/// Matroska rounds times to a millisecond, at both ends of a video.
const ROUNDING_SECS: f64 = 0.002;

/// Compares two videos by their facts. A remark says that the frames were not compared.
pub(crate) fn compare_files(left: &MediaFile<'_>, right: &MediaFile<'_>, tolerance: &Tolerance) -> Comparison {
    let facts = (video_facts(left), video_facts(right));
    let (one, two) = match decoded_pair(MediaKind::Video, (left, right), facts) {
        Ok(pair) => pair,
        Err(comparison) => return *comparison,
    };
    let duration = (one.duration_secs - two.duration_secs).abs();
    // Encoders may drop or repeat a frame at the end.
    let duration_limit = tolerance.duration_difference_secs.max(1.5 / one.frame_rate.max(1.0));
    let rate = (one.frame_rate - two.frame_rate).abs();
    let rate_limit = one.frame_rate * (FRAME_RATE_SHARE + ROUNDING_SECS / one.duration_secs.max(0.1));
    let (bytes, other_bytes) = (left.bytes.len().max(1) as f64, right.bytes.len().max(1) as f64);
    let factor = (bytes / other_bytes).max(other_bytes / bytes);
    let tracks = |facts: &VideoFacts| f64::from(u8::from(facts.audio_codec.is_some()));
    let mut comparison = Comparison::new(MediaKind::Video, true)
        .measured("width", f64::from(one.width))
        .measured("height", f64::from(one.height))
        .measured("duration_secs", one.duration_secs)
        .at_most("duration_difference_secs", duration, duration_limit)
        .measured("frame_rate", one.frame_rate)
        .at_most("frame_rate_difference", rate, rate_limit)
        .measured("frames", one.frames as f64)
        .measured("other_frames", two.frames as f64)
        // Reports store the names with `sound`, so they stay.
        .measured("sound_tracks", tracks(&one))
        .measured("other_sound_tracks", tracks(&two))
        .at_most("size_factor", factor, tolerance.size_factor);
    if (one.width, one.height) != (two.width, two.height) {
        let (size, other) = ((one.width, one.height), (two.width, two.height));
        comparison =
            comparison.differs(format!("the first is {} x {} pixels, the second {} x {}", size.0, size.1, other.0, other.1));
    }
    if one.codec != two.codec {
        comparison = comparison.differs(format!("the first is {}, the second {}", one.codec, two.codec));
    }
    if duration > duration_limit {
        comparison =
            comparison.differs(format!("the first lasts {:.2} s, the second {:.2} s", one.duration_secs, two.duration_secs));
    }
    if rate > rate_limit {
        comparison =
            comparison.differs(format!("the first has {:.2} frames per second, the second {:.2}", one.frame_rate, two.frame_rate));
    }
    match (&one.audio_codec, &two.audio_codec) {
        (Some(_), None) => comparison = comparison.differs("the second has no audio"),
        (None, Some(_)) => comparison = comparison.differs("the first has no audio"),
        (Some(one), Some(two)) if one != two => {
            comparison = comparison.differs(format!("the audio of the first is {one}, of the second {two}"));
        }
        _ => {}
    }
    comparison = comparison.differs_if_one_is_incomplete(one.incomplete.as_deref(), two.incomplete.as_deref());
    if factor > tolerance.size_factor {
        comparison = comparison.differs(format!("the first has {} bytes, the second {}", left.bytes.len(), right.bytes.len()));
    }
    if left.bytes == right.bytes {
        return comparison;
    }
    if one.is_cut || two.is_cut {
        comparison = comparison.in_part("only the beginning was compared: the video has very many packets");
    }
    comparison.remark("only the containers were compared, not the frames")
}
