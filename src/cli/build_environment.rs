//! What builds take from the process's surroundings: a certificate authority, the commit, the time.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use crate::build::BuildEnvironment;
use crate::cli::environment::Environment;
use crate::cog::base_image::DEFAULT_REGISTRY_HOST;
use crate::cog::dockerfile::certificate;

/// The variable that Cog knows (`docs/environment.md` of Cog): a file, a folder of `.crt` and `.pem` files, PEM text, or PEM in base64.
const CA_VARIABLE: &str = "COG_CA_CERT";

/// Where other tools have found this machine's roots. Only images that stay on this machine are given them unasked.
const LOCAL_CA_VARIABLES: [&str; 3] = ["PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"];

/// Whether the image leaves this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// It is pushed to Replicate: it trusts what the user names, nothing else.
    Published,
    /// It stays in the sandbox: it trusts what this machine trusts.
    Local,
}

/// Collects what a build needs to know of its surroundings.
pub(super) fn collect(
    environment: &Environment,
    repository: &Path,
    registry_host: &str,
    reach: Reach,
) -> anyhow::Result<BuildEnvironment> {
    let named = environment.get(CA_VARIABLE).map(named_certificate).transpose()?;
    let local =
        || LOCAL_CA_VARIABLES.iter().filter_map(|name| environment.get(name)).find_map(|path| fs::read_to_string(path).ok());
    let ca_certificate = if reach == Reach::Local { named.or_else(local) } else { named };
    let source_date_epoch = match environment.get("SOURCE_DATE_EPOCH") {
        None => None,
        Some(text) => Some(text.parse().with_context(|| format!("SOURCE_DATE_EPOCH is '{text}', which is no number of seconds"))?),
    };
    Ok(BuildEnvironment {
        registry_host: registry_host.to_owned(),
        cog_registry_host: environment.get("COG_REGISTRY_HOST").unwrap_or(DEFAULT_REGISTRY_HOST).to_owned(),
        ca_certificate,
        git_revision: git(environment, repository, &["rev-parse", "HEAD"]),
        git_version: git(environment, repository, &["describe", "--tags", "--always", "--dirty"]),
        source_date_epoch,
        variables: environment.secrets(),
        ..BuildEnvironment::default()
    })
}

fn named_certificate(value: &str) -> anyhow::Result<String> {
    let path = Path::new(value);
    let text = if path.is_dir() {
        folder_of_certificates(path)?
    } else if path.is_file() {
        fs::read_to_string(path).with_context(|| format!("failed to read {value}, which {CA_VARIABLE} names"))?
    } else {
        value.to_owned()
    };
    certificate::pem_from_value(&text).with_context(|| format!("{CA_VARIABLE} cannot be used"))
}

fn folder_of_certificates(folder: &Path) -> anyhow::Result<String> {
    let failed = || format!("failed to read {}, which {CA_VARIABLE} names", folder.display());
    let mut paths = BTreeMap::new();
    for entry in fs::read_dir(folder).with_context(failed)? {
        let path = entry.with_context(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "crt" || extension == "pem") {
            let text = fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
            paths.insert(path, text);
        }
    }
    Ok(paths.into_values().map(|text| format!("{}\n", text.trim_end())).collect())
}

/// What git says of the checkout; `None` without git or without a repository. In a container the checkout belongs to somebody else,
/// which git distrusts unless told.
fn git(environment: &Environment, folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .args(["-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-C"])
        .arg(folder)
        .args(arguments)
        .env_clear()
        .envs(["PATH", "HOME"].into_iter().filter_map(|name| Some((name, environment.get(name)?))))
        .env("GIT_TERMINAL_PROMPT", "0")
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}
