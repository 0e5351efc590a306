//! The values that travel between the stages.
//!
//! Nothing here performs I/O, reads the environment or uses a clock; `tests/it/architecture` checks that. Types carry proof: a
//! [`Cleared`](cleared::Cleared) can only be made from a [`Verified`](cleared::Verified) that passed the policy.

pub mod annotation_level;
pub mod before_after;
pub mod canary;
pub mod case;
pub mod choice;
pub mod cleanup;
pub mod cleared;
pub mod compare_rules;
pub mod cost;
pub mod events;
pub mod identity;
pub mod model_name;
pub mod model_role;
pub mod output;
pub mod output_check;
pub mod page;
pub mod plan;
pub mod prediction;
pub mod project_place;
pub mod report;
pub mod secret_spec;
pub mod tested;
pub mod verdict;
