//! One file alone: its content and its defects.

use std::fmt;

use crate::image::missing_end;
use crate::{DecodeError, MediaFile, MediaKind, audio_facts, binary, detect, image_facts, video_facts};

/// What [`examine`] found out about a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Examination {
    /// Detected from the content, see [`detect`].
    pub kind: MediaKind,
    /// Empty for a file that looks fine.
    pub defects: Vec<Defect>,
    /// Facts of a few words each: `1024 x 768 pixels`, `2.50 s`. The size in bytes comes first.
    pub facts: Vec<String>,
}

/// Something that looks wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Defect {
    /// It has no bytes.
    Empty,
    /// It does not decode, for this reason.
    Broken(String),
    /// It ends too early, as this shows.
    Truncated(String),
    /// All pixels of an image have the same color.
    SingleColor,
    /// All pixels of an image are fully transparent.
    Transparent,
    /// No sample of an audio file is loud enough to be heard.
    Silent,
    /// The text is empty or holds nothing but white space.
    BlankText,
    /// The text is the traceback of a Python exception.
    StackTrace,
}

impl Defect {
    /// Whether a file may look like this on purpose, as a mask of one color or a pause does. An empty, broken or truncated file cannot.
    pub fn can_be_intended(&self) -> bool {
        !matches!(self, Self::Empty | Self::Broken(_) | Self::Truncated(_))
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => formatter.write_str("the file is empty"),
            Self::Broken(why) => write!(formatter, "the file cannot be decoded: {why}"),
            Self::Truncated(why) => write!(formatter, "the file is truncated: {why}"),
            Self::SingleColor => formatter.write_str("the image has a single color"),
            Self::Transparent => formatter.write_str("the image is fully transparent"),
            Self::Silent => formatter.write_str("the audio is silent"),
            Self::BlankText => formatter.write_str("the text is blank"),
            Self::StackTrace => formatter.write_str("the text is a Python stack trace"),
        }
    }
}

/// Examines one file.
///
/// ```
/// use output_compare::{Defect, MediaFile, MediaKind, examine};
///
/// let examined = examine(&MediaFile::named("output.txt", b" \n"));
/// assert_eq!(examined.kind, MediaKind::Text);
/// assert_eq!(examined.defects, [Defect::BlankText]);
/// ```
pub fn examine(file: &MediaFile<'_>) -> Examination {
    let mut examination =
        Examination { kind: detect(file), defects: Vec::new(), facts: vec![format!("{} bytes", file.bytes.len())] };
    if file.bytes.is_empty() {
        examination.defects.push(Defect::Empty);
        return examination;
    }
    match examination.examine_content(file) {
        Ok(()) => {}
        Err(DecodeError::Unsupported(why)) => examination.facts.push(why),
        Err(DecodeError::Broken(why) | DecodeError::TooLarge(why)) => examination.defects.push(Defect::Broken(why)),
    }
    examination
}

impl Examination {
    fn examine_content(&mut self, file: &MediaFile<'_>) -> Result<(), DecodeError> {
        match self.kind {
            MediaKind::Image => {
                let facts = image_facts(file)?;
                self.facts.push(format!("{} x {} pixels", facts.width, facts.height));
                if facts.frames > 1 {
                    self.facts.push(format!("{} frames", facts.frames));
                }
                self.defects.extend(missing_end(file).map(|why| Defect::Truncated(why.to_owned())));
                if facts.is_transparent {
                    self.defects.push(Defect::Transparent);
                } else if facts.is_single_color && u64::from(facts.width) * u64::from(facts.height) > 1 {
                    self.defects.push(Defect::SingleColor);
                }
            }
            MediaKind::Audio => {
                let facts = audio_facts(file)?;
                self.facts.push(format!("{:.2} s", facts.duration_secs));
                let is_silent = facts.is_silent();
                self.defects.extend(facts.incomplete.map(Defect::Truncated));
                if is_silent {
                    self.defects.push(Defect::Silent);
                }
            }
            MediaKind::Video => {
                let facts = video_facts(file)?;
                self.facts.push(format!("{} x {} pixels", facts.width, facts.height));
                self.facts.push(format!("{:.2} s", facts.duration_secs));
                self.facts.push(format!("{:.2} frames per second", facts.frame_rate));
                self.facts.push(facts.codec);
                self.facts.push(facts.audio_codec.unwrap_or_else(|| "no audio".to_owned()));
                self.defects.extend(facts.incomplete.map(Defect::Truncated));
            }
            MediaKind::Json => {
                serde_json::from_slice::<serde::de::IgnoredAny>(file.bytes)
                    .map_err(|error| DecodeError::broken(error.to_string()))?;
            }
            MediaKind::Text => self.defects.extend(text_defect(&String::from_utf8_lossy(file.bytes))),
            MediaKind::Binary => self.facts.push(binary::describe(file)),
        }
        Ok(())
    }
}

/// The defect of a text, if it has one.
///
/// ```
/// use output_compare::{Defect, text_defect};
///
/// assert_eq!(text_defect("a red car"), None);
/// assert_eq!(text_defect("Traceback (most recent call last):\n  File …"), Some(Defect::StackTrace));
/// ```
pub fn text_defect(text: &str) -> Option<Defect> {
    if text.trim().is_empty() {
        Some(Defect::BlankText)
    } else if text.trim_start().starts_with("Traceback (most recent call last):") {
        Some(Defect::StackTrace)
    } else {
        None
    }
}
