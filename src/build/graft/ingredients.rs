//! What the layers below the project depend on.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::NoGraft;
use crate::build::BuildRequest;
use crate::support::seal::SealKey;
use crate::support::{ExposeSecret as _, SecretString};

/// The size of one read, in bytes.
const CHUNK_BYTES: usize = 1024 * 1024;

/// Digits of a digest that are kept. A label holds a few of them.
const DIGITS: usize = 32;

/// The purpose of seals of build secrets.
const SECRETS_PURPOSE: &str = "safe-push build secrets version 1";

/// What the layers below the project depend on, under names that people know, such as `requirements.txt`. Equal ingredients make equivalent
/// layers, apart from the age of unpinned packages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ingredients(BTreeMap<String, String>);

impl Ingredients {
    /// The ingredients of a build. `base` identifies the image that it starts from, and `key` seals what is secret. Reads the wheels and
    /// archives of the project that pip installs.
    ///
    /// # Errors
    /// Builds whose image cannot be taken apart.
    pub async fn of(request: &BuildRequest, base: &str, key: &SecretString) -> Result<Self, NoGraft> {
        let recipe = &request.recipe;
        if recipe.dockerfile_of_the_project.is_some() {
            return Err(NoGraft::OwnDockerfile);
        }
        let Some(source) = &recipe.source else { return Err(NoGraft::ServerVariables) };
        let mut found = BTreeMap::from([
            ("safe-push".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            ("the Dockerfile (cog.yaml, a flag or the SDK)".to_owned(), digest([source.other_instructions.as_bytes()])),
            ("the base image".to_owned(), base.to_owned()),
            // Newer frontends give it to files of all steps.
            ("SOURCE_DATE_EPOCH".to_owned(), request.source_date_epoch.to_string()),
            ("the list of build secrets".to_owned(), digest(request.secrets.iter().map(|secret| secret.id.as_bytes()))),
        ]);
        let seal = SealKey::of(key, SECRETS_PURPOSE);
        for secret in &request.secrets {
            // A digest that anyone can compute would give weak secrets away.
            let Some(seal) = &seal else { continue };
            let sealed = seal.name(&hex::encode(secret.value.expose_secret()));
            found.insert(format!("the build secret '{}'", secret.id), sealed);
        }
        for file in &recipe.files {
            let name = file.path.rsplit('/').next().unwrap_or(&file.path);
            found.insert(name.to_owned(), digest([file.contents.as_slice()]));
        }
        let (project, packages) = (request.project.clone(), source.local_packages.clone());
        let read = tokio::task::spawn_blocking(move || {
            let hashed = packages.into_iter().map(|path| hash_file(&project, &path).map(|hash| (path, hash)));
            hashed.collect::<Result<Vec<_>, _>>()
        });
        found.extend(read.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?);
        Ok(Self(found))
    }

    /// The name of an ingredient that differs in another list, if any. A change by a person comes before its consequences.
    pub(super) fn difference<'a>(&'a self, other: &'a Self) -> Option<&'a str> {
        let names = self.0.keys().chain(other.0.keys());
        let mut differing: Vec<&str> = names.filter(|name| self.0.get(*name) != other.0.get(*name)).map(String::as_str).collect();
        // Files of the project have the shortest names; another Dockerfile often follows from them.
        differing.sort_by_key(|name| (name.contains(' '), name.len()));
        differing.first().copied()
    }
}

fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_le_bytes());
        digest.update(part);
    }
    shortened(digest)
}

fn shortened(digest: Sha256) -> String {
    hex::encode(digest.finalize()).get(..DIGITS).unwrap_or_default().to_owned()
}

fn hash_file(project: &Path, path: &str) -> Result<String, NoGraft> {
    let unreadable = |error: std::io::Error| NoGraft::Project { problem: format!("{path}: {error}") };
    let mut file = repository_files::open(project, &PathBuf::from(path)).map_err(|error| unreadable(error.into()))?;
    let (mut digest, mut chunk) = (Sha256::new(), vec![0; CHUNK_BYTES]);
    loop {
        match file.read(&mut chunk).map_err(unreadable)? {
            0 => return Ok(shortened(digest)),
            read => digest.update(chunk.get(..read).unwrap_or_default()),
        }
    }
}
