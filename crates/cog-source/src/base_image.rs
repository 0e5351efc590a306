//! Which image a build starts from: `docs/reference/cog.md#base-image`.
//!
//! Replicate publishes `cog-base` images with Python, CUDA and PyTorch. Only their registry knows which of them exist: `candidate` names
//! one, the caller asks the registry, and `choose` uses the answer.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use cog_findings::Finding;

use crate::cuda;
use crate::decision::Decision;
use crate::rules;
use crate::tables::tables;
use crate::version::{self, Version};

/// The registry of `cog-base` images unless another is set.
pub const DEFAULT_REGISTRY_HOST: &str = "r8.im";

const REPOSITORY: &str = "cog-base";
const MINIMUM_PYTHON: &str = "3.10";
const MINIMUM_TORCH: &str = "1.13.1";
const MINIMUM_CUDA: &str = "11.6";

/// The Debian packages that every `cog-base` image has.
pub(crate) const PACKAGES_IN_COG_BASE: &[&str] = &[
    "build-essential",
    "cmake",
    "curl",
    "ffmpeg",
    "findutils",
    "g++",
    "gcc",
    "git",
    "libavcodec-dev",
    "libcairo2-dev",
    "libfontconfig1",
    "libgirepository1.0-dev",
    "libgl1",
    "libglib2.0-0",
    "libglx-mesa0",
    "libopencv-dev",
    "libsm6",
    "libsndfile1",
    "libssl-dev",
    "libunistring-dev",
    "libxext6",
    "libxrender1",
    "sox",
    "unzip",
    "wget",
    "zip",
    "zstd",
];

/// The registry's answer about the candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BaseImageAnswer {
    /// The tag exists.
    Present,
    /// The tag does not exist.
    Absent,
    /// The registry did not answer, for this reason.
    Unreachable(String),
}

/// Whether to start from a `cog-base` image (`--use-cog-base-image`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CogBaseUse {
    /// If one exists.
    #[default]
    Auto,
    /// Always; without one the build fails.
    Required,
    /// Never.
    Never,
}

/// The facts that decide the choice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BaseImageRequest<'a> {
    /// The registry of `cog-base`.
    pub(crate) registry_host: &'a str,
    /// `build.python_version`.
    pub(crate) python: &'a str,
    /// The chosen CUDA and cuDNN, for a GPU model.
    pub(crate) cuda: Option<(&'a str, &'a str)>,
    /// The version of `torch` in the requirements.
    pub(crate) torch: Option<&'a str>,
    /// Whether to start from a `cog-base` image.
    pub(crate) cog_base: CogBaseUse,
    /// Whether a GPU model may start from nvidia/cuda (`--use-cuda-base-image`).
    pub(crate) use_cuda_image: bool,
}

/// The source of the image, which decides what has to be installed in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BaseImageKind {
    /// Replicate's own, with Python, tini and common packages.
    CogBase,
    /// nvidia's, with CUDA but without Python.
    Cuda,
    /// Docker's official slim Python image.
    PythonSlim,
}

/// The image that a build starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BaseImage {
    /// Its source.
    pub(crate) kind: BaseImageKind,
    /// Its reference, as in `python:3.12-slim`.
    pub(crate) reference: String,
    /// The reason.
    pub(crate) decision: Decision,
    /// Possible problems, without locations.
    pub(crate) findings: Vec<Finding>,
}

/// Why a build has no image to start from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaseImageError {
    /// A `cog-base` image is required, but none exists.
    #[error("no cog-base image exists for this model: {reason}")]
    CogBaseMissing {
        /// The reason.
        reason: String,
    },
    /// nvidia publishes no such image.
    #[error("no nvidia/cuda image has CUDA {cuda} with cuDNN {cudnn}")]
    CudaImageMissing {
        /// CUDA.
        cuda: String,
        /// cuDNN.
        cudnn: String,
    },
}

/// The `cog-base` image to ask the registry for; `None` when none is wanted or none can exist.
pub(crate) fn candidate(request: &BaseImageRequest<'_>) -> Option<String> {
    if request.cog_base == CogBaseUse::Never {
        return None;
    }
    let cuda = request.cuda.map(|(cuda, _)| cuda);
    let tag = cog_base_tag(cuda, request.python, request.torch)?;
    Some(format!("{}/{REPOSITORY}:{tag}", request.registry_host))
}

