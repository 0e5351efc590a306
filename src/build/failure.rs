//! A failed build step: its cause as far as the output shows it, the line behind it, and a hint.

use std::path::Path;
use std::sync::LazyLock;

use cog_findings::Location;
use cog_findings::text::shorten;
use regex::Regex;

use crate::build::steps::StepMap;

/// A larger requirements file is not searched.
const REQUIREMENTS_BYTES: u64 = 1024 * 1024;

/// How much of BuildKit's message an error repeats.
const MESSAGE_BYTES: usize = 500;

/// A failed step of a build.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}", self.shown_title(), self.shown_exit())]
pub struct BuildFailure {
    /// The step as BuildKit names it; empty if BuildKit names none.
    pub step: String,
    /// The purpose of the step, if the recipe knows it.
    pub title: Option<String>,
    /// The cause, as far as the output shows it.
    pub cause: FailureCause,
    pub exit_code: Option<i32>,
    /// The last lines the step printed. Untrusted text.
    pub last_lines: Vec<String>,
    /// The user's line that caused the step.
    pub location: Option<Location>,
    /// The fix.
    pub hint: Option<String>,
    /// BuildKit's message.
    pub message: String,
}

/// The cause of a failed step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailureCause {
    /// apt does not find this package.
    SystemPackageMissing(String),
    /// No version of this Python package fits.
    NoMatchingDistribution(String),
    /// Requirements exclude each other.
    Conflict,
    /// A download does not match its hash.
    HashMismatch,
    /// A Python package needs a compiler.
    NoCompiler,
    /// The network or name resolution failed.
    Network,
    /// The image does not trust a certificate.
    Certificate,
    /// The daemon's disk is full.
    OutOfDisk,
    /// The step was killed, as the kernel does when memory runs out.
    Killed,
    /// This secret was not given.
    SecretMissing(String),
    /// This file is not in the context.
    FileMissing(String),
    /// The base image could not be pulled.
    BaseImageMissing,
    /// The daemon could not start the step's container.
    NotStarted,
    /// Anything else.
    Unknown,
}

impl FailureCause {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::SystemPackageMissing(name) => {
                format!("apt cannot find the package '{name}': check the spelling in system_packages, and that the base image's Debian has it")
            }
            Self::NoMatchingDistribution(requirement) => format!(
                "no version of '{requirement}' fits: check the name, that the version exists, and that it supports this Python version"
            ),
            Self::Conflict => "the requirements conflict: loosen a pin, or remove one of the packages pip names above".to_owned(),
            Self::HashMismatch => {
                "a download does not have the hash in the requirements: regenerate the hashes, or find out who changed the file".to_owned()
            }
            Self::NoCompiler => {
                "a package has no wheel for this Python and wants a compiler: pin a version that has one, or add \
                 build-essential to system_packages"
                    .to_owned()
            }
            Self::Network => "the build could not reach the network: try again, and check proxy and name servers of the Docker daemon".to_owned(),
            Self::Certificate => {
                "the build does not trust the server's certificate: behind a proxy with its own root, set COG_CA_CERT to that certificate"
                    .to_owned()
            }
            Self::OutOfDisk => "free space with `docker system prune`, or use a runner with a larger disk".to_owned(),
            Self::Killed => "the step was killed, most likely because memory ran out: use a runner with more".to_owned(),
            Self::SecretMissing(id) => format!("pass the secret to the build: --secret id={id},env=NAME or id={id},src=FILE"),
            Self::FileMissing(path) => format!("'{path}' is not in the project, or .dockerignore leaves it out"),
            Self::BaseImageMissing => "check the base image's name, and that its registry can be reached without a login".to_owned(),
            Self::NotStarted => {
                "no instruction of the model ran: `docker run --rm IMAGE true` has to work; check the daemon's log, its runtime and its disk"
                    .to_owned()
            }
            Self::Unknown => return None,
        })
    }
}

