//! Which CUDA and cuDNN a GPU model is built with: `docs/reference/cog.md#cuda-and-cudnn`.
//!
//! TensorFlow loads the CUDA libraries of the image, so it decides first. PyTorch brings its own, so any CUDA version of its wheels works.
//! Without either there is a default. [`CudaConventions`] answers the questions that the Cog CLI gets wrong.

mod cog_cli;
mod corrected;

pub(crate) use cog_cli::CogCliCuda;
pub(crate) use corrected::CorrectedCuda;

use cog_findings::Finding;

use crate::decision::Decision;
use crate::rules;
use crate::tables::{CudaImage, TensorFlowRow, TorchRow, tables};
use crate::version;

/// The CUDA of a GPU model that uses neither framework.
const DEFAULT_CUDA: &str = "11.8";

/// The facts that decide the choice.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CudaRequest<'a> {
    /// `build.cuda`.
    pub(crate) cuda: Option<&'a str>,
    /// `build.cudnn`.
    pub(crate) cudnn: Option<&'a str>,
    /// The version of `torch` in the requirements; empty when the line has none.
    pub(crate) torch: Option<&'a str>,
    /// The version of `tensorflow` in the requirements; empty when the line has none.
    pub(crate) tensorflow: Option<&'a str>,
}

/// CUDA and cuDNN, with the reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CudaChoice {
    /// CUDA, as requested or as `major.minor`.
    pub(crate) cuda: String,
    /// The major version of cuDNN.
    pub(crate) cudnn: String,
    /// The reasons.
    pub(crate) decisions: Vec<Decision>,
    /// Possible problems, without locations.
    pub(crate) findings: Vec<Finding>,
}

/// Why no CUDA version can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CudaError {
    /// `torch` without a version decides nothing.
    #[error("`torch` has no version, so the CUDA version is unknown")]
    TorchVersionMissing,
    /// A framework's version is in no table.
    #[error("the CUDA version that {framework} {version} needs is unknown")]
    FrameworkUnknown {
        /// `torch` or `tensorflow`.
        framework: &'static str,
        /// The version in the requirements.
        version: String,
    },
    /// TensorFlow was built for another major version of CUDA.
    #[error("TensorFlow {version} needs CUDA {needs}, not {cuda}")]
    TensorFlowCuda {
        /// TensorFlow's version.
        version: String,
        /// The CUDA version it was built for.
        needs: String,
        /// The version in `cog.yaml`.
        cuda: String,
    },
    /// TensorFlow was built for another cuDNN.
    #[error("TensorFlow {version} needs cuDNN {needs}, not {cudnn}")]
    TensorFlowCudnn {
        /// TensorFlow's version.
        version: String,
        /// The cuDNN it was built for; empty when that is unknown.
        needs: String,
        /// The version in `cog.yaml`.
        cudnn: String,
    },
    /// No image has this pair.
    #[error("no image has CUDA {cuda} with cuDNN {cudnn}")]
    CudnnMismatch {
        cuda: String,
        /// cuDNN.
        cudnn: String,
    },
    /// No image has the CUDA version.
    #[error("no image has CUDA {cuda}")]
    CudaUnknown { cuda: String },
}

impl CudaError {
    /// The fix.
    pub fn hint(&self) -> String {
        match self {
            Self::TorchVersionMissing => "pin it, as in torch==2.4.0".to_owned(),
            Self::FrameworkUnknown { .. } => {
                "set `build.cuda` in cog.yaml to a version from the framework's documentation".to_owned()
            }
            Self::TensorFlowCuda { needs, .. } => format!("set `build.cuda` to \"{needs}\", or remove it"),
            Self::TensorFlowCudnn { .. } => "remove `build.cudnn`".to_owned(),
            Self::CudnnMismatch { cuda, .. } => match cudnns_for(cuda).as_slice() {
                [] => "remove `build.cudnn`".to_owned(),
                known => format!("CUDA {cuda} comes with cuDNN {}", known.join(" or ")),
            },
            Self::CudaUnknown { .. } => format!("use one of {}", known_cudas().join(", ")),
        }
    }
}

