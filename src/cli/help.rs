//! What help shows of each command: the options that it uses, examples, variables and exit codes. `-h` fits one screen.
//!
//! A command accepts the flags of all settings, as cog-safe-push does, so that one command line works for several commands. Help lists
//! those that have an effect.

use clap::{Command, CommandFactory};

use crate::cli::arguments::Arguments;
use crate::config::settings::{SETTINGS, Setting};

struct CommandHelp {
    /// The command, and its subcommand behind a space.
    name: &'static str,
    /// The groups of settings that it uses; flags of other groups follow a `+`, and flags that it does not use a `-`.
    settings: &'static [&'static str],
    /// Flags that `-h` shows; `--help` shows all.
    short: &'static [&'static str],
    examples: &'static [&'static str],
    variables: &'static [&'static str],
    exit_codes: &'static [&'static str],
}

const API_TOKEN: &str = "REPLICATE_API_TOKEN  https://replicate.com/account/api-tokens";
const CLI_TOKEN: &str = "COG_TOKEN            https://replicate.com/auth/token (a different token)";
const CLAUDE_KEY: &str = "ANTHROPIC_API_KEY    for match_prompt, and to judge outputs that vary";
const DOCKER: &str = "DOCKER_HOST          address of the Docker daemon";
const SETTING: &str = "SAFE_PUSH_NAME       any setting, as in SAFE_PUSH_PARALLEL=8";

const PASSED: &str = "0    passed";
const FAILED: &str = "1    the model failed a check";
const WRONG: &str = "2    the request or the configuration is wrong";
const SERVICE: &str = "3    a service failed: Replicate, Docker, GitHub or Claude";
const BILLING: &str = "4    the account has no credit";
const CANCELED: &str = "130  canceled";