/// Chooses the image. `answer` is about [`candidate`]; `None` when the registry was not asked.
pub(crate) fn choose(request: &BaseImageRequest<'_>, answer: Option<&BaseImageAnswer>) -> Result<BaseImage, BaseImageError> {
    let candidate = candidate(request);
    let (reason, finding) = match (&candidate, answer) {
        (Some(reference), Some(BaseImageAnswer::Present)) => {
            let decision = Decision::new("base image", reference, "the registry has it, with Python and common packages installed");
            return Ok(BaseImage { kind: BaseImageKind::CogBase, reference: reference.clone(), decision, findings: Vec::new() });
        }
        (Some(reference), Some(BaseImageAnswer::Absent)) => (format!("the registry has no {reference}"), None),
        (Some(reference), Some(BaseImageAnswer::Unreachable(why))) => {
            let message = format!("{reference} is not used because the registry did not answer: {why}");
            let finding = Finding::new(&rules::BASE_IMAGE_FALLBACK, message).hint("build again later for a faster build");
            (format!("the registry did not answer about {reference}"), Some(finding))
        }
        (Some(reference), None) => (format!("the registry was not asked for {reference}"), None),
        (None, _) if request.cog_base == CogBaseUse::Never => ("cog-base is disabled".to_owned(), None),
        (None, _) => ("Replicate makes no cog-base image for this pair of Python and CUDA".to_owned(), None),
    };
    if request.cog_base == CogBaseUse::Required {
        return Err(BaseImageError::CogBaseMissing { reason });
    }
    let (kind, reference) = match request.cuda {
        Some((cuda, cudnn)) if request.use_cuda_image => {
            let image = cuda::image_for(cuda, cudnn)
                .ok_or_else(|| BaseImageError::CudaImageMissing { cuda: cuda.to_owned(), cudnn: cudnn.to_owned() })?;
            (BaseImageKind::Cuda, format!("nvidia/cuda:{}", image.tag))
        }
        _ => (BaseImageKind::PythonSlim, format!("python:{}-slim", request.python)),
    };
    Ok(BaseImage {
        kind,
        decision: Decision::new("base image", &reference, reason),
        reference,
        findings: finding.into_iter().collect(),
    })
}

/// A `cog-base` image that Replicate builds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct CogBaseImage {
    cuda: Option<&'static str>,
    python: &'static str,
    torch: Option<&'static str>,
}

/// Every image that Replicate builds: each PyTorch row for each of its Pythons, every Python with every CUDA, and every Python alone.
fn offered_images() -> &'static BTreeSet<CogBaseImage> {
    static OFFERED: LazyLock<BTreeSet<CogBaseImage>> = LazyLock::new(|| {
        let mut images = BTreeSet::new();
        let (mut pythons, mut cudas) = (BTreeSet::new(), BTreeSet::new());
        for row in &tables().torch {
            for python in row.pythons.iter().map(String::as_str) {
                let torch = row.torch.as_str();
                if !version::at_least(python, MINIMUM_PYTHON) || !version::at_least(torch, MINIMUM_TORCH) {
                    continue;
                }
                match row.cuda.as_deref() {
                    Some(cuda) if version::at_least(cuda, MINIMUM_CUDA) => {
                        pythons.insert(python);
                        cudas.insert(cuda);
                        images.insert(CogBaseImage { cuda: Some(cuda), python, torch: Some(torch) });
                    }
                    Some(_) => {}
                    None => {
                        images.insert(CogBaseImage { cuda: None, python, torch: Some(torch) });
                    }
                }
            }
        }
        for python in pythons {
            images.insert(CogBaseImage { cuda: None, python, torch: None });
            images.extend(cudas.iter().map(|cuda| CogBaseImage { cuda: Some(cuda), python, torch: None }));
        }
        images
    });
    &OFFERED
}

/// The tag of the `cog-base` image for a model; `None` if Replicate builds none. PyTorch is named only if there is an image with it.
fn cog_base_tag(cuda: Option<&str>, python: &str, torch: Option<&str>) -> Option<String> {
    let python = Version::parse(python)?.major_minor();
    let fits = |image: &&CogBaseImage| is_compatible(image.cuda, cuda) && is_compatible(Some(image.python), Some(&python));
    let torch = torch.filter(|torch| !torch.is_empty()).and_then(|torch| {
        offered_images()
            .iter()
            .filter(fits)
            .filter_map(|image| image.torch)
            .filter(|offered| version::matches(torch, offered))
            .max_by(|a, b| version::compare(a, b))
    });
    offered_images().iter().find(|image| fits(image) && is_compatible(image.torch, torch))?;
    let mut parts = Vec::new();
    if let Some(cuda) = cuda {
        parts.push(format!("cuda{}", Version::parse(cuda)?.major_minor()));
    }
    parts.push(format!("python{python}"));
    if let Some(torch) = torch {
        parts.push(format!("torch{}", version::without_local(torch)));
    }
    Some(parts.join("-"))
}

