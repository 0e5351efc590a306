//! Additional files of a build: the user's Dockerfile, secrets, a certificate.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use cog_source::dockerfile::certificate::pem_from_value;
use cog_source::recipe::SourceText;
use repository_files::FileError;

use super::{BuildEnvironment, PrepareError};
use crate::build::secrets::{SecretError, resolve};
use crate::clients::docker::BuildSecret;
use crate::domain::plan::BuildPlan;
use crate::domain::secret_spec::SecretSpec;
use crate::support::{ExposeSecret, SecretString};

/// A larger Dockerfile is rejected.
const DOCKERFILE_BYTES: u64 = 1024 * 1024;

/// The Dockerfile that the plan names.
pub(super) async fn dockerfile(plan: &BuildPlan, folder: &Path) -> Result<Option<SourceText>, PrepareError> {
    let Some(path) = plan.dockerfile.clone() else { return Ok(None) };
    let folder = folder.to_owned();
    blocking(move || read_dockerfile(&folder, path)).await.map(Some)
}

fn read_dockerfile(folder: &Path, path: PathBuf) -> Result<SourceText, PrepareError> {
    match repository_files::read_text(folder, &path, DOCKERFILE_BYTES) {
        Ok(text) if path.is_relative() => Ok(SourceText { file: in_slashes(&path), text }),
        Ok(_) | Err(FileError::Outside { .. }) => Err(PrepareError::DockerfileOutside { path }),
        Err(error) => Err(PrepareError::DockerfileUnreadable { path, source: error.into() }),
    }
}

/// A project's path with `/`, as findings name it.
pub(super) fn in_slashes(path: &Path) -> String {
    let parts = path.components().filter(|part| !matches!(part, Component::CurDir));
    parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// The values of the plan's secrets.
pub(super) async fn secrets(
    plan: &BuildPlan,
    folder: &Path,
    variables: &BTreeMap<String, SecretString>,
) -> Result<Vec<BuildSecret>, PrepareError> {
    let specs = plan.secrets.iter().map(|text| SecretSpec::parse(text).map_err(SecretError::from));
    let specs = specs.collect::<Result<Vec<_>, _>>()?;
    let mut ids = BTreeSet::new();
    if let Some(twice) = specs.iter().find(|spec| !ids.insert(spec.id.as_str())) {
        return Err(PrepareError::SecretTwice { id: twice.id.clone() });
    }
    if specs.is_empty() {
        return Ok(Vec::new());
    }
    let (folder, variables, is_inside) = (folder.to_owned(), variables.clone(), plan.secrets_of_checkout);
    blocking(move || {
        let variable = |name: &str| variables.get(name).map(|value| value.expose_secret().to_owned());
        specs.iter().map(|spec| Ok(resolve(spec, &folder, is_inside, &variable)?)).collect()
    })
    .await
}

/// The certificate as PEM text. An empty value counts as none.
pub(super) fn certificate(environment: &BuildEnvironment) -> Result<Option<String>, PrepareError> {
    let value = environment.ca_certificate.as_deref().map(str::trim).filter(|value| !value.is_empty());
    Ok(value.map(pem_from_value).transpose()?)
}

pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    // A panic of the task would be a bug, so it is passed on.
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}
