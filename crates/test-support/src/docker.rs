//! Whether this machine can run tests with Docker, and the layers that most of their images share.

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::process::Command;
use std::sync::OnceLock;

use regex::Regex;
use replicate_sandbox::SandboxOptions;

use crate::built::{binary, kept_layers};
use crate::network::retried_run;
use crate::repository::ca_file;
use crate::{Repository, Seen};

/// The image that test images start from; `script/make-base-image` provides it.
pub const BASE: &str = "python:3.11-slim";

/// Whether a test with Docker can run. Without a daemon it is skipped, except in CI, where it fails.
pub fn docker_is_there() -> bool {
    let succeeds = |arguments: &[&str]| Command::new("docker").args(arguments).output().is_ok_and(|output| output.status.success());
    let is_there = succeeds(&["version"]) && succeeds(&["image", "inspect", BASE]);
    assert!(
        is_there || std::env::var_os("CI").is_none_or(|value| value != "true"),
        "Docker with {BASE} is needed: script/make-base-image"
    );
    if is_there {
        share_layers();
    }
    is_there
}

/// The token for pushing of every sandbox: builds with different tokens share no layer that used a cache mount.
const CLI_TOKEN: &str = "8a9f6a0c-52c7-4f0e-a3de-0d6b7f1c9e24";

/// A sandbox of the account `acme` that has the layers that an earlier one was sent: compressing the base image for each takes longer than
/// most tests.
pub fn sandbox_options() -> SandboxOptions {
    SandboxOptions {
        username: "acme".to_owned(),
        cli_token: Some(CLI_TOKEN.into()),
        layers: Some(kept_layers()),
        ..SandboxOptions::default()
    }
}

/// Builds an example once per run of the tests, so that Docker has the layers that most models share and only this build depends on the
/// package index. Works across processes.
pub fn share_layers() {
    static SHARED: OnceLock<()> = OnceLock::new();
    SHARED.get_or_init(|| {
        let run = std::env::var_os("NEXTEST_RUN_ID")
            .map_or_else(|| std::process::id().to_string().into_bytes(), std::ffi::OsString::into_encoded_bytes);
        let path = binary().with_file_name("shared-layers");
        let mut file = File::options().read(true).write(true).create(true).truncate(false).open(path).unwrap();
        file.lock().unwrap();
        let mut shared_by = Vec::new();
        file.read_to_end(&mut shared_by).unwrap();
        if shared_by != run {
            build_example();
            file.set_len(0).unwrap();
            file.rewind().unwrap();
            file.write_all(&run).unwrap();
        }
    });
}

fn build_example() {
    let repository = Repository::example("text-stats").variable("COG_CA_CERT", &ca_file());
    let seen: Seen = retried_run(|| repository.run("build --no-lint --no-cog-base-image"));
    assert_eq!(seen.code, Some(0), "{seen}");
    let image = Regex::new(r"\bcog-\S+:latest\b").unwrap().find(&seen.stdout).unwrap().as_str();
    let output = Command::new("docker").args(["image", "rm", image]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
