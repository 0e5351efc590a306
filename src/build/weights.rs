//! Weights in their own image: which files they are, whether that image exists, and how to build it.
//!
//! The image is named after its content. Unchanged weights are neither sent to the daemon nor built again, whatever model or run needs
//! them. It stays in the daemon for the next run, like the rest of the build cache.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use cog_source::recipe::{WeightsImage, WeightsRecipe};
use cog_source::weights::select;
use sha2::{Digest, Sha256};

use crate::build::BuildError;
use crate::build::context::{ContextError, ContextFiles};
use crate::build::dockerfile::DOCKERFILE;
use crate::clients::docker::{BuildNetwork, ImageBuild, InspectImages};

/// The repository of these images in the daemon.
const REPOSITORY: &str = "safe-push-weights";

/// The size of one read, in bytes.
const CHUNK_BYTES: usize = 1024 * 1024;

/// The weights of a project; `None` if it has none. Reads all of them. Blocks.
pub(super) fn find(project: &Path, unsent: &[PathBuf]) -> Result<Option<WeightsImage>, ContextError> {
    let context = ContextFiles::scan(project, unsent, Vec::new())?;
    let selection = select(&context.listing());
    if selection.is_empty() {
        return Ok(None);
    }
    let (weights, _code) = context.split(&selection);
    Ok(Some(WeightsImage { image: format!("{REPOSITORY}:{}", digest(project, &weights)?), selection }))
}

/// What the image holds, as 32 digits: names, modes, links and every byte.
fn digest(project: &Path, weights: &ContextFiles) -> Result<String, ContextError> {
    Ok(digest_entries(project, weights)?.get(..32).unwrap_or_default().to_owned())
}

/// Names, modes, links and every byte.
pub(super) fn digest_entries(project: &Path, weights: &ContextFiles) -> Result<String, ContextError> {
    let mut digest = Sha256::new();
    for part in weights.parts() {
        digest.update(part.text.len().to_le_bytes());
        digest.update(part.text.as_bytes());
        if let Some(path) = part.file {
            read(project, &path, &mut digest).map_err(|source| ContextError::Unreadable { path, source })?;
        }
    }
    Ok(hex::encode(digest.finalize()))
}

fn read(project: &Path, path: &Path, digest: &mut Sha256) -> io::Result<()> {
    let mut file = repository_files::open(project, path.strip_prefix(project).unwrap_or(path))?;
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(()),
            read => digest.update(chunk.get(..read).unwrap_or_default()),
        }
    }
}

/// The build of the image; `None` if the daemon has it.
pub(super) async fn missing(weights: &WeightsRecipe, images: &dyn InspectImages) -> Result<Option<ImageBuild>, BuildError> {
    if images.image_exists(&weights.image).await? {
        return Ok(None);
    }
    Ok(Some(ImageBuild {
        dockerfile: DOCKERFILE.to_owned(),
        tag: weights.image.clone(),
        network: BuildNetwork::None,
        ..ImageBuild::default()
    }))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const LARGE: usize = 10 * 1024 * 1024;

    fn image_of(files: &[(&str, usize, u8)]) -> Option<WeightsImage> {
        let folder = tempfile::tempdir().unwrap();
        for (path, size, byte) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, vec![*byte; *size]).unwrap();
        }
        find(folder.path(), &[]).unwrap()
    }

    #[test]
    fn a_project_without_large_files_has_no_weights() {
        assert_eq!(image_of(&[("a.bin", 100, 1), ("run.py", LARGE, 1)]), None);
    }

    #[test]
    fn the_image_is_named_after_the_weights_alone() {
        let weights = ("w/a.bin", LARGE, 1);
        let name = |files: &[(&str, usize, u8)]| image_of(files).unwrap().image;
        let first = name(&[weights, ("run.py", 10, 1)]);
        assert!(first.starts_with("safe-push-weights:") && first.len() == "safe-push-weights:".len() + 32, "{first}");
        assert_eq!(first, name(&[weights, ("run.py", 20, 2)]));
        assert_ne!(first, name(&[("w/a.bin", LARGE, 2)]));
        assert_ne!(first, name(&[("w/b.bin", LARGE, 1)]));
        assert_ne!(first, name(&[weights, ("w/names.txt", 3, 1)]));
    }

    #[test]
    fn files_that_are_not_sent_are_not_weights() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.bin"), vec![1; LARGE]).unwrap();
        fs::write(folder.path().join(".dockerignore"), "*.bin\n").unwrap();
        assert_eq!(find(folder.path(), &[]).unwrap(), None);
    }
}
