//! The models that configurations name, compared before anything is done with one of them.
//!
//! Within a configuration they are all different. Across the configurations of a repository, nothing untested gets to where another
//! configuration publishes. Names are compared without regard to case, as Replicate compares them.

use cog_findings::{Finding, Location};

use crate::config::model_file::ModelFile;
use crate::config::rules;
use crate::domain::identity::ModelRef;
use crate::domain::model_role::ModelRole;

/// Where a name comes from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum NameOrigin {
    File(Location),
    /// A flag, a variable or an input.
    Outside(String),
    /// Derived from another name.
    Derived,
}

/// A model that a configuration names.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NamedModel {
    pub(super) role: ModelRole,
    pub(super) model: ModelRef,
    pub(super) origin: NameOrigin,
}

impl NamedModel {
    fn place(&self) -> Option<&Location> {
        match &self.origin {
            NameOrigin::File(place) => Some(place),
            NameOrigin::Outside(_) | NameOrigin::Derived => None,
        }
    }
}

/// The models of one configuration.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ModelRoles {
    /// The configuration's name.
    pub(super) name: String,
    pub(super) models: Vec<NamedModel>,
}

impl ModelRoles {
    /// The models that a file names by itself.
    pub(super) fn of_file(name: &str, config: &ModelFile) -> Self {
        let Some(live) = &config.model else { return Self { name: name.to_owned(), models: Vec::new() } };
        let test = config.test_model.clone().unwrap_or_else(|| live.with_suffix("-test"));
        Self::new(name, config, (live.clone(), None), (test, None))
    }

    /// What a file says, with the live and the test model as other layers set them. A source is a flag, a variable or an input.
    pub(super) fn new(
        name: &str,
        config: &ModelFile,
        (live, live_source): (ModelRef, Option<String>),
        (test, test_source): (ModelRef, Option<String>),
    ) -> Self {
        let origin = |role: ModelRole, source: Option<String>| match source {
            Some(source) => NameOrigin::Outside(source),
            None => config.places.get(role.key()).map_or(NameOrigin::Derived, |place| NameOrigin::File(place.clone())),
        };
        let named =
            |role: ModelRole, model: ModelRef, source: Option<String>| NamedModel { role, model, origin: origin(role, source) };
        let destination = config.train.as_ref().map(|train| train.destination_of(&test));
        let mut models = vec![named(ModelRole::Live, live, live_source)];
        models.extend(config.official_model.clone().map(|model| named(ModelRole::Official, model, None)));
        models.push(named(ModelRole::Test, test, test_source));
        models.extend(destination.map(|model| named(ModelRole::Destination, model, None)));
        Self { name: name.to_owned(), models }
    }

    /// Models that have two roles in this configuration.
    pub(super) fn twice(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (index, first) in self.models.iter().enumerate() {
            for second in self.models.iter().skip(index + 1).filter(|second| second.model.is_same(&first.model)) {
                let message = format!("{} is both the {} and the {}", shown(first, second), first.role, second.role);
                findings.push(finding(message, first, second));
            }
        }
        findings
    }

    /// Models that have a role here that does not go with their role in another configuration.
    fn twice_with(&self, other: &Self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for one in &self.models {
            for two in other.models.iter().filter(|two| two.model.is_same(&one.model) && !two.role.goes_with(one.role)) {
                let ((first, of_first), (second, of_second)) = match one.role < two.role {
                    true => ((one, self), (two, other)),
                    false => ((two, other), (one, self)),
                };
                let message = format!(
                    "{} is the {} of '{}' and the {} of '{}'",
                    shown(first, second),
                    second.role,
                    of_second.name,
                    first.role,
                    of_first.name
                );
                findings.push(finding(message, first, second));
            }
        }
        findings
    }
}

/// Mistakes in the models of the chosen configurations, among themselves and beside the repository's others.
pub(super) fn across(chosen: &[ModelRoles], others: &[ModelRoles]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, one) in chosen.iter().enumerate() {
        for other in chosen.iter().skip(index + 1).chain(others) {
            findings.extend(one.twice_with(other));
        }
    }
    findings
}

/// The name of both, as each is written.
fn shown(first: &NamedModel, second: &NamedModel) -> String {
    if first.model == second.model {
        return second.model.to_string();
    }
    format!("{} ({})", second.model, first.model)
}

/// A finding on the line of the name that has to change: the second one's, unless it is made of another name or not in a file.
fn finding(message: String, first: &NamedModel, second: &NamedModel) -> Finding {
    let mut finding = Finding::new(&rules::SAME_MODEL, message);
    finding.location = second.place().or_else(|| first.place()).cloned();
    for named in [first, second] {
        if let NameOrigin::Outside(source) = &named.origin {
            finding = finding.detail("set by", source.clone());
        }
    }
    finding.hint(format!("name another model as {}", second.role.key()))
}
