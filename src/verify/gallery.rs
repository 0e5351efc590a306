//! What the report shows of the files of outputs: what they are, and small copies to look at.
//!
//! Kept by prediction, for which one decides a case is known only at its end. Nothing here can fail a case: a file without a copy is
//! told by its facts alone.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use cog_findings::text::shorten;
use output_compare::{self, MediaFile, Preview};
use tokio::sync::Semaphore;

use crate::domain::output::{NO_ROOM, OutputFile};
use crate::domain::prediction::PredictionId;
use crate::domain::report::{Attempt, CaseReport};
use crate::verify::mask::Mask;
use crate::verify::observation::FetchedFile;

/// Copies of one verification that are held in memory. `run.json` takes fewer of them, see `report::json`.
const TOTAL_BYTES: usize = 16 * 1024 * 1024;

/// Outputs that are looked at at one time: a decoded picture can take half a gigabyte.
const AT_ONCE: usize = 2;

/// A fact in a report.
const FACT_BYTES: usize = 200;

/// The files of all predictions so far.
pub(super) struct Gallery {
    files: Mutex<HashMap<PredictionId, Vec<OutputFile>>>,
    left: Arc<AtomicUsize>,
    looking: Semaphore,
}

impl Gallery {
    pub(super) fn new() -> Self {
        Self::of_bytes(TOTAL_BYTES)
    }

    fn of_bytes(bytes: usize) -> Self {
        Self { files: Mutex::default(), left: Arc::new(AtomicUsize::new(bytes)), looking: Semaphore::new(AT_ONCE) }
    }

    /// Looks at the files of a prediction, off the async threads.
    pub(super) async fn hang(&self, prediction: &PredictionId, files: &[FetchedFile], mask: &Mask) {
        if files.is_empty() {
            return;
        }
        let Ok(_place) = self.looking.acquire().await else { return };
        let (files, mask, left) = (files.to_vec(), mask.clone(), self.left.clone());
        let looking = tokio::task::spawn_blocking(move || files.iter().map(|file| look_at(file, &mask, &left)).collect());
        // A crash costs the copies and nothing else.
        if let Ok(seen) = looking.await {
            self.files.lock().unwrap_or_else(PoisonError::into_inner).insert(prediction.clone(), seen);
        }
    }

    /// Gives a case the files of the attempt that decided, and those of the live version.
    pub(super) fn fill(&self, report: &mut CaseReport) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let mut take = |attempt: &Attempt| attempt.prediction.as_ref().and_then(|id| files.remove(id)).unwrap_or_default();
        for attempt in &report.attempts {
            report.files = take(attempt);
        }
        report.live_files = report.live.as_ref().map(&mut take).unwrap_or_default();
    }
}

fn look_at(file: &FetchedFile, mask: &Mask, left: &AtomicUsize) -> OutputFile {
    let (kind, size, facts, preview) = match file.media() {
        Ok(content) => {
            let (kind, facts, preview) = known_of(&content, left);
            (kind, content.bytes.len(), facts, preview)
        }
        Err(problem) => (output_compare::detect(&MediaFile::named(&file.name, b"")).key(), 0, vec![problem], None),
    };
    OutputFile {
        place: mask.text(&format!("output{}", file.path)),
        url: mask.text(&file.shown),
        kind: kind.to_owned(),
        size_bytes: u64::try_from(size).unwrap_or(u64::MAX),
        facts: facts.iter().map(|fact| shorten(&mask.text(fact), FACT_BYTES)).collect(),
        preview,
    }
}

