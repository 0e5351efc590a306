//! Checks values against a schema.
//!
//! Inputs are checked before predictions are sent, so that a wrong test case costs no prediction. Outputs are checked because neither
//! Replicate nor Cog since 0.17 does (`docs/reference/cog.md#fastapi-and-coglet`). Inputs are judged as Replicate's API judges them:
//! undeclared inputs are rejected, and the `required` list alone decides which inputs are required.

mod fits;
mod inputs;
mod output;
mod problem;

pub(super) use fits::{compile_pattern, problems, rejected};
pub use inputs::{InputProblem, check_inputs};
pub use output::{check_output, join_output};
pub use problem::{ProblemKind, ValueProblem};
