//! What the tests with a daemon share.

use std::sync::Arc;

use safe_push::clients::docker::{Docker, InspectImages as _, RealDocker};

pub(crate) use test_support::BASE;

/// The daemon, or `None` if there is none: then the test is skipped, but fails in CI.
#[expect(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests read the environment of their run, fail by panicking and say what they skip"
)]
pub(crate) async fn daemon() -> Option<RealDocker> {
    let required = std::env::var("CI").is_ok_and(|value| value == "true");
    let host = std::env::var("DOCKER_HOST").ok();
    let docker = match RealDocker::connect(host.as_deref()).await {
        Ok(docker) => docker,
        Err(error) if required => panic!("CI needs a Docker daemon: {error}"),
        Err(error) => {
            eprintln!("skipped without a Docker daemon: {error}");
            return None;
        }
    };
    let here = docker.image_exists(BASE).await.unwrap();
    assert!(here || !required, "CI needs {BASE}: run script/make-base-image");
    if !here {
        eprintln!("skipped without {BASE}: run script/make-base-image");
    }
    if here {
        tokio::task::spawn_blocking(test_support::share_layers).await.unwrap();
    }
    here.then_some(docker)
}

/// The daemon by its roles, for builds.
pub(crate) fn roles(docker: &RealDocker) -> Docker {
    Docker::of(Arc::new(docker.clone()))
}

/// A name for an image that no other test uses.
pub(crate) fn unique(purpose: &str) -> String {
    format!("safe-push-test-{purpose}:{}", uuid::Uuid::new_v4().simple())
}

/// A tar archive of a few files.
pub(crate) async fn tar(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tokio_tar::Builder::new(Vec::new());
    for (path, contents) in files {
        let mut header = tokio_tar::Header::new_gnu();
        header.set_size(contents.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, contents.as_bytes()).await.unwrap();
    }
    archive.into_inner().await.unwrap()
}
