//! Real-world `cog.yaml` files and the findings about them.

use cog_findings::Location;

use super::*;
use crate::sdk::SdkVersion;
use crate::yaml::Located;

const PLAIN: &str = "build:\n  python_version: \"3.12\"\npredict: predict.py:Predictor\n";

fn parsed(text: &str) -> Parsed {
    parse(text, "cog.yaml")
}

fn config(text: &str) -> CogConfig {
    parsed(text).config.unwrap()
}

/// Code, line and column of each finding.
fn places(parsed: &Parsed) -> Vec<String> {
    let place = |location: &Location| format!("{}:{}", location.line.unwrap_or(0), location.column.unwrap_or(0));
    parsed
        .findings
        .iter()
        .map(|finding| format!("{} {}", finding.code, finding.location.as_ref().map(place).unwrap_or_default()))
        .collect()
}

/// Code, line and column of each finding about a build section, without those about the target.
fn build_places(build: &str) -> Vec<String> {
    let text = format!("predict: p.py:P\nbuild:\n  python_version: \"3.12\"\n{build}");
    places(&parsed(&text)).into_iter().filter(|place| place != "SP523 1:1").collect()
}

#[test]
fn a_plain_file_is_usable() {
    let parsed = parsed(PLAIN);
    assert!(parsed.is_usable());
    // Only the note about the newer name of `predict`.
    assert_eq!(places(&parsed), ["SP523 3:1"]);
    let config = parsed.config.unwrap();
    assert_eq!(config.predict.unwrap().value.to_string(), "predict.py:Predictor");
    assert_eq!(config.build.python_version.unwrap().value, "3.12");
}

#[test]
fn every_key_is_read() {
    let config = config(
        "build:\n  gpu: true\n  python_version: 3.10\n  cuda: 12.4\n  cudnn: 9\n  python_requirements: requirements.txt\n\
         \x20 system_packages: [ffmpeg, sox]\n  sdk_version: v0.22.0\n  run:\n    - make\n    - command: pip install x\n\
         \x20     mounts:\n        - {type: secret, id: pip, target: /etc/pip.conf}\n\
         image: r8.im/acme/upscale\nrun: run.py:Runner\ntrain: train.py:train\nconcurrency: {max: 1, default_target: 3}\n\
         environment:\n  - A=1\n  - B=x=y\n",
    );
    let build = &config.build;
    assert!(build.gpu);
    let text = |located: &Option<Located<String>>| located.as_ref().map(|located| located.value.clone()).unwrap_or_default();
    assert_eq!(text(&build.python_version), "3.10");
    assert_eq!(text(&build.cuda), "12.4");
    assert_eq!(text(&build.cudnn), "9");
    assert_eq!(text(&build.python_requirements), "requirements.txt");
    assert_eq!(build.sdk_version.as_ref().unwrap().value, SdkVersion::parse("0.22.0").unwrap());
    assert_eq!(build.system_packages.len(), 2);
    assert_eq!(build.run[0].location, Location::at("cog.yaml", 10, 7).until_column(11));
    assert_eq!(build.run[1].mounts, [SecretMount { id: "pip".into(), target: "/etc/pip.conf".into() }]);
    assert_eq!(text(&config.image), "r8.im/acme/upscale");
    assert_eq!(
        (config.predict.unwrap().value.to_string(), config.train.unwrap().value.to_string()),
        ("run.py:Runner".into(), "train.py:train".into())
    );
    let concurrency = config.concurrency.unwrap();
    assert_eq!((concurrency.max.value, concurrency.default_target), (1, Some(3)));
    assert_eq!(config.environment[1].value.to_string(), "B=x=y");
}

#[test]
fn several_mistakes_are_reported_at_once_in_the_order_of_the_file() {
    let text = "build:\n  gpu: \"true\"\n  python_version: \"3\"\n  cuda: \"10.2\"\n  system_packages: ffmpeg\n  sistem: 1\npredict: x\nenvironment: [PATH=x, X]\n";
    let parsed = parsed(text);
    let expected =
        ["SP503 2:8", "SP505 3:19", "SP508 4:9", "SP510 4:9", "SP503 5:20", "SP502 6:3", "SP512 7:10", "SP521 8:15", "SP520 8:23"];
    assert_eq!(places(&parsed), expected);
    assert!(!parsed.is_usable());
    assert!(parsed.config.is_some());
}

