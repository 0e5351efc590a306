//! Which kind of file fits an input: by what it accepts, else by its name, else by its description.

use cog_schema::Shape;

/// A kind of sample file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SampleKind {
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
const WORDS: &[(&[&str], Option<SampleKind>)] = &[
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
    (&["zip", "archive"], Some(SampleKind::Zip)),
    (&["tar"], None),
    (&["pdf"], Some(SampleKind::Pdf)),
    (&["csv"], Some(SampleKind::Csv)),
    (&["json", "jsonl"], Some(SampleKind::Json)),
    (&["video", "videos", "movie", "clip", "mp4", "footage"], Some(SampleKind::Mp4)),
    (
        &["audio", "sound", "voice", "speech", "music", "song", "wav", "speaker", "mp3", "vocal", "vocals", "melody", "recording"],
        Some(SampleKind::Wav),
    ),
    (&["gif"], Some(SampleKind::Gif)),
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
        Some(SampleKind::Png),
    ),
    (&["text", "txt", "document", "transcript", "subtitle", "subtitles", "srt", "markdown", "prompts"], Some(SampleKind::Text)),
];

/// The sample that fits an input. `None` if nothing says what it takes, or if nobody can make it up.
pub(super) fn sample_for(name: &str, shape: &Shape) -> Option<SampleKind> {
    let about = || {
        let description = shape.annotations.description.as_deref().unwrap_or_default();
        [name, description].into_iter().find_map(of_words)
    };
    if shape.accept.is_empty() {
        return about().flatten();
    }
    if shape.accept.iter().any(|accepted| matches!(accepted.trim(), "*" | "*/*")) {
        return about().flatten().or(Some(SampleKind::Png));
    }
    shape.accept.iter().find_map(|accepted| of_type(accepted.trim()))
}

/// What the words of a text ask for. `None` if they say nothing.
fn of_words(text: &str) -> Option<Option<SampleKind>> {
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

fn of_type(accepted: &str) -> Option<SampleKind> {
    Some(match accepted.to_lowercase().as_str() {
        "image/*" | "image/png" | ".png" => SampleKind::Png,
        "image/jpeg" | "image/jpg" | ".jpg" | ".jpeg" => SampleKind::Jpeg,
        "image/webp" | ".webp" => SampleKind::WebP,
        "image/gif" | ".gif" => SampleKind::Gif,
        "audio/*" | "audio/wav" | "audio/x-wav" | "audio/wave" | "audio/vnd.wave" | ".wav" => SampleKind::Wav,
        "video/*" | "video/mp4" | ".mp4" => SampleKind::Mp4,
        "application/pdf" | ".pdf" => SampleKind::Pdf,
        "text/*" | "text/plain" | ".txt" => SampleKind::Text,
        "text/csv" | ".csv" => SampleKind::Csv,
        "application/json" | ".json" => SampleKind::Json,
        "application/zip" | "application/x-zip-compressed" | ".zip" => SampleKind::Zip,
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
            (&["image/*"][..], Some(SampleKind::Png)),
            (&["image/avif", ".jpg"], Some(SampleKind::Jpeg)),
            (&["video/mp4"], Some(SampleKind::Mp4)),
            (&["audio/mpeg"], None),
            (&["audio/mpeg", "audio/wav"], Some(SampleKind::Wav)),
            (&[".PDF"], Some(SampleKind::Pdf)),
            (&["application/zip"], Some(SampleKind::Zip)),
            (&["*/*"], Some(SampleKind::Png)),
        ] {
            assert_eq!(sample_for("x", &accept(types)), sample, "{types:?}");
        }
        assert_eq!(sample_for("voice", &accept(&["*/*"])), Some(SampleKind::Wav));
    }

    #[test]
    fn without_them_it_follows_from_the_name_and_else_from_the_description() {
        let described = |text: &str| Shape {
            annotations: Annotations { description: Some(text.to_owned()), ..Annotations::default() },
            ..Shape::default()
        };
        for (name, description, sample) in [
            ("image", "", Some(SampleKind::Png)),
            ("init_image2", "", Some(SampleKind::Png)),
            ("mask", "", Some(SampleKind::Png)),
            ("audio_file", "", Some(SampleKind::Wav)),
            ("input_video", "", Some(SampleKind::Mp4)),
            ("lora_weights", "an image", None),
            ("document", "", Some(SampleKind::Text)),
            ("textile", "", None),
            ("thing", "", None),
            ("input", "The file to transcribe: audio or video", Some(SampleKind::Mp4)),
            ("file", "PDF to summarize", Some(SampleKind::Pdf)),
            ("input_images", "", Some(SampleKind::Png)),
            ("data", "A zip file with training images", Some(SampleKind::Zip)),
            ("source", "Photo of a person", Some(SampleKind::Png)),
            ("mp3", "", Some(SampleKind::Wav)),
        ] {
            assert_eq!(sample_for(name, &described(description)), sample, "{name}: {description}");
        }
    }
}
