//! Lints one document: problems that bother users of a version, without comparing it with another.
//!
//! A missing description is an error, except for deprecated inputs, as in cog-safe-push. The rest are warnings. Parts of the document that
//! could not be read are reported too.

use std::collections::{BTreeMap, BTreeSet};

use cog_findings::{Finding, Location, Method, Rule, SchemaPart, SourceMap};
use serde_json::Value;

use super::describe::describe_limits;
use super::json::{self, show, show_list, show_name};
use super::read::{kind_of_values, read};
use super::rules;
use super::shape::{Limits, Member, Members, Shape, ShapeKind};
use super::validate::{ProblemKind, compile_pattern, problems};

/// Components that Cog itself adds to a document (`docs/reference/cog.md#shape-of-the-document`).
const COMPONENTS: [&str; 12] = [
    "HTTPValidationError",
    "Input",
    "Output",
    "PredictionRequest",
    "PredictionResponse",
    "Status",
    "TrainingInput",
    "TrainingOutput",
    "TrainingRequest",
    "TrainingResponse",
    "ValidationError",
    "WebhookEvent",
];

/// Lints a document. `predict_source` locates the predictor's inputs and output, `train_source` those of the trainer.
///
/// ```
/// use cog_findings::SourceMap;
/// use cog_schema::lint;
/// use serde_json::json;
///
/// let document = json!({"components": {"schemas": {"Input": {"type": "object", "properties": {
///     "steps": {"type": "integer", "maximum": 50, "default": 60, "description": "Number of steps"},
/// }}}}});
/// let findings = lint(&document, &SourceMap::default(), &SourceMap::default());
/// assert_eq!(findings[0].code.as_str(), "SP302");
/// ```
pub fn lint(document: &Value, predict_source: &SourceMap, train_source: &SourceMap) -> Vec<Finding> {
    let schemas = read(document);
    let mut findings = schemas.problems.clone();
    for (method, source) in [(Method::Predict, predict_source), (Method::Train, train_source)] {
        let mut linter = Linter { method, source, findings: &mut findings };
        if let Some(members) = schemas.inputs_of(method).and_then(Shape::members) {
            linter.inputs(members);
        }
        if let Some(output) = schemas.output_of(method) {
            linter.output(output);
        }
    }
    findings
}

struct Linter<'a> {
    method: Method,
    source: &'a SourceMap,
    findings: &'a mut Vec<Finding>,
}