#[test]
fn an_unreadable_file_has_no_config() {
    for (text, line) in [("build: [", None), ("- a\n- b\n", Some(1)), ("just text", Some(1)), ("image: a\nimage: b\n", Some(2))] {
        let parsed = parsed(text);
        assert_eq!(parsed.config, None, "{text}");
        assert_eq!(parsed.findings[0].code.as_str(), "SP501");
        let found = parsed.findings[0].location.as_ref().and_then(|location| location.line);
        assert!(line.is_none() || found == line, "{text}: {found:?}");
    }
}

#[test]
fn an_empty_file_lacks_everything() {
    assert_eq!(places(&parsed("")), ["SP514 1:1", "SP504 1:1"]);
    assert_eq!(places(&parsed("build:\n")), ["SP514 1:1", "SP504 1:1"]);
}

#[test]
fn unknown_keys_are_reported_with_the_intended_one() {
    for (text, hint) in [
        ("biuld: {}\n", "did you mean `build`?"),
        ("build:\n  pyton_version: '3.12'\n", "did you mean `build.python_version`?"),
        ("gpu: true\n", "did you mean `build.gpu`?"),
        ("build:\n  predict: a.py:B\n", "did you mean `predict`?"),
        ("zzz: 1\n", "the keys are build, concurrency, environment, image, model, predict, run, train, weights"),
    ] {
        let parsed = parsed(text);
        let unknown = parsed.findings.iter().find(|finding| finding.code.as_str() == "SP502").unwrap();
        assert_eq!(unknown.hint.as_deref(), Some(hint), "{text}");
        assert!(!unknown.is_error());
    }
}

#[test]
fn legacy_keys_are_a_note_for_old_sdks_and_a_warning_for_new_ones() {
    let text = "build:\n  python_version: '3.12'\n  fast: true\npredict: p.py:P\ntests: []\n";
    let old = parse_for(text, "cog.yaml", SdkVersion::parse("0.16.12").as_ref());
    assert_eq!(places(&old), ["SP524 3:3", "SP524 5:1"]);
    assert!(old.findings.iter().all(|finding| finding.severity.to_string() == "note"));
    let new = parsed(text);
    assert_eq!(new.findings[0].severity.to_string(), "warning");
    assert_eq!(new.config.unwrap().build.legacy_keys.len(), 2);
}

#[test]
fn python_versions_are_checked() {
    for (version, code) in [
        ("'3.12'", None),
        ("3.10", None),
        ("3.13.1", None),
        ("'3'", Some("SP505")),
        ("three", Some("SP505")),
        ("'3.12-slim'", Some("SP505")),
        ("'3.9'", Some("SP506")),
        ("'2.7'", Some("SP506")),
        ("'3.31'", Some("SP507")),
        ("''", Some("SP504")),
        ("", Some("SP504")),
    ] {
        let found = parsed(&format!("build:\n  python_version: {version}\nrun: p.py:P\n"));
        assert_eq!(found.findings.first().map(|finding| finding.code.as_str()), code, "{version}");
    }
}

#[test]
fn old_sdks_run_on_older_pythons_and_have_a_default() {
    let old = SdkVersion::parse("0.16.12");
    let text = |python: &str| format!("build: {{python_version: '{python}'}}\npredict: p.py:P\n");
    assert_eq!(places(&parse_for(&text("3.8"), "cog.yaml", old.as_ref())), Vec::<String>::new());
    assert_eq!(places(&parse_for(&text("3.7"), "cog.yaml", old.as_ref())), ["SP506 1:25"]);
    assert_eq!(places(&parse_for("predict: p.py:P\n", "cog.yaml", old.as_ref())), Vec::<String>::new());
}

#[test]
fn the_sdk_in_the_file_counts_unless_overridden() {
    let text = "build:\n  python_version: '3.9'\n  sdk_version: 0.16.12\npredict: p.py:P\n";
    assert!(parsed(text).is_usable());
    assert!(!parse_for(text, "cog.yaml", Some(&SdkVersion::Latest)).is_usable());
}

#[test]
fn sdk_versions_are_checked() {
    assert_eq!(build_places("  sdk_version: '>=0.19'\n"), ["SP525 4:16"]);
    assert_eq!(build_places("  sdk_version: prerelease\n"), Vec::<String>::new());
    assert_eq!(build_places("  sdk_version: 0.22\n"), Vec::<String>::new());
}

