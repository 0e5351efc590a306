//! Grafts, against the sandbox's registry and without a daemon: what is kept and what is replaced, every reason to build instead, and the
//! way of a graft to the test model.

mod fixture;
mod layers;
mod reasons;
mod shared_layers;
mod staging;
mod whole;
