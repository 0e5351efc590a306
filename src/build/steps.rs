//! Maps BuildKit's steps back to the lines that caused them.
//!
//! BuildKit's status messages carry no line numbers, but they count: `[runner 3/7] RUN …` is the third counted instruction of the stage
//! `runner`. So the instructions of the Dockerfile are counted in the same way.

use cog_source::recipe::{Recipe, RecipeStep};

/// Instructions that BuildKit counts in addition to `FROM`.
const COUNTED: [&str; 4] = ["RUN", "COPY", "ADD", "WORKDIR"];

/// The counted instructions of a Dockerfile.
#[derive(Debug, Default)]
pub(super) struct StepMap {
    instructions: Vec<Instruction>,
    steps: Vec<RecipeStep>,
}

#[derive(Debug, PartialEq, Eq)]
struct Instruction {
    line: usize,
    keyword: String,
    stage: String,
    stage_number: usize,
    position: usize,
}

impl StepMap {
    pub(super) fn new(recipe: &Recipe) -> Self {
        let mut steps = recipe.steps.clone();
        steps.sort_by_key(|step| step.dockerfile_line);
        Self { instructions: count(&recipe.dockerfile), steps }
    }

    /// The recipe's step behind one of BuildKit's, if it is in the Dockerfile.
    pub(super) fn find(&self, name: &str) -> Option<&RecipeStep> {
        let line = self.line(name)?;
        self.steps.iter().rev().find(|step| step.dockerfile_line <= line)
    }

    fn line(&self, name: &str) -> Option<usize> {
        let (counter, text) = name.strip_prefix('[')?.split_once("] ")?;
        let (stage, position) = counter.rsplit_once(' ').map_or((None, counter), |(stage, position)| (Some(stage), position));
        // A stage may be preceded by its platform.
        let stage = stage.and_then(|stage| stage.rsplit(' ').next()).filter(|stage| !stage.contains('/'));
        let position: usize = position.trim().split_once('/')?.0.parse().ok()?;
        let keyword = text.split_whitespace().next()?;
        let is_stage = |instruction: &&Instruction| match stage {
            None => self.instructions.last().is_some_and(|last| last.stage_number == instruction.stage_number),
            Some(stage) => instruction.stage == stage || format!("stage-{}", instruction.stage_number) == stage,
        };
        self.instructions
            .iter()
            .filter(is_stage)
            .find(|instruction| instruction.position == position && instruction.keyword.eq_ignore_ascii_case(keyword))
            .map(|instruction| instruction.line)
    }
}

/// Whether a step is internal to BuildKit.
pub(super) fn is_internal(name: &str) -> bool {
    name.starts_with("[internal]") || name.starts_with("[auth]") || name.starts_with("exporting ")
}

fn count(dockerfile: &str) -> Vec<Instruction> {
    let mut counted: Vec<Instruction> = Vec::new();
    let mut stages: Vec<String> = Vec::new();
    let mut position = 0;
    for (line, text) in instructions(dockerfile) {
        let mut words = text.split_whitespace().filter(|word| !word.starts_with("--"));
        let keyword = words.next().unwrap_or_default().to_ascii_uppercase();
        let is_counted = if keyword == "FROM" {
            let base = words.next().unwrap_or_default();
            let starts_here = base != "scratch" && !stages.iter().any(|stage| stage.eq_ignore_ascii_case(base));
            let name = words.next().filter(|word| word.eq_ignore_ascii_case("as")).and_then(|_| words.next());
            stages.push(name.unwrap_or_default().to_lowercase());
            position = 0;
            starts_here
        } else {
            COUNTED.contains(&keyword.as_str())
        };
        let Some(stage) = stages.last().filter(|_| is_counted) else { continue };
        position += 1;
        counted.push(Instruction { line, keyword, stage: stage.clone(), stage_number: stages.len() - 1, position });
    }
    counted
}

