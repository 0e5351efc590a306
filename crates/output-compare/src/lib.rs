//! Decides whether two output files of a model are the same: measurements first, then a verdict.
//!
//! [`compare`] takes two files as bytes, detects what they are ([`MediaKind`]), measures how far apart they are, and holds the measurements
//! to a [`Tolerance`]. [`examine`] checks one file alone: does it decode, is it blank, is it silent? [`thumbnail`] makes a small copy for a
//! report, [`difference`] shows where two files differ, and [`side_by_side`] puts images into one.
//!
//! | kind | the same means |
//! |---|---|
//! | text | equal, except for line endings |
//! | JSON | equal structure; integers equal, other numbers within the tolerance |
//! | image (PNG, JPEG, WebP, GIF, BMP, TIFF) | equal size and frame count; in each frame, mean color distance, the worst tile's distance and structural similarity within the tolerance. The file format does not matter |
//! | audio (WAV, MP3, FLAC, Ogg Vorbis, AAC in MP4, Matroska or ADTS) | equal channels; duration, loudness and pitch over time, clipping and shift within the tolerance. The sample rate does not matter |
//! | video (MP4, QuickTime, Matroska, WebM) | equal codec, dimensions and frame rate; duration within the tolerance; an audio track in both or neither; a size of the same order. Frames are not decoded |
//! | anything else | equal bytes |
//!
//! Images, audio and video in other formats (AVIF, HEIC, Opus, AIFF, AVI, …) are recognized but not decoded. They are compared by their
//! bytes, and a remark says so. Equal bytes are always the same. [`Coverage`] says if a limit kept other contents from being compared.
//!
//! Output files are untrusted. Decoders run under limits, a panic in one is an error, and a file that does not decode is reported rather
//! than guessed at. Every function is pure and may use a second of CPU time for a large image: call it from a blocking thread. Fetching
//! files is left to the caller.
//!
//! # Example
//!
//! ```
//! use output_compare::{MediaFile, MediaKind, Tolerance, compare};
//!
//! let live = MediaFile::named("live.json", br#"{"label": "cat", "score": 0.5000000}"#);
//! let staged = MediaFile::named("staged.json", br#"{"score": 0.5000001, "label": "cat"}"#);
//! let comparison = compare(&live, &staged, &Tolerance::default());
//! assert_eq!(comparison.kind, MediaKind::Json);
//! assert!(comparison.same);
//!
//! let changed = MediaFile::named("staged.json", br#"{"label": "dog", "score": 0.5}"#);
//! let comparison = compare(&live, &changed, &Tolerance::default());
//! assert_eq!(comparison.reason(), Some(r#".label is "cat" in the first and "dog" in the second"#));
//! ```

mod audio;
mod binary;
mod compare;
mod comparison;
mod container;
mod decode_budget;
mod decode_error;
mod decode_guard;
mod decoded_pair;
mod difference;
mod examine;
mod file;
mod image;
mod json;
mod json_path;
mod kind;
mod measurement;
#[cfg(test)]
mod pairs;
mod preview;
mod shorten;
mod side_by_side;
#[cfg(test)]
mod tests;
mod text;
mod thumbnail;
mod tolerance;
mod video;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

pub use self::image::{ImageFacts, image_facts};
pub use audio::{AudioFacts, audio_facts, spectrogram};
pub use compare::compare;
pub use comparison::{Comparison, Coverage};
pub use decode_error::DecodeError;
pub use difference::difference;
pub use examine::{Defect, Examination, examine, text_defect};
pub use file::MediaFile;
pub use json::compare_json;
pub use json_path::{JsonPath, JsonPathError};
pub use kind::{MediaKind, detect, extension};
pub use measurement::{Limit, Measurement};
pub use preview::Preview;
pub use side_by_side::side_by_side;
pub use text::{compare_text, short_diff};
pub use thumbnail::thumbnail;
pub use tolerance::{ThresholdError, Tolerance};
pub use video::{VideoFacts, video_facts};
