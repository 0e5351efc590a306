//! The rules of verification: SP601–SP610 concern the plan, before any prediction; SP611–SP619 the outputs; SP621–SP629 what outputs do not
//! show; SP630 and above test cases and the judge.

use cog_findings::{Rule, Severity};

pub const JUDGE_MISSING: Rule = Rule {
    code: "SP601",
    name: "judge-missing",
    severity: Severity::Error,
    summary: "A test case uses `match_prompt`, but no Claude API key is set.",
    why: "You: the case would be skipped, and a skipped check looks like a passed one.",
    example: "`match_prompt: a red car` without an Anthropic API key.",
};

pub(super) const CASE_INPUTS_REFUSED: Rule = Rule {
    code: "SP602",
    name: "case-inputs-refused",
    severity: Severity::Error,
    summary: "The inputs of a test case do not fit the schema.",
    why: "You: Replicate refuses them with status 422, after the build and the push.",
    example: "`inputs: {steps: 500}` where `steps` has a maximum of 50.",
};

pub(super) const QUERY_INVALID: Rule = Rule {
    code: "SP603",
    name: "query-invalid",
    severity: Severity::Error,
    summary: "A jq query does not compile.",
    why: "You: the case fails whatever the model returns.",
    example: "`jq_query: \".text ==\"`.",
};

pub(super) const URL_INVALID: Rule = Rule {
    code: "SP604",
    name: "url-invalid",
    severity: Severity::Error,
    summary: "`match_url` is not a valid URL.",
    why: "You: the case fails whatever the model returns.",
    example: "`match_url: cat.png`.",
};

pub(super) const FUZZ_INPUT_UNKNOWN: Rule = Rule {
    code: "SP605",
    name: "fuzz-input-unknown",
    severity: Severity::Warning,
    summary: "A fixed or disabled fuzz input is not an input of the model.",
    why: "You: the setting has no effect. A misspelled disabled input is sent anyway.",
    example: "`fuzz: {fixed_inputs: {sed: 1}}` where the input is called `seed`.",
};

pub(super) const FUZZ_INPUT_REFUSED: Rule = Rule {
    code: "SP606",
    name: "fuzz-input-refused",
    severity: Severity::Error,
    summary: "The value of a fixed fuzz input does not fit the schema.",
    why: "You: Replicate refuses every fuzz prediction with status 422.",
    example: "`fixed_inputs: {steps: many}` where `steps` is an integer.",
};

pub(super) const FUZZ_IMPOSSIBLE: Rule = Rule {
    code: "SP607",
    name: "fuzz-impossible",
    severity: Severity::Warning,
    summary: "No value can be generated for a required input, so no fuzz inputs are sent.",
    why: "You: less is tested than the configuration asks for. It is an error if there are no test cases either.",
    example: "A required file of weights that no test case and no `fuzz.files` gives, or a required input that is disabled.",
};

pub(super) const EXPECTATION_UNMEETABLE: Rule = Rule {
    code: "SP608",
    name: "expectation-unmeetable",
    severity: Severity::Warning,
    summary: "The model's output cannot be what a test case expects.",
    why: "You: the case will fail, unless the schema is wrong.",
    example: "`exact_string: hello` for a model that returns a list of files.",
};

pub(super) const NOT_TRAINABLE: Rule = Rule {
    code: "SP609",
    name: "not-trainable",
    severity: Severity::Error,
    summary: "The configuration has test trainings, but the model has no `train()`.",
    why: "You: Replicate refuses every training of such a version.",
    example: "A `train` section in the configuration without `train` in `cog.yaml`.",
};

pub(super) const FUZZ_EXHAUSTED: Rule = Rule {
    code: "SP610",
    name: "fuzz-exhausted",
    severity: Severity::Note,
    summary: "The model has fewer different inputs than fuzz inputs were asked for.",
    why: "Nobody: the same inputs again would cost money and show nothing.",
    example: "`iterations: 10` for a model whose only input is `true` or `false`, or whose inputs are all fixed.",
};

pub(super) const OUTPUT_OFF_SCHEMA: Rule = Rule {
    code: "SP611",
    name: "output-off-schema",
    severity: Severity::Warning,
    summary: "An output does not fit the schema.",
    why: "Everyone whose client relies on the schema.",
    example: "The schema promises a list of files, but the output is a string.",
};

