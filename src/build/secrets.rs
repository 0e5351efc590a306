//! The values of build secrets.

use std::path::{Path, PathBuf};

use cog_source::dockerfile::{RecipeFile, SecretMark};
use repository_files::FileError;
use sha2::{Digest as _, Sha256};

use crate::clients::docker::BuildSecret;
use crate::domain::plan::BuildPlan;
use crate::domain::secret_spec::{MalformedSecret, SecretSource, SecretSpec};
use crate::support::ExposeSecret as _;

/// BuildKit rejects larger ones.
const MAX_BYTES: u64 = 500 * 1024;

/// The purpose of digests of secrets.
const MARK_PURPOSE: &[u8] = b"safe-push build secret\0";

/// A secret has no value.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// A text that names no secret.
    #[error(transparent)]
    Malformed(#[from] MalformedSecret),
    /// A variable that is not set.
    #[error("the build secret '{id}' needs the environment variable {variable}, which is not set")]
    NotSet { id: String, variable: String },
    /// A file that cannot be read.
    #[error("the build secret '{id}' needs the file {}, which cannot be read", path.display())]
    Unreadable {
        id: String,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// BuildKit would reject it.
    #[error("the build secret '{id}' is larger than {} KiB", MAX_BYTES / 1024)]
    TooLarge { id: String },
}

/// Files that show BuildKit when a secret has a new value. Only the daemon gets them, and it has the secrets anyway; no layer contains
/// them.
pub(super) fn marks(wanted: &[SecretMark], secrets: &[BuildSecret]) -> Vec<RecipeFile> {
    let content = |mark: &SecretMark| {
        let secret = secrets.iter().find(|secret| secret.id == mark.secret)?;
        let mut digest = Sha256::new();
        digest.update(MARK_PURPOSE);
        digest.update(secret.value.expose_secret());
        Some(hex::encode(digest.finalize()).into_bytes())
    };
    // A secret without a value is reported by the command that needs it.
    wanted.iter().map(|mark| RecipeFile { path: mark.path.clone(), contents: content(mark).unwrap_or_default() }).collect()
}

/// Gets the value. `variable` looks one up in the environment. What the checkout itself names has to be inside of it. Blocks.
pub(super) fn resolve(
    spec: &SecretSpec,
    project: &Path,
    is_inside: bool,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<BuildSecret, SecretError> {
    let bytes = match &spec.source {
        SecretSource::Variable(name) => {
            variable(name).ok_or_else(|| SecretError::NotSet { id: spec.id.clone(), variable: name.clone() })?.into_bytes()
        }
        SecretSource::File(path) => {
            let path = project.join(path);
            read(project, &path, is_inside).map_err(|error| match error {
                FileError::TooLarge { .. } => SecretError::TooLarge { id: spec.id.clone() },
                other => SecretError::Unreadable { id: spec.id.clone(), path, source: other.into() },
            })?
        }
    };
    if bytes.len() as u64 > MAX_BYTES {
        return Err(SecretError::TooLarge { id: spec.id.clone() });
    }
    Ok(BuildSecret { id: spec.id.clone(), value: bytes.into() })
}

/// The secrets of a plan that are files, with their values. Those that are malformed or missing are left out: preparing the build reports
/// them. Blocks.
pub fn secret_files(plan: &BuildPlan, project: &Path) -> Vec<BuildSecret> {
    let specs = plan.secrets.iter().filter_map(|text| SecretSpec::parse(text).ok());
    let files = specs.filter(|spec| matches!(spec.source, SecretSource::File(_)));
    files.filter_map(|spec| resolve(&spec, project, plan.secrets_of_checkout, &|_| None).ok()).collect()
}

/// A file that the user names may be anywhere; its own folder is its limit then.
fn read(project: &Path, path: &Path, is_inside: bool) -> Result<Vec<u8>, FileError> {
    if is_inside {
        return repository_files::read(project, path, MAX_BYTES);
    }
    let real = path.canonicalize().unwrap_or_else(|_missing| path.to_owned());
    repository_files::read(real.parent().unwrap_or(project), &real, MAX_BYTES)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::support::ExposeSecret;

    #[test]
    fn values_come_from_files_of_the_project_and_from_variables() {
        let project = tempfile::tempdir().unwrap();
        fs::write(project.path().join("token"), [0xff, b'\n']).unwrap();
        let resolve = |text: &str| {
            let lookup = |name: &str| (name == "HF_TOKEN").then(|| "hf".to_owned());
            resolve(&SecretSpec::parse(text).unwrap(), project.path(), false, &lookup)
        };
        assert_eq!(resolve("id=a,src=token").unwrap().value.expose_secret(), [0xff, b'\n']);
        assert_eq!(resolve("id=a,env=HF_TOKEN").unwrap().value.expose_secret(), b"hf");
        assert!(matches!(resolve("id=a,env=OTHER"), Err(SecretError::NotSet { .. })));
        assert!(matches!(resolve("id=a,src=missing"), Err(SecretError::Unreadable { .. })));
        fs::write(project.path().join("large"), vec![0; 600 * 1024]).unwrap();
        assert!(matches!(resolve("id=a,src=large"), Err(SecretError::TooLarge { .. })));
    }

    #[test]
    fn what_a_checkout_names_stays_inside_of_it() {
        let outer = tempfile::tempdir().unwrap();
        let project = outer.path().join("project");
        fs::create_dir(&project).unwrap();
        fs::write(outer.path().join("outside"), "x").unwrap();
        fs::write(project.join("token"), "inside").unwrap();
        std::os::unix::fs::symlink("../outside", project.join("link")).unwrap();
        std::os::unix::fs::symlink("token", project.join("inner")).unwrap();
        let resolve = |text: &str, is_inside| resolve(&SecretSpec::parse(text).unwrap(), &project, is_inside, &|_| None);
        for text in ["id=a,src=link", "id=a,src=../outside", "id=a,src=/etc/passwd"] {
            assert!(matches!(resolve(text, true), Err(SecretError::Unreadable { .. })), "{text}");
            assert!(resolve(text, false).is_ok(), "the user may name {text}");
        }
        for text in ["id=a,src=token", "id=a,src=inner"] {
            assert_eq!(resolve(text, true).unwrap().value.expose_secret(), b"inside", "{text}");
        }
    }
}
