//! The folder of a report: made inside the working folder, never through a link of the repository.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::deliver::ownership;

/// A folder that exists, and what had to be created for it.
#[derive(Debug, Default)]
pub(super) struct OwnFolder {
    /// Folders that did not exist before, outer ones first.
    pub(super) created: Vec<PathBuf>,
}

/// Makes `folder`. Below `base` a link in its place is replaced and a link on the way is an error: the repository may have put it there. A
/// folder elsewhere, or one without a base, was named by the user, whose links are followed.
///
/// # Errors
/// It cannot be created, or a link is on the way.
pub(super) fn make(base: Option<&Path>, folder: &Path) -> io::Result<OwnFolder> {
    let mut report_folder = OwnFolder::default();
    let inside = base.and_then(|base| Some((base, folder.strip_prefix(base).ok()?)));
    let inside = inside.filter(|(_, path)| path.components().all(|part| part != Component::ParentDir));
    let (mut place, parts) = match inside {
        Some((base, inside)) => (base.to_owned(), inside.components().collect::<Vec<_>>()),
        None => (PathBuf::new(), folder.components().collect()),
    };
    for (index, part) in parts.iter().enumerate() {
        place.push(part);
        let is_link = inside.is_some() && place.symlink_metadata().is_ok_and(|found| found.is_symlink());
        if is_link && index + 1 < parts.len() {
            return Err(io::Error::other(format!("{} is a link", place.display())));
        }
        if is_link {
            fs::remove_file(&place)?;
        }
        match fs::create_dir(&place) {
            Ok(()) => {
                ownership::give_folder(&place);
                report_folder.created.push(place.clone());
            }
            Err(_) if place.is_dir() => {}
            Err(_) if place.exists() => {
                return Err(io::Error::new(io::ErrorKind::NotADirectory, format!("{} is not a folder", place.display())));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(report_folder)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_in_place_of_the_folder_is_replaced_and_its_target_left_alone() {
        let outer = tempfile::tempdir().unwrap();
        let (base, target) = (outer.path().join("base"), outer.path().join("target"));
        fs::create_dir(&base).unwrap();
        fs::create_dir(&target).unwrap();
        symlink(&target, base.join("report")).unwrap();
        let made = make(Some(&base), &base.join("report")).unwrap();
        assert_eq!(made.created, [base.join("report")]);
        assert!(!base.join("report").is_symlink() && base.join("report").is_dir());
        assert_eq!(fs::read_dir(&target).unwrap().count(), 0);
    }

    #[test]
    fn a_link_on_the_way_is_an_error() {
        let outer = tempfile::tempdir().unwrap();
        let base = outer.path().join("base");
        fs::create_dir(&base).unwrap();
        symlink(outer.path(), base.join("way")).unwrap();
        assert!(make(Some(&base), &base.join("way/report")).unwrap_err().to_string().ends_with("way is a link"));
        assert!(!outer.path().join("report").exists());
    }

    #[test]
    fn only_what_was_missing_counts_as_created() {
        let base = tempfile::tempdir().unwrap();
        let base = base.path();
        fs::create_dir(base.join("a")).unwrap();
        assert_eq!(make(Some(base), &base.join("a/b/c")).unwrap().created, [base.join("a/b"), base.join("a/b/c")]);
        assert!(make(Some(base), &base.join("a/b/c")).unwrap().created.is_empty());
        fs::write(base.join("file"), "").unwrap();
        assert!(make(Some(base), &base.join("file")).is_err());
    }

    #[test]
    fn a_folder_that_the_user_names_elsewhere_is_followed() {
        let (outer, base) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(outer.path().join("real")).unwrap();
        symlink("real", outer.path().join("link")).unwrap();
        make(Some(base.path()), &outer.path().join("link")).unwrap();
        assert!(outer.path().join("link").is_symlink());
    }
}
