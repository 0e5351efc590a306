//! Foresees outputs that the judge will not see. The kind of a model's output is rarely written down, so a test case is only reported where
//! its kind is as good as certain: it follows from what the case checks, which format its inputs ask for, how its author describes the
//! output, what the schema calls its files, or what other cases compare them with.

use cog_schema::{Method, Schemas, Shape, ShapeKind, input_properties};
use serde_json::Value;

use crate::domain::case::TestCase;
use crate::domain::output_check::{Expectation, OutputCheck};

/// Why the judge will not see an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unseen {
    pub(super) what: UnseenKind,
    /// Where its kind follows from.
    pub(super) because: String,
}

/// A kind of output that is not always shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum UnseenKind {
    /// Shown by its frames, which takes a decoder.
    Video,
    /// Never shown: a file with this extension.
    Opaque(String),
}

/// What a clue says about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
enum ClueKind {
    Shown,
    Unseen(UnseenKind),
}

struct Clue {
    kind: ClueKind,
    because: String,
}

/// Extensions of videos.
const VIDEOS: &[&str] = &["mp4", "m4v", "mov", "webm", "mkv", "avi", "mpg", "mpeg", "ogv"];

/// Extensions of files for which there is neither a decoder nor another way to show them. ZIP archives are shown by their members.
const OPAQUE: &[&str] = &[
    "7z",
    "avif",
    "ckpt",
    "fbx",
    "glb",
    "gguf",
    "gz",
    "heic",
    "heif",
    "jxl",
    "mid",
    "midi",
    "npy",
    "onnx",
    "opus",
    "parquet",
    "pickle",
    "pkl",
    "psd",
    "rar",
    "safetensors",
    "tar",
    "tgz",
    "xz",
    "zst",
];

/// Extensions of files that are shown.
const SHOWN: &[&str] = &[
    "aac", "bmp", "csv", "flac", "gif", "jpeg", "jpg", "json", "m4a", "md", "mp3", "ogg", "pdf", "png", "srt", "svg", "tif",
    "tiff", "txt", "vtt", "wav", "webp", "zip",
];

/// Names of members and inputs, and nouns of descriptions.
const VIDEO_NOUNS: &[&str] = &["video", "videos", "movie", "movies"];
const SHOWN_NOUNS: &[&str] =
    &["image", "images", "picture", "pictures", "photo", "photos", "audio", "text", "caption", "transcript", "document", "mask"];

/// Words after which a description speaks about what is in the output, not about the output.
const AFTER_SUBJECT: &[&str] = &[
    "of",
    "with",
    "that",
    "which",
    "where",
    "in",
    "showing",
    "shows",
    "show",
    "is",
    "are",
    "has",
    "have",
    "about",
    "from",
    "for",
    "featuring",
    "depicting",
    "containing",
    "and",
    "or",
];

/// The output of a test case, if the judge will not see it.
pub(super) fn unseen(case: &TestCase, others: &[TestCase], document: Option<&Value>, schemas: Option<&Schemas>) -> Option<Unseen> {
    let output = schemas.map(|schemas| schemas.output.as_ref());
    // A text that happens to be a URL is shown as text.
    let may_be_file = output.is_none_or(|output| output.is_some_and(|shape| may_hold_file(shape, DEPTH)));
    // Of several files, one that is not seen is enough, and the schema says which are always there.
    let clue = output.flatten().and_then(of_schema).or_else(|| of_checks(case)).or_else(|| {
        let of_case = || of_format(case, document).or_else(|| of_description(case));
        may_be_file.then(|| of_case().or_else(|| of_others(others))).flatten()
    })?;
    match clue.kind {
        ClueKind::Unseen(what) => Some(Unseen { what, because: clue.because }),
        ClueKind::Shown => None,
    }
}

/// Nested lists and objects below this depth are not looked into.
const DEPTH: usize = 4;

