//! Whose choices and instructions a plan follows.

use crate::cuda::{CogCliCuda, CorrectedCuda, CudaConventions};
use crate::requirements::{CogCliRequirements, CorrectedRequirements, RequirementConventions};

/// Whose choices and instructions a plan follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Conventions {
    /// Those of the Cog CLI with its mistakes corrected.
    #[default]
    Corrected,
    /// Those of the Cog CLI itself, for comparison. Such a plan cannot be built, since it refers to files that only that CLI makes.
    CogCli,
}

impl Conventions {
    pub(super) fn cuda(self) -> &'static dyn CudaConventions {
        match self {
            Self::Corrected => &CorrectedCuda,
            Self::CogCli => &CogCliCuda,
        }
    }

    pub(super) fn requirements(self) -> &'static dyn RequirementConventions {
        match self {
            Self::Corrected => &CorrectedRequirements,
            Self::CogCli => &CogCliRequirements,
        }
    }
}