impl BuildFailure {
    /// Reads a failure from the output of BuildKit and the step.
    pub(super) fn read(step: &str, message: &str, last_lines: Vec<String>, map: &StepMap, project: &Path) -> Self {
        let cause = cause_of(message, &last_lines);
        let recipe_step = map.find(step);
        let location = recipe_step.and_then(|step| step.origin.clone()).map(|origin| refine(origin, &cause, &last_lines, project));
        Self {
            step: step.to_owned(),
            title: recipe_step.map(|step| step.title.clone()).filter(|title| !title.is_empty()),
            exit_code: capture(&EXIT_CODE, message).and_then(|code| code.parse().ok()),
            hint: cause.hint(),
            cause,
            last_lines,
            location,
            message: message.to_owned(),
        }
    }

    fn shown_title(&self) -> String {
        match (&self.title, self.step.as_str()) {
            (Some(title), _) => format!("the build failed at '{title}'"),
            (None, "") => format!("the build failed: {}", self.message),
            (None, step) => format!("the build failed at '{step}'"),
        }
    }

    /// The exit code of the step, or BuildKit's reason why it has none.
    fn shown_exit(&self) -> String {
        match self.exit_code {
            Some(code) => format!(" with exit code {code}"),
            None if self.step.is_empty() && self.title.is_none() => String::new(),
            None => format!(": {}", shorten(&self.message, MESSAGE_BYTES)),
        }
    }
}

#[expect(clippy::unwrap_used, reason = "the expressions are constants, and a test uses each")]
fn expression(text: &str) -> Regex {
    Regex::new(text).unwrap()
}

type Lazy = LazyLock<Regex>;

static EXIT_CODE: Lazy = LazyLock::new(|| expression(r"exit code: (\d+)"));
static NO_PACKAGE: Lazy = LazyLock::new(|| {
    expression(
        r"E: Unable to locate package (\S+)|E: Package '([^']+)' has no installation candidate|E: Version '[^']*' for '([^']+)' was not found",
    )
});
static NO_DISTRIBUTION: Lazy = LazyLock::new(|| {
    expression(
        r"No matching distribution found for (.+?)(?: \(from .*)?$|Because (\S+) was not found in the package registry|there is no version of (\S+),? ",
    )
});
static WRONG_HASH: Lazy = LazyLock::new(|| expression(r"^\s+(\S+==\S+) from https?://"));
static NO_SECRET: Lazy = LazyLock::new(|| {
    expression(
        r#"/run/secrets/([^\s:'"]+)['"]?(?:: | and )?.*No such file|No such file or directory: '/run/secrets/([^']+)'|secret (\S+): not found|secret (\S+) was not given"#,
    )
});
static NO_FILE: Lazy = LazyLock::new(|| {
    expression(
        r#"failed to (?:calculate checksum of|compute cache key).*?"?/([^":\s]+)"?:? not found|no such file or directory in context: (\S+)"#,
    )
});

fn capture(expression: &Regex, text: &str) -> Option<String> {
    let captures = expression.captures(text)?;
    captures.iter().skip(1).flatten().next().map(|part| part.as_str().trim().to_owned())
}

