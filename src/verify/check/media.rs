//! `image`, `audio` and `video`: what the files of an output are like.

use output_compare::{MediaFile, MediaKind, Tolerance, audio_facts, compare, detect, image_facts, video_facts};

use super::{Check, CheckResult, NeededFiles, Needs, output_of, quote};
use crate::domain::compare_rules::missed_limits;
use crate::domain::output_check::{AudioCheck, ImageCheck, NumberRange, VideoCheck};
use crate::verify::by_digest::too_large_to_examine;
use crate::verify::file_format::file_format;
use crate::verify::observation::{Observation, Unexamined};

/// What is expected of files of one kind.
pub(super) enum MediaCheck {
    /// With the thresholds for `like`.
    Image(Box<ImageCheck>, Tolerance),
    Audio(AudioCheck),
    Video(VideoCheck),
}

impl Check for MediaCheck {
    fn needs(&self) -> Needs {
        Needs { output_files: NeededFiles::Declared, wanted_url: None }
    }

    fn check(&self, seen: &Observation) -> CheckResult {
        let output = match output_of(seen) {
            Ok(output) => output,
            Err(result) => return result,
        };
        let (mut found, mut remarks) = (0, Vec::new());
        for file in seen.files.iter().filter(|file| !file.is_text()) {
            let place = format!("output{}", file.path);
            let loaded = match file.load() {
                Ok(loaded) => loaded,
                Err(Unexamined::Missing { message, .. }) => return CheckResult::failed(message),
                Err(Unexamined::TooLarge(download)) => return CheckResult::Unknown(too_large_to_examine(&file.shown, &download)),
            };
            if detect(&loaded.media()) != self.kind() {
                continue;
            }
            found += 1;
            match self.measure(&loaded.media()) {
                Ok(facts) => remarks.push(format!("{place}: {facts}")),
                Err(problem) => return CheckResult::failed(format!("{place} {problem}")),
            }
        }
        if found == 0 {
            return CheckResult::failed(format!("expected {} file in the output, got {}", self.kind_with_article(), quote(output)));
        }
        CheckResult::Passed(remarks)
    }
}

impl MediaCheck {
    fn kind(&self) -> MediaKind {
        match self {
            Self::Image(..) => MediaKind::Image,
            Self::Audio(_) => MediaKind::Audio,
            Self::Video(_) => MediaKind::Video,
        }
    }

    fn kind_with_article(&self) -> &'static str {
        match self {
            Self::Image(..) => "an image",
            Self::Audio(_) => "an audio",
            Self::Video(_) => "a video",
        }
    }

    /// What a file is like, or how it differs from what is expected.
    fn measure(&self, file: &MediaFile<'_>) -> Result<String, String> {
        match self {
            Self::Image(wanted, tolerance) => image(wanted, tolerance, file),
            Self::Audio(wanted) => audio(wanted, file),
            Self::Video(wanted) => video(wanted, file),
        }
    }
}

fn image(wanted: &ImageCheck, tolerance: &Tolerance, file: &MediaFile<'_>) -> Result<String, String> {
    let format = file_format(file);
    if let Some(wanted) = wanted.format.as_ref().filter(|wanted| **wanted != format) {
        return Err(format!("is a {format} file, not {wanted}"));
    }
    let mut description = format.clone();
    if wanted.width.is_some() || wanted.height.is_some() {
        let facts = image_facts(file).map_err(|error| format!("cannot be decoded: {error}"))?;
        within("is", f64::from(facts.width), "pixels wide", wanted.width)?;
        within("is", f64::from(facts.height), "pixels high", wanted.height)?;
        description = format!("{description}, {} x {} pixels", facts.width, facts.height);
    }
    if let Some(like) = &wanted.like {
        let Some(content) = &like.content else { return Err(format!("was not compared, because {} was not read", like.path)) };
        let mut tolerance = *tolerance;
        if let Some(ssim) = wanted.min_ssim {
            tolerance.ssim = ssim;
            // Only the similarity decides where a limit for it is set.
            (tolerance.mean_color_distance, tolerance.worst_tile_distance) = (510.0, 510.0);
        }
        let compared = compare(&MediaFile::named(&like.path, content), file, &tolerance);
        if let Some(reason) = compared.reason() {
            let limits = missed_limits(&compared.measurements);
            let limits = if limits.is_empty() { String::new() } else { format!(" ({})", limits.join("; ")) };
            return Err(format!("is not like {}: {reason}{limits}", like.path));
        }
        if let Some(ssim) = compared.value_of("ssim") {
            description = format!("{description}, structural similarity to {} {ssim:.3}", like.path);
        }
    }
    Ok(description)
}

fn audio(wanted: &AudioCheck, file: &MediaFile<'_>) -> Result<String, String> {
    let facts = audio_facts(file).map_err(|error| format!("cannot be decoded: {error}"))?;
    within("lasts", facts.duration_secs, "s", wanted.duration)?;
    within("has", f64::from(facts.channels), "channels", wanted.channels)?;
    Ok(format!("{:.2} s, {} channels", facts.duration_secs, facts.channels))
}

fn video(wanted: &VideoCheck, file: &MediaFile<'_>) -> Result<String, String> {
    let facts = video_facts(file).map_err(|error| format!("cannot be read: {error}"))?;
    within("lasts", facts.duration_secs, "s", wanted.duration)?;
    within("has", facts.frame_rate, "frames per second", wanted.fps)?;
    within("is", f64::from(facts.width), "pixels wide", wanted.width)?;
    within("is", f64::from(facts.height), "pixels high", wanted.height)?;
    Ok(format!(
        "{:.2} s, {:.1} frames per second, {} x {} pixels",
        facts.duration_secs, facts.frame_rate, facts.width, facts.height
    ))
}

fn within(verb: &str, number: f64, unit: &str, wanted: Option<NumberRange>) -> Result<(), String> {
    match wanted.filter(|wanted| !wanted.has(number)) {
        None => Ok(()),
        Some(wanted) => {
            let shown = format!("{number:.2}");
            Err(format!("{verb} {} {unit}, expected {wanted}", shown.trim_end_matches('0').trim_end_matches('.')))
        }
    }
}
