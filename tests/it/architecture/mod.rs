//! The structure of the source: rooms use only the rooms below them, files do not import each other in circles, and a type name means one
//! thing.
//!
//! They read the source with a Rust parser, so that imports in groups, over several lines and inside macros count too.

mod circles;
mod layers;
mod names;
mod source;
mod untrusted;
