//! One file alone: is it well?

use std::fmt;

use crate::picture::missing_end;
use crate::{MediaFile, MediaKind, audio_facts, binary, detect, image_facts, video, video_facts};

/// What a look at one file found.
#[derive(Debug, Clone, PartialEq)]
pub struct Examination {
    /// What it is.
    pub kind: MediaKind,
    /// What seems wrong with it.
    pub ailments: Vec<Ailment>,
    /// Facts in a few words each: `1024 x 768 pixels`, `2.5 s`.
    pub facts: Vec<String>,
}

/// Something that seems wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ailment {
    /// It has no bytes.
    Empty,
    /// It does not decode: truncated, damaged, or not what it says.
    Broken(String),
    /// It ends before it should.
    Truncated(String),
    /// All pixels have one colour.
    OneColour,
    /// No pixel can be seen.
    Transparent,
    /// Nothing can be heard.
    Silent,
    /// The text holds nothing but white space.
    BlankText,
    /// The text is the trace of a Python exception.
    StackTrace,
}

impl Ailment {
    /// Whether a file may look so on purpose: a mask of one colour, a pause. An empty, broken or truncated file cannot.
    pub fn can_be_wanted(&self) -> bool {
        !matches!(self, Self::Empty | Self::Broken(_) | Self::Truncated(_))
    }
}

impl fmt::Display for Ailment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => formatter.write_str("the file is empty"),
            Self::Broken(why) => write!(formatter, "the file cannot be decoded: {why}"),
            Self::Truncated(why) => write!(formatter, "the file is truncated: {why}"),
            Self::OneColour => formatter.write_str("the picture has one colour only"),
            Self::Transparent => formatter.write_str("the picture is fully transparent"),
            Self::Silent => formatter.write_str("the sound is silent"),
            Self::BlankText => formatter.write_str("the text is blank"),
            Self::StackTrace => formatter.write_str("the text is a Python stack trace"),
        }
    }
}

/// Looks at a file.
pub fn examine(file: &MediaFile<'_>) -> Examination {
    let kind = detect(file);
    let mut found = Examination { kind, ailments: Vec::new(), facts: vec![format!("{} bytes", file.bytes.len())] };
    if file.bytes.is_empty() {
        found.ailments.push(Ailment::Empty);
        return found;
    }
    match kind {
        MediaKind::Image => match image_facts(file) {
            Ok(facts) => {
                found.facts.push(format!("{} x {} pixels", facts.width, facts.height));
                if facts.frames > 1 {
                    found.facts.push(format!("{} frames", facts.frames));
                }
                if let Some(why) = missing_end(file) {
                    found.ailments.push(Ailment::Truncated(why.to_owned()));
                }
                if facts.is_transparent {
                    found.ailments.push(Ailment::Transparent);
                } else if facts.is_one_colour && u64::from(facts.width) * u64::from(facts.height) > 1 {
                    found.ailments.push(Ailment::OneColour);
                }
            }
            // Formats such as AVIF are recognised but not decoded here.
            Err(why) if is_unsupported(&why) => found.facts.push(why),
            Err(why) => found.ailments.push(Ailment::Broken(why)),
        },
        MediaKind::Audio => match audio_facts(file) {
            Ok(facts) => {
                found.facts.push(format!("{:.2} s", facts.duration_secs));
                if let Some(why) = &facts.incomplete {
                    found.ailments.push(Ailment::Truncated(why.clone()));
                }
                if facts.is_silent() {
                    found.ailments.push(Ailment::Silent);
                }
            }
            Err(why) if is_unsupported(&why) => found.facts.push(why),
            Err(why) => found.ailments.push(Ailment::Broken(why)),
        },
        MediaKind::Json => {
            if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(file.bytes) {
                found.ailments.push(Ailment::Broken(error.to_string()));
            }
        }
        MediaKind::Text => found.ailments.extend(text_ailment(&String::from_utf8_lossy(file.bytes))),
        MediaKind::Video if !video::is_readable(file) => {}
        MediaKind::Video => match video_facts(file) {
            Ok(facts) => {
                found.facts.push(format!("{} x {} pixels", facts.width, facts.height));
                found.facts.push(format!("{:.2} s", facts.duration_secs));
                found.facts.push(format!("{:.2} frames per second", facts.frame_rate));
                found.facts.push(facts.codec);
                found.facts.push(facts.audio_codec.unwrap_or_else(|| "no sound".to_owned()));
                found.ailments.extend(facts.incomplete.map(Ailment::Truncated));
            }
            Err(why) if is_unsupported(&why) => found.facts.push(why),
            Err(why) => found.ailments.push(Ailment::Broken(why)),
        },
        MediaKind::Binary => found.facts.push(binary::facts(file)),
    }
    found
}

/// What seems wrong with a text.
pub fn text_ailment(text: &str) -> Option<Ailment> {
    if text.trim().is_empty() {
        Some(Ailment::BlankText)
    } else if text.trim_start().starts_with("Traceback (most recent call last):") {
        Some(Ailment::StackTrace)
    } else {
        None
    }
}

fn is_unsupported(why: &str) -> bool {
    let why = why.to_ascii_lowercase();
    why.contains("not supported") || why.contains("unsupported")
}
