//! A prediction as a command to paste.

use serde_json::{Value, json};

use crate::domain::identity::{ModelRef, VersionRef};
use crate::domain::prediction::Inputs;

const HEADERS: &str = "-H \"Authorization: Bearer $REPLICATE_API_TOKEN\" -H 'Content-Type: application/json'";

/// A `curl` command that makes a prediction. The token is named as a variable of the shell, never written out; mask secret inputs before.
pub fn curl_command(api_url: &str, version: &VersionRef, inputs: &Inputs) -> String {
    let body = json!({"version": version.to_string(), "input": Value::Object(inputs.clone())});
    format!("curl -sS -X POST {HEADERS} -H 'Prefer: wait' -d {} {api_url}/predictions", quote(&body.to_string()))
}

/// The same for a training.
pub fn training_command(api_url: &str, version: &VersionRef, destination: &ModelRef, inputs: &Inputs) -> String {
    let body = json!({"destination": destination.to_string(), "input": Value::Object(inputs.clone())});
    let VersionRef { model, id } = version;
    format!("curl -sS -X POST {HEADERS} -d {} {api_url}/models/{model}/versions/{id}/trainings", quote(&body.to_string()))
}

/// A text as one word of a POSIX shell: in single quotes nothing but the quote itself means anything.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version() -> VersionRef {
        format!("acme/hotdog-test:{}", "a".repeat(64)).parse().unwrap()
    }

    #[test]
    fn the_command_can_be_pasted() {
        let inputs = json!({"n": 7}).as_object().unwrap().clone();
        let digits = "a".repeat(64);
        assert_eq!(
            curl_command("https://api.replicate.com/v1", &version(), &inputs),
            format!(
                "curl -sS -X POST -H \"Authorization: Bearer $REPLICATE_API_TOKEN\" -H 'Content-Type: application/json' -H 'Prefer: wait' \
                 -d '{{\"version\":\"acme/hotdog-test:{digits}\",\"input\":{{\"n\":7}}}}' https://api.replicate.com/v1/predictions"
            )
        );
    }

    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        for text in ["it's", "$(touch /tmp/x) `id` \\ \"q\" !", "a\nb", "'''", "", "日本語"] {
            let output = std::process::Command::new("sh").args(["-c", &format!("printf %s {}", quote(text))]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), text);
        }
    }
}
