//! Proves a staged version by predictions (test cases, comparison with live, fuzz) and by trainings (test cases, fuzz).
//!
//! [`check_plan`] finds what is wrong with a plan before anything is spent. [`verify`] runs it:
//!
//! - Every prediction names the exact version. The first one boots it while the others wait; when it never starts, nothing else is tried.
//! - At most `parallel` predictions are in flight, one once the service says that credit is low. Judging does not hold a place.
//! - A case that fails is repeated once: *flaky* when the second try passes. Inputs that were refused, and a start-up limit, are not repeated.
//! - Failures of the platform ([`platform`]) are repeated and counted apart, and end as *errored*, never as passed or failed.
//! - Time limits are the client's: what reaches one is cancelled at the service, and the case failed.
//! - Trainings go through the same places, limits and repeats. They boot a container of their own, so the first of them goes alone too. The
//!   versions that they leave behind are named; their destination has to be there before. None is compared, and none is shrunk.
//! - Errors of the service and of billing, a spent budget, `fail_fast` and cancellation stop everything; cases in flight are cancelled at the
//!   service, the others skipped.
//!
//! # Where generated inputs come from
//!
//! From the schema ([`fuzz`]). Where an [`Inventor`] is there and no seed is given, it makes every second of them, or all when the plan has a
//! prompt for it. It is asked for a batch at a time, while other cases run; what does not fit the schema is not sent, and where it gives too
//! little the schema's inputs stay.
//!
//! # How outputs are compared with live
//!
//! Both versions get the same inputs; where the schema has a `seed` that the case does not set, both get the same one. Outputs that are
//! [the same](output_compare) pass. A difference only counts if the live version repeats itself: both versions are asked once more, and
//!
//! - if the live version gave the same output twice, the difference is a change: the case failed, or is flaky when the second try agreed;
//! - if it did not, nothing fixes its randomness. A judge is asked, if there is one. Else what must hold anyway is compared: types, members,
//!   number and kind of files, size of pictures, duration and text length within an order of magnitude. When that holds, the case passed with the
//!   note SP613; when it does not, it failed.
//!
//! A live version that fails is a remark and the warning SP616, not a failure of the new one.
//!
//! Judging is pure and looks at an [`observation`]: everything was fetched before. What a prediction costs in dollars, and what the cases mean
//! for the push, is left to others.

mod aftermath;
mod agenda;
mod case;
mod check;
mod compare;
mod cost;
mod engine;
mod error;
mod fetch;
pub mod fuzz;
mod fuzz_failure;
mod gallery;
mod gate;
mod health;
mod invent;
mod jq;
mod judge;
mod keep;
mod likeness;
mod mask;
mod observation;
mod opinion;
mod pace;
mod places;
mod plan_check;
mod platform;
mod predict;
mod progress;
mod request;
pub mod rules;
mod run;
mod trained;

#[cfg(test)]
mod tests;

pub use check::{Check, Judged, Needs, check_for};
pub use error::VerifyError;
pub use judge::{Evidence, EvidenceFile, Inventor, Judge, JudgeError, JudgeQuestion, JudgeSubject, Judgement, Wish};
pub use observation::{FetchProblem, FetchedFile, Observation, Outcome};
pub use plan_check::check_plan;
pub use request::{VerifyOutcome, VerifyRequest, VerifyServices};
pub use run::verify;
