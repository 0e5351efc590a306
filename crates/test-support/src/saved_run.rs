//! Saved runs, as `run.json` holds them: the data of the reports in tests.

#![expect(clippy::needless_pass_by_value, reason = "values are written where they are passed")]

use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use serde_json::{Value, json};

/// Why the first attempt of a flaky case failed.
const FLAKY: &str = "the prediction failed: RuntimeError: CUDA error: device-side assert triggered";

/// Why a pull request's run publishes nothing.
const NOT_PUBLISHED: &str = "nothing is published: the event is pull_request";

fn png(picture: impl Into<DynamicImage>) -> String {
    let mut bytes = Cursor::new(Vec::new());
    picture.into().write_to(&mut bytes, ImageFormat::Png).unwrap();
    format!("data:image/png;base64,{}", STANDARD.encode(bytes.into_inner()))
}

/// Houses before an evening sky, so many of them lit.
pub fn skyline(lit: u32) -> String {
    png(RgbImage::from_fn(320, 180, |x, y| {
        let house = x / 40;
        let roof = 60 + (house * 37) % 80;
        let window = (x % 10 > 3 && x % 10 < 8) && (y % 14 > 4 && y % 14 < 11);
        match (y > roof, window, (x / 10 + y / 14) % 7 < lit) {
            (false, _, _) => Rgb([(40 + y) as u8, (60 + y / 2) as u8, 140]),
            (true, true, true) => Rgb([250, 220, 120]),
            (true, _, _) => Rgb([30, 30, (40 + house * 3) as u8]),
        }
    }))
}

/// Red where something differs, clear elsewhere.
fn heat_map() -> String {
    png(RgbaImage::from_fn(320, 180, |x, y| {
        let far = (f64::from(x) - 200.0).hypot(f64::from(y) - 110.0);
        Rgba([230, 40, 20, (255.0 - far * 2.0).clamp(0.0, 255.0) as u8])
    }))
}

