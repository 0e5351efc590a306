//! Against services in memory, with paused time.

mod deploying;
mod publishing;
mod readiness;
mod staging;
