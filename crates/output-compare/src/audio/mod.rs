//! Audio: duration, channels, loudness and pitch over time, clipping.

mod compare;
mod decode;
mod facts;
mod meter;
mod spectrogram;
mod spectrum;

pub(crate) use compare::compare_files;
pub use facts::{AudioFacts, audio_facts};
pub use spectrogram::spectrogram;
