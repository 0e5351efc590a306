//! Rules between values, and of values that depend on the SDK.

use cog_findings::{Finding, Location};

use super::types::CogConfig;
use crate::cuda;
use crate::rules;
use crate::sdk::SdkVersion;
use crate::tables::NEWEST_KNOWN_PYTHON;
use crate::version::Version;
use crate::yaml::Located;

/// The lowest CUDA version that Cog accepts.
const MINIMUM_CUDA_MAJOR: u32 = 11;

/// The lowest Python with task groups, which concurrent predictions need.
const MINIMUM_PYTHON_FOR_CONCURRENCY: (u32, u32) = (3, 11);

/// Checks a configuration as a whole.
pub(super) fn check(config: &CogConfig, sdk: &SdkVersion) -> Vec<Finding> {
    let mut findings = Vec::new();
    check_python(config, sdk, &mut findings);
    check_cuda(config, &mut findings);
    check_requirements(config, &mut findings);
    check_concurrency(config, &mut findings);
    check_names(config, &mut findings);
    check_weights(config, &mut findings);
    findings
}

fn check_python(config: &CogConfig, sdk: &SdkVersion, findings: &mut Vec<Finding>) {
    let Some(python) = &config.build.python_version else {
        if sdk.default_python().is_none() {
            let finding = Finding::new(&rules::PYTHON_VERSION_MISSING, "`build.python_version` is not set")
                .hint("add `python_version: \"3.12\"` to `build`");
            findings.push(finding.at(Location::at(&config.file, 1, 1)));
        }
        return;
    };
    let Some((major, minor)) = python_version(&python.value) else {
        let finding = Finding::new(&rules::PYTHON_VERSION_INVALID, format!("`{}` is not a Python version", python.value))
            .hint("write major and minor version, as in \"3.12\"");
        findings.push(finding.at(python.location.clone()));
        return;
    };
    let minimum = python_version(sdk.minimum_python()).unwrap_or_default();
    let newest = python_version(NEWEST_KNOWN_PYTHON).unwrap_or_default();
    if (major, minor) < minimum {
        let message = format!("Cog SDK {sdk} needs Python {} or later, not {}", sdk.minimum_python(), python.value);
        let finding = Finding::new(&rules::PYTHON_VERSION_UNSUPPORTED, message)
            .hint(format!("write \"{}\" or newer, or pin an older SDK", sdk.minimum_python()));
        findings.push(finding.at(python.location.clone()));
    } else if (major, minor) > newest {
        let message = format!("Python {} is newer than {NEWEST_KNOWN_PYTHON}, the newest known to work", python.value);
        findings.push(Finding::new(&rules::PYTHON_VERSION_UNKNOWN, message).at(python.location.clone()));
    }
}

/// Major and minor of `3.12` or `3.12.4`; the patch may carry letters, as in `3.14.0rc1`.
fn python_version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim().splitn(3, '.');
    let (major, minor) = (parts.next()?, parts.next()?);
    let version = Version::parse(&format!("{major}.{minor}"))?;
    let patch_is_plain =
        parts.next().is_none_or(|patch| !patch.is_empty() && patch.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    patch_is_plain.then_some((version.major, version.minor))
}

fn check_cuda(config: &CogConfig, findings: &mut Vec<Finding>) {
    let build = &config.build;
    let cuda_is_valid = build.cuda.as_ref().is_some_and(|cuda| match cuda_problem(&cuda.value) {
        None => true,
        Some(problem) => {
            let finding = Finding::new(&rules::CUDA_VERSION_INVALID, format!("`{}` {problem}", cuda.value))
                .hint("write major and minor version, as in \"12.4\"");
            findings.push(finding.at(cuda.location.clone()));
            false
        }
    });
    if !build.gpu {
        if let Some(ignored) = build.cuda.as_ref().or(build.cudnn.as_ref()) {
            let finding = Finding::new(&rules::CUDA_WITHOUT_GPU, "`cuda` and `cudnn` are ignored because `build.gpu` is not true")
                .hint("add `gpu: true`, or remove them");
            findings.push(finding.at(ignored.location.clone()));
        }
        return;
    }
    let (true, Some(cuda), Some(cudnn)) = (cuda_is_valid, &build.cuda, &build.cudnn) else { return };
    let known = cuda::cudnns_for(&cuda.value);
    if !known.is_empty() && !known.contains(&cudnn.value.as_str()) {
        let message = format!("no image has CUDA {} with cuDNN {}", cuda.value, cudnn.value);
        let finding = Finding::new(&rules::CUDNN_MISMATCH, message).hint(format!(
            "CUDA {} comes with cuDNN {}",
            cuda.value,
            known.join(" or ")
        ));
        findings.push(finding.at(cudnn.location.clone()));
    }
}

