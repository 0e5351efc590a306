//! A Dockerfile of the project: used byte for byte, with its own lines as steps.

use cog_findings::Location;
use cog_findings::text::shorten;

use super::step::RecipeStep;

/// Longest instruction in a step's title.
const MAX_TITLE_BYTES: usize = 100;

/// The base image and the steps of a Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CustomDockerfile {
    /// The image of the last stage; empty without `FROM`.
    pub(crate) base_image: String,
    pub(crate) steps: Vec<RecipeStep>,
}

pub(crate) fn read(text: &str, file: &str) -> CustomDockerfile {
    let mut steps = Vec::new();
    let mut base_image = String::new();
    let mut is_continued = false;
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        if !is_continued {
            if let Some(image) = base_of(trimmed) {
                base_image = image.to_owned();
            }
            let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
            let origin = Location { line: Some(number), ..Location::file(file) };
            let title = shorten(trimmed.trim_end_matches('\\').trim_end(), MAX_TITLE_BYTES);
            steps.push(RecipeStep { dockerfile_line: index + 1, origin: Some(origin), title });
        }
        is_continued = trimmed.ends_with('\\');
    }
    CustomDockerfile { base_image, steps }
}

/// The image of a `FROM` line, without options such as `--platform`.
fn base_of(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    let is_from = words.next().is_some_and(|word| word.eq_ignore_ascii_case("FROM"));
    is_from.then(|| words.find(|word| !word.starts_with("--"))).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# mine\nFROM --platform=linux/amd64 python:3.12-slim AS base\n\nRUN apt-get update \\\n  # a word\n  && apt-get install -y sox\nfrom base\nCOPY . /src";

    #[test]
    fn the_users_lines_are_the_steps() {
        let custom = read(TEXT, "Dockerfile");
        assert_eq!(custom.base_image, "base");
        let lines: Vec<usize> = custom.steps.iter().map(|step| step.dockerfile_line).collect();
        assert_eq!(lines, [2, 4, 7, 8]);
        assert_eq!(custom.steps[1].title, "RUN apt-get update");
        assert_eq!(custom.steps[1].origin.as_ref().and_then(|origin| origin.line), Some(4));
    }
}
