//! Reads `checks` of a test case: several expectations at once.

use cog_findings::Finding;
use cog_source::yaml::{Entry, Mapping, Reader, Value};

use crate::config::model_keys::{AUDIO_CHECK, CHECKS, IMAGE_CHECK, VIDEO_CHECK};
use crate::config::{reader, rules};
use crate::domain::case::Expectation;
use crate::domain::output_check::{AudioCheck, ExpectedFile, ImageCheck, NumberRange, OutputCheck, VideoCheck};

/// How far a duration may be from the one written.
const DURATION_TOLERANCE: f64 = 0.1;

/// How far a frame rate may be from the one written.
const FPS_TOLERANCE: f64 = 0.5;

/// The checks of a mapping, or of a list of mappings.
pub(super) fn checks(reader: &mut Reader, entry: &Entry<'_>) -> Vec<OutputCheck> {
    let items = match entry.node().value {
        Value::List(_) => reader.list(Some(entry)),
        _ => vec![entry.clone()],
    };
    let mut found = Vec::new();
    for item in &items {
        if let Some(entries) = reader.mapping(item, &CHECKS.names()) {
            section(reader, &entries, &mut found);
        }
    }
    found
}

fn section(reader: &mut Reader, entries: &Mapping<'_>, found: &mut Vec<OutputCheck>) {
    let of_text: [(&str, MakeOfText); 7] = [
        ("exact_string", |text| OutputCheck::Of(Expectation::ExactString(text))),
        ("match_url", |text| OutputCheck::Of(Expectation::MatchUrl(text))),
        ("match_file", |text| OutputCheck::Of(Expectation::MatchFile(ExpectedFile::named(text)))),
        ("match_prompt", |text| OutputCheck::Of(Expectation::MatchPrompt(text))),
        ("error_contains", |text| OutputCheck::Of(Expectation::ErrorContains(text))),
        ("contains", OutputCheck::Contains),
        ("regex", OutputCheck::Regex),
    ];
    for (key, make) in of_text {
        let Some(entry) = entries.get(key) else { continue };
        let Some(text) = reader.text(Some(&entry)) else { continue };
        if text.trim().is_empty() && key != "exact_string" {
            let finding = Finding::new(&rules::EMPTY_CHECKER, format!("{} is empty", entry.path())).at(entry.location().clone());
            reader.report(finding.hint("write what is expected, or remove the key"));
        } else if key == "regex"
            && let Err(error) = regex::Regex::new(&text)
        {
            invalid(reader, &entry, &format!("is not a regular expression: {}", last_line(&error.to_string())));
        } else {
            found.push(make(text));
        }
    }
    for program in texts(reader, entries.get("jq_query").as_ref()) {
        found.push(OutputCheck::Of(Expectation::JqQuery(program)));
    }
    if let Some(entry) = entries.get("json_schema") {
        let schema = reader::json(entry.node());
        match jsonschema::validator_for(&schema) {
            Ok(_) if schema.is_object() => found.push(OutputCheck::JsonSchema(schema)),
            Ok(_) => reader.wrong_type(&entry, "a JSON Schema"),
            Err(error) => invalid(reader, &entry, &format!("is not a JSON Schema: {error}")),
        }
    }
    found.extend(entries.get("image").and_then(|entry| image(reader, &entry)));
    found.extend(entries.get("audio").and_then(|entry| audio(reader, &entry)));
    found.extend(entries.get("video").and_then(|entry| video(reader, &entry)));
    found.extend(entries.get("count").and_then(|entry| count(reader, &entry)).map(OutputCheck::Count));
    let limits: [(&str, MakeOfNumber); 3] = [
        ("max_predict_seconds", OutputCheck::MaxPredictSeconds),
        ("max_cost", OutputCheck::MaxCost),
        ("first_output_seconds", OutputCheck::FirstOutputSeconds),
    ];
    for (key, make) in limits {
        let Some(entry) = entries.get(key) else { continue };
        let Some(number) = reader::decimal(reader, &entry) else { continue };
        if number > 0.0 {
            found.push(make(number));
        } else {
            invalid(reader, &entry, &format!("is {number}, not greater than 0"));
        }
    }
}

/// A text, or a list of texts. None of them may be empty.
pub(super) fn texts(reader: &mut Reader, entry: Option<&Entry<'_>>) -> Vec<String> {
    let Some(entry) = entry else { return Vec::new() };
    let items = match entry.node().value {
        Value::List(_) => reader.list(Some(entry)),
        _ => vec![entry.clone()],
    };
    let mut found = Vec::new();
    for item in &items {
        let Some(text) = reader.text(Some(item)) else { continue };
        if text.trim().is_empty() {
            let finding = Finding::new(&rules::EMPTY_CHECKER, format!("{} is empty", item.path())).at(item.location().clone());
            reader.report(finding.hint("write what is expected, or remove the key"));
        }
        found.push(text);
    }
    found
}

