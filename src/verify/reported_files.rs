//! Output files as the report shows them: facts and small copies.
//!
//! They are kept by prediction, because which one decides a case is known only when the case is finished. Nothing here can fail a case: a
//! file without a preview is reported by its facts alone.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use cog_findings::text::shorten;
use output_compare::{self, MediaFile, MediaKind, Preview};
use tokio::sync::Semaphore;

use crate::domain::output::{NO_ROOM, OutputFile};
use crate::domain::prediction::PredictionId;
use crate::domain::report::{Attempt, CaseReport};
use crate::support::locks::lock;
use crate::verify::mask::Mask;
use crate::verify::observation::{FetchedFile, Unexamined};

/// Total size of the previews of one verification. `run.json` takes fewer of them, see `report::json`.
const TOTAL_BYTES: usize = 16 * 1024 * 1024;

/// Outputs that are examined at the same time: a decoded image can take half a gigabyte.
const AT_ONCE: usize = 2;

/// The fact that stands for the content of a file that is not decoded.
const TOO_LARGE: &str = "too large to decode";

/// Length at which a fact is cut.
const FACT_BYTES: usize = 200;

/// The output files of all predictions so far.
pub(super) struct ReportedFiles {
    files: Mutex<HashMap<PredictionId, Vec<OutputFile>>>,
    bytes_left: Arc<AtomicUsize>,
    examining: Semaphore,
}

impl ReportedFiles {
    pub(super) fn new() -> Self {
        Self::of_bytes(TOTAL_BYTES)
    }

    fn of_bytes(bytes: usize) -> Self {
        Self { files: Mutex::default(), bytes_left: Arc::new(AtomicUsize::new(bytes)), examining: Semaphore::new(AT_ONCE) }
    }

    /// Examines the files of a prediction on a blocking thread.
    pub(super) async fn record(&self, prediction: &PredictionId, files: &[FetchedFile], mask: &Mask) {
        if files.is_empty() {
            return;
        }
        let Ok(_permit) = self.examining.acquire().await else { return };
        // As attempts have it.
        let shown = mask.id(prediction);
        let (files, mask, left) = (files.to_vec(), mask.clone(), self.bytes_left.clone());
        let task = tokio::task::spawn_blocking(move || {
            files.iter().filter(|file| !file.is_text()).map(|file| describe(file, &mask, &left)).collect()
        });
        // A crash costs only the previews.
        if let Ok(files) = task.await {
            lock(&self.files).insert(shown, files);
        }
    }

    /// Moves the files of the deciding attempt and of the live version into the report of a case.
    pub(super) fn attach_to(&self, report: &mut CaseReport) {
        let mut files = lock(&self.files);
        let mut take = |attempt: &Attempt| attempt.prediction.as_ref().and_then(|id| files.remove(id)).unwrap_or_default();
        for attempt in &report.attempts {
            report.files = take(attempt);
        }
        report.live_files = report.live.as_ref().map(&mut take).unwrap_or_default();
    }
}

fn describe(file: &FetchedFile, mask: &Mask, left: &AtomicUsize) -> OutputFile {
    let (kind, size_bytes, facts, preview) = match file.load() {
        Ok(loaded) => {
            let (kind, facts, preview) = examine(&loaded.media(), left);
            (kind, loaded.bytes.len() as u64, facts, preview)
        }
        Err(Unexamined::TooLarge(download)) => {
            let facts = vec![TOO_LARGE.to_owned()];
            (output_compare::detect(&file.beginning(&download)), download.size_bytes, facts, None)
        }
        Err(Unexamined::Missing { message, .. }) => {
            (output_compare::detect(&MediaFile::named(&file.name, b"")), 0, vec![message], None)
        }
    };
    OutputFile {
        place: mask.text(&format!("output{}", file.path)),
        url: mask.text(&file.shown),
        kind,
        size_bytes,
        facts: facts.iter().map(|fact| shorten(&mask.text(fact), FACT_BYTES)).collect(),
        preview,
    }
}