fn may_hold_file(shape: &Shape, depth: usize) -> bool {
    match &shape.kind {
        _ if depth == 0 => false,
        ShapeKind::Any => true,
        ShapeKind::Array(items) => may_hold_file(items, depth - 1),
        ShapeKind::Object(members) => {
            members.is_free_form() || members.declared.iter().any(|member| may_hold_file(&member.shape, depth - 1))
        }
        ShapeKind::Union(variants) => variants.iter().any(|variant| may_hold_file(variant, depth - 1)),
        _ => shape.is_file(),
    }
}

/// What else the case asks of the output.
fn of_checks(case: &TestCase) -> Option<Clue> {
    let of_part = |part: &Expectation| {
        let named = match part {
            Expectation::MatchUrl(url) => url,
            Expectation::MatchFile(file) => &file.path,
            _ => return None,
        };
        let extension = extension_of(named)?;
        Some(Clue { kind: of_extension(&extension)?, because: format!("{} names a .{extension} file", part.key()) })
    };
    if let Expectation::Checks { checks, .. } = &case.expectation {
        let of_check = |check: &OutputCheck| match check {
            OutputCheck::Video(_) => {
                Some(Clue { kind: ClueKind::Unseen(UnseenKind::Video), because: "its checks have video".to_owned() })
            }
            OutputCheck::Image(_) | OutputCheck::Audio(_) => Some(Clue { kind: ClueKind::Shown, because: String::new() }),
            OutputCheck::Of(part) => of_part(part),
            _ => None,
        };
        return checks.iter().find_map(of_check);
    }
    of_part(&case.expectation)
}

/// The format that an input asks for, by its value or its default.
fn of_format(case: &TestCase, document: Option<&Value>) -> Option<Clue> {
    let asks = |name: &str| {
        let words: Vec<&str> = name.split('_').collect();
        words.iter().any(|word| matches!(*word, "format" | "extension" | "ext" | "filetype")) && !words.contains(&"input")
    };
    let sent = case.inputs.iter().map(|(name, value)| (name.clone(), value.clone()));
    let defaults = document.map(|document| input_properties(document, Method::Predict)).unwrap_or_default();
    let defaults = defaults.into_iter().filter(|property| !case.inputs.contains_key(&property.name));
    let defaults = defaults.filter_map(|property| Some((property.name, property.default?)));
    sent.chain(defaults).filter(|(name, _)| asks(name)).find_map(|(name, value)| {
        let format = value.as_str()?.trim_start_matches('.').to_lowercase();
        Some(Clue { kind: of_extension(&format)?, because: format!("{name} is {format}") })
    })
}

/// What the description calls the output: "a short video of a cat", but neither "a video game" nor "an image of a video".
fn of_description(case: &TestCase) -> Option<Clue> {
    let text = case.expectation.parts().into_iter().find_map(|part| match part {
        Expectation::MatchPrompt(text) => Some(text.to_lowercase()),
        _ => None,
    })?;
    let sentence = text.split(['.', ',', ';', ':', '\n']).next().unwrap_or_default();
    let words = sentence.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let subject = words.take_while(|word| !AFTER_SUBJECT.contains(word)).last()?.to_owned();
    let kind = of_noun(&subject)?;
    Some(Clue { kind, because: format!("its description calls the output a {subject}") })
}

/// What the schema calls a file that is always there.
fn of_schema(output: &Shape) -> Option<Clue> {
    fn member_of(shape: &Shape, depth: usize) -> Option<Clue> {
        match &shape.kind {
            ShapeKind::Array(items) if depth > 0 => member_of(items, depth - 1),
            ShapeKind::Object(members) if depth > 0 => {
                members.declared.iter().filter(|member| member.required).find_map(|member| {
                    let named = || {
                        let is_file =
                            member.shape.is_file() || matches!(&member.shape.kind, ShapeKind::Array(items) if items.is_file());
                        let word = member.name.rsplit('_').next().filter(|_| is_file)?.to_lowercase();
                        let kind = of_extension(&word).or_else(|| of_noun(&word)).filter(|kind| *kind != ClueKind::Shown)?;
                        Some(Clue { kind, because: format!("the output has the file '{}'", member.name) })
                    };
                    named().or_else(|| member_of(&member.shape, depth - 1))
                })
            }
            _ => None,
        }
    }
    member_of(output, DEPTH)
}

