//! Shell commands that reproduce a failure.

use serde_json::{Value, json};

use crate::domain::identity::{ModelRef, VersionRef};
use crate::domain::prediction::Inputs;

const HEADERS: &str = "-H \"Authorization: Bearer $REPLICATE_API_TOKEN\" -H 'Content-Type: application/json'";

/// A `curl` command that creates a prediction. It names the token as a shell variable. Mask secret inputs before.
pub(in crate::verify) fn curl_command(api_url: &str, version: &VersionRef, inputs: &Inputs) -> String {
    let body = json!({"version": version.to_string(), "input": Value::Object(inputs.clone())});
    format!("curl -sS -X POST {HEADERS} -H 'Prefer: wait' -d {} {api_url}/predictions", quote(&body.to_string()))
}

/// A `curl` command that runs a prediction on a Cog server. Mask secret inputs before.
pub(in crate::verify) fn server_command(url: &str, inputs: &Inputs) -> String {
    let body = json!({"input": Value::Object(inputs.clone())});
    format!(
        "curl -sS -X POST -H 'Content-Type: application/json' -d {} {}",
        quote(&body.to_string()),
        quote(&format!("{url}/predictions"))
    )
}

/// A `curl` command that creates a training. It names the token as a shell variable. Mask secret inputs before.
pub(in crate::verify) fn training_command(api_url: &str, version: &VersionRef, destination: &ModelRef, inputs: &Inputs) -> String {
    let body = json!({"destination": destination.to_string(), "input": Value::Object(inputs.clone())});
    let VersionRef { model, id } = version;
    format!("curl -sS -X POST {HEADERS} -d {} {api_url}/models/{model}/versions/{id}/trainings", quote(&body.to_string()))
}

/// Quotes a text as one word of a POSIX shell. Within single quotes, only the quote itself is special.
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
    fn a_shell_reads_quoted_text_unchanged() {
        for text in ["it's", "$(touch /tmp/x) `id` \\ \"q\" !", "a\nb", "'''", "", "日本語"] {
            let output = std::process::Command::new("sh").args(["-c", &format!("printf %s {}", quote(text))]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), text);
        }
    }
}
