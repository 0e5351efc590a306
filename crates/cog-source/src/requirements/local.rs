//! Requirements that point to files of the project.
//!
//! Since 0.22 Cog accepts the bare path of a wheel or source archive inside the project. Every other local form is reported before the
//! build starts, as pip inside the build would not find the file.

/// A wheel or source archive of the project that pip installs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LocalArtifact {
    /// The path relative to the project.
    pub(crate) project_path: String,
    /// The absolute path that it has while pip runs.
    pub(crate) build_path: String,
}

/// Why a local requirement cannot be installed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LocalRequirementError {
    #[error("`{line}` is a file address")]
    FileAddress { line: String },
    /// `name @ path`.
    #[error("`{line}` has a local path after `@`")]
    DirectReference { line: String },
    /// An option with a local value.
    #[error("`{option}` refers to a local file or folder")]
    Option { option: &'static str },
    /// A path followed by a marker, extras or options.
    #[error("`{line}` has a {what} after a local path")]
    Suffix {
        line: String,
        /// What follows the path.
        what: &'static str,
    },
    /// A path to something else, such as a folder.
    #[error("`{line}` is neither a wheel nor a source archive")]
    NotAnArtifact { line: String },
    /// A path with characters that a mount cannot express.
    #[error("`{line}` has a comma, a blank, a quote or another unusual character")]
    UnusualPath { line: String },
    /// A path that leaves the project.
    #[error("`{line}` is outside the project")]
    Outside { line: String },
}

impl LocalRequirementError {
    /// The fix.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::Option { option: "-r" | "--requirement" | "-c" | "--constraint" } => "move its lines into this file",
            Self::Option { option: "-e" | "--editable" } | Self::NotAnArtifact { .. } => {
                "build a wheel, add it to the project and write its bare path; or install the folder in `build.run`"
            }
            Self::UnusualPath { .. } => "rename the file or its folder",
            Self::Outside { .. } => "copy the file into the project and write its path relative to this file",
            _ => "write the bare path of a wheel or source archive, relative to this file",
        }
    }
}

const ARTIFACT_SUFFIXES: &[&str] = &[".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"];

/// The folder that artifacts are mounted into while pip runs.
pub const BUILD_FOLDER: &str = "/tmp/local_package_artifacts";

/// The path of a local artifact, when a line is one. `options` are those whose values must not be local files.
pub(super) fn artifact_path<'a>(line: &'a str, options: &[&'static str]) -> Result<Option<&'a str>, LocalRequirementError> {
    let line = line.trim();
    let owned = || line.to_owned();
    if is_file_address(line) {
        return Err(LocalRequirementError::FileAddress { line: owned() });
    }
    if let Some((name, target)) = line.split_once('@') {
        let is_spaced = name.ends_with(char::is_whitespace) || target.starts_with(char::is_whitespace);
        let (name, target) = (name.trim(), target.trim());
        if is_package_name(name) && is_file_address(target) {
            return Err(LocalRequirementError::FileAddress { line: owned() });
        }
        if is_package_name(name) && (is_path(target) || is_spaced && is_artifact(target)) {
            return Err(LocalRequirementError::DirectReference { line: owned() });
        }
    }
    if line.starts_with('-') {
        return match options.iter().copied().find(|option| option_is_local(line, option)) {
            Some(option) => Err(LocalRequirementError::Option { option }),
            None => Ok(None),
        };
    }
    if has_options_behind_artifact(line) {
        return Err(LocalRequirementError::Suffix { line: owned(), what: "option" });
    }
    if is_remote(line) {
        return Ok(None);
    }
    if line.split_once(';').is_some_and(|(path, _)| is_artifact(path.trim())) {
        return Err(LocalRequirementError::Suffix { line: owned(), what: "marker" });
    }
    if line.ends_with(']') && line.split_once('[').is_some_and(|(path, _)| is_artifact(path.trim())) {
        return Err(LocalRequirementError::Suffix { line: owned(), what: "list of extras" });
    }
    match (has_artifact_suffix(line), is_path(line)) {
        (true, _) => Ok(Some(line)),
        (false, true) => Err(LocalRequirementError::NotAnArtifact { line: owned() }),
        (false, false) => Ok(None),
    }
}

/// The artifact behind a path in a requirements file: paths count from the file's own folder and must stay in the project.
pub(super) fn artifact(path: &str, requirements_file: &str) -> Result<LocalArtifact, LocalRequirementError> {
    let outside = || LocalRequirementError::Outside { line: path.to_owned() };
    if path.starts_with('/') || requirements_file.starts_with('/') {
        return Err(outside());
    }
    let is_plain = |character: char| character.is_alphanumeric() || "._-+/".contains(character);
    if !path.chars().chain(requirements_file.chars()).all(is_plain) {
        return Err(LocalRequirementError::UnusualPath { line: path.to_owned() });
    }
    let folder = requirements_file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().ok_or_else(outside)?;
            }
            other => parts.push(other),
        }
    }
    let project_path = parts.join("/");
    let build_path = format!("{BUILD_FOLDER}/{project_path}");
    Ok(LocalArtifact { project_path, build_path })
}

