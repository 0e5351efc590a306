//! The choice of CUDA and cuDNN with the mistakes of the Cog CLI corrected.

use cog_findings::Finding;

use super::{CudaConventions, CudaError, CudaRequest, cudnn_as_asked, cudnns_for};
use crate::decision::Decision;
use crate::rules;
use crate::tables::TensorFlowRow;

/// Chooses what exists and works.
pub(crate) struct CorrectedCuda;

impl CudaConventions for CorrectedCuda {
    /// A version is only needed where it decides.
    fn check_torch(&self, _request: &CudaRequest<'_>) -> Result<(), CudaError> {
        Ok(())
    }

    /// The cuDNN that TensorFlow was built for, or the one that images of this CUDA version have.
    fn cudnn_for_tensorflow(&self, row: &TensorFlowRow, cuda: &str, findings: &mut Vec<Finding>) -> Decision {
        let (version, wanted) = (&row.version, row.cudnn_major());
        let known = cudnns_for(cuda);
        match known.last() {
            Some(other) if !known.contains(&wanted) => {
                let message =
                    format!("TensorFlow {version} was built for cuDNN {wanted}, but images with CUDA {cuda} have {other}");
                findings.push(
                    Finding::new(&rules::TENSORFLOW_CUDNN, message)
                        .hint("use TensorFlow 2.18 or later, which match existing images"),
                );
                let because = format!("no image with CUDA {cuda} has cuDNN {wanted}, which TensorFlow {version} was built for");
                Decision::new("cuDNN", *other, because)
            }
            _ => Decision::new("cuDNN", wanted, format!("TensorFlow {version} was built for it")),
        }
    }

    fn cudnn_for_unknown_tensorflow(&self, _version: &str, cudnn: &str) -> Result<Decision, CudaError> {
        Ok(cudnn_as_asked(cudnn))
    }
}
