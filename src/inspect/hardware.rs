//! Checks hardware names before anything is created on them.

use cog_findings::text::nearest;
use cog_findings::{Finding, Location};

use crate::clients::replicate::Hardware;
use crate::domain::plan::ModelPlan;
use crate::inspect::rules;

/// Findings about hardware in the plan that the account does not have.
pub(super) fn check(plan: &ModelPlan, known: &[Hardware]) -> Vec<Finding> {
    let places = &plan.inspect.hardware_places;
    let named = [
        ("test_hardware", plan.test_hardware.as_deref(), &places.test),
        ("train.destination_hardware", plan.train.as_ref().map(|train| train.destination_hardware.as_str()), &places.destination),
        ("deployment.hardware", plan.deployment.as_ref().map(|deployment| deployment.hardware.as_str()), &places.deployment),
    ];
    let unknown = named.into_iter().filter_map(|(key, name, place)| Some((key, name?, place)));
    unknown
        .filter(|(_, name, _)| !known.iter().any(|hardware| hardware.sku == *name))
        .map(|(key, name, place)| {
            let names = || known.iter().map(|hardware| hardware.sku.as_str());
            let hint = match nearest(name, names()) {
                Some(near) => format!("did you mean '{near}'?"),
                None => format!("the account has {}", names().collect::<Vec<_>>().join(", ")),
            };
            let finding =
                Finding::new(&rules::UNKNOWN_HARDWARE, format!("{key} '{name}' is not available to this account")).hint(hint);
            match (place, &plan.config_file) {
                (Some(place), _) => finding.at(place.clone()),
                (None, Some(file)) => finding.at(Location::file(file.as_str())),
                (None, None) => finding,
            }
        })
        .collect()
}
