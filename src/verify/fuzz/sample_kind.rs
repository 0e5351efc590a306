//! Which kind of file fits an input: by what it accepts, else by its name, else by its description.

use cog_schema::Shape;

/// A kind of sample file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sample {
    Png,
    Jpeg,
    WebP,
    Gif,
    Wav,
    Mp4,
    Pdf,
    Text,
    Csv,
    Json,
    Zip,
}

/// Words in names and descriptions, and what they ask for; `None` for files that nobody can make up. The first line with a word decides:
/// a ZIP file of images is a ZIP file.
const WORDS: &[(&[&str], Option<Sample>)] = &[
    (
        &[
            "weight",
            "lora",
            "loras",
            "checkpoint",
            "ckpt",
            "safetensors",
            "gguf",
            "onnx",
            "glb",
            "gltf",
            "obj",
            "stl",
            "ply",
            "mesh",
            "pickle",
            "tarball",
        ],
        None,
    ),
    (&["zip", "archive"], Some(Sample::Zip)),
    (&["tar"], None),
    (&["pdf"], Some(Sample::Pdf)),
    (&["csv"], Some(Sample::Csv)),
    (&["json", "jsonl"], Some(Sample::Json)),
    (&["video", "videos", "movie", "clip", "mp4", "footage"], Some(Sample::Mp4)),
    (
        &["audio", "sound", "voice", "speech", "music", "song", "wav", "speaker", "mp3", "vocal", "vocals", "melody", "recording"],
        Some(Sample::Wav),
    ),
    (&["gif"], Some(Sample::Gif)),
    (
        &[
            "image",
            "images",
            "img",
            "mask",
            "photo",
            "picture",
            "face",
            "frame",
            "pic",
            "png",
            "jpg",
            "jpeg",
            "portrait",
            "selfie",
            "garment",
            "depth",
            "pose",
            "canny",
            "sketch",
            "screenshot",
        ],
        Some(Sample::Png),
    ),
    (&["text", "txt", "document", "transcript", "subtitle", "subtitles", "srt", "markdown", "prompts"], Some(Sample::Text)),
];

/// The sample that fits an input. `None` if nothing says what it takes, or if nobody can make it up.
pub(super) fn sample_for(name: &str, shape: &Shape) -> Option<Sample> {
    let about = || {
        let description = shape.annotations.description.as_deref().unwrap_or_default();
        [name, description].into_iter().find_map(of_words)
    };
    if shape.accept.is_empty() {
        return about().flatten();
    }
    if shape.accept.iter().any(|accepted| matches!(accepted.trim(), "*" | "*/*")) {
        return about().flatten().or(Some(Sample::Png));
    }
    shape.accept.iter().find_map(|accepted| of_type(accepted.trim()))
}

/// What the words of a text ask for. `None` if they say nothing.
fn of_words(text: &str) -> Option<Option<Sample>> {
    let text = text.to_lowercase();
    let words: Vec<&str> = text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty()).collect();
    let spells = |known: &&str| {
        // `init_image2` and `photos`, but not `textile`.
        words.iter().any(|word| word == known || word.strip_suffix('s') == Some(known))
    };
    // Formats with a digit in their name are cut by the split above.
    let has = |known: &[&str]| {
        known.iter().any(|known| spells(known) || (known.ends_with(|c: char| c.is_ascii_digit()) && text.contains(*known)))
    };
    WORDS.iter().find(|(known, _)| has(known)).map(|(_, sample)| *sample)
}

fn of_type(accepted: &str) -> Option<Sample> {
    Some(match accepted.to_lowercase().as_str() {
        "image/*" | "image/png" | ".png" => Sample::Png,
        "image/jpeg" | "image/jpg" | ".jpg" | ".jpeg" => Sample::Jpeg,
        "image/webp" | ".webp" => Sample::WebP,
        "image/gif" | ".gif" => Sample::Gif,
        "audio/*" | "audio/wav" | "audio/x-wav" | "audio/wave" | "audio/vnd.wave" | ".wav" => Sample::Wav,
        "video/*" | "video/mp4" | ".mp4" => Sample::Mp4,
        "application/pdf" | ".pdf" => Sample::Pdf,
        "text/*" | "text/plain" | ".txt" => Sample::Text,
        "text/csv" | ".csv" => Sample::Csv,
        "application/json" | ".json" => Sample::Json,
        "application/zip" | "application/x-zip-compressed" | ".zip" => Sample::Zip,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use cog_schema::Annotations;

    use super::*;

    #[test]
    fn the_kind_follows_from_the_accepted_types() {
        let accept = |types: &[&str]| Shape { accept: types.iter().map(|text| (*text).to_owned()).collect(), ..Shape::default() };
        for (types, sample) in [
            (&["image/*"][..], Some(Sample::Png)),
            (&["image/avif", ".jpg"], Some(Sample::Jpeg)),
            (&["video/mp4"], Some(Sample::Mp4)),
            (&["audio/mpeg"], None),
            (&["audio/mpeg", "audio/wav"], Some(Sample::Wav)),
            (&[".PDF"], Some(Sample::Pdf)),
            (&["application/zip"], Some(Sample::Zip)),
            (&["*/*"], Some(Sample::Png)),
        ] {
            assert_eq!(sample_for("x", &accept(types)), sample, "{types:?}");
        }
        assert_eq!(sample_for("voice", &accept(&["*/*"])), Some(Sample::Wav));
    }

    #[test]
    fn without_them_it_follows_from_the_name_and_else_from_the_description() {
        let described = |text: &str| Shape {
            annotations: Annotations { description: Some(text.to_owned()), ..Annotations::default() },
            ..Shape::default()
        };
        for (name, description, sample) in [
            ("image", "", Some(Sample::Png)),
            ("init_image2", "", Some(Sample::Png)),
            ("mask", "", Some(Sample::Png)),
            ("audio_file", "", Some(Sample::Wav)),
            ("input_video", "", Some(Sample::Mp4)),
            ("lora_weights", "an image", None),
            ("document", "", Some(Sample::Text)),
            ("textile", "", None),
            ("thing", "", None),
            ("input", "The file to transcribe: audio or video", Some(Sample::Mp4)),
            ("file", "PDF to summarize", Some(Sample::Pdf)),
            ("input_images", "", Some(Sample::Png)),
            ("data", "A zip file with training images", Some(Sample::Zip)),
            ("source", "Photo of a person", Some(Sample::Png)),
            ("mp3", "", Some(Sample::Wav)),
        ] {
            assert_eq!(sample_for(name, &described(description)), sample, "{name}: {description}");
        }
    }
}