#[test]
fn cuda_is_checked_with_and_without_gpu() {
    assert_eq!(build_places("  gpu: true\n  cuda: '12.4'\n"), Vec::<String>::new());
    assert_eq!(build_places("  gpu: true\n  cuda: '12'\n"), ["SP508 5:9"]);
    assert_eq!(build_places("  gpu: true\n  cuda: twelve\n"), ["SP508 5:9"]);
    assert_eq!(build_places("  gpu: true\n  cuda: '10.2'\n"), ["SP508 5:9"]);
    assert_eq!(build_places("  cuda: '12.4'\n"), ["SP510 4:9"]);
    assert_eq!(build_places("  cudnn: '8'\n"), ["SP510 4:10"]);
}

#[test]
fn cudnn_must_fit_cuda() {
    assert_eq!(build_places("  gpu: true\n  cuda: '11.8'\n  cudnn: '8'\n"), Vec::<String>::new());
    assert_eq!(build_places("  gpu: true\n  cuda: '11.8'\n  cudnn: '9'\n"), ["SP509 6:10"]);
    let found = parsed("predict: p.py:P\nbuild: {python_version: '3.12', gpu: yes, cuda: '12.4', cudnn: '8'}\n");
    assert_eq!(found.findings[1].hint.as_deref(), Some("CUDA 12.4 comes with cuDNN 9"));
}

#[test]
fn requirements_come_from_one_source() {
    assert_eq!(build_places("  python_requirements: r.txt\n  python_packages: [a]\n"), ["SP511 4:24", "SP523 5:3"]);
    assert_eq!(build_places("  python_packages: []\n"), Vec::<String>::new());
}

#[test]
fn deprecated_keys_are_warned_about() {
    assert_eq!(build_places("  python_packages: [a]\n  pre_install: [make]\n"), ["SP523 4:3", "SP523 5:3"]);
    let found = parsed("build: {python_version: '3.12'}\nrun: p.py:P\nconcurrency: {max: 2}\n");
    assert_eq!(places(&found), ["SP523 3:1"]);
}

