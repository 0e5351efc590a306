//! Findings about the files to be sent: their size, and secrets among them.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use cog_findings::text::count;
use cog_findings::{Finding, Location};
use cog_source::weights::{ListedFile, select};

use crate::build::context::{ContextError, ContextFiles, IGNORE_FILE};
use crate::build::rules;
use crate::support::{ExposeSecret, SecretString};

/// Contexts of at least this size are reported, with their largest parts.
const LARGE_BYTES: u64 = 1_000_000_000;

/// Number of entries in the breakdown.
const SHOWN_ENTRIES: usize = 10;

/// Only files up to this size are searched for tokens: text that people write, not weights.
const SEARCHED_BYTES: u64 = 1_000_000;

/// Only this many files are searched, so that a data set does not take minutes.
const SEARCHED_FILES: usize = 20_000;

/// Only this much is searched in total.
const SEARCHED_TOTAL_BYTES: u64 = 500_000_000;

/// Shorter values are not tokens.
const SHORTEST_TOKEN: usize = 12;

/// Names of files that usually hold secrets. Public counterparts (`id_rsa.pub`, `.env.example`) do not count.
const SECRET_NAMES: [&str; 12] = [
    ".env",
    ".netrc",
    ".pypirc",
    ".npmrc",
    ".git-credentials",
    ".dockerconfigjson",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "credentials.json",
    "service-account.json",
];

/// Extensions of key files.
const SECRET_ENDINGS: [&str; 5] = [".key", ".p12", ".pfx", ".keystore", ".kdbx"];

/// Files in which tools keep the tokens of their user.
const SECRET_PATHS: [&str; 5] =
    [".aws/credentials", ".docker/config.json", ".config/gh/hosts.yml", ".cache/huggingface/token", ".kube/config"];

/// `google-github-actions/auth` leaves its credentials in the workspace: `gha-creds-0123456789abcdef.json`.
const GOOGLE_CREDENTIALS: &str = "gha-creds-";

/// Text at the start of a private key. A `.pem` may also be a certificate.
const PRIVATE_KEY: &[u8] = b"PRIVATE KEY-----";

/// A token of this run, with the variable that holds it.
pub(super) type NamedToken<'a> = (&'a str, &'a SecretString);

