//! The choices that a plan makes before it writes a line.

use cog_findings::{Finding, Location};

use super::error::RecipeError;
use super::facts::RecipeFacts;
use crate::base_image::{self, BaseImage, BaseImageKind, BaseImageRequest};
use crate::config::CogConfig;
use crate::cuda::{self, CudaRequest};
use crate::decision::Decision;
use crate::dockerfile::system::{UV_VERSION, UvSource};
use crate::requirements::{Prepared, RequirementLine, Requirements, prepare};
use crate::rules;
use crate::sdk::SdkVersion;
use crate::version::{self, Version};

/// The CUDA version from which `cog-base` images have their Python from uv.
const MANAGED_PYTHON_SINCE_CUDA: &str = "13.0";

/// The choices of a build.
#[derive(Debug)]
pub(super) struct Choices {
    pub(super) python: String,
    pub(super) cuda: Option<(String, String)>,
    pub(super) base: BaseImage,
    pub(super) prepared: Prepared,
    pub(super) uv: UvSource,
    pub(super) decisions: Vec<Decision>,
    pub(super) findings: Vec<Finding>,
}

/// The choices that need no registry.
struct Framework {
    python: String,
    requirements: Requirements,
    torch: Option<String>,
    cuda: Option<(String, String)>,
    decisions: Vec<Decision>,
    findings: Vec<Finding>,
}

impl Framework {
    fn make(config: &CogConfig, facts: &RecipeFacts) -> Result<Self, RecipeError> {
        let requirements = requirements(config, facts)?;
        let version_of = |package: &str| requirements.version_of(package, facts.conventions.requirements());
        let (torch, tensorflow) = (version_of("torch"), version_of("tensorflow"));
        let mut decisions = Vec::new();
        let python = python(config, facts, &mut decisions)?;
        let mut findings = Vec::new();
        for (framework, found) in [("torch", &torch), ("tensorflow", &tensorflow)] {
            if let Some((version, line)) = found {
                findings.extend(framework_python_finding(framework, version, &python, line));
            }
        }
        let mut chosen = None;
        if config.build.gpu {
            let request = CudaRequest {
                cuda: config.build.cuda.as_ref().map(|cuda| cuda.value.as_str()),
                cudnn: config.build.cudnn.as_ref().map(|cudnn| cudnn.value.as_str()),
                torch: torch.as_ref().map(|(version, _)| version.as_str()),
                tensorflow: tensorflow.as_ref().map(|(version, _)| version.as_str()),
            };
            let framework_line = [&tensorflow, &torch].into_iter().flatten().map(|(_, line)| line.origin.clone()).next();
            let location = config.build.cuda.as_ref().map(|cuda| cuda.location.clone()).or(framework_line);
            let choice = cuda::choose(&request, facts.conventions.cuda())
                .map_err(|source| RecipeError::Cuda { source: Box::new(source), location: location.clone() })?;
            decisions.extend(choice.decisions);
            findings.extend(choice.findings.into_iter().map(|finding| match &location {
                Some(location) => finding.at(location.clone()),
                None => finding,
            }));
            chosen = Some((choice.cuda, choice.cudnn));
        }
        let torch = torch.map(|(version, _)| version);
        Ok(Self { python, torch, requirements, cuda: chosen, decisions, findings })
    }

    fn base_image_request<'a>(&'a self, facts: &'a RecipeFacts) -> BaseImageRequest<'a> {
        BaseImageRequest {
            registry_host: &facts.registry_host,
            python: &self.python,
            cuda: self.cuda.as_ref().map(|(cuda, cudnn)| (cuda.as_str(), cudnn.as_str())),
            torch: self.torch.as_deref(),
            cog_base: facts.cog_base,
            use_cuda_image: facts.use_cuda_image,
        }
    }
}

impl Choices {
    pub(super) fn cog_base_candidate(config: &CogConfig, facts: &RecipeFacts) -> Result<Option<String>, RecipeError> {
        let framework = Framework::make(config, facts)?;
        Ok(base_image::candidate(&framework.base_image_request(facts)))
    }

    pub(super) fn make(config: &CogConfig, facts: &RecipeFacts) -> Result<Self, RecipeError> {
        let framework = Framework::make(config, facts)?;
        let base = base_image::choose(&framework.base_image_request(facts), facts.cog_base_answer.as_ref())
            .map_err(|source| RecipeError::BaseImage { source: Box::new(source), location: base_origin(config).cloned() })?;
        let Framework { python, requirements, cuda, mut decisions, mut findings, .. } = framework;
        let cuda_version = cuda.as_ref().map(|(cuda, _)| cuda.as_str());
        let prepared = prepare(&requirements, cuda_version, facts.conventions.requirements());
        let refused: Vec<Finding> = prepared.findings.iter().filter(|finding| finding.is_error()).cloned().collect();
        if !refused.is_empty() {
            return Err(RecipeError::RequirementsUnusable { findings: refused });
        }
        decisions.push(base.decision.clone());
        if base.kind == BaseImageKind::CogBase
            && let Some(short) =
                Version::parse(&python).filter(|version| version.patch.is_some()).map(|version| version.major_minor())
        {
            let because = format!("cog-base images exist per minor version, so the patch of {python} is not pinned");
            decisions.push(Decision::new("Python", short, because));
        }
        decisions.extend(prepared.decisions.iter().cloned());
        let (uv, uv_decision) = choose_uv(config, facts, base.kind);
        decisions.push(uv_decision);
        decisions.extend(sdk_decision(facts));
        findings.extend(base.findings.iter().cloned());
        findings.extend(prepared.findings.iter().cloned());
        findings.extend(sdk_finding(config, facts));
        Ok(Self { python, cuda, base, prepared, uv, decisions, findings })
    }