const HELP: &[CommandHelp] = &[
    CommandHelp {
        name: "run",
        settings: &["Models", "Checks", "Build", "Predictions", "Fuzz", "Publishing", "Reports"],
        short: &["models", "test-model", "no-compare-outputs", "fuzz-iterations", "no-push", "report-dir"],
        examples: &[
            "safe-push run                     test and publish the configured model",
            "safe-push run --sandbox           the same on this machine, without an account",
            "safe-push run --no-push hotdog    test one of several models",
            "safe-push run 'flux-*'            run all models whose names fit",
            "safe-push acme/hotdog             run without a configuration",
        ],
        variables: &[API_TOKEN, CLI_TOKEN, CLAUDE_KEY, DOCKER, SETTING],
        exit_codes: &[PASSED, FAILED, WRONG, SERVICE, BILLING, CANCELED],
    },
    CommandHelp {
        name: "check",
        settings: &["Models", "Checks", "Reports", "+cog-version", "+dockerfile", "+no-cog-base-image", "+test-case", "+secret"],
        short: &["models", "config", "ignore-schema-compatibility", "no-lint", "report-dir"],
        examples: &[
            "safe-push check                   every configured model",
            "safe-push check hotdog            one of them",
            "safe-push check --against main    what would break callers of that revision, without network",
            "safe-push check --format github   annotations in a workflow",
        ],
        variables: &["REPLICATE_API_TOKEN  compares with the live version, if set", SETTING],
        exit_codes: &[PASSED, FAILED, WRONG, SERVICE],
    },
    CommandHelp {
        name: "build",
        settings: &["Models", "Checks", "Build", "Reports"],
        short: &["models", "config", "cog-version", "dockerfile", "secret", "no-cache"],
        examples: &["safe-push build                   the image stays in the daemon", "safe-push build hotdog --no-cache"],
        variables: &["REPLICATE_API_TOKEN  compares with the live version, if set", DOCKER, SETTING],
        exit_codes: &[PASSED, FAILED, WRONG, SERVICE, CANCELED],
    },
    CommandHelp {
        name: "verify",
        settings: &["Models", "Predictions", "Fuzz", "Reports", "-test-hardware", "-select-script", "-base"],
        short: &["config", "test-case", "no-compare-outputs", "parallel", "fuzz-iterations", "seed", "report-dir"],
        examples: &[
            "safe-push verify acme/hotdog-test         its newest version",
            "safe-push verify acme/hotdog:5c7d…        one version",
            "safe-push verify hotdog                   the test model of a configuration",
        ],
        variables: &[API_TOKEN, CLAUDE_KEY, SETTING],
        exit_codes: &[PASSED, FAILED, WRONG, SERVICE, BILLING, CANCELED],
    },
    CommandHelp {
        name: "rollback",
        settings: &[
            "Models",
            "Reports",
            "-models",
            "-select-script",
            "-base",
            "+test-case",
            "+predict-timeout",
            "+startup-timeout",
            "+seed",
            "+trigger-type",
            "+publish-branch",
            "+no-deployment-check",
            "+allow-public-test-model",
        ],
        short: &["config", "test-model", "report-dir"],
        examples: &[
            "safe-push rollback acme/hotdog                   to the version before the live one, tested again",
            "safe-push rollback acme/hotdog --to 5c7d… --now  to that version, without a test",
        ],
        variables: &[API_TOKEN, CLI_TOKEN, SETTING],
        exit_codes: &[PASSED, FAILED, WRONG, SERVICE, BILLING, CANCELED],
    },
    CommandHelp {
        name: "promote",
        // The build and the test cases have to be those of the record.
        settings: &[
            "Models",
            "Checks",
            "Build",
            "Predictions",
            "Fuzz",
            "Publishing",
            "Reports",
            "-models",
            "-base",
            "-no-push",
            "-promote",
        ],
        short: &["config", "ignore-schema-compatibility", "report-dir"],
        examples: &[
            "safe-push promote acme/hotdog-test:5c7d…                      what the run in this folder tested",
            "safe-push promote acme/hotdog-test:5c7d… --record run.json    what another run tested",
        ],
        variables: &[API_TOKEN, CLI_TOKEN, SETTING],
        exit_codes: &[PASSED, FAILED, WRONG, SERVICE, CANCELED],
    },
    CommandHelp {
        name: "image dockerfile",
        settings: &[
            "Models",
            "Build",
            "-test-model",
            "-test-hardware",
            "-base",
            "-cog-binary",
            "-image",
            "-no-cache",
            "-graft",
            "-graft-days",
            "-fast-push",
        ],
        short: &["models", "config", "cog-version", "no-cog-base-image"],
        examples: &[
            "safe-push image dockerfile                  of the model in this folder",
            "safe-push image dockerfile --explain        why it is built this way",
        ],
        variables: &[SETTING],
        exit_codes: &[PASSED, WRONG],
    },
    CommandHelp {
        name: "canary",
        settings: &[],
        short: &[],
        examples: &["safe-push canary --sandbox        needs Docker, and no account"],
        variables: &[API_TOKEN, CLI_TOKEN, DOCKER],
        exit_codes: &[PASSED, FAILED, WRONG, SERVICE, BILLING, CANCELED],
    },
    CommandHelp {
        name: "clean",
        settings: &[],
        short: &[],
        examples: &["safe-push clean --dry-run         what it would remove"],
        variables: &[DOCKER],
        exit_codes: &[PASSED, SERVICE],
    },
    CommandHelp {
        name: "select",
        settings: &["Models", "-test-model", "-test-hardware", "-config"],
        short: &["models", "config-dir", "base"],
        examples: &[
            "safe-push select --models changed         models whose files changed",
            "safe-push select --matrix                 a matrix for GitHub Actions",
        ],
        variables: &["GITHUB_TOKEN         asks GitHub for the changed files, in a workflow", SETTING],
        exit_codes: &[PASSED, WRONG],
    },
    CommandHelp {
        name: "schema",
        settings: &[],
        short: &[],
        examples: &[
            "safe-push schema show > schema.json       from the source, without a build",
            "safe-push schema diff acme/hotdog         what would break users of the live version",
            "safe-push schema diff v1.2 main           between two git revisions",
        ],
        variables: &["REPLICATE_API_TOKEN  for schemas of OWNER/NAME"],
        exit_codes: &[PASSED, "1    breaking changes, or errors", WRONG, SERVICE],
    },
    CommandHelp {
        name: "demo",
        settings: &[],
        short: &[],
        examples: &["safe-push demo                    needs Docker, and no account"],
        variables: &[DOCKER],
        exit_codes: &["0    the demo succeeded", SERVICE],
    },
    CommandHelp {
        name: "init",
        settings: &[],
        short: &[],
        examples: &[
            "safe-push init acme/hotdog                a configuration for the model in this folder",
            "safe-push init acme                       one for each folder with a cog.yaml",
            "safe-push init acme/hotdog --github       and a workflow",
        ],
        variables: &[],
        exit_codes: &[PASSED, WRONG],
    },
    CommandHelp {
        name: "compare",
        settings: &[],
        short: &[],
        examples: &["safe-push compare old.png new.png --threshold ssim=0.95 --out difference.png"],
        variables: &[],
        exit_codes: &["0    the same", "1    different", WRONG],
    },
    CommandHelp {
        name: "report",
        settings: &[],
        short: &[],
        examples: &[
            "safe-push report safe-push-report/run.json",
            "safe-push report */run.json --out all     one report of several runs",
            "safe-push report --open                   the page of the last run, in a browser",
        ],
        variables: &[],
        exit_codes: &[PASSED, WRONG],
    },
    CommandHelp {
        name: "rules",
        settings: &[],
        short: &[],
        examples: &["safe-push rules                   all of them", "safe-push rules SP101             one, with an example"],
        variables: &[],
        exit_codes: &[PASSED, WRONG],
    },
    CommandHelp {
        name: "doctor",
        settings: &["Models", "-test-model", "-test-hardware", "-base", "-select-script"],
        short: &["models", "config"],
        examples: &["safe-push doctor                  checks what a run needs, and says how to fix it"],
        variables: &[API_TOKEN, CLI_TOKEN, CLAUDE_KEY, DOCKER],
        exit_codes: &["0    nothing keeps a run from working", "2    something does"],
    },
    CommandHelp {
        name: "login",
        settings: &[],
        short: &[],
        examples: &["safe-push login                   where tokens come from, and whether yours are accepted"],
        variables: &[API_TOKEN, CLI_TOKEN, CLAUDE_KEY],
        exit_codes: &["0    every token that is set is accepted", "2    one is not"],
    },
    CommandHelp {
        name: "logs",
        settings: &[],
        short: &[],
        examples: &[
            "safe-push logs gm3qorzdhgbfurvjtvhg6dckhu",
            "safe-push logs https://replicate.com/p/gm3qorzdhgbfurvjtvhg6dckhu",
        ],
        variables: &[API_TOKEN],
        exit_codes: &[PASSED, WRONG, SERVICE],
    },
    CommandHelp {
        name: "completions",
        settings: &[],
        short: &[],
        examples: &[
            "safe-push completions bash > ~/.local/share/bash-completion/completions/safe-push",
            "safe-push completions zsh > \"${fpath[1]}/_safe-push\"",
            "safe-push completions fish > ~/.config/fish/completions/safe-push.fish",
        ],
        variables: &[],
        exit_codes: &[PASSED, WRONG],
    },
];

