//! Which files of a project are weights, for an image that has them in a layer of their own: `docs/reference/cog.md#separate-weights`.
//!
//! A file counts as a weight if it is large and neither code nor media. Weights beside `cog.yaml` are selected one by one, others with
//! their whole folder, unless that folder also has code.

use std::collections::BTreeSet;

/// The size from which a file counts as a weight.
const MINIMUM_BYTES: u64 = 10 * 1024 * 1024;

/// Extensions of code. Code is never a weight, and a folder with code is not selected as a whole.
const CODE_SUFFIXES: &[&str] = &[".py", ".ipynb"];

/// Extensions of packages, media and logs, which can be large without being weights.
const OTHER_SUFFIXES: &[&str] = &[
    ".aac", ".avi", ".avif", ".flac", ".gif", ".heic", ".jpeg", ".jpg", ".log", ".m4a", ".mkv", ".mov", ".mp3", ".mp4", ".ogg",
    ".png", ".svg", ".wav", ".webm", ".webp", ".whl", ".wmv",
];

const IGNORED_PREFIXES: &[&str] = &[".cog", ".git", "__pycache__"];

/// A file of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFile {
    /// The path relative to the project, with `/`.
    pub path: String,
    pub size_bytes: u64,
}

/// The files for the layer of weights.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WeightSelection {
    /// Whole folders, without folders inside them.
    pub folders: Vec<String>,
    /// Single files next to `cog.yaml`.
    pub files: Vec<String>,
}

impl WeightSelection {
    /// All paths: folders, then files.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.folders.iter().chain(&self.files).map(String::as_str)
    }

    /// Whether nothing is selected.
    pub fn is_empty(&self) -> bool {
        self.folders.is_empty() && self.files.is_empty()
    }

    /// Whether the selection includes a file or folder of the project.
    pub fn holds(&self, path: &str) -> bool {
        self.files.iter().any(|file| file == path) || self.folders.iter().any(|folder| is_inside(path, folder))
    }
}

/// Selects the weights of a project.
///
/// ```
/// use cog_source::weights::{ListedFile, select};
///
/// let file = |path: &str, size_bytes| ListedFile { path: path.to_owned(), size_bytes };
/// let selection = select(&[file("checkpoints/model.bin", 1 << 30), file("predict.py", 2048)]);
/// assert_eq!(selection.folders, ["checkpoints"]);
/// ```
pub fn select(listing: &[ListedFile]) -> WeightSelection {
    let listed = || listing.iter().filter(|file| !is_in_git(&file.path));
    let code: Vec<&str> = listed().map(|file| file.path.as_str()).filter(|path| has_suffix(path, CODE_SUFFIXES)).collect();
    let mut weights: Vec<&str> = listed()
        .filter(|file| file.size_bytes >= MINIMUM_BYTES && may_be_weight(&file.path))
        .map(|file| file.path.as_str())
        .collect();
    weights.sort_by_key(|path| (path.split('/').count(), *path));
    let mut folders: Vec<&str> = Vec::new();
    let mut files = Vec::new();
    let mut seen = BTreeSet::new();
    for path in weights {
        match path.rsplit_once('/') {
            None => files.push(path.to_owned()),
            Some((folder, _)) if folders.iter().any(|parent| is_inside(folder, parent)) => {}
            Some((folder, _)) if seen.insert(folder) => folders.push(folder),
            Some(_) => {}
        }
    }
    let has_code = |folder: &str| code.iter().any(|path| is_inside(path, folder));
    WeightSelection { folders: folders.into_iter().filter(|folder| !has_code(folder)).map(str::to_owned).collect(), files }
}

fn may_be_weight(path: &str) -> bool {
    !IGNORED_PREFIXES.iter().any(|prefix| path.starts_with(prefix))
        && !has_suffix(path, CODE_SUFFIXES)
        && !has_suffix(path, OTHER_SUFFIXES)
}

fn has_suffix(path: &str, suffixes: &[&str]) -> bool {
    suffixes.iter().any(|suffix| path.ends_with(suffix))
}

fn is_in_git(path: &str) -> bool {
    path.rsplit_once('/').is_some_and(|(folder, _)| folder.split('/').any(|part| part == ".git"))
}

fn is_inside(folder: &str, parent: &str) -> bool {
    folder == parent || folder.strip_prefix(parent).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGE: u64 = MINIMUM_BYTES;

    fn select_from(paths: &[(&str, u64)]) -> WeightSelection {
        let listing: Vec<ListedFile> =
            paths.iter().map(|(path, size_bytes)| ListedFile { path: (*path).to_owned(), size_bytes: *size_bytes }).collect();
        select(&listing)
    }

    #[test]
    fn ten_mebibytes_make_a_weight() {
        let selection = select_from(&[("a.bin", LARGE), ("b.bin", LARGE - 1)]);
        assert_eq!(selection.files, ["a.bin"]);
    }

    #[test]
    fn folders_are_taken_whole_and_topmost_only() {
        let selection = select_from(&[("w/deep/b.bin", LARGE), ("w/a.bin", LARGE), ("v/x/y.bin", LARGE), ("cog.yaml", 10)]);
        assert_eq!(selection.folders, ["w", "v/x"]);
        assert_eq!(selection.files, Vec::<String>::new());
    }

    #[test]
    fn code_media_and_hidden_files_are_not_weights() {
        for path in
            ["a.py", "nb.ipynb", "a.whl", "a.mp4", "a.log", ".cog/a.bin", ".gitattributes", "x/.git/lfs/a.bin", "__pycache__/a"]
        {
            assert!(select_from(&[(path, LARGE)]).is_empty(), "{path}");
        }
    }

    #[test]
    fn a_folder_with_code_is_not_selected() {
        let selection = select_from(&[("models/a.bin", LARGE), ("models/load.py", 10), ("data/a.bin", LARGE)]);
        assert_eq!(selection.folders, ["data"]);
    }

    #[test]
    fn code_in_a_folder_of_similar_name_does_not_count() {
        assert_eq!(select_from(&[("models/a.bin", LARGE), ("models_x/a.py", 10)]).folders, ["models"]);
    }

    #[test]
    fn a_selection_holds_its_folders_and_its_files() {
        let selection = select_from(&[("w/a.bin", LARGE), ("b.bin", LARGE)]);
        assert_eq!(selection.paths().collect::<Vec<_>>(), ["w", "b.bin"]);
        for (path, is_held) in
            [("w", true), ("w/a.bin", true), ("w/deep/x.txt", true), ("b.bin", true), ("wx", false), ("c/b.bin", false)]
        {
            assert_eq!(selection.holds(path), is_held, "{path}");
        }
    }
}