/// Instructions with their first line. Comments and blank lines are dropped, continued lines joined, here-documents skipped.
fn instructions(dockerfile: &str) -> Vec<(usize, String)> {
    let mut instructions = Vec::new();
    let mut lines = dockerfile.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        let mut text = line.trim().to_owned();
        while let Some(unfinished) = text.strip_suffix('\\').map(str::to_owned) {
            text = unfinished;
            match lines.next() {
                None => break,
                // A comment or blank line within an instruction does not end it.
                Some((_, next)) if next.trim().is_empty() || next.trim_start().starts_with('#') => text.push('\\'),
                Some((_, next)) => {
                    text.push(' ');
                    text.push_str(next.trim());
                }
            }
        }
        for end in here_documents(&text) {
            for (_, line) in lines.by_ref() {
                if line.trim_start_matches('\t') == end {
                    break;
                }
            }
        }
        instructions.push((index + 1, text));
    }
    instructions
}

/// The delimiters of an instruction's here-documents.
fn here_documents(instruction: &str) -> Vec<String> {
    let keyword = instruction.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
    if !["RUN", "COPY", "ADD"].contains(&keyword.as_str()) {
        return Vec::new();
    }
    instruction
        .split_whitespace()
        .filter_map(|word| word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<"))
        .map(|word| word.trim_start_matches('-').trim_matches(['"', '\'']))
        .filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
        .map(|word| word.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cog_findings::Location;

    fn step(line: usize, title: &str) -> RecipeStep {
        RecipeStep { dockerfile_line: line, origin: Some(Location::at("cog.yaml", 1, 1)), title: title.to_owned() }
    }

    fn recipe(dockerfile: &str, steps: Vec<RecipeStep>) -> Recipe {
        Recipe { base_image: "python".to_owned(), dockerfile: dockerfile.to_owned(), files: Vec::new(), steps, ..Recipe::default() }
    }

    const ONE_STAGE: &str = "\
FROM python:3.11-slim
ENV A=1
# a comment
RUN apt-get update \\
    # inside
    && apt-get install -y curl

COPY .cog/build/requirements.txt /tmp/
RUN pip install -r /tmp/requirements.txt
WORKDIR /src
EXPOSE 5000
COPY . /src
";

    #[test]
    fn a_counted_step_is_found_on_its_line() {
        let steps = vec![step(9, "requirements"), step(1, "base image"), step(4, "system packages"), step(8, "requirements file")];
        let map = StepMap::new(&recipe(ONE_STAGE, steps));
        let cases = [
            ("[1/6] FROM docker.io/library/python:3.11-slim", Some("base image")),
            ("[2/6] RUN apt-get update     && apt-get install -y curl", Some("system packages")),
            ("[3/6] COPY .cog/build/requirements.txt /tmp/", Some("requirements file")),
            ("[4/6] RUN pip install -r /tmp/requirements.txt", Some("requirements")),
            ("[6/6] COPY . /src", Some("requirements")),
            // The count differs from ours: no line is better than a wrong one.
            ("[5/6] RUN something", None),
            ("[9/6] COPY . /src", None),
            ("[internal] load build context", None),
            ("exporting to image", None),
        ];
        for (name, title) in cases {
            assert_eq!(map.find(name).map(|step| step.title.as_str()), title, "{name}");
        }
    }

    #[test]
    fn each_stage_counts_separately() {
        let dockerfile =
            "FROM a AS weights\nCOPY w /w\nFROM scratch\nCOPY x /x\nFROM weights AS runner\nRUN one\nFROM b\nRUN two\n";
        let map = StepMap::new(&recipe(dockerfile, vec![]));
        let cases = [
            ("[weights 1/2] FROM docker.io/library/a", Some(1)),
            ("[weights 2/2] COPY w /w", Some(2)),
            ("[stage-1 1/1] COPY x /x", Some(4)),
            ("[runner 1/1] RUN one", Some(6)),
            ("[stage-3 1/2] FROM docker.io/library/b", Some(7)),
            ("[linux/amd64 stage-3 2/2] RUN two", Some(8)),
            ("[2/2] RUN two", Some(8)),
        ];
        for (name, line) in cases {
            assert_eq!(map.line(name), line, "{name}");
        }
    }

    #[test]
    fn a_here_document_is_not_an_instruction() {
        let dockerfile = "FROM a\nRUN <<EOF cat && cat <<-\"TWO\"\nRUN not me\nEOF\nRUN nor me\n\tTWO\nRUN me\n";
        let lines: Vec<usize> = count(dockerfile).iter().map(|instruction| instruction.line).collect();
        assert_eq!(lines, [1, 2, 7]);
    }
}