fn examine(content: &MediaFile<'_>, left: &AtomicUsize) -> (MediaKind, Vec<String>, Option<Preview>) {
    let examined = output_compare::examine(content);
    // The report has a field for the size.
    let mut facts: Vec<String> = examined.facts.into_iter().filter(|fact| !fact.ends_with(" bytes")).collect();
    facts.extend(examined.defects.iter().map(ToString::to_string));
    let mut preview = output_compare::thumbnail(content);
    if let Some(copy) = &preview
        && left.try_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(copy.bytes.len())).is_err()
    {
        preview = None;
        facts.push(NO_ROOM.to_owned());
    }
    (examined.kind, facts, preview)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::time::Duration;

    use bytes::Bytes;
    use image::{ImageFormat, Rgb, RgbImage};
    use serde_json::Map;

    use super::*;
    use crate::clients::replicate::Download;
    use crate::domain::case::{CaseId, CaseKind, Expectation};
    use crate::domain::report::CaseStatus;
    use crate::verify::file_urls::UrlOrigin;
    use crate::verify::observation::{FetchFault, FetchProblem};

    fn image() -> Bytes {
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
            origin: UrlOrigin::Declared,
            content: content.map(|bytes| Download::of_bytes(bytes, None)),
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
            location: None,
            attempts: attempts.iter().map(|id| of(id)).collect(),
            live: live.map(of),
            remarks: Vec::new(),
            files: Vec::new(),
            live_files: Vec::new(),
            comparisons: Vec::new(),
            minimal_inputs: None,
            reproduction: None,
            sources: Vec::new(),
            duration: Duration::ZERO,
        }
    }

    #[tokio::test]
    async fn a_case_gets_the_files_of_the_attempt_that_decided() {
        let reported_files = ReportedFiles::new();
        for (id, name) in [("first", "a.txt"), ("second", "b.txt"), ("live", "c.txt"), ("other", "d.txt")] {
            let file = file(".text", name, Ok(Bytes::from_static(b"hello")));
            reported_files.record(&PredictionId::new(id), &[file], &Mask::default()).await;
        }
        let mut report = report(&["first", "second"], Some("live"));
        reported_files.attach_to(&mut report);
        let urls = |files: &[OutputFile]| files.iter().map(|file| file.url.clone()).collect::<Vec<_>>();
        assert_eq!(urls(&report.files), ["https://x/b.txt?signature=***"]);
        assert_eq!(urls(&report.live_files), ["https://x/c.txt?signature=***"]);
        assert_eq!((report.files[0].place.as_str(), report.files[0].kind), ("output.text", MediaKind::Text));
    }

    #[tokio::test]
    async fn an_attempt_without_files_does_not_get_those_of_an_earlier_one() {
        let reported_files = ReportedFiles::new();
        reported_files.record(&PredictionId::new("first"), &[file("", "a.png", Ok(image()))], &Mask::default()).await;
        let mut report = report(&["first", "second"], None);
        reported_files.attach_to(&mut report);
        assert!(report.files.is_empty() && report.live_files.is_empty());
    }

    #[tokio::test]
    async fn images_come_with_a_preview_until_there_is_no_room() {
        let room = output_compare::thumbnail(&MediaFile::named("a.png", &image())).unwrap().bytes.len();
        let reported_files = ReportedFiles::of_bytes(3 * room);
        let files: Vec<FetchedFile> = (0..5).map(|number| file(&format!("[{number}]"), "a.png", Ok(image()))).collect();
        reported_files.record(&PredictionId::new("first"), &files, &Mask::default()).await;
        let mut report = report(&["first"], None);
        reported_files.attach_to(&mut report);
        let shown: Vec<bool> = report.files.iter().map(|file| file.preview.is_some()).collect();
        assert_eq!(shown, [true, true, true, false, false]);
        assert_eq!(report.files[2].facts, ["64 x 48 pixels"]);
        assert_eq!(report.files[3].facts, ["64 x 48 pixels", NO_ROOM]);
    }

    #[tokio::test]
    async fn a_missing_or_broken_file_is_reported_by_its_facts() {
        let reported_files = ReportedFiles::new();
        let gone = FetchProblem { message: "the file's host responded with status 404".to_owned(), fault: FetchFault::File };
        let files = [file("", "a.png", Err(gone)), file("", "b.png", Ok(image().slice(..100)))];
        reported_files.record(&PredictionId::new("first"), &files, &Mask::default()).await;
        let mut report = report(&["first"], None);
        reported_files.attach_to(&mut report);
        let [gone, broken] = report.files.try_into().unwrap();
        assert_eq!((gone.kind, gone.preview), (MediaKind::Image, None));
        assert!(gone.facts[0].ends_with("could not be fetched: the file's host responded with status 404"), "{:?}", gone.facts);
        assert_eq!((broken.kind, broken.preview), (MediaKind::Image, None));
        assert!(broken.facts[0].starts_with("the file cannot be decoded"), "{:?}", broken.facts);
    }
}
