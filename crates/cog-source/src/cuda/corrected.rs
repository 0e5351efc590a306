//! The choice of CUDA and cuDNN with the mistakes of the Cog CLI corrected.

use cog_findings::Finding;

use super::{CudaConventions, CudaError, CudaRequest, cudas_for_torch, cudnn_as_asked, cudnns_for};
use crate::decision::Decision;
use crate::rules;
use crate::tables::{TensorFlowRow, tables};
use crate::version::{self, Version};

/// The CUDA of PyTorch releases outside of the tables, which are the Cog CLI's: the newest of those before them, from the previous versions
/// on pytorch.org, and that of PyPI's wheels of those after them, from their requirements (`cuda-toolkit`, November 2026).
const OUTSIDE_TABLES: [(&str, &str); 8] = [
    ("1.7", "11.0"),
    ("1.8", "11.1"),
    ("1.9", "11.1"),
    ("1.10", "11.3"),
    ("2.12", "13.0"),
    ("2.13", "13.0"),
    ("2.14", "13.0"),
    ("2.15", "13.2"),
];

/// The newest release of PyTorch that is not newer than this one, else the oldest.
fn nearest_torch(torch: &str) -> Option<&'static str> {
    let wanted = Version::parse(torch)?;
    let mut known: Vec<(Version, &str)> = tables()
        .torch
        .iter()
        .map(|row| version::without_local(row.torch_version()))
        .filter_map(|release| Some((Version::parse(release)?, release)))
        .collect();
    known.sort_by(|(one, _), (other, _)| one.compare(other));
    let below = known.iter().rev().find(|(release, _)| release.compare(&wanted).is_le());
    below.or(known.first()).map(|(_, release)| *release)
}

/// Chooses what exists and works.
pub(crate) struct CorrectedCuda;

impl CudaConventions for CorrectedCuda {
    /// A version is only needed where it decides.
    fn check_torch(&self, _request: &CudaRequest<'_>) -> Result<(), CudaError> {
        Ok(())
    }

    /// The CUDA of releases outside of the tables, else that of the nearest release.
    fn cuda_for_unknown_torch(&self, torch: &str, findings: &mut Vec<Finding>) -> Result<Decision, CudaError> {
        if let Some((release, cuda)) = OUTSIDE_TABLES.iter().find(|(release, _)| version::same_minor(release, torch)) {
            return Ok(Decision::new("CUDA", *cuda, format!("PyTorch {release} was built for it")));
        }
        let unknown = || CudaError::FrameworkUnknown { framework: "torch", version: torch.to_owned() };
        let nearest = nearest_torch(torch).ok_or_else(unknown)?;
        let known = cudas_for_torch(nearest);
        let cuda = known.into_iter().rev().find(|cuda| !cudnns_for(cuda).is_empty()).ok_or_else(unknown)?;
        let message = format!("PyTorch {torch} is in no table, so CUDA {cuda} of the nearest known release, {nearest}, is used");
        findings
            .push(Finding::new(&rules::TORCH_UNKNOWN, message).hint("set `build.cuda` in cog.yaml if it needs another version"));
        Ok(Decision::new("CUDA", cuda, format!("PyTorch {nearest}, the nearest known release, was built for it")))
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
