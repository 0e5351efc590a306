//! The rules of this room: SP701 to SP749.

use cog_findings::Rule;
use cog_findings::Severity::{Error, Note, Warning};

pub(crate) const TEST_MODEL_PUBLIC: Rule = Rule {
    code: "SP701",
    name: "test-model-public",
    severity: Warning,
    summary: "The test model is public.",
    why: "Anyone can see and run versions that are not tested yet, so a public test model is refused before the build. With \
          `--allow-public-test-model` it is used, and this is a warning. The API cannot change a model's visibility.",
    example: "```yaml\ntest_model: acme/hotdog-test   # public; make it private in its settings on replicate.com\n```",
};

pub(crate) const LAYERS_DIFFER: Rule = Rule {
    code: "SP702",
    name: "layers-differ",
    severity: Error,
    summary: "The layers of the published version differ from those that were tested.",
    why: "What was tested is not what ships. Both manifests are read back from the registry, so this is what users would run.",
    example: "A proxy between the Docker daemon and the registry repacks layers.",
};

pub(crate) const DEPLOYMENT_HARDWARE: Rule = Rule {
    code: "SP703",
    name: "deployment-hardware",
    severity: Warning,
    summary: "The deployment runs on hardware other than the configured one.",
    why: "An update keeps the settings of a deployment, so the configuration has no effect on it.",
    example: "```yaml\ndeployment:\n  name: hotdog\n  hardware: gpu-h100   # the deployment runs on gpu-l40s\n```",
};

pub(crate) const OFFICIAL_UNCONFIRMED: Rule = Rule {
    code: "SP704",
    name: "official-unconfirmed",
    severity: Note,
    summary: "The version of an official model was confirmed by the registry alone.",
    why: "Replicate does not show the versions of official models, so nothing else can confirm that the push became a version.",
    example: "`acme/hotdog` is an official model and got the second push.",
};

pub(crate) const DESTINATION_PUBLIC: Rule = Rule {
    code: "SP705",
    name: "destination-public",
    severity: Warning,
    summary: "The destination of test trainings is public.",
    why: "Anyone can see and run what test trainings produce. The API cannot change a model's visibility.",
    example: "```yaml\ntrain:\n  destination: acme/hotdog-trained   # public; make it private in its settings on replicate.com\n```",
};

pub(crate) const LIVE_MOVED: Rule = Rule {
    code: "SP706",
    name: "live-moved",
    severity: Error,
    summary: "Somebody else published or deployed a version during the run.",
    why: "Schemas and outputs were compared with the version before, so what is replaced was compared with nothing. The schemas are compared \
          again. If outputs were compared, the run stops; with `--allow-moved-live` it goes on and this is a warning.",
    example: "Two branches are merged within minutes, and the workflow of the second one ends first.",
};

pub(crate) const LIVE_OVERTAKEN: Rule = Rule {
    code: "SP707",
    name: "live-overtaken",
    severity: Warning,
    summary: "Another version was published right after this one.",
    why: "Users get the other version. This one is in the list of versions.",
    example: "Two workflows publish one model at the same time.",
};

pub(crate) const LATEST_NOT_MOVED: Rule = Rule {
    code: "SP708",
    name: "latest-not-moved",
    severity: Warning,
    summary: "The tag `latest` does not lead to the new version.",
    why: "`docker pull` without a tag gets an older version. The new version itself is there, under its id.",
    example: "The registry rejected the manifest under `latest` after it took the push.",
};

/// All rules of this room.
pub const RULES: &[Rule] = &[
    TEST_MODEL_PUBLIC,
    LAYERS_DIFFER,
    DEPLOYMENT_HARDWARE,
    OFFICIAL_UNCONFIRMED,
    DESTINATION_PUBLIC,
    LIVE_MOVED,
    LIVE_OVERTAKEN,
    LATEST_NOT_MOVED,
];
