//! Asks the judge about an output. One approval is enough. A rejection is asked twice more, and both have to approve to overrule it.

use cog_findings::text::shorten;
use futures::future::join;
use serde_json::Value;

use crate::domain::prediction::Inputs;
use crate::verify::VerifyError;
use crate::verify::by_digest::too_large_to_examine;
use crate::verify::engine::Engine;
use crate::verify::judge::{Evidence, EvidenceFile, JudgeError, JudgeQuestion, JudgeSubject, JudgeVerdict, Judgement};
use crate::verify::mask::Mask;
use crate::verify::observation::{Observation, Unexamined};

/// The judge's opinion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Opinion {
    Approves(Vec<String>),
    Rejects {
        reason: String,
        remarks: Vec<String>,
    },
    /// The judge does not see enough. The reason.
    CannotTell(String),
    /// The reason: there is no judge, or it failed.
    Unknown(String),
    Cancelled,
}

/// An output as it is sent to the judge. Decodes the files, so it takes a while.
pub(super) fn evidence(seen: &Observation, mask: &Mask) -> Evidence {
    let mut value = seen.output.clone().unwrap_or_default();
    shorten_urls(&mut value, seen);
    let mut evidence = Evidence { value: mask.whole(&value), ..Evidence::default() };
    for file in seen.files.iter().filter(|file| !file.is_text()) {
        match file.load() {
            Ok(loaded) => {
                let examined = output_compare::examine(&loaded.media());
                evidence.files.push(EvidenceFile {
                    name: file.name.clone(),
                    media_type: loaded.content_type,
                    kind: examined.kind,
                    facts: examined.facts,
                    bytes: loaded.bytes,
                });
            }
            Err(Unexamined::Missing { message, .. }) => evidence.hidden.push(message),
            Err(Unexamined::TooLarge(download)) => evidence.hidden.push(too_large_to_examine(&file.shown, &download)),
        }
    }
    evidence
}

fn shorten_urls(value: &mut Value, seen: &Observation) {
    match value {
        Value::String(text) => {
            if let Some(file) = seen.files.iter().find(|file| file.url == *text) {
                *text = file.shown.clone();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| shorten_urls(item, seen)),
        Value::Object(members) => members.values_mut().for_each(|member| shorten_urls(member, seen)),
        _ => {}
    }
}

impl Engine<'_> {
    /// Asks the judge about an output.
    pub(super) async fn opinion(&self, subject: JudgeSubject, inputs: Inputs, output: Evidence) -> Opinion {
        let Some(judge) = &self.services.judge else {
            return Opinion::Unknown("no Claude API key is set, so the output cannot be judged".to_owned());
        };
        let question = JudgeQuestion { subject, model: self.request.plan.judge_model.clone(), inputs, output };
        let asking = async {
            let first = judge.judge(&question).await?;
            match first.verdict {
                JudgeVerdict::Yes => return Ok(Opinion::Approves(vec![remark(&first)])),
                JudgeVerdict::CannotTell => {
                    return Ok(Opinion::CannotTell(format!("Claude cannot tell: {}", shorten(&first.reason, 500))));
                }
                JudgeVerdict::No => {}
            }
            let (second, third) = join(judge.judge(&question), judge.judge(&question)).await;
            let (second, third) = (second?, third?);
            let remarks = [&first, &second, &third].map(remark).to_vec();
            if second.verdict == JudgeVerdict::Yes && third.verdict == JudgeVerdict::Yes {
                return Ok(Opinion::Approves(remarks));
            }
            Ok(Opinion::Rejects { reason: format!("Claude rejects it: {}", shorten(&first.reason, 500)), remarks })
        };
        tokio::select! {
            biased;
            () = self.after_grace() => Opinion::Cancelled,
            opinion = asking => opinion.unwrap_or_else(|error: JudgeError| self.judge_failed(error)),
        }
    }
}

impl Engine<'_> {
    /// A failure of Claude is not the model's. If every other question would fail too, nothing more is spent.
    fn judge_failed(&self, error: JudgeError) -> Opinion {
        let message = error.to_string();
        if error.is_final {
            self.stop(VerifyError::Judge(error));
        } else {
            self.note_judge_failure(error);
        }
        Opinion::Unknown(message)
    }
}

fn remark(judgement: &Judgement) -> String {
    let verb = match judgement.verdict {
        JudgeVerdict::Yes => "approves",
        JudgeVerdict::No => "rejects",
        JudgeVerdict::CannotTell => "cannot tell",
    };
    format!("Claude {verb}: {}", shorten(&judgement.reason, 500))
}
