//! Whole verifications against a strict fake of Replicate, in paused time.

mod cases;
mod comparison;
mod fake;
mod fuzzing;
mod judging;
mod life;
mod load;
mod outputs;
mod platform_errors;
mod setting;
mod speed;
mod training;