/// The cause that the output shows. Earlier patterns explain later ones: without a network pip also finds no distribution.
fn cause_of(message: &str, lines: &[String]) -> FailureCause {
    let find = |expression: &Regex| lines.iter().map(String::as_str).chain([message]).find_map(|line| capture(expression, line));
    let lower: Vec<String> = lines.iter().map(String::as_str).chain([message]).map(str::to_lowercase).collect();
    let says = |texts: &[&str]| lower.iter().any(|line| texts.iter().any(|text| line.contains(text)));
    if says(&["no space left on device", "[errno 28]", "disk quota exceeded"]) {
        FailureCause::OutOfDisk
    } else if says(&[
        "certificate_verify_failed",
        "certificate verify failed",
        "certificate verification failed",
        "unable to get local issuer",
        "x509: certificate",
        "unknownissuer",
    ]) {
        FailureCause::Certificate
    } else if let Some(id) = find(&NO_SECRET) {
        FailureCause::SecretMissing(id)
    } else if says(&[
        "temporary failure resolving",
        "temporary failure in name resolution",
        "could not resolve host",
        "name or service not known",
        "network is unreachable",
        "connection timed out",
        "readtimeouterror",
        "max retries exceeded",
        "connection refused",
        "dns error",
    ]) {
        FailureCause::Network
    } else if let Some(name) = find(&NO_PACKAGE) {
        FailureCause::SystemPackageMissing(name)
    } else if says(&["do not match the hashes", "hash mismatch", "hash sum mismatch"]) {
        FailureCause::HashMismatch
    } else if says(&["resolutionimpossible", "conflicting dependencies", "requirements are unsatisfiable"]) {
        FailureCause::Conflict
    } else if let Some(requirement) = find(&NO_DISTRIBUTION) {
        FailureCause::NoMatchingDistribution(requirement)
    } else if says(&[
        "command 'gcc' failed",
        "command 'g++' failed",
        "gcc: not found",
        "unable to execute 'gcc'",
        "unknown compiler",
        "no c compiler",
        "error: command 'x86_64-linux-gnu-gcc' failed",
        "can't find rust compiler",
    ]) {
        FailureCause::NoCompiler
    } else if let Some(path) = find(&NO_FILE) {
        FailureCause::FileMissing(path)
    } else if says(&[
        "pull access denied",
        "failed to resolve source metadata",
        "failed to load metadata",
        "an image it needs was not found",
        "failed to do request",
        "failed to create llb definition",
    ]) {
        FailureCause::BaseImageMissing
    } else if is_not_started(message) {
        FailureCause::NotStarted
    } else if message.contains("exit code: 137") {
        FailureCause::Killed
    } else {
        FailureCause::Unknown
    }
}

/// Whether BuildKit reports that the container of a step did not start. A program that the image lacks is the image's fault.
fn is_not_started(message: &str) -> bool {
    let lower = message.to_lowercase();
    let lacks_program =
        lower.contains("exec: ") && ["no such file", "not found", "permission denied"].iter().any(|why| lower.contains(why));
    let runtime = [
        "runc run failed",
        "runc create failed",
        "failed to create task",
        "failed to start container",
        "oci runtime",
        // The daemon's own files and services.
        "failed to mount",
        "failed to prepare",
        "failed to create snapshot",
        "code = unavailable",
        "transport is closing",
        "error reading from server: eof",
    ];
    !lacks_program && runtime.iter().any(|words| lower.contains(words))
}

/// The line of a requirements file that names the package, if the step installs the whole file.
fn refine(origin: Location, cause: &FailureCause, lines: &[String], project: &Path) -> Location {
    let requirement = match cause {
        FailureCause::NoMatchingDistribution(requirement) => Some(requirement.clone()),
        FailureCause::HashMismatch => lines.iter().find_map(|line| capture(&WRONG_HASH, line)),
        _ => None,
    };
    let Some(requirement) = requirement else { return origin };
    if !origin.file.ends_with(".txt") || origin.line.is_some_and(|line| line > 1) {
        return origin;
    }
    let Ok(text) = repository_files::read_text(project, Path::new(&origin.file), REQUIREMENTS_BYTES) else { return origin };
    let wanted = package_name(&requirement);
    let line = text.lines().position(|line| !wanted.is_empty() && package_name(line) == wanted);
    match line.and_then(|index| u32::try_from(index + 1).ok()) {
        Some(line) => Location::at(origin.file, line, 1),
        None => origin,
    }
}

/// A requirement's package, normalized as pip does.
fn package_name(requirement: &str) -> String {
    let name = requirement.trim().split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))).next();
    name.unwrap_or_default().to_lowercase().replace(['_', '.'], "-")
}

#[cfg(test)]
mod tests;