#[test]
fn targets_are_checked() {
    for (text, expected) in [
        ("run: run.py:Runner\n", &[][..]),
        ("run: run:Runner\n", &["SP512 1:6"]),
        ("predict: a.py:b.py:C\n", &["SP512 1:10"]),
        ("train: 'train.py:'\n", &["SP512 1:8"]),
        ("train: train.py:train\n", &[]),
        ("run: a.py:A\npredict: b.py:B\n", &["SP513 1:1"]),
        ("run: ''\npredict: b.py:B\n", &["SP523 2:1"]),
    ] {
        let mut found = places(&parsed(&format!("{text}build: {{python_version: '3.12'}}\n")));
        found.sort();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn new_keys_need_new_sdks() {
    let text = "build: {python_version: '3.12', sdk_version: 0.19.3}\nrun: r.py:R\n";
    let found = parsed(text);
    assert_eq!(places(&found), ["SP526 2:1"]);
    assert!(found.findings[0].is_error());
}

#[test]
fn commands_are_one_line_each() {
    assert_eq!(build_places("  run:\n    - |\n      one\n    - >-\n      one\n      two\n"), Vec::<String>::new());
    for item in ["- |\n      one\n      two", "- ''", "- 'a \\'", "- {mounts: []}"] {
        let found = build_places(&format!("  run:\n    {item}\n"));
        assert_eq!(found.len(), 1, "{item}: {found:?}");
        assert!(found[0].starts_with("SP517"), "{item}: {found:?}");
    }
    assert_eq!(build_places("  run: make\n"), ["SP503 4:8"]);
    assert_eq!(build_places("  run:\n"), Vec::<String>::new());
}

#[test]
fn mounts_are_secrets() {
    let with = |mount: &str| build_places(&format!("  run:\n    - command: x\n      mounts: [{mount}]\n"));
    assert_eq!(with("{type: secret, id: a, target: /b}"), Vec::<String>::new());
    for mount in [
        "{type: cache, id: a, target: /b}",
        "{type: secret, id: a}",
        "{id: a, target: /b}",
        "{type: secret, id: 'a,b', target: /b}",
        "{type: secret, id: a, target: '/b c'}",
    ] {
        let found = with(mount);
        assert_eq!(found.len(), 1, "{mount}: {found:?}");
        assert!(found[0].starts_with("SP518"), "{mount}: {found:?}");
    }
}

#[test]
fn concurrency_needs_a_maximum_and_a_new_python() {
    let with = |python: &str, concurrency: &str| {
        let text = format!("build: {{python_version: '{python}'}}\nrun: p.py:P\nconcurrency: {concurrency}\n");
        let places = places(&parsed(&text));
        places.into_iter().filter(|place| !place.starts_with("SP523")).collect::<Vec<_>>()
    };
    assert_eq!(with("3.11", "{max: 4}"), Vec::<String>::new());
    assert_eq!(with("3.10", "{max: 1}"), Vec::<String>::new());
    assert_eq!(with("3.10", "{max: 4}"), ["SP519 3:20"]);
    assert_eq!(with("3.11", "{max: 0}"), ["SP519 3:20"]);
    assert_eq!(with("3.11", "{max: -1}"), ["SP519 3:20"]);
    assert_eq!(with("3.11", "{}"), ["SP519 3:1"]);
    assert_eq!(with("3.11", "{max: many}"), ["SP503 3:20"]);
    assert_eq!(with("3.11", "4"), ["SP503 3:14"]);
    assert_eq!(with("3.11", ""), Vec::<String>::new());
}

#[test]
fn environment_entries_are_checked_one_by_one() {
    let text = format!("{PLAIN}environment:\n  - A=1\n  - A=2\n  - CUDA_HOME=/x\n  - B C\n  - D=\n");
    let found = parsed(&text);
    assert_eq!(places(&found), ["SP523 3:1", "SP520 6:5", "SP521 7:5", "SP520 8:5"]);
    assert_eq!(found.config.unwrap().environment.len(), 2);
}

#[test]
fn names_are_repositories() {
    let with = |line: &str| {
        let places = places(&parsed(&format!("{line}\nbuild: {{python_version: '3.12'}}\nrun: p.py:P\n")));
        places.join(" ")
    };
    assert_eq!(with("image: r8.im/acme/upscale:latest"), "");
    assert_eq!(with("image: r8.im/Acme/upscale"), "SP516 1:8");
    assert_eq!(with("model: r8.im/acme/upscale"), "");
    assert_eq!(with("model: r8.im/acme/upscale:v2"), "SP516 1:8");
    assert_eq!(with("image: a/b\nmodel: a/b"), "SP515 2:8");
}

#[test]
fn managed_weights_have_their_rules() {
    let with = |entries: &str| {
        let text = format!("build: {{python_version: '3.12'}}\nrun: p.py:P\nmodel: r8.im/a/b\nweights:\n{entries}");
        parsed(&text).findings.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
    };
    let entry = |name: &str, target: &str| format!("  - {{name: {name}, target: {target}, source: {{uri: 'hf://x'}}}}\n");
    assert_eq!(with(&entry("sdxl", "/src/w")), Vec::<String>::new());
    assert_eq!(
        with(&entry("SDXL", "/src/w"))[0],
        "the name `SDXL` must be lowercase letters and digits, joined by single dots, dashes or underscores"
    );
    assert_eq!(with(&entry("a", "w")), ["the target `w` must be an absolute path"]);
    assert_eq!(with(&entry("a", "/x/..")), ["the target `/x/..` must not be the root of the container"]);
    assert_eq!(with(&(entry("a", "/w") + &entry("a", "/v"))), ["the name `a` is used twice"]);
    assert_eq!(with(&(entry("a", "/w") + &entry("b", "/w/"))), ["the target `/w/` is used twice"]);
    assert_eq!(with(&(entry("a", "/w") + &entry("b", "/w/x"))), ["the target `/w/x` overlaps with `/w`"]);
    assert_eq!(with("  - {name: a, target: /w}\n"), ["an entry of `weights` has no `source`"]);
    assert_eq!(with("  - {name: a, target: /w, source: [{uri: x, include: ['!a', '']}]}\n").len(), 2);
}

#[test]
fn weights_need_a_model() {
    let weights = "weights:\n  - {name: a, target: /w, source: {uri: x}}\n";
    let with = |line: &str| places(&parsed(&format!("build: {{python_version: '3.12'}}\nrun: p.py:P\n{line}{weights}")));
    assert_eq!(with("image: a/b\n"), ["SP522 3:8"]);
    assert_eq!(with(""), ["SP522 4:5"]);
    assert_eq!(with("model: a/b\n"), Vec::<String>::new());
}

#[test]
fn lists_may_be_empty_but_nothing_else() {
    assert_eq!(build_places("  system_packages:\n  run: ~\n  pre_install: null\n"), Vec::<String>::new());
    assert_eq!(build_places("  system_packages: [[a]]\n"), ["SP503 4:21"]);
    assert_eq!(build_places("  python_requirements: [r.txt]\n"), ["SP503 4:24"]);
    assert_eq!(places(&parsed(&format!("{PLAIN}environment: A=1\n"))), ["SP523 3:1", "SP503 4:14"]);
}
