//! What bothers users of a version, looked at alone.
//!
//! A missing description is an error, as it is for the peer, and like there not for inputs marked as deprecated. The rest are
//! warnings. What could not be read of the document is reported here too.

use std::collections::{BTreeMap, BTreeSet};

use cog_findings::{Finding, Location, Rule, SourceMap};
use serde_json::Value;

use super::describe::describe_limits;
use super::json::{self, show, show_list, show_name};
use super::read::{kind_of_values, read};
use super::rules;
use super::shape::{Kind, Limits, Member, Members, Method, Shape};
use super::validate::{ProblemKind, compile_pattern, problems};

/// Components that Cog itself adds to a document: `docs/reference/cog.md#shape-of-the-document`.
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

/// Everything worth remarking on in `document`. `places` are those of the predictor, `train_places` those of the trainer.
pub fn lint(document: &Value, places: &SourceMap, train_places: &SourceMap) -> Vec<Finding> {
    let schemas = read(document);
    let mut findings = schemas.problems.clone();
    for (method, places) in [(Method::Predict, places), (Method::Train, train_places)] {
        let mut linter = Linter { method, places, findings: &mut findings };
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
    places: &'a SourceMap,
    findings: &'a mut Vec<Finding>,
}

impl Linter<'_> {
    fn add(&mut self, rule: &Rule, name: &str, says: &str, hint: &str) {
        let subject = format!("{} {}", self.method.input_word(), show_name(name));
        self.add_at(rule, &subject, says, hint, self.places.input(name).cloned());
    }

    fn add_at(&mut self, rule: &Rule, subject: &str, says: &str, hint: &str, location: Option<Location>) {
        let mut finding = Finding::new(rule, format!("{subject} {says}")).detail("path", subject).hint(hint);
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
                    "add `Input(description=\"...\")`: it is what people read in the model's form",
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
            // The value is not repeated: it would travel into every report.
            let hint = "make it `Optional[Secret] = Input(default=None)`, and change the secret: it was published with the schema";
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
                // A default file may be a path within the image.
                ProblemKind::Format => continue,
            };
            if reported.insert(rule.code) {
                let says =
                    format!("has a default that does not fit: {}{} {}", show_name(&member.name), problem.path, problem.message);
                let limits = describe_limits(&member.shape).join(", ");
                let hint = if limits.is_empty() {
                    "change the default or the annotation".to_owned()
                } else {
                    format!("change the default or what is allowed ({limits})")
                };
                self.add(rule, &member.name, &says, &hint);
            }
        }
    }

    fn choices(&mut self, member: &Member) {
        let Some(choices) = &member.shape.choices else { return };
        if kind_of_values(choices) == Kind::Any && choices.len() > 1 {
            let says = format!("has choices of several types: {}", show_list(choices));
            self.add(&rules::CHOICES_MIXED, &member.name, &says, "write all choices as text, or all as numbers");
        }
        let mut seen = BTreeSet::new();
        if let Some(repeated) = choices.iter().find(|choice| !seen.insert(json::key(choice))) {
            let says = format!("lists the choice {} twice", show(repeated));
            self.add(&rules::CHOICES_REPEATED, &member.name, &says, "remove one of them");
        }
        if COMPONENTS.contains(&member.name.as_str()) {
            let says = "has choices and is named like a component of the document";
            self.add(&rules::NAME_TAKEN, &member.name, says, "rename the input: both would be written to the same place");
        }
    }

    fn limits(&mut self, name: &str, shape: &Shape) {
        if is_empty_range(&shape.limits) {
            let says = format!("has limits that nothing fits: {}", describe_limits(shape).join(", "));
            self.add(&rules::RANGE_EMPTY, name, &says, "swap the two ends");
        }
        if let Some(Err(error)) = shape.limits.pattern.as_deref().map(compile_pattern) {
            let reason = error.to_string().lines().last().map(str::trim).unwrap_or_default().to_owned();
            let says = format!("has a pattern that only Python could understand: {}", show_name(&reason));
            self.add(
                &rules::PATTERN_INVALID,
                name,
                &says,
                "write it without look-around and back-references, or check inside the method",
            );
        }
        match &shape.kind {
            Kind::Array(items) => self.limits(name, items),
            Kind::Union(variants) => variants.iter().for_each(|variant| self.limits(name, variant)),
            _ => {}
        }
    }

    fn names(&mut self, members: &Members) {
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        for member in &members.declared {
            match seen.get(&member.name.to_lowercase()) {
                Some(other) => {
                    let says = format!("differs from input {} in nothing but capitals", show_name(other));
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
            let location = self.places.output().cloned();
            let hint = "build the image with a released Cog, which writes one";
            self.add_at(&rules::OUTPUT_UNTITLED, self.method.output_word(), "has no title", hint, location);
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