fn is_compatible(offered: Option<&str>, requested: Option<&str>) -> bool {
    match (offered, requested) {
        (Some(offered), Some(requested)) => version::matches(requested, offered),
        (None, None) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request<'a>(cuda: Option<(&'a str, &'a str)>, python: &'a str, torch: Option<&'a str>) -> BaseImageRequest<'a> {
        let cog_base = CogBaseUse::Auto;
        BaseImageRequest { registry_host: DEFAULT_REGISTRY_HOST, python, cuda, torch, cog_base, use_cuda_image: true }
    }

    #[test]
    fn the_list_of_images_covers_known_pythons_and_cudas() {
        let pythons: BTreeSet<&str> = offered_images().iter().map(|image| image.python).collect();
        assert_eq!(pythons.into_iter().collect::<Vec<_>>(), ["3.10", "3.11", "3.12", "3.13", "3.14"]);
        let cudas: BTreeSet<&str> = offered_images().iter().filter_map(|image| image.cuda).collect();
        let expected = ["11.7", "11.8", "12.1", "12.4", "12.6", "12.8", "12.9", "13.0"];
        assert_eq!(cudas.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_tag_names_cuda_python_and_torch() {
        for (cuda, python, torch, tag) in [
            (None, "3.12", None, Some("python3.12")),
            (None, "3.12.4", None, Some("python3.12")),
            (None, "3.11", Some("2.1.2"), Some("python3.11-torch2.1.2")),
            (None, "3.11", Some("2.1"), Some("python3.11-torch2.1.2")),
            (Some("12.1"), "3.11", Some("2.1"), Some("cuda12.1-python3.11-torch2.1.2")),
            (Some("12.1.1"), "3.11", Some("2.1.0+cu121"), Some("cuda12.1-python3.11-torch2.1.0")),
            // No wheel for this Python, so PyTorch is left out.
            (Some("12.1"), "3.13", Some("2.1.2"), Some("cuda12.1-python3.13")),
            (Some("11.7"), "3.10", Some("1.13.1"), Some("cuda11.7-python3.10")),
            (Some("12.2"), "3.11", None, None),
            (Some("11.6"), "3.10", Some("1.13.1"), None),
            (None, "3.9", None, None),
            (None, "3.15", None, None),
            (None, "x", None, None),
        ] {
            assert_eq!(cog_base_tag(cuda, python, torch).as_deref(), tag, "{cuda:?} {python} {torch:?}");
        }
    }

    #[test]
    fn a_present_image_is_used() {
        let request = request(Some(("12.1", "8")), "3.11", Some("2.1.2"));
        let image = choose(&request, Some(&BaseImageAnswer::Present)).unwrap();
        assert_eq!(image.kind, BaseImageKind::CogBase);
        assert_eq!(image.reference, "r8.im/cog-base:cuda12.1-python3.11-torch2.1.2");
    }

    #[test]
    fn an_absent_image_is_replaced_quietly() {
        let gpu = request(Some(("12.1", "8")), "3.11", Some("2.1.2"));
        let image = choose(&gpu, Some(&BaseImageAnswer::Absent)).unwrap();
        assert_eq!((image.kind, image.reference.as_str()), (BaseImageKind::Cuda, "nvidia/cuda:12.1.1-cudnn8-devel-ubuntu22.04"));
        assert!(image.findings.is_empty());
        let cpu = choose(&request(None, "3.12.4", None), Some(&BaseImageAnswer::Absent)).unwrap();
        assert_eq!((cpu.kind, cpu.reference.as_str()), (BaseImageKind::PythonSlim, "python:3.12.4-slim"));
    }

    #[test]
    fn an_unreachable_registry_is_reported() {
        let image = choose(&request(None, "3.12", None), Some(&BaseImageAnswer::Unreachable("503".into()))).unwrap();
        assert_eq!(image.kind, BaseImageKind::PythonSlim);
        assert_eq!(image.findings[0].code.as_str(), "SP550");
    }

    #[test]
    fn a_required_image_must_exist() {
        let demanded = BaseImageRequest { cog_base: CogBaseUse::Required, ..request(None, "3.12", None) };
        assert!(choose(&demanded, Some(&BaseImageAnswer::Present)).is_ok());
        let error = choose(&demanded, Some(&BaseImageAnswer::Absent)).unwrap_err();
        assert_eq!(error, BaseImageError::CogBaseMissing { reason: "the registry has no r8.im/cog-base:python3.12".into() });
        let unmade = BaseImageRequest { python: "3.9", ..demanded };
        assert!(matches!(choose(&unmade, None), Err(BaseImageError::CogBaseMissing { .. })));
    }

    #[test]
    fn a_disabled_image_is_not_looked_up() {
        let off = BaseImageRequest { cog_base: CogBaseUse::Never, ..request(None, "3.12", None) };
        assert_eq!(candidate(&off), None);
        let image = choose(&off, Some(&BaseImageAnswer::Present)).unwrap();
        assert_eq!(image.reference, "python:3.12-slim");
    }

    #[test]
    fn a_gpu_model_may_refuse_the_cuda_image() {
        let slim = BaseImageRequest { use_cuda_image: false, ..request(Some(("12.1", "8")), "3.11", Some("2.1.2")) };
        assert_eq!(choose(&slim, None).unwrap().reference, "python:3.11-slim");
    }

    #[test]
    fn a_pair_without_image_is_an_error() {
        let error = choose(&request(Some(("12.3", "8")), "3.11", None), None).unwrap_err();
        assert_eq!(error, BaseImageError::CudaImageMissing { cuda: "12.3".into(), cudnn: "8".into() });
    }

    #[test]
    fn the_registry_can_be_configured() {
        let other = BaseImageRequest { registry_host: "localhost:5000", ..request(None, "3.12", None) };
        assert_eq!(candidate(&other).as_deref(), Some("localhost:5000/cog-base:python3.12"));
    }
}