/// What other cases compare outputs with, if they agree.
fn of_others(others: &[TestCase]) -> Option<Clue> {
    let mut clues = others.iter().filter(|case| !case.expectation.expects_error()).filter_map(of_checks);
    let first = clues.next()?;
    if !clues.all(|clue| clue.kind == first.kind) {
        return None;
    }
    Some(Clue { because: format!("of another test case: {}", first.because), kind: first.kind })
}

fn of_noun(word: &str) -> Option<ClueKind> {
    if VIDEO_NOUNS.contains(&word) {
        Some(ClueKind::Unseen(UnseenKind::Video))
    } else {
        SHOWN_NOUNS.contains(&word).then_some(ClueKind::Shown)
    }
}

fn of_extension(extension: &str) -> Option<ClueKind> {
    if VIDEOS.contains(&extension) {
        Some(ClueKind::Unseen(UnseenKind::Video))
    } else if OPAQUE.contains(&extension) {
        Some(ClueKind::Unseen(UnseenKind::Opaque(extension.to_owned())))
    } else {
        SHOWN.contains(&extension).then_some(ClueKind::Shown)
    }
}

/// The extension of a path or URL; the type of a `data:` URL says as much.
fn extension_of(named: &str) -> Option<String> {
    let path = match named.strip_prefix("data:") {
        Some(data) => return data.split([';', ',']).next()?.rsplit('/').next().map(str::to_lowercase),
        None => named.split(['?', '#']).next()?,
    };
    let (_, extension) = path.rsplit('/').next()?.rsplit_once('.')?;
    Some(extension.to_lowercase())
}

#[cfg(test)]
mod tests {
    use cog_schema::read;
    use serde_json::json;

    use super::*;
    use crate::domain::output_check::{ExpectedFile, VideoCheck};

    fn prompt(text: &str) -> Expectation {
        Expectation::MatchPrompt(text.to_owned())
    }

    fn case(inputs: &Value, expectation: Expectation) -> TestCase {
        TestCase { inputs: inputs.as_object().unwrap().clone(), expectation, ..TestCase::default() }
    }

    fn several(checks: Vec<OutputCheck>) -> Expectation {
        Expectation::Checks { checks, text: String::new() }
    }

    fn document(output: &Value) -> Value {
        json!({"components": {"schemas": {
            "Input": {"type": "object", "properties": {
                "prompt": {"type": "string"}, "output_format": {"type": "string", "default": "png"}, "video_length": {"type": "integer"},
            }},
            "Output": output,
        }}})
    }

    fn found(case: &TestCase, others: &[TestCase], document: Option<&Value>) -> Option<String> {
        let schemas = document.map(read);
        unseen(case, others, document, schemas.as_ref()).map(|unseen| {
            let what = match unseen.what {
                UnseenKind::Video => "video".to_owned(),
                UnseenKind::Opaque(extension) => extension,
            };
            format!("{what}: {}", unseen.because)
        })
    }

    #[test]
    fn the_kind_follows_from_the_case() {
        let document = document(&json!({"type": "string", "format": "uri"}));
        let file = |path: &str| OutputCheck::Of(Expectation::MatchFile(ExpectedFile::named(path)));
        let judged = || OutputCheck::Of(prompt("a cat"));
        let nothing = json!({});
        for (inputs, expectation, wanted) in [
            (&nothing, several(vec![judged(), OutputCheck::Video(VideoCheck::default())]), Some("video: its checks have video")),
            (&nothing, several(vec![judged(), file("want/out.MP4")]), Some("video: match_file names a .mp4 file")),
            (&nothing, several(vec![judged(), file("want/out.glb")]), Some("glb: match_file names a .glb file")),
            (&nothing, several(vec![judged(), file("want/out.png")]), None),
            (&json!({"output_format": "mp4"}), prompt("a cat"), Some("video: output_format is mp4")),
            (&json!({"output_format": "AVIF"}), prompt("a cat"), Some("avif: output_format is avif")),
            (&json!({"input_format": "mp4"}), prompt("a cat"), None),
            (&json!({"output_format": "png"}), prompt("a video"), None),
            (&nothing, prompt("a cat"), None),
        ] {
            assert_eq!(
                found(&case(inputs, expectation.clone()), &[], Some(&document)).as_deref(),
                wanted,
                "{inputs} {expectation:?}"
            );
        }
    }