/// Half a second of a tone.
fn tone(frequency: f64) -> String {
    let (rate, count) = (8000_u32, 4000_u32);
    let mut bytes = Vec::new();
    bytes.extend(b"RIFF");
    bytes.extend((36 + count).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    bytes.extend(rate.to_le_bytes());
    bytes.extend(rate.to_le_bytes());
    bytes.extend(b"\x01\0\x08\0data");
    bytes.extend(count.to_le_bytes());
    bytes.extend((0..count).map(|n| {
        let at = f64::from(n) / f64::from(rate) * frequency * std::f64::consts::TAU;
        (128.0 + at.sin() * 60.0) as u8
    }));
    format!("data:audio/wav;base64,{}", STANDARD.encode(bytes))
}

fn file(place: &str, name: &str, kind: &str, facts: &[&str], preview: Option<String>) -> Value {
    let url = format!("https://replicate.delivery/xezq/{name}");
    json!({"place": place, "url": url, "kind": kind, "size_bytes": 1_234_567, "facts": facts, "preview": preview})
}

fn attempt(output: Value, reason: Option<&str>) -> Value {
    json!({"prediction_id": "k7x2abc", "url": "https://replicate.com/p/k7x2abc", "output": output, "error": null,
        "reason": reason, "duration_ms": 1530})
}

/// A case, with the members that matter to it.
fn case(id: &str, kind: &str, status: &str, output: Value, members: Value) -> Value {
    let mut case = json!({
        "id": id, "kind": kind, "status": status,
        "inputs": {"prompt": "a city at night, three towers", "buildings": 9, "seed": 1},
        "checker": "none", "expected": null, "output": output.clone(), "error": null, "reason": null,
        "prediction_id": "k7x2abc", "url": "https://replicate.com/p/k7x2abc", "duration_ms": 1600,
        "metrics": {"predict_time": 1.25}, "logs": "loading weights\nready in 0.8 s\nstep 20/20",
        "attempts": [attempt(output, None)], "live": null, "remarks": [], "minimal_inputs": null,
    });
    case.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    case
}

fn cases() -> Vec<Value> {
    let [new, old] = ["https://replicate.delivery/xezq/new.png", "https://replicate.delivery/xezq/old.png"];
    let reason = "output[0].image differs from the live version's: the mean color distance is 41.5, above 8.0";
    let place = "output[0].image";
    let pictures = case(
        "compare-1",
        "compare",
        "failed",
        json!([{"image": new}]),
        json!({
            "reason": reason,
            "live": attempt(json!([{"image": old}]), None),
            "files": [file(place, "new.png", "image", &["1280 x 720 pixels"], Some(skyline(2)))],
            "live_files": [file(place, "old.png", "image", &["1280 x 720 pixels"], Some(skyline(5)))],
            "comparisons": [{"place": place, "with": "live", "kind": "image", "same": false,
                "reason": "the mean color distance is 41.5, above 8.0", "heat_map": heat_map(),
                "measurements": [
                    {"name": "mean_color_distance", "value": 41.5, "at_most": 8.0, "holds": false},
                    {"name": "worst_tile_distance", "value": 38.25, "at_most": 64.0, "holds": true},
                    {"name": "ssim", "value": 0.8123, "at_least": 0.9, "holds": false},
                    {"name": "psnr_db", "value": 18.244, "holds": true}]}],
            "remarks": ["the live version returned the same output twice, so the difference is a change"],
        }),
    );
    let sounds = case(
        "compare-2",
        "compare",
        "passed",
        json!("https://replicate.delivery/xezq/new.wav"),
        json!({
            "live": attempt(json!("https://replicate.delivery/xezq/old.wav"), None),
            "files": [file("output", "new.wav", "audio", &["0.50 s", "1 channel", "8000 Hz"], Some(tone(440.0)))],
            "live_files": [file("output", "old.wav", "audio", &["0.50 s", "1 channel", "8000 Hz"], Some(tone(441.0)))],
            "comparisons": [{"place": "output", "with": "live", "kind": "audio", "same": true,
                "measurements": [{"name": "duration_difference_secs", "value": 0.0, "at_most": 0.1, "holds": true},
                    {"name": "loudness_difference", "value": 0.0012, "at_most": 0.02, "holds": true}]}],
        }),
    );
    let text = case(
        "case-1",
        "case",
        "failed",
        json!("howdy world\nsecond line"),
        json!({
            "checker": "exact_string", "expected": "hello world\nsecond line",
            "reason": "expected exactly \"hello world\", got \"howdy world\"",
        }),
    );
    let flaky = case(
        "case-2",
        "case",
        "flaky",
        json!("hello"),
        json!({
            "checker": "match_prompt", "expected": "a greeting",
            "attempts": [attempt(json!("Traceback: out of cheese"), Some("Claude rejects it: not a greeting")),
                attempt(json!("hello"), None)],
            "remarks": ["Claude approves: it greets"],
        }),
    );
    let video = case(
        "case-3",
        "case",
        "passed",
        json!("https://replicate.delivery/xezq/out.mp4"),
        json!({
            "files": [file("output", "out.mp4", "video", &["3.00 s", "640 x 360 pixels", "h264"], None)],
        }),
    );
    let fuzz = |number: u32, status: &str, members: Value| case(&format!("fuzz-{number}"), "fuzz", status, Value::Null, members);
    let broken = fuzz(
        1,
        "failed",
        json!({
            "error": "IndexError: list index out of range",
            "reason": "the prediction failed: IndexError: list index out of range",
            "minimal_inputs": {"prompt": ""},
            "remarks": ["tried 6 predictions to find smaller failing inputs"],
            "reproduction": "curl -sS -X POST -H \"Authorization: Bearer $REPLICATE_API_TOKEN\" -d '{\"input\":{\"prompt\":\"\"}}' https://api.replicate.com/v1/predictions",
            "logs": "Traceback (most recent call last):\n  File \"predict.py\", line 31, in predict\nIndexError: list index out of range",
        }),
    );
    let shown = fuzz(
        2,
        "passed",
        json!({
            "files": [file("output", "fuzz.png", "image", &["1280 x 720 pixels", "the image has a single color"], Some(skyline(0)))],
        }),
    );
    vec![pictures, sounds, text, flaky, video, broken, shown, fuzz(3, "skipped", json!({}))]
}

fn finding(code: &str, severity: &str, message: &str, members: Value) -> Value {
    let mut finding = json!({"code": code, "severity": severity, "message": message, "file": "predict.py", "line": 22, "column": 9,
        "end_column": 18, "hint": "keep it with a default, or publish under another model", "details": [],
        "excerpt": "        buildings: int = Input(description=\"How many\", ge=1, le=40),"});
    finding.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    finding
}

fn stage(name: &str, status: &str, duration_ms: u64, note: Option<&str>) -> Value {
    json!({"name": name, "status": status, "duration_ms": duration_ms, "note": note})
}

fn model(name: &str, verdict: &str) -> Value {
    let version = |model: &str, digit: char| format!("acme/{model}:{}", digit.to_string().repeat(64));
    let digest = |digit: char| format!("sha256:{}", digit.to_string().repeat(64));
    json!({
        "model": format!("acme/{name}"), "name": name, "config": format!("cog-safe-push-configs/{name}.yaml"), "verdict": verdict,
        "versions": {"test": version(&format!("{name}-test"), 'a'), "live": version(name, 'b'), "previous": version(name, 'c')},
        "layers": {"staged": [digest('1'), digest('2')], "published": [digest('1'), digest('2')], "equal": true},
        "deployment": {"name": format!("acme/{name}-production"), "change": "updated", "release": 4, "previous": version(name, 'c')},
        "stages": [stage("inspect", "passed", 900, None), stage("build", "passed", 42_000, Some("412 MB, 8 of 11 steps cached")),
            stage("stage", "passed", 9000, None), stage("verify", "passed", 31_000, Some("8 cases")),
            stage("publish", "passed", 4000, None), stage("deploy", "passed", 1000, None)],
        "findings": [], "ignored": [], "cases": [], "seed": 4711,
        "cost": {"predictions": 23, "platform_retries": 1, "predict_seconds": 41.2, "estimated_usd": 0.0119}, "error": null,
    })
}

/// A run of three models: one whose pictures changed, one that passed, one that could not be pushed.
pub fn everything() -> Value {
    let mut changed = model("skyline", "failed");
    changed["versions"]["live"] = Value::Null;
    changed["layers"] = Value::Null;
    changed["deployment"] = Value::Null;
    changed["cases"] = json!(cases());
    changed["stages"] = json!([
        stage("inspect", "passed", 900, None),
        stage("build", "passed", 42_000, Some("412 MB, 8 of 11 steps cached")),
        stage("stage", "passed", 9000, None),
        stage("verify", "failed", 31_000, Some("3 of 8 cases did not pass")),
        stage("publish", "skipped", 0, Some("verify did not pass")),
        stage("deploy", "skipped", 0, Some("verify did not pass"))
    ]);
    changed["findings"] = json!([
        finding(
            "SP107",
            "warning",
            "input buildings takes less",
            json!({"details": [
            {"label": "path", "value": "input buildings"}, {"label": "old", "value": "maximum 60"},
            {"label": "new", "value": "maximum 40"}, {"label": "breaks", "value": "callers that send more than 40"}],
            "schema_change": {"method": "predict", "part": "input buildings", "input": "buildings", "kind": "maximum",
                "old": "maximum 60", "new": "maximum 40", "breaks": "callers that send more than 40"}})
        ),
        finding(
            "SP301",
            "note",
            "input seed has no description",
            json!({"excerpt": null, "details": [
            {"label": "path", "value": "input seed"}]})
        ),
    ]);
    changed["ignored"] = json!([finding("SP302", "note", "input prompt has a short description", json!({}))]);
    let mut stopped = model("hotdog-large", "service_error");
    stopped["stages"][2] = stage("stage", "errored", 9000, None);
    stopped["error"] = json!({"message": "failed to push r8.im/acme/hotdog-large-test: 502 Bad Gateway",
        "hint": "run it again; the layers that arrived are not sent again"});
    json!({
        "schema": "safe-push/v1", "tool_version": "0.1.0", "started_at": "2026-01-02T03:04:05Z", "duration_ms": 188_000,
        "verdict": "service_error", "exit_code": 3, "notices": ["Ran on the embedded sandbox: nothing was sent to Replicate."],
        "models": [changed, model("hotdog", "passed"), stopped],
    })
}

/// The run that every surface is tested with: ten models, of which some failed in each way that there is, and a configuration that could
/// not be read.
pub fn failing_run() -> Value {
    let mut changed = everything()["models"][0].clone();
    changed["cases"].as_array_mut().unwrap().extend(expected_files());
    changed["stages"][3]["note"] = json!("5 of 10 cases did not pass");
    for (number, case) in (20..).step_by(5).zip(changed["cases"].as_array_mut().unwrap()) {
        (case["file"], case["line"]) = (json!("cog-safe-push-configs/skyline.yaml"), json!(number));
    }
    changed["cases"][2]["sources"] = json!([{"file": "cog-safe-push-configs/skyline.yaml", "line": 30, "first_line": 29, "lines": [
        "    # Greets the world.", "    - inputs: {prompt: \"a city at night, three towers\", buildings: 9, seed: 1}",
        "      exact_string: |", "        hello world", "        second line"]}]);
    changed["cases"][0]["live"]["predict_seconds"] = json!(0.9);
    for (case, attempt, seconds) in [(0, 0, 1.25), (3, 0, 0.4), (3, 1, 1.25), (5, 0, 0.05)] {
        changed["cases"][case]["attempts"][attempt]["predict_seconds"] = json!(seconds);
    }
    changed["cases"][3]["duration_ms"] = json!(4200);
    changed["cases"][5]["sources"] = json!([{"file": "predict.py", "line": 31, "first_line": 28, "lines": [
        "    def predict(self, prompt: str = Input(description=\"What to draw\")) -> Path:", "        words = prompt.split()",
        "        # The first word is the place.", "        place = words[0]", "        return draw(place)"]}]);
    changed["before_after"] = json!([
        {"aspect": "predict_time", "before": 2.3, "after": 3.2, "trend": "worse",
            "note": "slower: 5 of 5 inputs, typically 1.41× (1.31–1.62×), 2.3 s → 3.2 s"},
        {"aspect": "image_size", "before": 4e9, "after": 4.1e9, "trend": "alike"},
        {"aspect": "cost", "before": 0.000_517, "after": 0.000_72, "trend": "worse"},
    ]);
    changed["unchecked"] = json!(["stage publish, deploy: verify did not pass", "fuzz-3 (skipped)"]);
    let mut pushed = everything()["models"][2].clone();
    for name in ["publish", "deploy", "verify"] {
        let at = if name == "verify" {
            3
        } else if name == "publish" {
            4
        } else {
            5
        };
        pushed["stages"][at] = stage(name, "skipped", 0, Some("stage did not pass"));
    }
    for member in ["versions", "layers", "deployment"] {
        pushed[member] = if member == "versions" { json!({"test": null, "live": null, "previous": null}) } else { Value::Null };
    }
    let mut models = vec![changed, stopped_by_finding(), pushed];
    let names = ["hotdog", "upscale", "whisper", "captions-large", "depth", "next-word", "voice"];
    models.extend(names.into_iter().map(|name| {
        let mut passed = unpublished(model(name, "passed"));
        passed["cases"] =
            json!([case("case-1", "case", "passed", json!("hello"), json!({"checker": "exact_string", "expected": "hello"}))]);
        passed
    }));
    // One that passed in the second attempt.
    models[9]["cases"] = json!([flaky("case-1")]);
    for (model, case, why) in [(0, "case-2", "Claude rejects it: not a greeting"), (9, "case-1", FLAKY)] {
        let config = models[model]["config"].clone();
        let found = finding(
            "SP614",
            "warning",
            &format!("{case} failed once and then passed: {why}"),
            json!({"file": config, "line": 12,
            "column": null, "end_column": null, "hint": null, "excerpt": null}),
        );
        models[model]["findings"].as_array_mut().unwrap().push(found);
    }
    json!({
        "schema": "safe-push/v1", "tool_version": "0.1.0", "started_at": "2026-01-02T03:04:05Z", "duration_ms": 188_000,
        "verdict": "misconfigured", "exit_code": 2, "notices": ["Ran on the embedded sandbox: nothing was sent to Replicate."],
        "origin": {"repository": "acme/models", "commit": "0123456789abcdef0123456789abcdef01234567",
            "commit_url": "https://github.com/acme/models/commit/0123456789abcdef0123456789abcdef01234567", "branch": "towers",
            "pull_request": 7, "pull_request_url": "https://github.com/acme/models/pull/7",
            "ci_run_url": "https://github.com/acme/models/actions/runs/42", "author": "ada"},
        "error": {"message": "the configuration has 1 mistake", "hint": null},
        "findings": [finding("SP002", "error", "'test_casez' is not a key", json!({"file": "cog-safe-push-configs/broken.yaml", "line": 7,
            "column": 3, "end_column": 13, "hint": "did you mean 'test_cases'?", "excerpt": "  test_casez:"}))],
        "models": models,
    })
}

/// A model as a pull request tests it.
fn unpublished(mut model: Value) -> Value {
    for member in ["layers", "deployment"] {
        model[member] = Value::Null;
    }
    model["versions"]["live"] = Value::Null;
    for (at, name) in [(4, "publish"), (5, "deploy")] {
        model["stages"][at] = stage(name, "skipped", 0, Some(NOT_PUBLISHED));
    }
    model["unchecked"] = json!([format!("stage publish, deploy: {NOT_PUBLISHED}")]);
    model
}

/// Cases that compare their output with a file: an image, and a text.
fn expected_files() -> [Value; 2] {
    let reason = "the output does not match the expected file: the mean color distance is 33.1, above 8.0 (compare.mean_color_distance: \
                  measured 33.1, limit 8)";
    let image = case(
        "the harbor at night",
        "case",
        "failed",
        json!("https://replicate.delivery/xezq/harbor.png"),
        json!({
            "checker": "match_url", "expected": "https://example.com/harbor.png", "reason": reason,
            "files": [file("output", "harbor.png", "image", &["1280 x 720 pixels"], Some(skyline(1)))],
            "comparisons": [{"place": "output", "with": "wanted", "kind": "image", "same": false,
                "reason": "the mean color distance is 33.1, above 8.0", "heat_map": heat_map(), "expected": skyline(6),
                "measurements": [{"name": "mean_color_distance", "value": 33.1, "at_most": 8.0, "holds": false}]}],
        }),
    );
    let text = case(
        "the labels",
        "case",
        "failed",
        json!("https://replicate.delivery/xezq/labels.json"),
        json!({
            "checker": "match_file", "expected": "fixtures/labels.json",
            "reason": "the output does not match the expected file: .labels[1].name is \"tower\" in the first and \"crane\" in the second",
            "files": [file("output", "labels.json", "json", &[], None)],
            "comparisons": [{"place": "output", "with": "wanted", "kind": "json", "same": false, "measurements": [],
                "reason": ".labels[1].name is \"tower\" in the first and \"crane\" in the second",
                "difference": "@@ -4,7 +4,7 @@\n       \"name\": \"river\"\n     },\n     {\n-      \"name\": \"tower\",\n+      \"name\": \"crane\",\n       \"score\": 0.93\n     }\n   ]\n"}],
        }),
    );
    [image, text]
}

/// A case whose first attempt failed.
fn flaky(id: &str) -> Value {
    let mut first = attempt(Value::Null, Some(FLAKY));
    first["error"] = json!("RuntimeError: CUDA error: device-side assert triggered");
    case(
        id,
        "case",
        "flaky",
        json!("hello"),
        json!({"checker": "exact_string", "expected": "hello",
        "attempts": [first, attempt(json!("hello"), None)]}),
    )
}

/// A model that breaks its callers.
fn stopped_by_finding() -> Value {
    let mut model = model("captions", "failed");
    for member in ["layers", "deployment"] {
        model[member] = Value::Null;
    }
    model["versions"] = json!({"test": null, "live": null, "previous": null});
    model["stages"][0]["status"] = json!("failed");
    for (at, name) in (1..).zip(["build", "stage", "verify", "publish", "deploy"]) {
        model["stages"][at] = stage(name, "skipped", 0, Some("inspect did not pass"));
    }
    let details = json!([{"label": "path", "value": "input language"}, {"label": "old", "value": "string"},
        {"label": "new", "value": "absent"}, {"label": "breaks", "value": "callers that send it"}]);
    model["findings"] = json!([finding(
        "SP101",
        "error",
        "input language was removed",
        json!({"file": "captions/predict.py", "line": 14,
        "column": 9, "end_column": 17, "excerpt": "        lang: str = Input(description=\"Language\"),", "details": details,
        "schema_change": {"method": "predict", "part": "input language", "input": "language", "kind": "removed", "old": "string",
            "new": "absent", "breaks": "callers that send it"}})
    )]);
    model["unchecked"] = json!(["stage build, stage, verify, publish, deploy: inspect did not pass"]);
    (model["seed"], model["cost"]) = (
        Value::Null,
        json!({"predictions": 0, "platform_retries": 0, "predict_seconds": 0.0,
        "estimated_usd": null}),
    );
    model
}