fn cuda_problem(text: &str) -> Option<&'static str> {
    match Version::parse(text) {
        Some(version) if version.major < MINIMUM_CUDA_MAJOR => Some("is older than CUDA 11, the oldest that Cog supports"),
        Some(version) if !text.contains('.') || version.local.is_some() => Some("is not a CUDA version"),
        Some(_) => None,
        None => Some("is not a CUDA version"),
    }
}

fn check_requirements(config: &CogConfig, findings: &mut Vec<Finding>) {
    if let (Some(file), Some(_)) = (&config.build.python_requirements, config.build.python_packages.first()) {
        let finding = Finding::new(&rules::REQUIREMENTS_TWICE, "`python_requirements` and `python_packages` are both set")
            .hint("move the packages into the requirements file");
        findings.push(finding.at(file.location.clone()));
    }
}

fn check_concurrency(config: &CogConfig, findings: &mut Vec<Finding>) {
    let (Some(concurrency), Some(python)) = (&config.concurrency, &config.build.python_version) else { return };
    let is_too_old = python_version(&python.value).is_some_and(|version| version < MINIMUM_PYTHON_FOR_CONCURRENCY);
    if concurrency.max.value > 1 && is_too_old {
        let message = format!("`concurrency.max` above 1 needs Python 3.11 or later, not {}", python.value);
        let finding = Finding::new(&rules::CONCURRENCY_INVALID, message).hint("raise `build.python_version`");
        findings.push(finding.at(concurrency.max.location.clone()));
    }
}

fn check_names(config: &CogConfig, findings: &mut Vec<Finding>) {
    if let (Some(_), Some(model)) = (&config.image, &config.model) {
        let finding = Finding::new(&rules::IMAGE_AND_MODEL, "`image` and `model` are both set").hint("keep one of them");
        findings.push(finding.at(model.location.clone()));
    }
    if let Some(model) = &config.model
        && let Some(problem) = repository_problem(&model.value, false)
    {
        findings.push(invalid_name("model", model, problem));
    }
    if let Some(image) = &config.image
        && let Some(problem) = repository_problem(&image.value, true)
    {
        findings.push(invalid_name("image", image, problem));
    }
}

fn invalid_name(key: &str, name: &Located<String>, problem: &str) -> Finding {
    let message = format!("`{key}` is `{}`: {problem}", name.value);
    Finding::new(&rules::REPOSITORY_INVALID, message).hint("write it as `r8.im/owner/name`").at(name.location.clone())
}

/// The problem with a repository name. The host may have capitals and a port, the path may not.
fn repository_problem(name: &str, may_have_tag: bool) -> Option<&'static str> {
    let (host, path) = match name.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path),
        _ => ("", name),
    };
    let (path, digest) = path.split_once('@').map_or((path, None), |(path, digest)| (path, Some(digest)));
    let (path, tag) = path.split_once(':').map_or((path, None), |(path, tag)| (path, Some(tag)));
    if !may_have_tag && (tag.is_some() || digest.is_some()) {
        return Some("a tag or digest is not allowed");
    }
    let is_part = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte))
    };
    let host_is_plain = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:".contains(&byte));
    if !host_is_plain || path.is_empty() || !path.split('/').all(is_part) {
        return Some("no registry accepts this name");
    }
    None
}

fn check_weights(config: &CogConfig, findings: &mut Vec<Finding>) {
    let (Some(first), None) = (config.weights.first(), &config.model) else { return };
    let (location, hint) = match &config.image {
        Some(image) => (&image.location, "rename `image` to `model`"),
        None => (&first.location, "add `model: r8.im/owner/name`"),
    };
    findings.push(Finding::new(&rules::WEIGHTS_INVALID, "`weights` requires `model`").hint(hint).at(location.clone()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_versions_have_two_numbers_and_perhaps_a_patch() {
        assert_eq!(python_version("3.10"), Some((3, 10)));
        assert_eq!(python_version("3.14.0rc1"), Some((3, 14)));
        for text in ["3", "3.x", "three", "3.12.", "3.12.1-slim", "3.12.1.2", "+3.1"] {
            assert_eq!(python_version(text), None, "{text}");
        }
    }

    #[test]
    fn repositories_are_lowercase_paths_behind_any_host() {
        for name in ["r8.im/acme/upscale", "localhost:5000/a", "acme/upscale", "HOST.example/a/b_c"] {
            assert_eq!(repository_problem(name, false), None, "{name}");
        }
        for name in ["r8.im/acme/upscale:v2", "a@sha256:00", "r8.im/Acme/upscale", "r8.im/", "a b", "a//b"] {
            assert!(repository_problem(name, false).is_some(), "{name}");
        }
        assert_eq!(repository_problem("r8.im/acme/upscale:v2", true), None);
    }
}
