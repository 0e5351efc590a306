//! The rules of this room: SP751 to SP799.

use cog_findings::Rule;
use cog_findings::Severity::{Error, Note, Warning};

pub(crate) const BUILD_FAILED: Rule = Rule {
    code: "SP751",
    name: "build-failed",
    severity: Error,
    summary: "A step of the image build failed.",
    why: "There is no image, so nothing was pushed and nothing was tested.",
    example: "```yaml\nbuild:\n  system_packages: [ffmpg]   # no such package in apt\n```",
};

pub(crate) const SCHEMA_NOT_AS_INSPECTED: Rule = Rule {
    code: "SP752",
    name: "schema-not-as-inspected",
    severity: Error,
    summary: "The schema of the built image differs from the one that was inspected.",
    why: "Everything reported about the schema before the build was about a different schema.",
    example: "A build step changes `predict.py`.",
};

pub(crate) const IMAGE_SCHEMA_DIFFERS: Rule = Rule {
    code: "SP753",
    name: "image-schema-differs",
    severity: Warning,
    summary: "The schema of the given image differs from that of the project's source.",
    why: "The image was built from different source, or with another version of Cog. The image's own schema was checked and is what ships.",
    example: "```console\nsafe-push run --image hotdog:last-week\n```",
};

pub(crate) const NOT_PROMOTED: Rule = Rule {
    code: "SP754",
    name: "not-promoted",
    severity: Note,
    summary: "The version that the pull request tested is not the one that is published.",
    why: "Something that its verdict depended on has changed, or nothing proves that it was tested. So everything is done again.",
    example: "Another pull request was merged and published after this one was tested.",
};

pub(crate) const DEPLOYMENT_FAILED: Rule = Rule {
    code: "SP755",
    name: "deployment-failed",
    severity: Error,
    summary: "A test case failed through the deployment after it got the new version.",
    why: "Callers of the deployment. The previous release is restored if there is one. The model itself has the new version.",
    example: "The deployment's hardware has less memory than that of the test model. `--no-deployment-check` leaves the test out.",
};

/// All rules of this room.
pub const RULES: &[Rule] = &[BUILD_FAILED, SCHEMA_NOT_AS_INSPECTED, IMAGE_SCHEMA_DIFFERS, NOT_PROMOTED, DEPLOYMENT_FAILED];
