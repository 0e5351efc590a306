//! An output as Claude sees it: quoted as data, with its images shown and its other files described by measured facts.

use bytes::Bytes;
use output_compare::{MediaFile, MediaKind, spectrogram};
use serde_json::Value;

use crate::cli::claude::show_video::VideoTool;
use crate::clients::claude::{ContentBlock, MAX_IMAGES, PromptImage, Quoted};
use crate::domain::prediction::Inputs;
use crate::verify::{Evidence, EvidenceFile};

/// How much of a value is shown.
const VALUE_BYTES: usize = 40_000;

/// How much of one file of text is shown.
const FILE_BYTES: usize = 20_000;

/// How much of one input is shown: a `data:` URL says nothing.
const INPUT_BYTES: usize = 4_000;

/// Bytes of all images of one request. The API's limit is 32 MB, and base64 turns three bytes into four.
const IMAGE_BYTES: usize = 20_000_000;

/// Members of an archive that are listed.
const MEMBERS: usize = 200;

/// The space that is left for images in a request.
#[derive(Debug)]
pub(super) struct Room {
    images: usize,
    bytes: usize,
}

impl Room {
    pub(super) fn new() -> Self {
        Self { images: MAX_IMAGES, bytes: IMAGE_BYTES }
    }

    /// Half of the space, so that the second of two outputs is shown too.
    pub(super) fn half(&self) -> Self {
        Self { images: self.images / 2, bytes: self.bytes / 2 }
    }
}

/// The inputs, each shortened.
pub(super) fn show_inputs(inputs: &Inputs) -> ContentBlock {
    let short = |value: &Value| match value {
        Value::String(text) => Value::from(cog_findings::text::shorten(text, INPUT_BYTES)),
        other => other.clone(),
    };
    let shown: Inputs = inputs.iter().map(|(name, value)| (name.clone(), short(value))).collect();
    ContentBlock::Text(format!("<inputs>{}</inputs>", Quoted::new(&Value::Object(shown).to_string(), VALUE_BYTES)))
}

/// An output as it is shown.
pub(super) struct ShownOutput {
    pub(super) content: Vec<ContentBlock>,
    /// Why files could not be shown.
    pub(super) hidden: Vec<String>,
}

/// Shows an output inside an element of this name. Scales images and decodes videos, so do not call it on an async thread.
pub(super) fn show_output(element: &str, output: &Evidence, mut room: Room, video: &VideoTool) -> ShownOutput {
    let value = match &output.value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let head = ContentBlock::Text(format!("<{element}>\n<value>{}</value>", Quoted::both_ends(&value, VALUE_BYTES)));
    let mut shown = ShownOutput { content: vec![head], hidden: output.hidden.clone() };
    for (number, file) in (1..).zip(&output.files) {
        let share = room.bytes / (output.files.len() - number + 1);
        show_file(number, file, (&mut room, share), video, &mut shown);
    }
    shown.content.push(ContentBlock::Text(format!("</{element}>")));
    shown
}

/// Shows a file. An image that needs more than its share of the room is made smaller.
fn show_file(number: usize, file: &EvidenceFile, (room, share): (&mut Room, usize), video: &VideoTool, shown: &mut ShownOutput) {
    let sniffed = infer::get(&file.bytes).map_or("unknown", |found| found.mime_type());
    let facts = format!("{}; {sniffed}; {}", file.kind, file.facts.join("; "));
    let name = Quoted::new(&file.name, 300);
    let element =
        |content: &str| format!("<file number=\"{number}\" name={name} measured={}>{content}</file>", Quoted::new(&facts, 600));
    let mut image = |bytes: Bytes, caption: &str| -> Result<Vec<ContentBlock>, String> {
        if room.images == 0 {
            return Err("there are too many images for one question".to_owned());
        }
        let image = PromptImage::new(bytes).and_then(|image| image.within(share)).map_err(|error| error.to_string())?;
        if image.size() > room.bytes {
            return Err("the images are too large for one question".to_owned());
        }
        room.images -= 1;
        room.bytes -= image.size();
        Ok(vec![ContentBlock::Text(element(caption)), ContentBlock::Image(image)])
    };
    let content = match file.kind {
        MediaKind::Image => image(file.bytes.clone(), "the image that follows"),
        MediaKind::Text | MediaKind::Json => {
            let text = String::from_utf8_lossy(&file.bytes);
            Ok(vec![ContentBlock::Text(element(&Quoted::both_ends(&text, FILE_BYTES).to_string()))])
        }
        MediaKind::Video => video
            .contact_sheet(&file.bytes)
            .and_then(|sheet| image(sheet, "frames of the video, in the image that follows, from left to right and top to bottom")),
        MediaKind::Audio => {
            let caption = "its spectrogram is the image that follows: time from left to right, pitch from bottom to top";
            spectrogram(&MediaFile { bytes: &file.bytes, media_type: file.media_type.as_deref(), name: &file.name })
                .ok_or_else(|| "the audio could not be decoded".to_owned())
                .and_then(|spectrogram| image(spectrogram.bytes.into(), caption))
        }
        MediaKind::Binary if sniffed == "application/pdf" && file.bytes.len() <= room.bytes => {
            room.bytes -= file.bytes.len();
            Ok(vec![ContentBlock::Text(element("the document that follows")), ContentBlock::Pdf(file.bytes.clone())])
        }
        MediaKind::Binary if sniffed == "application/zip" => {
            members(&file.bytes).map(|members| vec![ContentBlock::Text(element(&Quoted::new(&members, FILE_BYTES).to_string()))])
        }
        MediaKind::Binary => Err(format!("a file of the type {sniffed} cannot be shown")),
    };
    match content {
        Ok(content) => shown.content.extend(content),
        Err(why) => {
            shown.content.push(ContentBlock::Text(element("not shown")));
            shown.hidden.push(format!("file {number}: {why}"));
        }
    }
}

/// The names and sizes of the files in an archive.
fn members(bytes: &[u8]) -> Result<String, String> {
    let failed = |error: zip::result::ZipError| format!("the archive could not be read: {error}");
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).map_err(failed)?;
    let mut lines = vec![format!("an archive of {} files", archive.len())];
    for index in 0..archive.len().min(MEMBERS) {
        let member = archive.by_index_raw(index).map_err(failed)?;
        lines.push(format!("{}: {} bytes", member.name().unwrap_or_default(), member.size()));
    }
    if archive.len() > MEMBERS {
        lines.push(format!("and {} more", archive.len() - MEMBERS));
    }
    Ok(lines.join("\n"))
}
