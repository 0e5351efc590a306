//! Video, compared by what the container says: codec, dimensions, frame rate, duration, tracks. Frames are counted but not decoded.

mod boxes;
mod compare;
mod facts;

pub(crate) use compare::compare_files;
pub use facts::{VideoFacts, video_facts};
