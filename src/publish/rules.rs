//! Every code that this room's findings carry: SP701 to SP749.

use cog_findings::Rule;
use cog_findings::Severity::{Error, Note, Warning};

pub(crate) const TEST_MODEL_PUBLIC: Rule = Rule {
    code: "SP701",
    name: "test-model-public",
    severity: Warning,
    summary: "The test model is public.",
    why: "Everybody can see and run versions that nobody has tested yet. The API cannot change who sees a model.",
    example: "```yaml\ntest_model: acme/hotdog-test   # public; make it private in its settings on replicate.com\n```",
};

pub(crate) const LAYERS_DIFFER: Rule = Rule {
    code: "SP702",
    name: "layers-differ",
    severity: Error,
    summary: "The published version has other layers than the one that was tested.",
    why: "What was tested is not what ships. Both manifests are read back from the registry, so this is what users would run.",
    example: "A proxy that repacks layers stands between the Docker daemon and the registry.",
};

pub(crate) const DEPLOYMENT_HARDWARE: Rule = Rule {
    code: "SP703",
    name: "deployment-hardware",
    severity: Warning,
    summary: "The deployment runs on other hardware than the configuration names.",
    why: "An update keeps the settings of a deployment, so the configuration has no effect on it.",
    example: "```yaml\ndeployment:\n  name: hotdog\n  hardware: gpu-h100   # the deployment runs on gpu-l40s\n```",
};

pub(crate) const OFFICIAL_UNCONFIRMED: Rule = Rule {
    code: "SP704",
    name: "official-unconfirmed",
    severity: Note,
    summary: "The version of an official model was confirmed by the registry alone.",
    why: "Replicate does not show the versions of official models, so that the push became a version cannot be seen.",
    example: "`acme/hotdog` is an official model and got the second push.",
};

pub(crate) const DESTINATION_PUBLIC: Rule = Rule {
    code: "SP705",
    name: "destination-public",
    severity: Warning,
    summary: "The model that test trainings end in is public.",
    why: "Everybody can see and run what test trainings made. The API cannot change who sees a model.",
    example: "```yaml\ntrain:\n  destination: acme/hotdog-trained   # public; make it private in its settings on replicate.com\n```",
};

/// All rules of this room.
pub const RULES: &[Rule] = &[TEST_MODEL_PUBLIC, LAYERS_DIFFER, DEPLOYMENT_HARDWARE, OFFICIAL_UNCONFIRMED, DESTINATION_PUBLIC];
