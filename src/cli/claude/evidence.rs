//! An output in the form in which Claude sees it: quoted as data, its pictures shown, the rest of its files told by measured facts.

use output_compare::MediaKind;
use serde_json::Value;

use crate::clients::claude::{Content, MOST_IMAGES, PromptImage, Quoted};
use crate::domain::prediction::Inputs;
use crate::verify::{Evidence, EvidenceFile};

/// How much of a value is shown.
const VALUE_BYTES: usize = 40_000;

/// How much of one file of text is shown.
const FILE_BYTES: usize = 20_000;

/// How much of one input is shown: a `data:` URL says nothing.
const INPUT_BYTES: usize = 4_000;

/// Bytes of all pictures of one request; its limit is 32 MB, and base64 makes four of three.
const PICTURE_BYTES: usize = 20_000_000;

/// What is left for pictures in a request.
#[derive(Debug)]
pub(super) struct Room {
    pictures: usize,
    bytes: usize,
}

impl Room {
    pub(super) fn new() -> Self {
        Self { pictures: MOST_IMAGES, bytes: PICTURE_BYTES }
    }

    /// A part of what is left, so that the second of two outputs is seen too.
    pub(super) fn half(&self) -> Self {
        Self { pictures: self.pictures / 2, bytes: self.bytes / 2 }
    }
}

/// The inputs, each shortened.
pub(super) fn show_inputs(inputs: &Inputs) -> Content {
    let short = |value: &Value| match value {
        Value::String(text) => Value::from(cog_findings::text::shorten(text, INPUT_BYTES)),
        other => other.clone(),
    };
    let shown: Inputs = inputs.iter().map(|(name, value)| (name.clone(), short(value))).collect();
    Content::Text(format!("<inputs>{}</inputs>", Quoted::new(&Value::Object(shown).to_string(), VALUE_BYTES)))
}

/// An output inside of an element of this name. Scales pictures: not for async threads.
pub(super) fn show_output(element: &str, output: &Evidence, mut room: Room) -> Vec<Content> {
    let value = match &output.value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut shown = vec![Content::Text(format!("<{element}>\n<value>{}</value>", Quoted::new(&value, VALUE_BYTES)))];
    for (number, file) in (1..).zip(&output.files) {
        show_file(number, file, &mut room, &mut shown);
    }
    shown.push(Content::Text(format!("</{element}>")));
    shown
}

fn show_file(number: usize, file: &EvidenceFile, room: &mut Room, shown: &mut Vec<Content>) {
    let sniffed = infer::get(&file.bytes).map_or("unknown", |found| found.mime_type());
    let facts = format!("{}; {sniffed}; {}", file.kind, file.facts.join("; "));
    let name = Quoted::new(&file.name, 300);
    let element =
        |content: &str| format!("<file number=\"{number}\" name={name} measured={}>{content}</file>", Quoted::new(&facts, 600));
    match file.kind {
        MediaKind::Image => match PromptImage::new(file.bytes.clone()) {
            Ok(picture) if room.pictures > 0 && picture.size() <= room.bytes => {
                room.pictures -= 1;
                room.bytes -= picture.size();
                shown.push(Content::Text(element("the picture that follows")));
                shown.push(Content::Image(picture));
            }
            Ok(_) => shown.push(Content::Text(element("not shown: there are too many pictures"))),
            Err(error) => shown.push(Content::Text(element(&format!("not shown: {error}")))),
        },
        MediaKind::Text | MediaKind::Json => {
            let text = String::from_utf8_lossy(&file.bytes);
            shown.push(Content::Text(element(&Quoted::new(&text, FILE_BYTES).to_string())));
        }
        MediaKind::Audio | MediaKind::Video | MediaKind::Binary => {
            shown.push(Content::Text(element("cannot be shown; judge by what was measured")));
        }
    }
}
