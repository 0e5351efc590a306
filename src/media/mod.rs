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
//! | image | equal size and frame count, mean colour distance and the worst tile's within the tolerance; the file format does not matter |
//! | audio | equal channels and sample rate, duration and loudness envelope within the tolerance |
//! | anything else, video included | equal bytes |
//!
//! Files come from models and are untrusted: decoders run under limits, and what does not decode is said, not guessed. Everything here
//! is pure and can take a second of processor time for large pictures: call it off the async threads. Fetching files is left to others.

mod animation;
mod audio;
mod binary;
mod compare;
mod examine;
mod file;
mod json;
mod kind;
mod picture;
mod text;
mod thumbnail;

pub use audio::{AudioFacts, audio_facts};
pub use compare::{Comparison, Tolerance, compare};
pub use examine::{Ailment, Examination, examine, text_ailment};
pub use file::MediaFile;
pub use json::{JsonDifference, compare_json};
pub use kind::{MediaKind, detect, extension};
pub use picture::{ImageFacts, image_facts};
pub use text::{compare_text, short_diff};
pub use thumbnail::thumbnail;
