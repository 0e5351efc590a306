//! The structure of the source: rooms use only the rooms below them, and files do not import each other in circles.
//!
//! Both read the source with a Rust parser, so that imports in groups, over several lines and inside macros count too.

mod circles;
mod layers;
mod source;
mod untrusted;
