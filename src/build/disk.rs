//! Checks before a build that there is enough disk space. Running out in the middle of one is slow and hard to understand.

use std::path::Path;

use crate::clients::docker::DiskUsage;

/// Space that a build needs in addition to its context: a base image, Python packages.
const LEAST_FREE_BYTES: u64 = 1024 * 1024 * 1024;

/// The context is unpacked once and copied into a layer.
const COPIES_OF_CONTEXT: u64 = 2;

/// Too little disk space to start a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the build needs about {}, but only {} are free", gigabytes(*.needed_bytes), gigabytes(*.free_bytes))]
pub struct NotEnoughSpace {
    pub needed_bytes: u64,
    pub free_bytes: u64,
    /// Space that Docker uses, if the daemon reports it.
    pub usage: Option<DiskUsage>,
}

impl NotEnoughSpace {
    pub fn hint(&self) -> String {
        let usage = self.usage.map(usage_words).unwrap_or_default();
        format!("free space with `docker system prune`, or use a runner with a larger disk{usage}")
    }
}

fn usage_words(usage: DiskUsage) -> String {
    format!("; Docker's images take {}, its build cache {}", gigabytes(usage.images_bytes), gigabytes(usage.build_cache_bytes))
}

/// A hint on the space that Docker uses.
pub(super) fn usage_hint(hint: Option<String>, usage: DiskUsage) -> String {
    format!("{}{}", hint.unwrap_or_default(), usage_words(usage))
}

fn gigabytes(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    let gigabytes = bytes as f64 / 1e9;
    format!("{gigabytes:.1} GB")
}

/// Compares the free space with what a context of this size needs. `None`: the free space is unknown.
pub(super) fn judge(context_bytes: u64, free_bytes: Option<u64>) -> Result<(), NotEnoughSpace> {
    let needed_bytes = LEAST_FREE_BYTES.saturating_add(context_bytes.saturating_mul(COPIES_OF_CONTEXT));
    match free_bytes {
        Some(free_bytes) if free_bytes < needed_bytes => Err(NotEnoughSpace { needed_bytes, free_bytes, usage: None }),
        _ => Ok(()),
    }
}

/// The free space where the daemon keeps its images, if that folder is on this machine. A container cannot see it, so there the container's
/// own disk is used, which usually is the same.
pub(super) fn free_bytes(docker_root: Option<&Path>, project: &Path) -> Option<u64> {
    docker_root.and_then(free_at).or_else(|| free_at(project))
}

fn free_at(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1024 * 1024 * 1024;

    #[test]
    fn the_context_counts_twice_and_unknown_space_is_enough() {
        assert!(judge(GIB, Some(3 * GIB)).is_ok());
        assert!(judge(u64::MAX, None).is_ok());
        let error = judge(GIB, Some(3 * GIB - 1)).unwrap_err();
        assert_eq!(error.to_string(), "the build needs about 3.2 GB, but only 3.2 GB are free");
    }

    #[test]
    fn the_hint_says_how_much_space_docker_uses() {
        let usage = Some(DiskUsage { images_bytes: 5_000_000_000, build_cache_bytes: 1_500_000_000 });
        let error = NotEnoughSpace { needed_bytes: 2, free_bytes: 1, usage };
        assert!(error.hint().ends_with("; Docker's images take 5.0 GB, its build cache 1.5 GB"), "{}", error.hint());
    }

    #[test]
    fn free_space_is_known_for_folders_that_exist() {
        assert!(free_bytes(Some(Path::new("/nonexistent")), Path::new("/")).is_some_and(|free| free > 0));
        assert_eq!(free_bytes(None, Path::new("/nonexistent")), None);
    }
}