impl CommandHelp {
    fn uses(&self, setting: &Setting, flag: &str) -> bool {
        let says = |sign: char| self.settings.iter().any(|entry| entry.strip_prefix(sign) == Some(flag));
        says('+') || (self.settings.contains(&setting.heading) && !says('-'))
    }

    fn shape(&self, command: Command) -> Command {
        let takes_settings = !self.settings.is_empty();
        let flags = SETTINGS.iter().filter_map(|setting| Some((setting, setting.flag?))).filter(|_| takes_settings);
        let command = flags.fold(command, |command, (setting, flag)| {
            let (is_used, is_short) = (self.uses(setting, flag) && !setting.only_in_action, self.short.contains(&flag));
            command.mut_arg(setting.name, |argument| argument.hide(!is_used).hide_short_help(!is_short))
        });
        let examples = section("Examples", self.examples);
        let long = [examples.clone(), section("Environment", self.variables), section("Exit codes", self.exit_codes)];
        let long = long.into_iter().filter(|section| !section.is_empty()).collect::<Vec<_>>().join("\n\n");
        command.after_help(examples).after_long_help(long)
    }
}

fn section(title: &str, lines: &[&str]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let lines: String = lines.iter().map(|line| format!("\n  {line}")).collect();
    format!("{title}:{lines}")
}

/// The command line, as help shows it.
pub(super) fn command() -> Command {
    shaped(Arguments::command(), "")
}

/// A command and those beneath it. All of them, because clap moves each that changes to the end.
fn shaped(command: Command, path: &str) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|subcommand| subcommand.get_name().to_owned()).collect();
    let command = match HELP.iter().find(|help| help.name == path) {
        Some(help) => help.shape(command),
        None => command,
    };
    names.iter().fold(command, |command, name| {
        let path = format!("{path} {name}");
        command.mut_subcommand(name, |subcommand| shaped(subcommand, path.trim_start()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_names_flags_and_groups_that_exist() {
        let flags: Vec<&str> = SETTINGS.iter().filter_map(|setting| setting.flag).collect();
        let groups: Vec<&str> = SETTINGS.iter().map(|setting| setting.heading).collect();
        for help in HELP {
            for entry in help.settings {
                let is_known = match entry.strip_prefix(['+', '-']) {
                    Some(flag) => flags.contains(&flag),
                    None => groups.contains(entry),
                };
                assert!(is_known, "{}: {entry}", help.name);
            }
            for flag in help.short {
                let setting = SETTINGS.iter().find(|setting| setting.flag == Some(flag)).unwrap();
                assert!(help.uses(setting, flag), "{}: --{flag}", help.name);
            }
        }
    }

    #[test]
    fn no_command_that_takes_settings_lists_all_of_them() {
        fn check(command: &Command, path: &str) {
            let shown = command.get_arguments().filter(|argument| !argument.is_hide_short_help_set()).count();
            assert!(shown <= 25, "{path} shows {shown} arguments");
            for subcommand in command.get_subcommands() {
                check(subcommand, &format!("{path} {}", subcommand.get_name()));
            }
        }
        check(&command(), "safe-push");
    }

    #[test]
    fn short_help_fits_one_screen_and_every_line() {
        for help in HELP {
            let mut root = command();
            root.build();
            let command = help.name.split(' ').fold(&mut root, |command, name| command.find_subcommand_mut(name).unwrap());
            let text = command.render_help().to_string();
            assert!(text.lines().count() <= 45, "{}: {} lines\n{text}", help.name, text.lines().count());
        }
    }
}