/// Checks the files of a project that would be sent. `shown_as` is put before each path. Blocks.
pub(super) fn about(
    project: &Path,
    shown_as: &str,
    unsent: &[PathBuf],
    tokens: &[NamedToken<'_>],
) -> Result<Vec<Finding>, ContextError> {
    let context = ContextFiles::scan(project, unsent, Vec::new())?;
    let files = context.listing();
    let shown = |path: &str| Location::file(format!("{shown_as}{path}"));
    let mut findings: Vec<Finding> = large(&files).into_iter().collect();
    for path in context.special() {
        let path = path.to_string_lossy();
        let finding =
            Finding::new(&rules::SPECIAL_FILE, format!("{path} is not a file, a folder or a link, so no image can have it"));
        findings.push(finding.hint("remove it, or name it in .dockerignore").at(shown(&path)));
    }
    for (path, target) in context.links_outside() {
        let message = format!("{path} leads to {}, which is not part of the image", target.display());
        let finding = Finding::new(&rules::LINK_OUTSIDE, message).at(shown(&path));
        findings.push(finding.hint("copy the file into the project, or name the link in .dockerignore"));
    }
    for file in files.iter().filter(|file| file.path.rsplit('/').next() == Some("pyvenv.cfg")) {
        let folder = file.path.strip_suffix("/pyvenv.cfg").unwrap_or(".");
        let finding = Finding::new(&rules::VIRTUAL_ENVIRONMENT, format!("the virtual environment {folder} goes in the image"));
        findings.push(finding.hint("name it in .dockerignore").at(shown(&file.path)));
    }
    let (mut searched_files, mut searched_bytes) = (0, 0);
    for file in &files {
        let is_certificate = file.path.ends_with(".pem");
        let has_room = searched_files < SEARCHED_FILES && searched_bytes < SEARCHED_TOTAL_BYTES;
        let is_searched = file.size_bytes <= SEARCHED_BYTES && (is_certificate || !tokens.is_empty() && has_room);
        // One file at a time: all together might not fit into memory.
        let bytes = if is_searched {
            searched_files += 1;
            searched_bytes += file.size_bytes;
            let path = project.join(&file.path);
            read(project, Path::new(&file.path)).map_err(|source| ContextError::Unreadable { path, source })?
        } else {
            Vec::new()
        };
        if has_secret_name(&file.path) || is_certificate && holds(&bytes, PRIVATE_KEY) {
            let finding = Finding::new(&rules::SECRET_FILE, format!("{} goes in the image", file.path));
            findings.push(finding.hint("name it in .dockerignore").at(shown(&file.path)));
        }
        for (name, token) in tokens {
            let value = token.expose_secret().trim();
            if value.len() >= SHORTEST_TOKEN && holds(&bytes, value.as_bytes()) {
                let finding = Finding::new(&rules::TOKEN_IN_FILE, format!("{} contains the value of {name}", file.path));
                findings.push(finding.hint("remove it from the file, and create a new token").at(shown(&file.path)));
            }
        }
    }
    Ok(findings)
}

/// Why a build could not send the files.
pub(super) fn unusable(error: &ContextError, shown_as: &str) -> Finding {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    let finding = Finding::new(&rules::CONTEXT_UNUSABLE, format!("{error}{cause}"));
    let finding = match error {
        ContextError::IgnoreFile(_) | ContextError::Ignore(_) => finding.at(Location::file(format!("{shown_as}{IGNORE_FILE}"))),
        _ => finding,
    };
    error.hint().into_iter().fold(finding, Finding::hint)
}

fn read(project: &Path, path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    repository_files::open(project, path)?.take(SEARCHED_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|part| part == wanted)
}

fn has_secret_name(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_environment = name.strip_prefix(".env.").is_some_and(|rest| !["example", "sample", "template", "dist"].contains(&rest));
    let is_of_tool =
        SECRET_PATHS.iter().any(|secret| path.strip_suffix(secret).is_some_and(|rest| rest.is_empty() || rest.ends_with('/')));
    let is_of_google = name.starts_with(GOOGLE_CREDENTIALS) && name.ends_with(".json");
    SECRET_NAMES.contains(&name)
        || is_environment
        || is_of_tool
        || is_of_google
        || SECRET_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// The largest files and folders, if the total is large.
fn large(files: &[ListedFile]) -> Option<Finding> {
    let total: u64 = files.iter().map(|file| file.size_bytes).sum();
    if total <= LARGE_BYTES {
        return None;
    }
    let mut entries: BTreeMap<&str, (u64, usize)> = BTreeMap::new();
    for file in files {
        let top = file.path.find('/').map_or(file.path.as_str(), |slash| &file.path[..=slash]);
        let entry = entries.entry(top).or_default();
        *entry = (entry.0 + file.size_bytes, entry.1 + 1);
    }
    let mut entries: Vec<_> = entries.into_iter().collect();
    entries.sort_by_key(|(_, (size, _))| std::cmp::Reverse(*size));
    let message = format!("{} are sent to the builder and become part of the image", gigabytes(total));
    let hint = match select(files).is_empty() {
        true => "name what the model does not need in .dockerignore",
        false => {
            "name what the model does not need in .dockerignore, or put weights in a layer of their own with --separate-weights"
        }
    };
    let mut finding = Finding::new(&rules::CONTEXT_LARGE, message).hint(hint);
    for (path, (size, number)) in entries.into_iter().take(SHOWN_ENTRIES) {
        let files = if path.ends_with('/') { format!(", {}", count(number, "file")) } else { String::new() };
        finding = finding.detail(path, format!("{}{files}", gigabytes(size)));
    }
    Some(finding)
}

fn gigabytes(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with two decimals")]
    let gigabytes = bytes as f64 / 1e9;
    format!("{gigabytes:.2} GB")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn reported(files: &[(&str, &str)], tokens: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let tokens: Vec<(&str, SecretString)> = tokens.iter().map(|(name, value)| (*name, (*value).into())).collect();
        let tokens: Vec<NamedToken<'_>> = tokens.iter().map(|(name, value)| (*name, value)).collect();
        let findings = about(folder.path(), "models/a/", &[], &tokens).unwrap();
        findings.iter().map(|finding| format!("{} {}", finding.code, finding.location.as_ref().unwrap().file)).collect()
    }

    #[test]
    fn files_that_usually_hold_secrets_are_reported() {
        let key = "-----BEGIN RSA PRIVATE KEY-----\nx\n";
        let files = [
            (".env", ""),
            ("a/.env.local", ""),
            ("a/id_rsa", ""),
            ("gha-creds-0123456789abcdef.json", "{}"),
            ("home/.docker/config.json", "{}"),
            ("my.docker/config.json", "{}"),
            ("tls.key", ""),
            ("own.pem", key),
            ("roots.pem", "-----BEGIN CERTIFICATE-----"),
            ("id_rsa.pub", ""),
            (".env.example", ""),
            ("monkey.py", ""),
        ];
        let expected = [
            ".env",
            "a/.env.local",
            "a/id_rsa",
            "gha-creds-0123456789abcdef.json",
            "home/.docker/config.json",
            "own.pem",
            "tls.key",
        ]
        .map(|path| format!("SP582 models/a/{path}"));
        assert_eq!(reported(&files, &[]), expected);
    }

    #[test]
    fn links_that_leave_the_project_and_virtual_environments_are_reported() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("venv")).unwrap();
        fs::write(folder.path().join("venv/pyvenv.cfg"), "").unwrap();
        fs::write(folder.path().join("here.bin"), "").unwrap();
        for (link, target) in
            [("weights.bin", "/data/x"), ("up.bin", "../x"), ("fine.bin", "here.bin"), ("venv/deep", "../here.bin")]
        {
            std::os::unix::fs::symlink(target, folder.path().join(link)).unwrap();
        }
        let findings = about(folder.path(), "", &[], &[]).unwrap();
        let reported: Vec<String> =
            findings.iter().map(|finding| format!("{} {}", finding.code, finding.location.as_ref().unwrap().file)).collect();
        assert_eq!(reported, ["SP588 up.bin", "SP588 weights.bin", "SP589 venv/pyvenv.cfg"]);
    }

    #[test]
    fn sockets_and_named_pipes_are_errors_unless_they_are_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("server.sock")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(folder.path().join("feed")).status().unwrap().success());
        let reported = || {
            let findings = about(folder.path(), "", &[], &[]).unwrap();
            let lines = findings.iter().map(|finding| {
                assert!(finding.is_error());
                format!("{} {}", finding.code, finding.location.as_ref().unwrap().file)
            });
            lines.collect::<Vec<_>>()
        };
        assert_eq!(reported(), ["SP591 feed", "SP591 server.sock"]);
        fs::write(folder.path().join(".dockerignore"), "feed\n*.sock\n!other.sock\n").unwrap();
        assert_eq!(reported(), [""; 0]);
    }

    #[test]
    fn ignored_files_are_not_reported() {
        assert_eq!(reported(&[(".env", ""), (".dockerignore", ".env\n")], &[]), [""; 0]);
    }

    #[test]
    fn tokens_of_the_run_are_found_in_any_file_and_not_shown() {
        let token = "r8_abcdefghijklmnopqrstuvwxyz0123456789a";
        let files = [("run.py", format!("TOKEN = '{token}'")), ("other.py", "r8_".to_owned())];
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        assert_eq!(reported(&files, &[("REPLICATE_API_TOKEN", token), ("COG_TOKEN", "short")]), ["SP583 models/a/run.py"]);
    }

    #[test]
    fn a_large_project_is_broken_down() {
        let file = |path: &str, size_bytes: u64| ListedFile { path: path.to_owned(), size_bytes };
        let mut files = vec![file("data/a.bin", 600_000_000), file("data/b/c.bin", 300_000_000), file("run.py", 1)];
        assert!(large(&files).is_none());
        files.push(file("model.ckpt", 200_000_000));
        let finding = large(&files).unwrap();
        assert_eq!(finding.message, "1.10 GB are sent to the builder and become part of the image");
        let details: Vec<String> = finding.details.iter().map(|(name, value)| format!("{name} {value}")).collect();
        assert_eq!(details, ["data/ 0.90 GB, 2 files", "model.ckpt 0.20 GB", "run.py 0.00 GB"]);
    }
}
