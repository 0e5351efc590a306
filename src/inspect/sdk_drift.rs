//! Finds a new version on another Cog SDK than the live one. Schemas are compared elsewhere: this is about what they do not show.

use cog_findings::Finding;
use cog_source::project::Project;
use cog_source::sdk::{Release, SchemaSource, SdkVersion};

use super::{LiveVersion, rules};
use crate::domain::plan::BuildPlan;

/// What callers notice of the server that comes with SDKs from 0.17 on: `docs/reference/cog.md#fastapi-and-coglet`.
const SERVER_CHANGES: [(&str, &str); 4] = [
    ("numbers as text", "\"2\" for a number is rejected; it was converted before"),
    ("null", "null for an optional input is rejected; callers have to leave the input out"),
    ("errors", "messages of failed predictions begin with \"Prediction failed:\", and their logs have no traceback"),
    ("exits", "sys.exit() in a prediction fails that prediction; it stopped the server before"),
];

/// What callers notice of schemas that are read from the source: `docs/reference/cog.md#old-and-new-schemas`.
const SCHEMA_CHANGES: [(&str, &str); 2] = [
    ("default=None", "an input with that default and a type without None is required; it was optional before"),
    ("output models", "their fields lose their defaults in the schema"),
];

/// The finding about another SDK than the live version's, if both are known.
pub(super) fn check(project: &Project, build: &BuildPlan, live: &LiveVersion) -> Option<Finding> {
    // An image or a Dockerfile brings an SDK of its own, and that of a pre-release is unknown until pip has chosen it.
    if build.image.is_some() || build.dockerfile.is_some() || project.sdk == SdkVersion::Prerelease {
        return None;
    }
    let (before, after) = (Release::parse(live.cog_version.as_deref()?)?, project.sdk.named());
    if before == after {
        return None;
    }
    let finding = Finding::new(
        &rules::SDK_DRIFT,
        format!(
            "the live version was built with Cog {before}, and this one gets the Cog SDK {after}: {}",
            project.sdk_decision.because
        ),
    );
    let finding = changes(&before, &after).into_iter().fold(finding, |finding, (label, value)| finding.detail(label, value));
    let pin = format!("set `sdk_version: \"{before}\"` under `build` in cog.yaml to keep the live version's SDK");
    let finding = finding.hint(pin);
    Some(match &project.config.build.sdk_version {
        Some(written) => finding.at(written.location.clone()),
        None => finding,
    })
}

/// What changes for callers between two releases, newer or older.
fn changes(before: &Release, after: &Release) -> Vec<(&'static str, String)> {
    let (before, after) = (SdkVersion::Exact(before.clone()), SdkVersion::Exact(after.clone()));
    let is_static = |sdk: &SdkVersion| sdk.schema_source() == SchemaSource::Source;
    let mut changes: Vec<(&str, String)> = Vec::new();
    for (is_crossed, is_forward, of_it) in [
        (before.is_legacy() != after.is_legacy(), before.is_legacy(), &SERVER_CHANGES[..]),
        (is_static(&before) != is_static(&after), is_static(&after), &SCHEMA_CHANGES[..]),
    ] {
        if is_crossed {
            let phrased = |text: &str| if is_forward { text.to_owned() } else { format!("no longer: {text}") };
            changes.extend(of_it.iter().map(|(label, text)| (*label, phrased(text))));
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(before: &str, after: &str) -> Vec<&'static str> {
        let release = |text: &str| Release::parse(text).unwrap();
        changes(&release(before), &release(after)).into_iter().map(|(label, _)| label).collect()
    }

    #[test]
    fn what_changes_for_callers_depends_on_what_lies_between() {
        assert_eq!(labels("0.16.12", "0.23.1").len(), SERVER_CHANGES.len() + SCHEMA_CHANGES.len());
        assert_eq!(labels("0.17.2", "0.19.0"), ["default=None", "output models"]);
        assert_eq!(labels("0.18.0", "0.17.0"), Vec::<&str>::new());
        assert_eq!(labels("0.22.0", "0.23.1"), Vec::<&str>::new());
        let back = changes(&Release::parse("0.22.0").unwrap(), &Release::parse("0.16.12").unwrap());
        assert!(back.iter().all(|(_, text)| text.starts_with("no longer: ")), "{back:?}");
    }
}
