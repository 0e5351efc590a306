//! Checks hardware names before anything is created on them.

use cog_findings::text::nearest;
use cog_findings::{Finding, Location, Severity};

use crate::clients::replicate::Hardware;
use crate::domain::plan::ModelPlan;
use crate::inspect::rules;

/// Names of hardware on Replicate: `docs/reference/replicate-api.md#hardware`. Accounts may have more.
const USUAL: [&str; 12] = [
    "cpu",
    "cpu-small",
    "gpu-t4",
    "gpu-l40s",
    "gpu-l40s-2x",
    "gpu-l40s-4x",
    "gpu-a100-large",
    "gpu-a100-large-2x",
    "gpu-a100-large-4x",
    "gpu-a100-large-8x",
    "gpu-h100",
    "gpu-h100-2x",
];

/// Shorter names resemble too many others.
const LEAST_BYTES: usize = 6;

/// Findings about hardware in the plan whose name is almost that of hardware on Replicate. The hardware of the account is not known here.
pub(super) fn check_spelling(plan: &ModelPlan) -> Vec<Finding> {
    // Another number may be newer hardware.
    let letters = |name: &str| name.chars().filter(|character| !character.is_ascii_digit()).collect::<String>();
    let unusual = named(plan).into_iter().filter(|(_, name, _)| !USUAL.iter().any(|usual| letters(usual) == letters(name)));
    unusual
        .filter_map(|(key, name, place)| {
            let near = nearest(name, USUAL).filter(|_| name.len() >= LEAST_BYTES)?;
            let finding = Finding::new(&rules::UNKNOWN_HARDWARE, format!("{key} '{name}' is not hardware that safe-push knows"))
                .with_severity(Severity::Warning)
                .hint(format!("did you mean '{near}'? With REPLICATE_API_TOKEN set, the hardware of the account is compared"));
            Some(located(finding, place, plan))
        })
        .collect()
}

/// The hardware in a plan, with its key and its place.
pub(super) fn named(plan: &ModelPlan) -> Vec<(&'static str, &str, Option<&Location>)> {
    let places = &plan.inspect.hardware_places;
    let named = [
        ("test_hardware", plan.test_hardware.as_deref(), &places.test),
        ("train.destination_hardware", plan.train.as_ref().map(|train| train.destination_hardware.as_str()), &places.destination),
        ("deployment.hardware", plan.deployment.as_ref().map(|deployment| deployment.hardware.as_str()), &places.deployment),
    ];
    named.into_iter().filter_map(|(key, name, place)| Some((key, name?, place.as_ref()))).collect()
}

pub(super) fn located(finding: Finding, place: Option<&Location>, plan: &ModelPlan) -> Finding {
    match (place, &plan.config_file) {
        (Some(place), _) => finding.at(place.clone()),
        (None, Some(file)) => finding.at(Location::file(file.as_str())),
        (None, None) => finding,
    }
}

/// Findings about hardware in the plan that the account does not have.
pub(super) fn check(plan: &ModelPlan, known: &[Hardware]) -> Vec<Finding> {
    named(plan)
        .into_iter()
        .filter(|(_, name, _)| !known.iter().any(|hardware| hardware.sku == *name))
        .map(|(key, name, place)| {
            let names = || known.iter().map(|hardware| hardware.sku.as_str());
            let hint = match nearest(name, names()) {
                Some(near) => format!("did you mean '{near}'?"),
                None => format!("the account has {}", names().collect::<Vec<_>>().join(", ")),
            };
            let finding =
                Finding::new(&rules::UNKNOWN_HARDWARE, format!("{key} '{name}' is not available to this account")).hint(hint);
            located(finding, place, plan)
        })
        .collect()
}