fn image(reader: &mut Reader, entry: &Entry<'_>) -> Option<OutputCheck> {
    let entries = reader.mapping(entry, &IMAGE_CHECK.names())?;
    let format = reader.text(entries.get("format").as_ref()).map(|text| format_name(&text));
    let min_ssim = entries.get("min_ssim").and_then(|entry| reader::decimal(reader, &entry));
    let like = reader.text(entries.get("like").as_ref()).map(ExpectedFile::named);
    if let Some(entry) = entries.get("min_ssim") {
        match (min_ssim, &like) {
            (_, None) => invalid(reader, &entry, "has no effect without like"),
            (Some(ssim), _) if !(-1.0..=1.0).contains(&ssim) => invalid(reader, &entry, &format!("is {ssim}, not from -1 to 1")),
            _ => {}
        }
    }
    Some(OutputCheck::Image(ImageCheck {
        format,
        width: entries.get("width").and_then(|entry| range(reader, &entry, 0.0)),
        height: entries.get("height").and_then(|entry| range(reader, &entry, 0.0)),
        like,
        min_ssim,
    }))
}

fn audio(reader: &mut Reader, entry: &Entry<'_>) -> Option<OutputCheck> {
    let entries = reader.mapping(entry, &AUDIO_CHECK.names())?;
    Some(OutputCheck::Audio(AudioCheck {
        duration: entries.get("duration").and_then(|entry| range(reader, &entry, DURATION_TOLERANCE)),
        channels: entries.get("channels").and_then(|entry| range(reader, &entry, 0.0)),
    }))
}

fn video(reader: &mut Reader, entry: &Entry<'_>) -> Option<OutputCheck> {
    let entries = reader.mapping(entry, &VIDEO_CHECK.names())?;
    Some(OutputCheck::Video(VideoCheck {
        duration: entries.get("duration").and_then(|entry| range(reader, &entry, DURATION_TOLERANCE)),
        fps: entries.get("fps").and_then(|entry| range(reader, &entry, FPS_TOLERANCE)),
        width: entries.get("width").and_then(|entry| range(reader, &entry, 0.0)),
        height: entries.get("height").and_then(|entry| range(reader, &entry, 0.0)),
    }))
}

/// How many: nothing between two whole numbers can be met.
fn count(reader: &mut Reader, entry: &Entry<'_>) -> Option<NumberRange> {
    let range = range(reader, entry, 0.0)?;
    if range.least <= range.most && range.most < range.least.max(0.0).ceil() {
        invalid(reader, entry, &format!("is {range}, but items are counted in whole numbers from 0"));
    }
    Some(range)
}

/// A number, give or take the tolerance, or a mapping with `min` and `max`.
fn range(reader: &mut Reader, entry: &Entry<'_>, tolerance: f64) -> Option<NumberRange> {
    if matches!(entry.node().value, Value::Map(_)) {
        let entries = reader.mapping(entry, &["min", "max"])?;
        let least = entries.get("min").and_then(|entry| reader::decimal(reader, &entry)).unwrap_or(0.0);
        let most = entries.get("max").and_then(|entry| reader::decimal(reader, &entry)).unwrap_or(f64::INFINITY);
        if least > most {
            invalid(reader, entry, &format!("has a min of {least}, above its max of {most}"));
        }
        return Some(NumberRange { least, most });
    }
    let number = reader::decimal(reader, entry)?;
    Some(NumberRange { least: number - tolerance, most: number + tolerance })
}

/// The name of a format as reports have it.
fn format_name(text: &str) -> String {
    match text.trim().trim_start_matches('.').to_lowercase().as_str() {
        "jpeg" => "jpg".to_owned(),
        "tiff" => "tif".to_owned(),
        other => other.to_owned(),
    }
}

fn invalid(reader: &mut Reader, entry: &Entry<'_>, problem: &str) {
    reader.report(Finding::new(&rules::BAD_CHECK, format!("{} {problem}", entry.path())).at(entry.location().clone()));
}

/// The last line of a message that draws a regular expression.
fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned()
}

/// Makes a check from the value of its key.
type MakeOfText = fn(String) -> OutputCheck;
type MakeOfNumber = fn(f64) -> OutputCheck;
