//! The files on the branch of images: `RUN.ATTEMPT/JOB-NUMBER.png`. Names are numbers and hashes: nothing of a model, a case or an output.

use std::collections::{BTreeMap, BTreeSet};

use crate::clients::github::{GitObjectKind, GitTreeEntry};
use crate::deliver::github::job::Job;

/// The runs whose images are kept.
const RUNS: usize = 20;

/// The size of all images together, in bytes. The text beside them is less than what is left to 20 MB.
const BYTES: u64 = 19_900_000;

/// A workflow run and its attempt.
type RunNumber = (u64, u64);

/// An image on the branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ImageFile {
    run: RunNumber,
    name: String,
    pub(super) sha: String,
    bytes: u64,
}

/// The images of a run by itself are too large.
#[derive(Debug)]
pub(super) struct TooLarge;

impl ImageFile {
    pub(super) fn new(job: &Job, number: usize, media_type: &str, sha: String, bytes: u64) -> Self {
        let extension = if media_type == "image/png" { "png" } else { "jpg" };
        let matrix_job = &job.matrix_job;
        let name = format!("{}-{}-{}-{number}.{extension}", matrix_job.call, matrix_job.job, matrix_job.index);
        Self { run: (job.run.id, job.run.attempt), name, sha, bytes }
    }

    pub(super) fn path(&self) -> String {
        format!("{}.{}/{}", self.run.0, self.run.1, self.name)
    }

    fn read(entry: &GitTreeEntry) -> Option<Self> {
        let (folder, name) = entry.path.split_once('/')?;
        let stem = name.strip_suffix(".png").or_else(|| name.strip_suffix(".jpg"))?;
        let is_ours = entry.kind == GitObjectKind::Blob && stem.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        is_ours.then_some(())?;
        Some(Self { run: run_of(folder)?, name: name.to_owned(), sha: entry.sha.clone(), bytes: entry.size })
    }
}

fn run_of(folder: &str) -> Option<RunNumber> {
    let (id, attempt) = folder.split_once('.')?;
    let run = (id.parse().ok()?, attempt.parse().ok()?);
    (format!("{}.{}", run.0, run.1) == folder).then_some(run)
}

/// The images in a tree; `None` if it holds anything else.
pub(super) fn read(entries: &[GitTreeEntry]) -> Option<Vec<ImageFile>> {
    let is_folder = |entry: &GitTreeEntry| entry.kind == GitObjectKind::Tree && run_of(&entry.path).is_some();
    entries.iter().filter(|entry| !is_folder(entry)).map(ImageFile::read).collect()
}

/// The images to keep beside those of this job: of the last runs, as many as there is room for. `None` if this run is not one of them.
pub(super) fn kept(before: Vec<ImageFile>, own: &[ImageFile]) -> Result<Option<Vec<ImageFile>>, TooLarge> {
    let names: BTreeSet<String> = own.iter().map(ImageFile::path).collect();
    let mut runs: BTreeMap<RunNumber, Vec<ImageFile>> = BTreeMap::new();
    for file in own.iter().cloned().chain(before.into_iter().filter(|file| !names.contains(&file.path()))) {
        runs.entry(file.run).or_default().push(file);
    }
    let size = |files: &[ImageFile]| files.iter().map(|file| file.bytes).sum::<u64>();
    let own_run = own.first().map(|file| file.run);
    let mut bytes = own_run.and_then(|run| runs.get(&run)).map_or(0, |files| size(files));
    if bytes > BYTES {
        return Err(TooLarge);
    }
    let (mut kept, mut has_own, mut is_full) = (Vec::new(), false, false);
    for (run, files) in runs.into_iter().rev().take(RUNS) {
        if own_run == Some(run) {
            has_own = true;
        } else {
            bytes += size(&files);
            // Older ones stay out too, even if they are small.
            is_full |= bytes > BYTES;
            if is_full {
                continue;
            }
        }
        kept.extend(files);
    }
    Ok(has_own.then_some(kept))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::github::{MatrixJob, WorkflowRun};

    fn of_run(id: u64, number: usize, bytes: u64) -> ImageFile {
        let job = Job { sha: String::new(), run: WorkflowRun { id, attempt: 1 }, matrix_job: MatrixJob::alone() };
        ImageFile::new(&job, number, "image/png", "0".to_owned(), bytes)
    }

    fn entry(path: &str, kind: GitObjectKind) -> GitTreeEntry {
        GitTreeEntry { path: path.to_owned(), kind, sha: "0".to_owned(), size: 9 }
    }

    fn paths(files: Option<Vec<ImageFile>>) -> Vec<String> {
        let mut paths: Vec<String> = files.into_iter().flatten().map(|file| file.path()).collect();
        paths.sort();
        paths
    }

    #[test]
    fn what_was_written_is_read_back_and_nothing_else_is_ours() {
        let file = of_run(11, 2, 9);
        assert_eq!(file.path(), "11.1/0-0-0-2.png");
        let read_back = read(&[entry("11.1", GitObjectKind::Tree), entry(&file.path(), GitObjectKind::Blob)]);
        assert_eq!(read_back, Some(vec![file]));
        for path in ["notes.txt", "src/main.rs", "11.1/readme.md", "11.1/a/b.png", "011.1/0-0-0-0.png", "11.1/a b.png", "x.1/0.png"]
        {
            assert_eq!(read(&[entry(path, GitObjectKind::Blob)]), None, "{path}");
        }
        assert_eq!(read(&[entry("11.1/0-0-0-0.png", GitObjectKind::Other)]), None, "a submodule");
        assert_eq!(read(&[entry("src", GitObjectKind::Tree)]), None);
    }

    #[test]
    fn the_last_twenty_runs_stay() {
        let before: Vec<ImageFile> = (1..=25).map(|id| of_run(id, 0, 10)).collect();
        let now = paths(kept(before.clone(), &[of_run(26, 0, 10)]).unwrap());
        assert_eq!(
            (now.len(), now.contains(&"7.1/0-0-0-0.png".to_owned()), now.contains(&"6.1/0-0-0-0.png".to_owned())),
            (20, true, false)
        );
        assert_eq!(kept(before, &[of_run(3, 0, 10)]).unwrap(), None, "a run that ends after 20 later ones");
    }

    #[test]
    fn older_runs_make_room_and_images_of_other_jobs_stay() {
        let before = vec![of_run(1, 0, 100), of_run(2, 0, BYTES / 2), of_run(3, 0, BYTES / 2), of_run(3, 1, 7)];
        let now = kept(before, &[of_run(3, 0, 10), of_run(3, 2, 10)]).unwrap();
        assert_eq!(
            paths(now.clone()),
            ["1.1/0-0-0-0.png", "2.1/0-0-0-0.png", "3.1/0-0-0-0.png", "3.1/0-0-0-1.png", "3.1/0-0-0-2.png"]
        );
        assert_eq!(now.unwrap().iter().find(|file| file.path() == "3.1/0-0-0-0.png").unwrap().bytes, 10, "written again");
        let before = vec![of_run(1, 0, 100), of_run(2, 0, BYTES - 5), of_run(3, 1, 1)];
        assert_eq!(paths(kept(before, &[of_run(3, 0, 5)]).unwrap()), ["3.1/0-0-0-0.png", "3.1/0-0-0-1.png"]);
        assert!(kept(Vec::new(), &[of_run(3, 0, BYTES + 1)]).is_err());
    }
}