pub(super) const OUTPUT_UNHEALTHY: Rule = Rule {
    code: "SP612",
    name: "output-unhealthy",
    severity: Severity::Warning,
    summary: "An output looks broken: empty, blank, silent, damaged, truncated, or a stack trace.",
    why: "Everyone: the prediction succeeded, but its output is useless.",
    example: "An image of a single color, after a safety filter or a failed decoder.",
};

pub(super) const COMPARISON_LOOSE: Rule = Rule {
    code: "SP613",
    name: "comparison-loose",
    severity: Severity::Note,
    summary: "The live version returns different outputs for the same inputs, so only their kind and size were compared.",
    why: "You: without Claude as a judge, a change in content goes unnoticed.",
    example: "An image model without a seed.",
};

pub(super) const CASE_FLAKY: Rule = Rule {
    code: "SP614",
    name: "case-flaky",
    severity: Severity::Warning,
    summary: "A case failed and passed when repeated.",
    why: "Some users, some of the time.",
    example: "A race in `predict()`, or a test that is too strict for a model with random outputs.",
};

pub(super) const GENERATED_INPUTS_REFUSED: Rule = Rule {
    code: "SP615",
    name: "generated-inputs-refused",
    severity: Severity::Warning,
    summary: "Replicate refused inputs that fit the schema.",
    why: "You: the case checked nothing, because the schema that safe-push read is not the one that Replicate enforces.",
    example: "The schema of the version differs from the inspected one.",
};

pub(super) const LIVE_FAILED: Rule = Rule {
    code: "SP616",
    name: "live-failed",
    severity: Severity::Warning,
    summary: "The live version returned no output to compare with.",
    why: "You: nothing is known about what changes for its users.",
    example: "The live version fails with these inputs, is disabled, or returns a file that cannot be downloaded.",
};

pub(super) const WARM_UP_FAILED: Rule = Rule {
    code: "SP617",
    name: "warm-up-failed",
    severity: Severity::Warning,
    summary: "The model boots, but fails with the smallest inputs that its schema allows.",
    why: "Perhaps users who send only the required inputs. Write a test case to be sure.",
    example: "A required string for which `predict()` expects a special format.",
};

pub(super) const VERSIONS_LEFT: Rule = Rule {
    code: "SP618",
    name: "versions-left",
    severity: Severity::Note,
    summary: "Test trainings left versions behind.",
    why: "Nobody: the versions belong to the training destination, which should be private. They stay until someone deletes them.",
    example: "Each training that succeeds creates a version of `train.destination`.",
};

pub(super) const FILES_NOT_COMPARED: Rule = Rule {
    code: "SP619",
    name: "files-not-compared",
    severity: Severity::Warning,
    summary: "Some files of an output were not compared, or only in part, because a limit of safe-push was reached.",
    why: "You: a change in these files goes unnoticed.",
    example: "A file that is larger than `max_output_mb`, an image that is too large to decode, or an output with more than 5,000 files.",
};

pub(super) const SLOWER: Rule = Rule {
    code: "SP621",
    name: "slower",
    severity: Severity::Warning,
    summary: "Predictions take longer than on the live version.",
    why: "Everyone who waits for a prediction, and everyone who pays for its run time.",
    example: "A model that loads its weights in `predict()` instead of `setup()`. Two batches of at least five paired inputs agree. \
              `regressions: {predict_time: 1.3}` in `.safe-push.yaml` makes it an error from 1.3 × on.",
};

pub(super) const BOOT_SLOWER: Rule = Rule {
    code: "SP622",
    name: "boot-slower",
    severity: Severity::Note,
    summary: "The first prediction waited longer for its start than on the live version.",
    why: "Users whose prediction boots an instance. It is one sample: queue, image pull and `setup()` together.",
    example: "Weights that are downloaded in `setup()`. `regressions: {boot: 1.5}` makes it an error from 1.5 × on.",
};

/// Reported by the pipeline, which knows the registry.
pub const IMAGE_LARGER: Rule = Rule {
    code: "SP623",
    name: "image-larger",
    severity: Severity::Warning,
    summary: "The image is larger than that of the live version.",
    why: "Users whose prediction boots an instance: every byte has to be pulled first.",
    example: "Caches that a build step leaves behind. A note from 5 % on, a warning from 25 % and 1 GB on. \
              `regressions: {image_size: 1.2}` makes it an error from 1.2 × on.",
};

