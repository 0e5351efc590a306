//! Builds that fail, run as a new user would, with the words that they get. Without a daemon these tests are skipped, except in CI, where
//! they fail.

use insta::assert_snapshot;
use test_support::{Repository, Seen, docker_is_there, retried_run};

/// A model whose `build` section has these lines too, built; `None` without a daemon.
fn built_with(lines: &str, files: &[(&str, &str)]) -> Option<Seen> {
    if !docker_is_there() {
        return None;
    }
    let roots = ["COG_CA_CERT", "SSL_CERT_FILE"].iter().find_map(|name| std::env::var_os(name)?.into_string().ok());
    let repository = Repository::example("text-stats").variable("COG_CA_CERT", &roots.unwrap_or_default());
    repository.edit("cog.yaml", "  sdk_version", &format!("{lines}  sdk_version"));
    for (path, text) in files {
        repository.write(path, text);
    }
    Some(retried_run(|| repository.run("build --no-lint --no-cog-base-image")))
}

/// Compares, less what tools and mirrors change on their own.
macro_rules! assert_reported {
    ($seen:expr) => {
        let Some(seen) = $seen else { return };
        insta::with_settings!({filters => [
            (r"\(from versions: [^)]*\)", "(from versions: [VERSIONS])"),
            // Progress comes on standard output: before or after the error, and differently when a cache has the file already.
            (r"\n *(Downloading|Using cached) [^\n]*", ""),
            (r"(\n *)?[━╸╺ ]+ ?\[SIZE\].*", ""),
            (r"\n +(\n)", "$1"),
            // Name servers have two ways to say it.
            (r"\[Errno -\d\] [A-Z][a-z ]+", "[NO SUCH NAME]"),
        ]}, { assert_snapshot!(seen) });
    };
}

#[test]
fn a_system_package_that_debian_does_not_have() {
    assert_reported!(built_with("  system_packages:\n    - libgl1-mesa-glxx\n", &[]));
}

#[test]
fn a_version_that_was_never_released() {
    assert_reported!(built_with("  python_requirements: requirements.txt\n", &[("requirements.txt", "# numbers\nsix==99.1\n")]));
}

#[test]
fn a_download_that_is_not_what_its_hash_says() {
    let requirements = format!("six==1.17.0 --hash=sha256:{}\n", "0".repeat(64));
    assert_reported!(built_with("  python_requirements: requirements.txt\n", &[("requirements.txt", &requirements)]));
}

#[test]
fn a_secret_that_was_not_given() {
    let lines = "  run:\n    - command: cat /run/secrets/token > /dev/null\n      mounts:\n        - type: secret\n          id: token\n          target: /run/secrets/token\n";
    assert_reported!(built_with(lines, &[]));
}

#[test]
fn a_server_that_cannot_be_found() {
    let lines = "  run:\n    - |-\n      python -c \"import socket, sys; sys.excepthook = lambda *error: print(error[1], file=sys.stderr); \
                 socket.create_connection(('weights.invalid', 443))\"\n";
    assert_reported!(built_with(lines, &[]));
}
