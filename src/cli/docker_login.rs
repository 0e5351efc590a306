//! What `cog login` and `docker login` have saved for a registry: in Docker's configuration, or with a credential helper.

use std::io::{Write as _, pipe};
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use crate::cli::docker_config::docker_config;
use crate::cli::environment::Environment;
use crate::support::SecretString;
use crate::support::process::{self, Bounds};

/// Time limit of a helper, which may ask a keychain.
const HELPER_LIMIT: Duration = Duration::from_secs(10);

/// How much of a helper's answer is read.
const HELPER_BYTES: usize = 64 * 1024;

/// A helper's answer.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HelperAnswer {
    secret: String,
}

/// The password that was saved for a registry: for Replicate's, the CLI token.
pub(super) fn password(environment: &Environment, host: &str) -> Option<SecretString> {
    let config = docker_config(environment)?;
    let helper = config["credHelpers"][host].as_str().or_else(|| config["credsStore"].as_str());
    let from_helper = helper.and_then(|helper| ask(environment, helper, host));
    from_helper.or_else(|| saved(&config, host)).filter(|password| !password.trim().is_empty()).map(SecretString::from)
}

/// The password in the configuration itself, as `user:password` in base64.
fn saved(config: &Value, host: &str) -> Option<String> {
    let names = [host.to_owned(), format!("https://{host}"), format!("https://{host}/v1/"), format!("https://{host}/")];
    let auth = names.iter().find_map(|name| config["auths"][name.as_str()]["auth"].as_str())?;
    let pair = String::from_utf8(STANDARD.decode(auth.trim()).ok()?).ok()?;
    pair.split_once(':').map(|(_user, password)| password.trim_end_matches('\0').to_owned())
}

/// Asks `docker-credential-HELPER get`. It is the user's own program, found where Docker finds it.
fn ask(environment: &Environment, helper: &str, host: &str) -> Option<String> {
    let is_plain = helper.chars().all(|character| character.is_ascii_alphanumeric() || "._-".contains(character));
    let program = environment.program(&format!("docker-credential-{helper}")).filter(|_| is_plain)?;
    let (input, mut name) = pipe().ok()?;
    name.write_all(host.as_bytes()).ok()?;
    // The helper reads to the end of its input.
    drop(name);
    let bounds = Bounds { time: HELPER_LIMIT, bytes: HELPER_BYTES, cancelled: &|| false };
    let ended = process::run_with_input(Command::new(program).arg("get"), input.into(), bounds).ok()?;
    let answer = ended.status.success().then(|| serde_json::from_slice::<HelperAnswer>(&ended.stdout.bytes));
    answer?.ok().map(|answer| answer.secret)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::support::ExposeSecret as _;

    fn found(config: &str, helper: Option<&str>) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.json"), config).unwrap();
        if let Some(script) = helper {
            let path = folder.path().join("docker-credential-keys");
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let shown = folder.path().display().to_string();
        let environment = Environment::of([("DOCKER_CONFIG", shown.clone()), ("PATH", format!("{shown}:/usr/bin:/bin"))]);
        password(&environment, "r8.im").map(|password| password.expose_secret().to_owned())
    }

    #[test]
    fn a_saved_login_is_found() {
        // me:cog-token
        let auth = r#"{"auths": {"r8.im": {"auth": "bWU6Y29nLXRva2Vu"}}}"#;
        assert_eq!(found(auth, None).as_deref(), Some("cog-token"));
        assert_eq!(found(&auth.replace("r8.im", "https://r8.im"), None).as_deref(), Some("cog-token"));
        for other in
            [r#"{"auths": {"docker.io": {"auth": "bWU6Y29nLXRva2Vu"}}}"#, r#"{"auths": {"r8.im": {}}}"#, "{}", "no json", "[]"]
        {
            assert_eq!(found(other, None), None, "{other}");
        }
    }

    #[test]
    fn a_helper_is_asked_for_the_registry() {
        let answers = r#"test "$1 $(cat)" = "get r8.im" && echo '{"Username": "me", "Secret": "kept-token"}'"#;
        for config in [r#"{"credsStore": "keys"}"#, r#"{"credHelpers": {"r8.im": "keys"}}"#] {
            assert_eq!(found(config, Some(answers)).as_deref(), Some("kept-token"), "{config}");
        }
        assert_eq!(found(r#"{"credHelpers": {"r8.im": "keys"}}"#, Some("exit 1")), None);
        assert_eq!(found(r#"{"credHelpers": {"r8.im": "../keys"}}"#, Some(answers)), None);
        assert_eq!(found(r#"{"credsStore": "missing"}"#, None), None);
    }

    #[test]
    fn a_helper_that_talks_or_leaves_something_behind_holds_nothing_up() {
        let answer = r#"echo '{"Secret": "kept-token"}'"#;
        let start = std::time::Instant::now();
        let talking = format!("head -c 1000000 /dev/zero | tr '\\0' ' '; {answer}");
        assert_eq!(found(r#"{"credsStore": "keys"}"#, Some(&talking)).as_deref(), Some("kept-token"));
        assert_eq!(found(r#"{"credsStore": "keys"}"#, Some(&format!("sleep 60 & {answer}"))).as_deref(), Some("kept-token"));
        assert!(start.elapsed() < HELPER_LIMIT, "{:?}", start.elapsed());
    }
}
