//! Whether this machine has Docker and the image that test images start from.

use std::process::Command;

/// Whether a test with Docker goes on: without a daemon it is skipped, except in CI, where it fails.
pub fn docker_is_there() -> bool {
    let there = Command::new("docker").arg("version").output().is_ok_and(|output| output.status.success());
    let image = there
        && Command::new("docker")
            .args(["image", "inspect", "python:3.11-slim"])
            .output()
            .is_ok_and(|output| output.status.success());
    assert!(
        image || std::env::var_os("CI").is_none_or(|value| value != "true"),
        "Docker with python:3.11-slim is needed: script/make-base-image"
    );
    image
}