/// The questions that the Cog CLI answers wrongly.
pub(crate) trait CudaConventions {
    /// Whether `torch` needs a version in the requirements.
    fn check_torch(&self, request: &CudaRequest<'_>) -> Result<(), CudaError>;

    /// The CUDA for a PyTorch release that is in no table.
    fn cuda_for_unknown_torch(&self, torch: &str, findings: &mut Vec<Finding>) -> Result<Decision, CudaError>;

    /// The cuDNN for a TensorFlow release on a CUDA version.
    fn cudnn_for_tensorflow(&self, row: &TensorFlowRow, cuda: &str, findings: &mut Vec<Finding>) -> Decision;

    /// The cuDNN for a TensorFlow release that is in no table, when `cog.yaml` requests one.
    fn cudnn_for_unknown_tensorflow(&self, version: &str, cudnn: &str) -> Result<Decision, CudaError>;
}

/// Chooses CUDA and cuDNN.
pub(crate) fn choose(request: &CudaRequest<'_>, conventions: &dyn CudaConventions) -> Result<CudaChoice, CudaError> {
    if let (Some(cuda), Some(cudnn)) = (request.cuda, request.cudnn)
        && !cudnns_for(cuda).contains(&cudnn)
    {
        return Err(CudaError::CudnnMismatch { cuda: cuda.to_owned(), cudnn: cudnn.to_owned() });
    }
    conventions.check_torch(request)?;
    match (request.tensorflow, request.torch) {
        (Some(tensorflow), _) if !tensorflow.is_empty() => choose_for_tensorflow(request, tensorflow, conventions),
        (_, Some(torch)) => choose_for_torch(request, torch, conventions),
        _ => choose_without_framework(request),
    }
}

fn choose_for_tensorflow(
    request: &CudaRequest<'_>,
    version: &str,
    conventions: &dyn CudaConventions,
) -> Result<CudaChoice, CudaError> {
    let row = tensorflow_row(version);
    let mut findings = Vec::new();
    let cuda = match (request.cuda, row) {
        (None, Some(row)) => Decision::new("CUDA", &row.cuda, format!("TensorFlow {version} was built for it")),
        (None, None) => return Err(CudaError::FrameworkUnknown { framework: "tensorflow", version: version.to_owned() }),
        (Some(cuda), Some(row)) if major(cuda) != major(&row.cuda) => {
            return Err(CudaError::TensorFlowCuda { version: version.to_owned(), needs: row.cuda.clone(), cuda: cuda.to_owned() });
        }
        (Some(cuda), row) => {
            if !row.is_some_and(|row| version::same_minor(&row.cuda, cuda)) {
                let message = format!("TensorFlow {version} is not known to work with CUDA {cuda}");
                let finding = Finding::new(&rules::TENSORFLOW_CUDA_UNKNOWN, message);
                findings.push(match row {
                    Some(row) => finding.hint(format!("TensorFlow {version} was built for CUDA {}", row.cuda)),
                    None => finding.hint("check the table of tested builds on tensorflow.org"),
                });
            }
            Decision::new("CUDA", cuda, "build.cuda requests it")
        }
    };
    let cudnn = match (request.cudnn, row) {
        (None, Some(row)) => conventions.cudnn_for_tensorflow(row, &cuda.chosen, &mut findings),
        (None, None) => newest_cudnn(&cuda.chosen)?,
        (Some(cudnn), Some(row)) if row.cudnn_major() != cudnn => {
            let needs = row.cudnn_major().to_owned();
            return Err(CudaError::TensorFlowCudnn { version: version.to_owned(), needs, cudnn: cudnn.to_owned() });
        }
        (Some(cudnn), Some(_)) => cudnn_as_asked(cudnn),
        (Some(cudnn), None) => conventions.cudnn_for_unknown_tensorflow(version, cudnn)?,
    };
    Ok(choice(cuda, cudnn, findings))
}

fn choose_for_torch(request: &CudaRequest<'_>, torch: &str, conventions: &dyn CudaConventions) -> Result<CudaChoice, CudaError> {
    let mut findings = Vec::new();
    let cudas = cudas_for_torch(torch);
    let cuda = match request.cuda {
        None if torch.is_empty() => return Err(CudaError::TorchVersionMissing),
        None => match cudas.last() {
            Some(newest) => Decision::new(
                "CUDA",
                *newest,
                format!("it is the newest that PyTorch {torch} was built for ({})", cudas.join(", ")),
            ),
            None => conventions.cuda_for_unknown_torch(torch, &mut findings)?,
        },
        Some(cuda) => {
            if !torch.is_empty() && !cudas.iter().any(|known| version::same_minor(known, cuda)) {
                let message = format!("PyTorch {torch} is not known to work with CUDA {cuda}");
                let finding = Finding::new(&rules::TORCH_CUDA_UNKNOWN, message);
                findings.push(match cudas.as_slice() {
                    [] => finding.hint("check the previous versions on pytorch.org"),
                    known => finding.hint(format!("PyTorch {torch} was built for CUDA {}", known.join(", "))),
                });
            }
            Decision::new("CUDA", cuda, "build.cuda requests it")
        }
    };
    let cudnn = asked_or_newest_cudnn(request, &cuda.chosen)?;
    Ok(choice(cuda, cudnn, findings))
}

fn choose_without_framework(request: &CudaRequest<'_>) -> Result<CudaChoice, CudaError> {
    let cuda = match request.cuda {
        Some(cuda) => Decision::new("CUDA", cuda, "build.cuda requests it"),
        None => Decision::new("CUDA", DEFAULT_CUDA, "it is the default when no framework decides"),
    };
    let cudnn = asked_or_newest_cudnn(request, &cuda.chosen)?;
    Ok(choice(cuda, cudnn, Vec::new()))
}

fn choice(cuda: Decision, cudnn: Decision, findings: Vec<Finding>) -> CudaChoice {
    CudaChoice { cuda: cuda.chosen.clone(), cudnn: cudnn.chosen.clone(), decisions: vec![cuda, cudnn], findings }
}

fn cudnn_as_asked(cudnn: &str) -> Decision {
    Decision::new("cuDNN", cudnn, "build.cudnn requests it")
}

fn asked_or_newest_cudnn(request: &CudaRequest<'_>, cuda: &str) -> Result<Decision, CudaError> {
    match request.cudnn {
        Some(cudnn) => Ok(cudnn_as_asked(cudnn)),
        None => newest_cudnn(cuda),
    }
}

fn newest_cudnn(cuda: &str) -> Result<Decision, CudaError> {
    match cudnns_for(cuda).last() {
        Some(newest) => Ok(Decision::new("cuDNN", *newest, format!("images with CUDA {cuda} have it"))),
        None => Err(CudaError::CudaUnknown { cuda: cuda.to_owned() }),
    }
}

/// The cuDNN versions in images of a CUDA version, oldest first, without duplicates.
pub(crate) fn cudnns_for(cuda: &str) -> Vec<&'static str> {
    let mut found: Vec<&str> =
        tables().cuda_images.iter().filter(|image| version::matches(cuda, &image.cuda)).map(|image| image.cudnn.as_str()).collect();
    found.sort_by(|a, b| version::compare(a, b));
    found.dedup();
    found
}

