//! Proves a staged version with predictions (test cases, comparison with live, fuzz) and trainings (test cases, fuzz).
//!
//! [`check_plan`] finds problems in a plan before anything is spent. [`verify`] runs the plan:
//!
//! - Every prediction names the exact version. The first one boots it while the others wait. If it never starts, nothing else runs.
//! - At most `parallel` predictions are in flight, or one once Replicate reports low credit. Checking outputs takes no slot.
//! - A failed case is repeated once and is *flaky* if the second attempt passes. Rejected inputs and start-up timeouts are not repeated.
//! - Failures of the platform ([`platform`]) are retried and counted separately. They end as *errored*, never as passed or failed.
//! - The client enforces time limits: a prediction that reaches one is canceled at Replicate, and its case fails.
//! - Trainings share slots, limits and retries. They boot a container of their own, so the first of them also goes alone. Their destination
//!   has to exist, and the report names the versions they leave behind. They are neither compared nor shrunk.
//! - Errors of Replicate or billing, a spent budget, `fail_fast` and cancellation stop everything: predictions in flight are canceled, the
//!   remaining cases skipped.
//!
//! # Where fuzz inputs come from
//!
//! From the schema ([`fuzz`]). If there is an [`Inventor`] and no seed is given, it writes every second input, or all if the plan has a
//! prompt for it. It is asked for one batch at a time while other cases run. Inputs that do not fit the schema are dropped, and generated
//! ones take the place of missing ones.
//!
//! # How outputs are compared with live
//!
//! Both versions get the same inputs. If the schema has a `seed` that the case does not set, both get the same one. [Equal](output_compare)
//! outputs pass. If they differ, both versions are asked once more, because a difference only counts if the live version is deterministic:
//!
//! - If the live version returned the same output twice, the difference is a change. The case fails, or is flaky if the second outputs
//!   agree.
//! - If not, the model is random. The judge decides, if there is one. Otherwise safe-push compares what randomness cannot change: types,
//!   members, number and kind of files, image sizes, and durations and text lengths within an order of magnitude. If these agree, the case
//!   passes with the note SP613; if not, it fails.
//! - If a limit or a missing file keeps the live version's two outputs from being compared, nothing is known. The case passes with the
//!   warning SP619 or SP616, unless the judge or the types and sizes say otherwise.
//!
//! If the live version fails, the case passes with a remark and the warning SP616.
//!
//! Checks are pure and take an [`observation`], for which everything was fetched before. The caller estimates costs in dollars and decides
//! what the cases mean for the push.

mod attempt_result;
mod boot_gate;
mod by_digest;
mod call;
mod case;
mod check;
mod compare;
mod cost;
mod engine;
mod error;
mod fetch;
mod file_format;
mod file_urls;
mod first_inputs;
mod first_output;
mod fuzz;
mod fuzz_failure;
mod health;
mod invent;
pub mod jq;
mod judge;
mod mask;
mod observation;
mod opinion;
mod output_folder;
mod plan_check;
mod planned_case;
mod platform;
mod predict;
mod recovery;
mod report_builder;
mod reported_files;
mod request;
pub mod rules;
mod run;
mod run_times;
mod schedule;
mod shrink_log;
mod side;
mod slots;
mod speed;
mod text_difference;
mod trained;
mod unseen;

#[cfg(test)]
mod tests;

pub use error::VerifyError;
pub use first_inputs::{FirstInputs, first_inputs};
pub use judge::{
    Evidence, EvidenceFile, InventionRequest, Inventor, Judge, JudgeAbility, JudgeError, JudgeQuestion, JudgeSubject, JudgeVerdict,
    Judgement, OfferedFile, prove_judge,
};
pub use plan_check::{check_plan, check_queries_ahead, has_secret_inputs};
pub use request::{DeploymentRef, JudgeProof, VerifyOutcome, VerifyRequest, VerifyServices};
pub use run::verify;
