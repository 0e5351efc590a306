//! Every code that this room's findings carry: SP751 to SP799.

use cog_findings::Rule;
use cog_findings::Severity::{Error, Warning};

pub(crate) const BUILD_FAILED: Rule = Rule {
    code: "SP751",
    name: "build-failed",
    severity: Error,
    summary: "A step of the image build failed.",
    why: "There is no image, so nothing was pushed and nothing was tested.",
    example: "```yaml\nbuild:\n  system_packages: [ffmpg]   # apt knows no such package\n```",
};

pub(crate) const SCHEMA_NOT_AS_INSPECTED: Rule = Rule {
    code: "SP752",
    name: "schema-not-as-inspected",
    severity: Error,
    summary: "The built image has another schema than the one that was inspected.",
    why: "Everything that was said about the schema before the build was said about something else.",
    example: "A build step changes `predict.py`.",
};

pub(crate) const IMAGE_SCHEMA_DIFFERS: Rule = Rule {
    code: "SP753",
    name: "image-schema-differs",
    severity: Warning,
    summary: "The image that was given has another schema than the project's source.",
    why: "The image was built from other source, or by another version of Cog. The image's own schema was checked and is what ships.",
    example: "```console\nsafe-push run --image hotdog:last-week\n```",
};

/// All rules of this room.
pub const RULES: &[Rule] = &[BUILD_FAILED, SCHEMA_NOT_AS_INSPECTED, IMAGE_SCHEMA_DIFFERS];