/// The CUDA versions that a PyTorch release was built for, oldest first, without duplicates.
///
/// A local part such as `+cu118` restricts them to that version, if it has a wheel.
pub(crate) fn cudas_for_torch(torch: &str) -> Vec<&'static str> {
    let rows = || tables().torch.iter().filter(|row| version::matches(torch, row.torch_version()));
    if let Some(asked) = cuda_of_local_part(torch)
        && let Some(row) = rows().find(|row| row.cuda.as_deref() == Some(asked.as_str()))
    {
        return row.cuda.as_deref().into_iter().collect();
    }
    let mut found: Vec<&str> = rows().filter_map(|row| row.cuda.as_deref()).collect();
    found.sort_by(|a, b| version::compare(a, b));
    found.dedup();
    found
}

/// `11.8` from `2.0.1+cu118`.
fn cuda_of_local_part(torch: &str) -> Option<String> {
    let digits = torch.rsplit_once('+')?.1.strip_prefix("cu")?;
    if digits.len() < 2 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (major, minor) = digits.split_at(digits.len() - 1);
    Some(format!("{major}.{minor}"))
}

/// The newest nvidia/cuda image with a pair of CUDA and cuDNN: highest CUDA patch, then highest Ubuntu.
pub(crate) fn image_for(cuda: &str, cudnn: &str) -> Option<&'static CudaImage> {
    tables()
        .cuda_images
        .iter()
        .filter(|image| version::matches(cuda, &image.cuda) && image.cudnn == cudnn)
        .max_by(|a, b| version::compare(&a.cuda, &b.cuda).then_with(|| a.ubuntu.cmp(&b.ubuntu)))
}

