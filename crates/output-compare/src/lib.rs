//! Are these two files the same? Numbers first, then a verdict.
//!
//! [`compare`] takes two files as bytes and tells what they are ([`MediaKind`]), what was measured, and whether they count as the same
//! under a [`Tolerance`]. [`examine`] looks at one file alone: does it decode, is it blank, is it silent. [`thumbnail`] makes a small
//! copy for a report.
//!
//! | kind | the same means |
//! |---|---|
//! | text | equal after line ends are normalised |
//! | JSON | equal structure; numbers within the tolerance, whole numbers exactly |
//! | image | equal size and frame count; mean colour distance, the worst tile's, and structural similarity within the tolerance, frame by frame; the file format does not matter |
//! | audio | equal channels; duration, loudness and pitch over time, clipping and shift within the tolerance; the sample rate does not matter |
//! | video (MP4, QuickTime, Matroska, WebM) | equal codec, dimensions and frame rate, duration within the tolerance, a sound track kept, a size of the same order; frames are not decoded |
//! | anything else | equal bytes; size, SHA-256 and the type of the first bytes are told |
//!
//! Files come from models and are untrusted: decoders run under limits and with a net below them, and what does not decode is said, not guessed. Everything here
//! is pure and can take a second of processor time for large pictures: call it off the async threads. Fetching files is left to others.

mod audio;
mod binary;
mod boxes;
mod compare;
mod difference;
mod examine;
mod file;
mod guard;
mod json;
mod kind;
mod measurement;
mod picture;
mod preview;
mod shorten;
mod text;
mod thumbnail;
mod tolerance;
mod video;

pub use audio::{AudioFacts, audio_facts};
pub use compare::{Comparison, compare};
pub use difference::difference;
pub use examine::{Ailment, Examination, examine, text_ailment};
pub use file::MediaFile;
pub use json::{JsonDifference, compare_json};
pub use kind::{MediaKind, detect, extension};
pub use measurement::{Limit, Measurement};
pub use picture::{ImageFacts, image_facts};
pub use preview::Preview;
pub use text::{compare_text, short_diff};
pub use thumbnail::thumbnail;
pub use tolerance::{ThresholdError, Tolerance};
pub use video::{VideoFacts, video_facts};
