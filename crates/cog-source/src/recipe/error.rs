//! Why a build cannot be planned.

use cog_findings::{Finding, Location};

use crate::base_image::BaseImageError;
use crate::cuda::CudaError;
use crate::rules;

/// Why a build cannot be planned. [`RecipeError::findings`] has the locations and the fixes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecipeError {
    /// No Python version is set, and the SDK has no default.
    #[error("`build.python_version` is not set")]
    PythonVersionMissing {
        /// The configuration.
        location: Location,
    },
    /// The requirements file is missing.
    #[error("the requirements file `{file}` does not exist")]
    RequirementsMissing {
        file: String,
        /// Where `cog.yaml` names it.
        location: Location,
    },
    /// Lines of the requirements cannot be installed in a build.
    #[error("the requirements cannot be installed in a build")]
    RequirementsUnusable {
        /// The lines.
        findings: Vec<Finding>,
    },
    /// No CUDA version can be chosen.
    #[error("failed to choose a CUDA version")]
    Cuda {
        /// The reason.
        #[source]
        source: Box<CudaError>,
        /// What requests it.
        location: Option<Location>,
    },
    /// The build has no image to start from.
    #[error("failed to choose a base image")]
    BaseImage {
        /// The reason.
        #[source]
        source: Box<BaseImageError>,
        /// What requests it.
        location: Option<Location>,
    },
}

impl RecipeError {
    pub fn findings(&self) -> Vec<Finding> {
        let at = |finding: Finding, location: &Option<Location>| match location {
            Some(location) => finding.at(location.clone()),
            None => finding,
        };
        match self {
            Self::PythonVersionMissing { location } => {
                let finding = Finding::new(&rules::PYTHON_VERSION_MISSING, self.to_string());
                vec![finding.hint("add `python_version: \"3.12\"` to `build`").at(location.clone())]
            }
            Self::RequirementsMissing { location, .. } => {
                let finding = Finding::new(&rules::PLAN_IMPOSSIBLE, self.to_string());
                vec![finding.hint("add the file, or fix `build.python_requirements`").at(location.clone())]
            }
            Self::RequirementsUnusable { findings } => findings.clone(),
            Self::Cuda { source, location } => {
                let rule = match source.as_ref() {
                    CudaError::TorchVersionMissing => &rules::FRAMEWORK_VERSION_MISSING,
                    CudaError::CudnnMismatch { .. } => &rules::CUDNN_MISMATCH,
                    _ => &rules::CUDA_UNDECIDED,
                };
                vec![at(Finding::new(rule, source.to_string()).hint(source.hint()), location)]
            }
            Self::BaseImage { source, location } => {
                let (rule, hint) = match source.as_ref() {
                    BaseImageError::CogBaseMissing { .. } => (&rules::PLAN_IMPOSSIBLE, "allow another base image"),
                    BaseImageError::CudaImageMissing { .. } => {
                        (&rules::CUDA_UNDECIDED, "set `build.cuda` to a version that has an image")
                    }
                };
                vec![at(Finding::new(rule, source.to_string()).hint(hint), location)]
            }
        }
    }
}
