//! The choice of CUDA and cuDNN that the Cog CLI makes.

use cog_findings::Finding;

use super::{CudaConventions, CudaError, CudaRequest};
use crate::decision::Decision;
use crate::tables::TensorFlowRow;

/// Chooses like the Cog CLI, mistakes included.
pub(crate) struct CogCliCuda;

impl CudaConventions for CogCliCuda {
    /// `torch` without a version is rejected even if `build.cuda` is set.
    fn check_torch(&self, request: &CudaRequest<'_>) -> Result<(), CudaError> {
        if request.torch == Some("") { Err(CudaError::TorchVersionMissing) } else { Ok(()) }
    }

    fn cuda_for_unknown_torch(&self, torch: &str, _findings: &mut Vec<Finding>) -> Result<Decision, CudaError> {
        Err(CudaError::FrameworkUnknown { framework: "torch", version: torch.to_owned() })
    }

    /// The cuDNN that TensorFlow was built for, although no image may have it.
    fn cudnn_for_tensorflow(&self, row: &TensorFlowRow, _cuda: &str, _findings: &mut Vec<Finding>) -> Decision {
        Decision::new("cuDNN", row.cudnn_major(), format!("TensorFlow {} was built for it", row.version))
    }

    fn cudnn_for_unknown_tensorflow(&self, version: &str, cudnn: &str) -> Result<Decision, CudaError> {
        Err(CudaError::TensorFlowCudnn { version: version.to_owned(), needs: String::new(), cudnn: cudnn.to_owned() })
    }
}