impl Linter<'_> {
    fn add(&mut self, rule: &Rule, name: &str, says: &str, hint: &str) {
        let part = SchemaPart::input(self.method, show_name(name));
        self.add_at(rule, &part, says, hint, self.source.input(name).cloned());
    }

    fn add_at(&mut self, rule: &Rule, part: &SchemaPart, says: &str, hint: &str, location: Option<Location>) {
        let mut finding = Finding::new(rule, format!("{part} {says}")).detail("path", part.to_string()).hint(hint);
        finding.location = location;
        self.findings.push(finding);
    }

    fn inputs(&mut self, members: &Members) {
        for member in &members.declared {
            let annotations = &member.shape.annotations;
            if !annotations.deprecated && annotations.description.as_deref().is_none_or(|text| text.trim().is_empty()) {
                self.add(
                    &rules::DESCRIPTION_MISSING,
                    &member.name,
                    "has no description",
                    "add `Input(description=\"...\")`: the model's form shows it",
                );
            }
            self.default(member);
            self.choices(member);
            self.limits(&member.name, &member.shape);
        }
        self.names(members);
    }

    fn default(&mut self, member: &Member) {
        let Some(default) = member.shape.annotations.default.as_ref().filter(|default| !default.is_null()) else { return };
        if member.shape.is_secret() {
            // The value is not repeated: every report would show it.
            let hint = "make it `Optional[Secret] = Input(default=None)`, and replace the secret: it was published with the schema";
            return self.add(&rules::SECRET_WITH_DEFAULT, &member.name, "is a secret with a default", hint);
        }
        let mut reported: BTreeSet<&str> = BTreeSet::new();
        for problem in problems(default, &member.shape) {
            let rule = match problem.kind {
                ProblemKind::Range => &rules::DEFAULT_OUT_OF_RANGE,
                ProblemKind::Choice => &rules::DEFAULT_NOT_A_CHOICE,
                ProblemKind::Length | ProblemKind::Items => &rules::DEFAULT_LENGTH,
                ProblemKind::Pattern => &rules::DEFAULT_PATTERN,
                ProblemKind::Type | ProblemKind::Null | ProblemKind::Required | ProblemKind::Unknown => &rules::DEFAULT_TYPE,
                ProblemKind::Format => &rules::DEFAULT_NOT_A_URL,
            };
            if reported.insert(rule.code) {
                let says =
                    format!("has a default that does not fit: {}{} {}", show_name(&member.name), problem.path, problem.message);
                let limits = describe_limits(&member.shape).join(", ");
                let hint = if problem.kind == ProblemKind::Format {
                    "make it Optional with the default None, and choose the file in the method".to_owned()
                } else if limits.is_empty() {
                    "change the default or the annotation".to_owned()
                } else {
                    format!("change the default or the limits ({limits})")
                };
                self.add(rule, &member.name, &says, &hint);
            }
        }
    }

    fn choices(&mut self, member: &Member) {
        let Some(choices) = &member.shape.choices else { return };
        if kind_of_values(choices) == ShapeKind::Any && choices.len() > 1 {
            let says = format!("has choices of several types: {}", show_list(choices));
            self.add(&rules::CHOICES_MIXED, &member.name, &says, "write all choices as text, or all as numbers");
        }
        let mut seen = BTreeSet::new();
        if let Some(repeated) = choices.iter().find(|choice| !seen.insert(json::key(choice))) {
            let says = format!("lists the choice {} twice", show(repeated));
            self.add(&rules::CHOICES_REPEATED, &member.name, &says, "remove one of them");
        }
        if COMPONENTS.contains(&member.name.as_str()) {
            let says = "has choices and the name of a component of the document";
            self.add(&rules::NAME_TAKEN, &member.name, says, "rename the input: both would be written to the same place");
        }
    }

    fn limits(&mut self, name: &str, shape: &Shape) {
        if is_empty_range(&shape.limits) {
            let says = format!("has limits that no value fits: {}", describe_limits(shape).join(", "));
            self.add(&rules::RANGE_EMPTY, name, &says, "swap the two ends");
        }
        if let Some(Err(error)) = shape.limits.pattern.as_deref().map(compile_pattern) {
            let reason = error.to_string().lines().last().map(str::trim).unwrap_or_default().to_owned();
            let says = format!("has a pattern that only Python might understand: {}", show_name(&reason));
            self.add(
                &rules::PATTERN_INVALID,
                name,
                &says,
                "write it without look-around and back-references, or check the value inside the method",
            );
        }
        match &shape.kind {
            ShapeKind::Array(items) => self.limits(name, items),
            ShapeKind::Union(variants) => variants.iter().for_each(|variant| self.limits(name, variant)),
            _ => {}
        }
    }

    fn names(&mut self, members: &Members) {
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        for member in &members.declared {
            match seen.get(&member.name.to_lowercase()) {
                Some(other) => {
                    let says = format!("differs from input {} only in upper and lower case", show_name(other));
                    self.add(&rules::NAMES_COLLIDE, &member.name, &says, "rename one of them");
                }
                None => {
                    seen.insert(member.name.to_lowercase(), &member.name);
                }
            }
        }
    }

    fn output(&mut self, output: &Shape) {
        if output.annotations.title.as_deref().is_none_or(str::is_empty) {
            let location = self.source.output().cloned();
            let hint = "build the image with a released Cog, which writes a title";
            self.add_at(&rules::OUTPUT_UNTITLED, &SchemaPart::output(self.method), "has no title", hint, location);
        }
    }
}

fn is_empty_range(limits: &Limits) -> bool {
    let numbers = match (&limits.minimum, &limits.maximum) {
        (Some(low), Some(high)) => {
            let order = json::compare(&low.value, &high.value);
            order.is_gt() || (order.is_eq() && (low.exclusive || high.exclusive))
        }
        _ => false,
    };
    let crossed = |least: Option<u64>, most: Option<u64>| matches!((least, most), (Some(least), Some(most)) if least > most);
    numbers || crossed(limits.min_length, limits.max_length) || crossed(limits.min_items, limits.max_items)
}

#[cfg(test)]
mod tests;