fn option_is_local(line: &str, option: &str) -> bool {
    let Some(rest) = line.strip_prefix(option) else { return false };
    let value = if option.starts_with("--") {
        match rest.strip_prefix('=') {
            Some(value) => value,
            None if rest.starts_with(char::is_whitespace) => rest,
            None => return false,
        }
    } else {
        rest
    };
    let value = value.trim();
    !value.is_empty() && (is_file_address(value) || !is_remote(value))
}

fn has_options_behind_artifact(line: &str) -> bool {
    line.char_indices().filter(|(_, character)| [' ', '\t'].contains(character)).any(|(index, _)| {
        let Some((path, rest)) = line.split_at_checked(index) else { return false };
        let rest = rest.trim_start();
        is_artifact(path.trim()) && (rest.starts_with("--") || rest.starts_with("-f") || rest.starts_with("-r"))
    })
}

fn is_artifact(path: &str) -> bool {
    !is_remote(path) && (is_path(path) || has_artifact_suffix(path))
}

fn is_remote(text: &str) -> bool {
    text.contains("://") || text.starts_with("git+")
}

fn is_file_address(text: &str) -> bool {
    text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("file:"))
}

fn is_path(text: &str) -> bool {
    matches!(text, "." | "..") || ["/", "./", "../"].iter().any(|start| text.starts_with(start))
}

fn has_artifact_suffix(path: &str) -> bool {
    let path = path.to_lowercase();
    ARTIFACT_SUFFIXES.iter().any(|suffix| path.ends_with(suffix))
}

fn is_package_name(text: &str) -> bool {
    let name = text.split_once('[').map_or(text, |(name, _)| name);
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL_OPTIONS: &[&str] = &["--find-links", "-c", "-e", "-r"];

    #[test]
    fn bare_paths_of_wheels_and_archives_are_artifacts() {
        for path in ["mine-1.0-py3-none-any.whl", "./wheels/a.whl", "../a.tar.gz", "a.ZIP", "/abs/a.tgz"] {
            assert_eq!(artifact_path(path, LOCAL_OPTIONS), Ok(Some(path)), "{path}");
        }
    }

    #[test]
    fn other_requirements_are_not_local() {
        for line in [
            "torch==2.4.0",
            "git+https://github.com/a/b.git",
            "https://x/a.whl",
            "a @ https://x/a.whl",
            "--extra-index-url https://x",
            "-r https://x/requirements.txt",
            "--find-links=https://x/",
            "a; python_version > '3'",
        ] {
            assert_eq!(artifact_path(line, LOCAL_OPTIONS), Ok(None), "{line}");
        }
    }

    #[test]
    fn other_local_forms_are_rejected() {
        let line = |text: &str| text.to_owned();
        for (text, error) in [
            ("file:///a.whl", LocalRequirementError::FileAddress { line: line("file:///a.whl") }),
            ("a @ FILE:a.whl", LocalRequirementError::FileAddress { line: line("a @ FILE:a.whl") }),
            ("a @ ./a.whl", LocalRequirementError::DirectReference { line: line("a @ ./a.whl") }),
            ("a @ a.whl", LocalRequirementError::DirectReference { line: line("a @ a.whl") }),
            ("-r other.txt", LocalRequirementError::Option { option: "-r" }),
            ("--find-links=wheels", LocalRequirementError::Option { option: "--find-links" }),
            ("-c constraints.txt", LocalRequirementError::Option { option: "-c" }),
            ("-e ./lib", LocalRequirementError::Option { option: "-e" }),
            ("a.whl --hash=sha256:00", LocalRequirementError::Suffix { line: line("a.whl --hash=sha256:00"), what: "option" }),
            ("a.whl ; x", LocalRequirementError::Suffix { line: line("a.whl ; x"), what: "marker" }),
            ("a.whl[x]", LocalRequirementError::Suffix { line: line("a.whl[x]"), what: "list of extras" }),
            ("./lib", LocalRequirementError::NotAnArtifact { line: line("./lib") }),
            (".", LocalRequirementError::NotAnArtifact { line: line(".") }),
        ] {
            assert_eq!(artifact_path(text, LOCAL_OPTIONS), Err(error.clone()), "{text}");
            assert!(!error.hint().is_empty());
        }
    }

    #[test]
    fn only_the_given_options_are_checked() {
        assert_eq!(artifact_path("-c constraints.txt", &["-r"]), Ok(None));
        assert_eq!(artifact_path("-e ./lib", &["-r"]), Ok(None));
    }

    #[test]
    fn paths_count_from_the_file_and_stay_inside() {
        let found = artifact("../wheels/./a.whl", "deps/requirements.txt").unwrap();
        assert_eq!(found.project_path, "wheels/a.whl");
        assert_eq!(found.build_path, "/tmp/local_package_artifacts/wheels/a.whl");
        for (path, file) in [("../a.whl", "requirements.txt"), ("/a.whl", "requirements.txt"), ("../../a.whl", "deps/r.txt")] {
            assert_eq!(artifact(path, file), Err(LocalRequirementError::Outside { line: path.to_owned() }));
        }
        let unusual = "my wheels,old/a.whl";
        assert_eq!(artifact(unusual, "r.txt"), Err(LocalRequirementError::UnusualPath { line: unusual.to_owned() }));
    }
}
