//! The names that a select script's text compares its model with.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::model_name::ModelName;

/// Longer scripts are read up to here.
const MAX_BYTES: usize = 256 * 1024;

/// Further names are ignored.
const MAX_NAMES: usize = 10_000;

/// `"$MODEL" == "x"` as `[[ ]]` and `[ ]` have it, with the variables and quotes that scripts use. Each part is bounded.
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by every test of this file")]
static COMPARISON: LazyLock<Regex> = LazyLock::new(|| {
    let variable = r#""?\$(?:(?:MODEL|MODEL_NAME|model|1)\b|\{(?:MODEL|MODEL_NAME|model|1)(?::?-[^}\n]{0,40})?\})"?"#;
    let word = r#"(?:"([^"\n]{1,200})"|'([^'\n]{1,200})'|([A-Za-z0-9._-]{1,200}))"#;
    Regex::new(&format!(r"{variable}[ \t]{{0,8}}==?[ \t]{{0,8}}{word}")).unwrap()
});

/// Whether the script lists its models when it is called with `--list`.
pub(super) fn lists(text: &str) -> bool {
    code(text).any(|line| line.contains("--list"))
}

/// The names that the script compares with, in its order and each once.
pub(super) fn compared(text: &str) -> Vec<ModelName> {
    let mut names: Vec<ModelName> = Vec::new();
    for line in code(text) {
        for found in COMPARISON.captures_iter(line) {
            let word = (1..=3).find_map(|group| found.get(group));
            // Scripts also compare with flags, patterns and the empty string.
            let Some(Ok(name)) = word.map(|word| word.as_str().parse::<ModelName>()) else { continue };
            if !names.contains(&name) && names.len() < MAX_NAMES {
                names.push(name);
            }
        }
    }
    names
}

/// Reads the output of `--list`: the names, and the lines that are not names.
pub(super) fn listed(text: &str) -> (Vec<ModelName>, Vec<String>) {
    let (mut names, mut others) = (Vec::new(), Vec::new());
    for word in text.lines().map(str::trim).filter(|line| !line.is_empty()).take(MAX_NAMES) {
        let word = word.strip_prefix("- ").or_else(|| word.strip_prefix("* ")).unwrap_or(word).trim_start();
        match word.parse::<ModelName>() {
            Ok(name) if names.contains(&name) => {}
            Ok(name) => names.push(name),
            Err(_) => others.push(word.to_owned()),
        }
    }
    (names, others)
}

/// Lines that are not comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let text = &text[..text.floor_char_boundary(MAX_BYTES)];
    text.lines().filter(|line| !line.trim_start().starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        compared(text).into_iter().map(String::from).collect()
    }

    #[test]
    fn blocks_of_comparisons_name_models() {
        let script = r#"#!/bin/bash
set -euo pipefail
MODEL=$1
if [[ "$MODEL" == "dev" ]]; then
    cp dev.yaml cog.yaml
elif [[ "$MODEL" == "schnell" || "$MODEL" == "schnell-lora" ]]; then
    cp schnell.yaml cog.yaml
else
    echo "unknown model $MODEL" >&2
    exit 1
fi
"#;
        assert_eq!(names(script), ["dev", "schnell", "schnell-lora"]);
    }

    #[test]
    fn comparisons_are_written_in_many_ways() {
        for line in [
            r#"if [[ "$MODEL" == "dev" ]]; then"#,
            r#"if [[ $MODEL == dev ]]; then"#,
            r#"if [ "$MODEL" = "dev" ]; then"#,
            r#"if [[ "${MODEL}" == 'dev' ]]; then"#,
            r#"if [[ "${1:-}" == "dev" ]]; then"#,
            r#"if [[ $1 == "dev" ]]; then"#,
            r#"[[ "$MODEL_NAME"=="dev" ]] && cp a b"#,
            "\t elif [[ \"$model\"\t==\t\"dev\" ]]",
        ] {
            assert_eq!(names(line), ["dev"], "{line}");
        }
    }

    #[test]
    fn lines_that_compare_with_no_name_are_left_out() {
        for line in [
            r##"# if [[ "$MODEL" == "dev" ]]; then"##,
            r#"if [[ "$MODEL" != "dev" ]]; then"#,
            r#"if [[ "$MODEL" == "" ]]; then"#,
            r#"if [[ "$1" == "--list" ]]; then"#,
            r#"if [[ "$MODEL" == "dev/*" ]]; then"#,
            r#"if [[ "$MODEL" == "$OTHER" ]]; then"#,
            r#"if [[ "$MODEL" == "all" ]]; then"#,
            r#"if [[ "$MODELS" == "dev" ]]; then"#,
            r#"if [[ "$ENVIRONMENT" == "production" ]]; then"#,
        ] {
            assert_eq!(names(line), Vec::<String>::new(), "{line}");
        }
    }

    #[test]
    fn each_name_comes_once() {
        assert_eq!(names("[[ $MODEL == b ]]\n[[ $MODEL == a ]]\n[[ $MODEL == b ]]"), ["b", "a"]);
    }

    #[test]
    fn hostile_scripts_take_no_time() {
        let started = std::time::Instant::now();
        let text = format!("{}\n{}", "\"$MODEL\" == \"".repeat(60_000), "$MODEL ".repeat(60_000));
        assert!(names(&text).len() < 10);
        assert!(started.elapsed() < std::time::Duration::from_secs(5));
    }

    #[test]
    fn a_script_that_knows_the_flag_lists() {
        assert!(lists("if [[ $1 == --list ]]; then"));
        assert!(!lists("# call it with --list\necho hi"));
    }

    #[test]
    fn a_list_has_a_name_on_each_line() {
        let (bullets, others) = listed("- dev\n  * schnell\n-- dev\n");
        assert_eq!(bullets.iter().map(ModelName::as_str).collect::<Vec<_>>(), ["dev", "schnell"]);
        assert_eq!(others, ["-- dev"]);
        let (names, others) = listed(" dev \n\nschnell\ndev\nUsage: x\n../evil\n");
        assert_eq!(names.iter().map(ModelName::as_str).collect::<Vec<_>>(), ["dev", "schnell"]);
        assert_eq!(others, ["Usage: x", "../evil"]);
    }
}
