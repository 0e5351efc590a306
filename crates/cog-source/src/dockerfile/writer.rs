//! Appends instructions and remembers their origins.

use cog_findings::Location;

use super::step::RecipeStep;

/// A Dockerfile that is being written.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    text: String,
    /// The text without what depends on the project's own source.
    kept: String,
    lines: usize,
    steps: Vec<RecipeStep>,
}

impl Writer {
    /// Adds an instruction with its origin.
    pub(crate) fn instruction(&mut self, text: &str, origin: Option<&Location>, title: impl Into<String>) {
        self.kept.push_str(text);
        self.kept.push('\n');
        self.of_source(text, origin, title);
    }

    /// Adds an instruction that depends on the project's own source: on its files or its predictor.
    pub(crate) fn of_source(&mut self, text: &str, origin: Option<&Location>, title: impl Into<String>) {
        let dockerfile_line = self.lines + 1;
        self.steps.push(RecipeStep { dockerfile_line, origin: origin.cloned(), title: title.into() });
        self.text.push_str(text);
        self.text.push('\n');
        self.lines += text.lines().count();
    }

    /// Adds an instruction that every image has.
    pub(crate) fn standard(&mut self, text: &str, title: impl Into<String>) {
        self.instruction(text, None, title);
    }

    /// Adds a comment line, such as the `syntax` directive.
    pub(crate) fn comment(&mut self, text: &str) {
        for target in [&mut self.text, &mut self.kept] {
            target.push_str(text);
            target.push('\n');
        }
        self.lines += 1;
    }

    /// The instructions so far, without those that depend on the project's own source.
    pub(crate) fn kept(&self) -> &str {
        &self.kept
    }

    /// The text and its steps.
    pub(crate) fn finish(self) -> (String, Vec<RecipeStep>) {
        (self.text, self.steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_knows_its_line() {
        let mut writer = Writer::default();
        writer.comment("# syntax=docker/dockerfile:1");
        writer.standard("FROM scratch", "start");
        writer.standard("RUN a \\\n  && b", "run");
        let place = Location::at("cog.yaml", 3, 1);
        writer.of_source("RUN c", Some(&place), "run");
        assert_eq!(writer.kept(), "# syntax=docker/dockerfile:1\nFROM scratch\nRUN a \\\n  && b\n");
        let (text, steps) = writer.finish();
        assert_eq!(text, "# syntax=docker/dockerfile:1\nFROM scratch\nRUN a \\\n  && b\nRUN c\n");
        let lines: Vec<usize> = steps.iter().map(|step| step.dockerfile_line).collect();
        assert_eq!(lines, [2, 3, 5]);
        assert_eq!(steps[2].origin, Some(place));
    }
}
