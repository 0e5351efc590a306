//! The rules of this room: SP581 to SP599.

use cog_findings::Rule;
use cog_findings::Severity::{Error, Note, Warning};

pub(crate) const CONTEXT_LARGE: Rule = Rule {
    code: "SP581",
    name: "build-context-large",
    severity: Note,
    summary: "More than 1 GB of the project is sent to the builder.",
    why: "All of it is copied into the image, pushed twice, and pulled by every instance that boots. Often a dataset or an old checkpoint is left beside the model.",
    example: "```text\n# .dockerignore\ndata/\n*.ckpt\n```",
};

pub(crate) const SECRET_FILE: Rule = Rule {
    code: "SP582",
    name: "secret-file-in-context",
    severity: Warning,
    summary: "A file that usually holds secrets goes in the image.",
    why: "Anyone who can run the model can read its files. Pass secrets to build steps with `--secret`, and to predictors as an input of type Secret.",
    example: "```text\n# .dockerignore\n.env\n*.pem\n```",
};

pub(crate) const TOKEN_IN_FILE: Rule = Rule {
    code: "SP583",
    name: "token-in-context",
    severity: Warning,
    summary: "A file that goes in the image holds one of the tokens of this run.",
    why: "Anyone who can run the model can read its files, and with them the token.",
    example: "A script with `REPLICATE_API_TOKEN=r8_…` in it. Remove it and create a new token: the old one is in the Git history too.",
};

pub(crate) const SECRET_IN_OFFICIAL: Rule = Rule {
    code: "SP584",
    name: "secret-in-official-model",
    severity: Error,
    summary: "A secret of this run is in the files, the image or the image history of an official model.",
    why: "Anyone can run an official model. Every file sent to the builder and every layer of the image is searched for tokens, build secrets and test keys: in plain text and encoded, as in Base64, hex, URLs, JSON or UTF-16, in names and extended attributes, and in packed files. `docs/security-proof.md` lists every form.",
    example: "A key that `script/write-api-key` wrote for the tests, and that `script/delete-api-key` left in one of its files.",
};

pub(crate) const SECRET_NOT_PROVABLE: Rule = Rule {
    code: "SP585",
    name: "secret-not-provable",
    severity: Error,
    summary: "A secret of an official model is too short or too common to prove that it is absent.",
    why: "A value of a few letters is in every image by chance. A search for it proves nothing, and skipping it would leave a gap that the report does not show.",
    example: "`docker_secrets: [\"id=mode,env=MODE\"]` with `MODE=production`. Pass what is not a secret in another way.",
};

pub(crate) const SECRET_SEARCH_INCOMPLETE: Rule = Rule {
    code: "SP586",
    name: "secret-search-incomplete",
    severity: Note,
    summary: "Some packed files of an official model were searched for secrets only as they are.",
    why: "Formats without a decoder here, damaged archives, and archives that unpack to gigabytes are not unpacked. A secret inside would not be found.",
    example: "A checkpoint packed with Zstandard.",
};

pub(crate) const SECRET_NOT_HIDDEN: Rule = Rule {
    code: "SP587",
    name: "build-secret-not-hidden",
    severity: Warning,
    summary: "A build secret is too short or too common to be hidden in logs and reports.",
    why: "Hiding a value of a few letters would mangle every text that contains them by chance, so it is shown where a build step prints it.",
    example: "`docker_secrets: [\"id=mode,env=MODE\"]` with `MODE=production`. Pass what is not a secret in another way.",
};

pub(crate) const LINK_OUTSIDE: Rule = Rule {
    code: "SP588",
    name: "link-outside-context",
    severity: Warning,
    summary: "A link of the project leads to something that is not part of the image.",
    why: "The link is copied as it is. In the image it leads nowhere, so the model does not find its file.",
    example: "```text\nweights.bin -> /data/weights.bin\n```",
};

pub(crate) const VIRTUAL_ENVIRONMENT: Rule = Rule {
    code: "SP589",
    name: "virtual-environment-in-context",
    severity: Warning,
    summary: "A virtual environment goes in the image.",
    why: "It is often larger than the model, and was made for another machine. The image has its own packages.",
    example: "```text\n# .dockerignore\nvenv/\n```",
};

pub(crate) const CONTEXT_UNUSABLE: Rule = Rule {
    code: "SP590",
    name: "build-context-unusable",
    severity: Error,
    summary: "The project's files cannot be sent to the builder.",
    why: "Every build would stop before its first step.",
    example: "```text\n.dockerignore -> /etc/shared.dockerignore   # a link out of the project\n```",
};

pub(crate) const SPECIAL_FILE: Rule = Rule {
    code: "SP591",
    name: "special-file-in-context",
    severity: Error,
    summary: "The project has a socket, a named pipe or a device that `.dockerignore` does not name.",
    why: "An image cannot have it, so the model would not find it. Usually a program that is still running left it in the folder.",
    example: "```text\n# .dockerignore\n*.sock\n```",
};

/// All rules of the room, by code.
pub const RULES: &[Rule] = &[
    CONTEXT_LARGE,
    SECRET_FILE,
    TOKEN_IN_FILE,
    SECRET_IN_OFFICIAL,
    SECRET_NOT_PROVABLE,
    SECRET_SEARCH_INCOMPLETE,
    SECRET_NOT_HIDDEN,
    LINK_OUTSIDE,
    VIRTUAL_ENVIRONMENT,
    CONTEXT_UNUSABLE,
    SPECIAL_FILE,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_ascend_within_the_rooms_range() {
        assert!(RULES.is_sorted_by(|a, b| a.code < b.code));
        assert!(RULES.iter().all(|rule| ("SP581".."SP600").contains(&rule.code)));
    }
}