/// The PyTorch rows of a version, with a missing patch as a wildcard.
pub(crate) fn torch_rows(torch: &str) -> impl Iterator<Item = &'static TorchRow> {
    tables().torch.iter().filter(move |row| version::matches(torch, row.torch_version()))
}

/// The row of an exact TensorFlow version.
pub(crate) fn tensorflow_row(version: &str) -> Option<&'static TensorFlowRow> {
    tables().tensorflow.iter().find(|row| row.version == version)
}

fn known_cudas() -> Vec<String> {
    let mut known: Vec<String> = tables()
        .cuda_images
        .iter()
        .filter_map(|image| version::Version::parse(&image.cuda))
        .map(|cuda| cuda.major_minor())
        .collect();
    known.dedup();
    known
}

fn major(text: &str) -> &str {
    text.split('.').next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(request: &CudaRequest<'_>) -> Result<(String, String), CudaError> {
        choose(request, &CorrectedCuda).map(|choice| (choice.cuda, choice.cudnn))
    }

    fn torch(version: &str) -> CudaRequest<'_> {
        CudaRequest { torch: Some(version), ..CudaRequest::default() }
    }

    fn tensorflow(version: &str) -> CudaRequest<'_> {
        CudaRequest { tensorflow: Some(version), ..CudaRequest::default() }
    }

    #[test]
    fn torch_gets_the_newest_cuda_it_was_built_for() {
        for (version, cudas, chosen, cudnn) in [
            ("1.12.1", "11.3, 11.6", "11.6", "8"),
            ("1.13.1", "11.6, 11.7", "11.7", "8"),
            ("2.0.0", "11.7, 11.8", "11.8", "8"),
            ("2.0.1", "11.7, 11.8", "11.8", "8"),
            ("2.1.2", "11.8, 12.1", "12.1", "8"),
            ("2.2.0", "11.8, 12.1", "12.1", "8"),
            ("2.3.1", "11.8, 12.1", "12.1", "8"),
            ("2.4.1", "11.8, 12.1, 12.4", "12.4", "9"),
            ("2.5.1", "11.8, 12.1, 12.4", "12.4", "9"),
            ("2.6.0", "11.8, 12.4, 12.6", "12.6", "9"),
            ("2.7.1", "11.8, 12.6, 12.8", "12.8", "9"),
            ("2.8.0", "12.6, 12.8, 12.9", "12.9", "9"),
            ("2.9.1", "12.6, 12.8, 13.0", "13.0", "9"),
            ("2.10.0", "12.6, 12.8, 13.0", "13.0", "9"),
            ("2.11.0", "12.6, 12.8, 12.9, 13.0", "13.0", "9"),
        ] {
            assert_eq!(cudas_for_torch(version).join(", "), cudas, "{version}");
            assert_eq!(pair(&torch(version)), Ok((chosen.to_owned(), cudnn.to_owned())), "{version}");
        }
    }

    #[test]
    fn a_request_without_patch_fits_every_patch() {
        assert_eq!(cudas_for_torch("2.1"), ["11.8", "12.1"]);
        assert_eq!(cudas_for_torch("2.99"), Vec::<&str>::new());
    }

    #[test]
    fn a_local_part_names_the_cuda() {
        assert_eq!(cudas_for_torch("2.1.0+cu118"), ["11.8"]);
        assert_eq!(cudas_for_torch("2.1.0+cu999"), ["11.8", "12.1"]);
        assert_eq!(cudas_for_torch("2.1.0+cpu"), ["11.8", "12.1"]);
    }

    #[test]
    fn tensorflow_gets_the_pair_it_was_built_for() {
        for (version, cuda, cudnn) in [
            ("2.4.0", "11.0", "8"),
            ("2.8.0", "11.2", "8"),
            ("2.12.0", "11.8", "8"),
            ("2.14.0", "11.8", "8"),
            ("2.15.0", "12.2", "8"),
            ("2.18.0", "12.5", "9"),
            ("2.21.0", "12.5", "9"),
        ] {
            assert_eq!(pair(&tensorflow(version)), Ok((cuda.to_owned(), cudnn.to_owned())), "{version}");
        }
    }

    #[test]
    fn tensorflow_2_16_and_2_17_get_a_cudnn_that_exists() {
        for version in ["2.16.1", "2.17.0"] {
            let choice = choose(&tensorflow(version), &CorrectedCuda).unwrap();
            assert_eq!((choice.cuda.as_str(), choice.cudnn.as_str()), ("12.3", "9"));
            assert!(image_for(&choice.cuda, &choice.cudnn).is_some());
            assert_eq!(choice.findings[0].code.as_str(), "SP558");
            let cog_cli = choose(&tensorflow(version), &CogCliCuda).unwrap();
            assert_eq!((cog_cli.cudnn.as_str(), image_for("12.3", "8")), ("8", None));
        }
    }

    #[test]
    fn tensorflow_decides_before_torch() {
        let both = CudaRequest { torch: Some("2.4.0"), ..tensorflow("2.12.0") };
        assert_eq!(pair(&both), Ok(("11.8".to_owned(), "8".to_owned())));
        let bare = CudaRequest { torch: Some("2.4.0"), ..tensorflow("") };
        assert_eq!(pair(&bare), Ok(("12.4".to_owned(), "9".to_owned())));
    }

    #[test]
    fn without_a_framework_it_is_the_default() {
        assert_eq!(pair(&CudaRequest::default()), Ok(("11.8".to_owned(), "8".to_owned())));
        assert_eq!(pair(&CudaRequest { cuda: Some("12.2"), ..CudaRequest::default() }), Ok(("12.2".to_owned(), "8".to_owned())));
    }

    #[test]
    fn a_cuda_that_torch_was_not_built_for_is_reported() {
        let choice = choose(&CudaRequest { cuda: Some("11.8"), ..torch("2.9.0") }, &CorrectedCuda).unwrap();
        assert_eq!((choice.cuda.as_str(), choice.cudnn.as_str()), ("11.8", "8"));
        assert_eq!(choice.findings[0].code.as_str(), "SP551");
        assert_eq!(choice.findings[0].hint.as_deref(), Some("PyTorch 2.9.0 was built for CUDA 12.6, 12.8, 13.0"));
        assert!(choose(&CudaRequest { cuda: Some("12.8.1"), ..torch("2.9.0") }, &CorrectedCuda).unwrap().findings.is_empty());
    }

    #[test]
    fn a_torch_beyond_the_tables_takes_the_nearest_release() {
        for (version, cuda, nearest) in [
            ("1.8.0", "11.1", None),
            ("1.10.2", "11.3", None),
            ("99.0.0", "13.0", Some("2.11.0")),
            ("2.12.1", "13.0", None),
            ("2.14.1", "13.0", None),
            ("2.15.0", "13.2", None),
            ("2.16.0", "13.0", Some("2.11.0")),
            ("2.5.9", "12.4", Some("2.5.1")),
            ("1.4.0", "11.3", Some("1.11.0")),
        ] {
            let choice = choose(&torch(version), &CorrectedCuda).unwrap();
            assert_eq!(choice.cuda, cuda, "{version}");
            let reported = choice.findings.first().map(|finding| (finding.code.as_str(), finding.message.clone()));
            let expected = nearest.map(|nearest| {
                (
                    "SP561",
                    format!("PyTorch {version} is in no table, so CUDA {cuda} of the nearest known release, {nearest}, is used"),
                )
            });
            assert_eq!(reported, expected, "{version}");
            let cog_cli = CudaError::FrameworkUnknown { framework: "torch", version: version.into() };
            assert_eq!(choose(&torch(version), &CogCliCuda), Err(cog_cli), "{version}");
        }
    }

    #[test]
    fn tensorflow_is_reported_only_when_cuda_differs() {
        let differs = choose(&CudaRequest { cuda: Some("11.2"), ..tensorflow("2.14.0") }, &CorrectedCuda).unwrap();
        assert_eq!(differs.findings[0].code.as_str(), "SP552");
        assert!(choose(&CudaRequest { cuda: Some("11.8"), ..tensorflow("2.14.0") }, &CorrectedCuda).unwrap().findings.is_empty());
    }

    #[test]
    fn undecidable_requests_are_errors_with_a_hint() {
        let cases = [
            (torch(""), CudaError::TorchVersionMissing),
            (torch("nightly"), CudaError::FrameworkUnknown { framework: "torch", version: "nightly".into() }),
            (tensorflow("2.99.0"), CudaError::FrameworkUnknown { framework: "tensorflow", version: "2.99.0".into() }),
            (
                CudaRequest { cuda: Some("11.8"), ..tensorflow("2.15.0") },
                CudaError::TensorFlowCuda { version: "2.15.0".into(), needs: "12.2".into(), cuda: "11.8".into() },
            ),
            (
                CudaRequest { cudnn: Some("9"), ..tensorflow("2.15.0") },
                CudaError::TensorFlowCudnn { version: "2.15.0".into(), needs: "8".into(), cudnn: "9".into() },
            ),
            (
                CudaRequest { cuda: Some("11.8"), cudnn: Some("9"), ..CudaRequest::default() },
                CudaError::CudnnMismatch { cuda: "11.8".into(), cudnn: "9".into() },
            ),
            (CudaRequest { cuda: Some("12.7"), ..CudaRequest::default() }, CudaError::CudaUnknown { cuda: "12.7".into() }),
        ];
        for (request, expected) in cases {
            assert_eq!(choose(&request, &CorrectedCuda), Err(expected.clone()), "{request:?}");
            assert!(!expected.hint().is_empty());
        }
    }

    #[test]
    fn a_bare_torch_is_fine_when_cuda_is_given() {
        let request = CudaRequest { cuda: Some("12.4"), ..torch("") };
        assert_eq!(pair(&request), Ok(("12.4".to_owned(), "9".to_owned())));
        assert_eq!(choose(&request, &CogCliCuda), Err(CudaError::TorchVersionMissing));
    }

    #[test]
    fn the_newest_image_is_taken() {
        for (cuda, cudnn, tag) in [
            ("11.8", "8", "11.8.0-cudnn8-devel-ubuntu22.04"),
            ("12.6", "9", "12.6.3-cudnn-devel-ubuntu24.04"),
            ("12.6.1", "9", "12.6.1-cudnn-devel-ubuntu24.04"),
            ("13.0", "9", "13.0.3-cudnn-devel-ubuntu24.04"),
            ("11.0", "8", "11.0.3-cudnn8-devel-ubuntu20.04"),
        ] {
            assert_eq!(image_for(cuda, cudnn).map(|image| image.tag.as_str()), Some(tag));
        }
        assert_eq!(image_for("11.8", "9"), None);
    }
}