    /// Whether Python is marked as managed by uv in the base image.
    pub(super) fn has_managed_python(&self) -> bool {
        let is_new = |(cuda, _): &(String, String)| version::at_least(cuda, MANAGED_PYTHON_SINCE_CUDA);
        self.base.kind == BaseImageKind::CogBase && self.cuda.as_ref().is_some_and(is_new)
    }

    pub(super) fn base_origin<'a>(&self, config: &'a CogConfig) -> Option<&'a Location> {
        base_origin(config)
    }

    /// The requirements file as a whole, or the list in `cog.yaml`.
    pub(super) fn requirements_origin(&self, config: &CogConfig) -> Option<Location> {
        match (&config.build.python_requirements, config.build.python_packages.first()) {
            (Some(file), _) => Some(Location::file(file.value.clone())),
            (None, Some(first)) => Some(first.location.clone()),
            (None, None) => None,
        }
    }
}

/// What decides the base image: `build.cuda` if set, else the Python version.
fn base_origin(config: &CogConfig) -> Option<&Location> {
    let build = &config.build;
    build.cuda.as_ref().filter(|_| build.gpu).or(build.python_version.as_ref()).map(|written| &written.location)
}

fn python(config: &CogConfig, facts: &RecipeFacts, decisions: &mut Vec<Decision>) -> Result<String, RecipeError> {
    if let Some(written) = &config.build.python_version {
        return Ok(written.value.trim().to_owned());
    }
    let location = Location::at(&config.file, 1, 1);
    let default = facts.sdk.default_python().ok_or(RecipeError::PythonVersionMissing { location })?;
    decisions.push(Decision::new("Python", default, format!("it is the default of Cog {}", facts.sdk)));
    Ok(default.to_owned())
}

fn requirements(config: &CogConfig, facts: &RecipeFacts) -> Result<Requirements, RecipeError> {
    match (&config.build.python_requirements, &facts.requirements) {
        (Some(_), Some(source)) => Ok(Requirements::read(&source.text, &source.file, facts.conventions.requirements())),
        (Some(file), None) => Err(RecipeError::RequirementsMissing { file: file.value.clone(), location: file.location.clone() }),
        (None, _) => Ok(Requirements::from_packages(&config.build.python_packages)),
    }
}

/// Reports a framework release without wheels for the Python. Releases that are in no table are not judged.
fn framework_python_finding(framework: &str, version: &str, python: &str, line: &RequirementLine) -> Option<Finding> {
    let mut pythons: Vec<&str> = match framework {
        "torch" => cuda::torch_rows(version).flat_map(|row| &row.pythons).map(String::as_str).collect(),
        _ => cuda::tensorflow_row(version)?.pythons.iter().map(String::as_str).collect(),
    };
    pythons.sort_by(|a, b| version::compare(a, b));
    pythons.dedup();
    // The tables start at 3.10.
    let is_covered = version::compare(python, "3.10").is_ge();
    if pythons.is_empty() || !is_covered || pythons.iter().any(|known| version::same_minor(known, python)) {
        return None;
    }
    let message = format!("{framework} {version} has no wheel for Python {python}");
    let hint = format!("use Python {}, or another {framework} release", pythons.join(", "));
    Some(Finding::new(&rules::FRAMEWORK_PYTHON, message).hint(hint).at(line.origin.clone()))
}

/// Installs uv where it is requested, where it has to install Python, and where a command calls it.
fn choose_uv(config: &CogConfig, facts: &RecipeFacts, base: BaseImageKind) -> (UvSource, Decision) {
    let commands = config.build.run.iter().chain(&config.build.pre_install);
    let calls_uv = |command: &str| {
        command
            .split(|character: char| !(character.is_ascii_alphanumeric() || "._-/".contains(character)))
            .any(|word| word == "uv" || word == "uvx")
    };
    let caller = commands.map(|command| command.command.as_str()).find(|command| calls_uv(command));
    let (source, because) = match (facts.uv, base, caller) {
        (UvSource::None, BaseImageKind::Cuda, _) => {
            (UvSource::Pypi, "nvidia's images have no Python, and uv installs one".to_owned())
        }
        (UvSource::None, _, Some(command)) => (UvSource::Pypi, format!("`{command}` in cog.yaml calls it")),
        (UvSource::None, _, None) => {
            (UvSource::None, "pip is already installed and resolves the requirements either way".to_owned())
        }
        (asked, _, _) => (asked, "it was requested".to_owned()),
    };
    let chosen = match source {
        UvSource::None => "not installed".to_owned(),
        UvSource::Pypi => format!("{UV_VERSION} from PyPI"),
        UvSource::Image => format!("{UV_VERSION} from ghcr.io"),
    };
    (source, Decision::new("uv", chosen, because))
}

fn sdk_decision(facts: &RecipeFacts) -> Option<Decision> {
    match facts.sdk {
        SdkVersion::Latest => {
            let because = "it is the newest, and a pin makes the build reproducible";
            Some(Decision::new("Cog SDK", facts.sdk.pip_requirement(&facts.newest_sdk), because))
        }
        SdkVersion::Prerelease | SdkVersion::Exact(_) => None,
    }
}

fn sdk_finding(config: &CogConfig, facts: &RecipeFacts) -> Option<Finding> {
    if facts.sdk != SdkVersion::Prerelease {
        return None;
    }
    let finding = Finding::new(&rules::SDK_NOT_PINNED, "the newest pre-release of the Cog SDK is installed, without a pin")
        .hint("pin an exact release");
    Some(match &config.build.sdk_version {
        Some(written) => finding.at(written.location.clone()),
        None => finding,
    })
}