    #[test]
    fn a_description_counts_by_what_it_calls_the_output() {
        let document = json!({"components": {"schemas": {"Output": {"type": "string", "format": "uri"}}}});
        let wanted = |noun: &str| Some(format!("video: its description calls the output a {noun}"));
        for (text, wanted) in [
            ("a short video of a cat", wanted("video")),
            ("A video", wanted("video")),
            ("The video shows two cats. It has no text.", wanted("video")),
            ("Two videos, one of a cat", wanted("videos")),
            ("a video game", None),
            ("an image of a video camera", None),
            ("a picture in which a video plays", None),
            ("a frame from a video", None),
            ("cats and a video", None),
            ("", None),
        ] {
            assert_eq!(found(&case(&json!({}), prompt(text)), &[], Some(&document)), wanted, "{text}");
        }
    }

    #[test]
    fn the_schema_counts_by_the_names_of_files_that_are_always_there() {
        let uri = json!({"type": "string", "format": "uri"});
        let object =
            |properties: Value, required: &[&str]| json!({"type": "object", "properties": properties, "required": required});
        for (output, wanted) in [
            (
                object(json!({"video": uri, "seed": {"type": "integer"}}), &["video"]),
                Some("video: the output has the file 'video'"),
            ),
            (object(json!({"output_video": uri}), &["output_video"]), Some("video: the output has the file 'output_video'")),
            (
                object(json!({"videos": {"type": "array", "items": uri}}), &["videos"]),
                Some("video: the output has the file 'videos'"),
            ),
            (
                json!({"type": "array", "items": object(json!({"mp4": uri}), &["mp4"])}),
                Some("video: the output has the file 'mp4'"),
            ),
            (object(json!({"video": uri}), &[]), None),
            (object(json!({"video": {"type": "string"}}), &["video"]), None),
            (object(json!({"video_thumbnail": uri}), &["video_thumbnail"]), None),
            (uri.clone(), None),
        ] {
            let document = json!({"components": {"schemas": {"Output": output}}});
            assert_eq!(found(&case(&json!({}), prompt("a cat")), &[], Some(&document)).as_deref(), wanted, "{output}");
        }
    }

    #[test]
    fn other_cases_count_if_they_agree_and_a_text_is_not_a_file() {
        let url = |url: &str| case(&json!({}), Expectation::MatchUrl(url.to_owned()));
        let judged = case(&json!({}), prompt("a cat"));
        let uri = json!({"components": {"schemas": {"Output": {"type": "string", "format": "uri"}}}});
        let (video, image) = (url("https://x/a.mp4?sig=1.png"), url("https://x/a.png"));
        let wanted = Some("video: of another test case: match_url names a .mp4 file".to_owned());
        assert_eq!(found(&judged, &[video.clone(), judged.clone()], Some(&uri)), wanted);
        assert_eq!(found(&judged, &[video.clone(), judged.clone()], None), wanted, "without a schema");
        assert_eq!(found(&judged, &[video.clone(), image], Some(&uri)), None);
        let text = json!({"components": {"schemas": {"Output": {"type": "string"}}}});
        assert_eq!(found(&judged, &[video], Some(&text)), None);
        assert_eq!(found(&case(&json!({}), prompt("a video")), &[], Some(&text)), None);
    }
}