pub(super) const DEARER: Rule = Rule {
    code: "SP624",
    name: "dearer",
    severity: Severity::Warning,
    summary: "A prediction costs more than on the live version.",
    why: "Everyone who pays for predictions.",
    example: "A model that moves from an L40S to an H100 without becoming faster. `regressions: {cost: 1.2}` makes it an error from 1.2 × \
              on.",
};

pub(super) const OUTPUT_LARGER: Rule = Rule {
    code: "SP625",
    name: "output-larger",
    severity: Severity::Note,
    summary: "The files of an output are larger than those of the live version.",
    why: "Users who download or store outputs.",
    example: "PNG instead of WebP.",
};

pub(super) const CASE_LEFT_OUT: Rule = Rule {
    code: "SP630",
    name: "case-left-out",
    severity: Severity::Note,
    summary: "A test case did not run, because its `skip` or `only_on` says so.",
    why: "You: what it checks is not checked.",
    example: "`skip: waiting for the new weights`.",
};

pub(super) const ERROR_CASE_MISSPELT: Rule = Rule {
    code: "SP631",
    name: "error-case-misspelled",
    severity: Severity::Warning,
    summary: "A test case with `error_contains` sends an input that the model does not have, and that is nearly the name of one.",
    why: "You: the case may pass because of the misspelled name instead of the error it is about.",
    example: "`inputs: {topp: 2}` with `error_contains: top` where the input is called `top_p`.",
};

/// Reported by the pipeline, which reads the files.
pub const CASE_FILE: Rule = Rule {
    code: "SP632",
    name: "case-file",
    severity: Severity::Error,
    summary: "A file that a test case names cannot be read, or is outside the repository.",
    why: "You: the case cannot run.",
    example: "`inputs: {image: \"@input/cat.png\"}` where the file is called `cats.png`.",
};

pub(super) const JUDGE_OUTDATED: Rule = Rule {
    code: "SP633",
    name: "judge-outdated",
    severity: Severity::Warning,
    summary: "`judge_model` names a model of Claude that is outdated.",
    why: "You: the API answers with an error once the model is retired.",
    example: "`judge_model: claude-3-5-sonnet-20241022`.",
};

pub(super) const JUDGE_SEES_NOTHING: Rule = Rule {
    code: "SP634",
    name: "judge-sees-nothing",
    severity: Severity::Warning,
    summary: "Claude cannot be shown the output that a test case wants judged.",
    why: "You: the case ends with an error after its prediction, because an answer about something unseen is worth nothing.",
    example: "`match_prompt: a video of a cat` on a machine without `ffmpeg`, or for a model that returns a GLB file.",
};

/// All rules of verification, by code.
pub const RULES: &[Rule] = &[
    JUDGE_MISSING,
    CASE_INPUTS_REFUSED,
    QUERY_INVALID,
    URL_INVALID,
    FUZZ_INPUT_UNKNOWN,
    FUZZ_INPUT_REFUSED,
    FUZZ_IMPOSSIBLE,
    EXPECTATION_UNMEETABLE,
    NOT_TRAINABLE,
    FUZZ_EXHAUSTED,
    OUTPUT_OFF_SCHEMA,
    OUTPUT_UNHEALTHY,
    COMPARISON_LOOSE,
    CASE_FLAKY,
    GENERATED_INPUTS_REFUSED,
    LIVE_FAILED,
    WARM_UP_FAILED,
    VERSIONS_LEFT,
    FILES_NOT_COMPARED,
    SLOWER,
    BOOT_SLOWER,
    IMAGE_LARGER,
    DEARER,
    OUTPUT_LARGER,
    CASE_LEFT_OUT,
    ERROR_CASE_MISSPELT,
    CASE_FILE,
    JUDGE_OUTDATED,
    JUDGE_SEES_NOTHING,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::RULES;

    #[test]
    fn codes_are_unique_sorted_and_within_range() {
        let codes: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
        let sorted: BTreeSet<&str> = codes.iter().copied().collect();
        assert_eq!(codes, sorted.into_iter().collect::<Vec<_>>());
        assert!(codes.iter().all(|code| (601..=699).contains(&code[2..].parse::<u32>().unwrap())));
        let names: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
        assert_eq!(names.len(), RULES.len());
    }

    #[test]
    fn every_rule_explains_itself() {
        for rule in RULES {
            for text in [rule.summary, rule.why] {
                assert!(text.ends_with('.') && text.len() > 15, "{}: {text}", rule.code);
            }
        }
    }
}