fn known_of(content: &MediaFile<'_>, left: &AtomicUsize) -> (&'static str, Vec<String>, Option<Preview>) {
    let examined = output_compare::examine(content);
    // The size has a member of its own.
    let mut facts: Vec<String> = examined.facts.into_iter().filter(|fact| !fact.ends_with(" bytes")).collect();
    facts.extend(examined.ailments.iter().map(ToString::to_string));
    let mut preview = output_compare::thumbnail(content);
    if let Some(copy) = &preview
        && left.try_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(copy.bytes.len())).is_err()
    {
        preview = None;
        facts.push(NO_ROOM.to_owned());
    }
    (examined.kind.key(), facts, preview)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::time::Duration;

    use bytes::Bytes;
    use image::{ImageFormat, Rgb, RgbImage};
    use serde_json::Map;

    use super::*;
    use crate::clients::ErrorKind;
    use crate::clients::replicate::Download;
    use crate::domain::case::{CaseId, CaseKind, Expectation};
    use crate::domain::report::CaseStatus;
    use crate::verify::FetchProblem;

    fn picture() -> Bytes {
        let mut bytes = Cursor::new(Vec::new());
        RgbImage::from_fn(64, 48, |x, y| Rgb([x as u8, y as u8, 0])).write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner().into()
    }

    fn file(path: &str, name: &str, content: Result<Bytes, FetchProblem>) -> FetchedFile {
        FetchedFile {
            path: path.to_owned(),
            url: format!("https://x/{name}?signature=secret"),
            shown: format!("https://x/{name}?signature=***"),
            name: name.to_owned(),
            content: content.map(|bytes| Download { bytes, content_type: None }),
        }
    }

    fn report(attempts: &[&str], live: Option<&str>) -> CaseReport {
        let of = |id: &str| Attempt {
            prediction: Some(PredictionId::new(id)),
            url: None,
            output: None,
            error: None,
            logs_tail: String::new(),
            reason: None,
            duration: Duration::ZERO,
            metrics: Map::new(),
        };
        CaseReport {
            id: CaseId::numbered(CaseKind::Case, 1),
            kind: CaseKind::Case,
            status: CaseStatus::Passed,
            inputs: Map::new(),
            expectation: Expectation::Succeeds,
            attempts: attempts.iter().map(|id| of(id)).collect(),
            live: live.map(of),
            remarks: Vec::new(),
            files: Vec::new(),
            live_files: Vec::new(),
            comparisons: Vec::new(),
            minimal_inputs: None,
            duration: Duration::ZERO,
        }
    }

    #[tokio::test]
    async fn a_case_gets_the_files_of_the_attempt_that_decided() {
        let gallery = Gallery::new();
        for (id, name) in [("first", "a.txt"), ("second", "b.txt"), ("live", "c.txt"), ("other", "d.txt")] {
            let file = file(".text", name, Ok(Bytes::from_static(b"hello")));
            gallery.hang(&PredictionId::new(id), &[file], &Mask::default()).await;
        }
        let mut report = report(&["first", "second"], Some("live"));
        gallery.fill(&mut report);
        let urls = |files: &[OutputFile]| files.iter().map(|file| file.url.clone()).collect::<Vec<_>>();
        assert_eq!(urls(&report.files), ["https://x/b.txt?signature=***"]);
        assert_eq!(urls(&report.live_files), ["https://x/c.txt?signature=***"]);
        assert_eq!((report.files[0].place.as_str(), report.files[0].kind.as_str()), ("output.text", "text"));
    }

    #[tokio::test]
    async fn an_attempt_without_files_has_none_of_an_earlier_one() {
        let gallery = Gallery::new();
        gallery.hang(&PredictionId::new("first"), &[file("", "a.png", Ok(picture()))], &Mask::default()).await;
        let mut report = report(&["first", "second"], None);
        gallery.fill(&mut report);
        assert!(report.files.is_empty() && report.live_files.is_empty());
    }

    #[tokio::test]
    async fn pictures_come_with_a_copy_until_there_is_no_room() {
        let room = output_compare::thumbnail(&MediaFile::named("a.png", &picture())).unwrap().bytes.len();
        let gallery = Gallery::of_bytes(3 * room);
        let files: Vec<FetchedFile> = (0..5).map(|number| file(&format!("[{number}]"), "a.png", Ok(picture()))).collect();
        gallery.hang(&PredictionId::new("first"), &files, &Mask::default()).await;
        let mut report = report(&["first"], None);
        gallery.fill(&mut report);
        let shown: Vec<bool> = report.files.iter().map(|file| file.preview.is_some()).collect();
        assert_eq!(shown, [true, true, true, false, false]);
        assert_eq!(report.files[2].facts, ["64 x 48 pixels"]);
        assert_eq!(report.files[3].facts, ["64 x 48 pixels", NO_ROOM]);
    }

    #[tokio::test]
    async fn a_file_that_was_not_fetched_or_is_broken_is_told_by_its_facts() {
        let gallery = Gallery::new();
        let gone = FetchProblem { message: "the file's host responded with status 404".to_owned(), kind: ErrorKind::Request };
        let files = [file("", "a.png", Err(gone)), file("", "b.png", Ok(picture().slice(..100)))];
        gallery.hang(&PredictionId::new("first"), &files, &Mask::default()).await;
        let mut report = report(&["first"], None);
        gallery.fill(&mut report);
        let [gone, broken] = report.files.try_into().unwrap();
        assert_eq!((gone.kind.as_str(), gone.preview), ("image", None));
        assert!(gone.facts[0].ends_with("could not be fetched: the file's host responded with status 404"), "{:?}", gone.facts);
        assert_eq!((broken.kind.as_str(), broken.preview), ("image", None));
        assert!(broken.facts[0].starts_with("the file cannot be decoded"), "{:?}", broken.facts);
    }
}
