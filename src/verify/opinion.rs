//! Asks the judge. One approval is enough, a refusal is asked twice more and needs both to be overruled: the best of three.

use cog_findings::text::shorten;
use futures::future::join;

use crate::domain::prediction::Inputs;
use crate::verify::engine::Engine;
use crate::verify::judge::{Evidence, EvidenceFile, JudgeQuestion, JudgeSubject, Judgement};
use crate::verify::mask::Mask;
use crate::verify::{JudgeError, Observation};

/// What the judge thinks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Opinion {
    Approves(Vec<String>),
    Refuses {
        reason: String,
        remarks: Vec<String>,
    },
    /// There is no judge, or it gave no opinion.
    None(String),
    Cancelled,
}

/// An output as the judge gets it. Looks into the files, so it takes a while.
pub(super) fn evidence(seen: &Observation, mask: &Mask) -> Evidence {
    let mut value = seen.output.clone().unwrap_or_default();
    shorten_addresses(&mut value, seen);
    let file = |file: &crate::verify::FetchedFile| {
        let (media, download) = (file.media().ok()?, file.content.as_ref().ok()?);
        let looked = output_compare::examine(&media);
        Some(EvidenceFile {
            name: file.name.clone(),
            media_type: download.content_type.clone(),
            kind: looked.kind,
            facts: looked.facts,
            bytes: download.bytes.clone(),
        })
    };
    Evidence { value: mask.value(&value), files: seen.files.iter().filter_map(file).collect() }
}

fn shorten_addresses(value: &mut serde_json::Value, seen: &Observation) {
    match value {
        serde_json::Value::String(text) => {
            if let Some(file) = seen.files.iter().find(|file| file.url == *text) {
                *text = file.shown.clone();
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| shorten_addresses(item, seen)),
        serde_json::Value::Object(members) => members.values_mut().for_each(|member| shorten_addresses(member, seen)),
        _ => {}
    }
}

impl Engine<'_> {
    /// Asks the judge about an output.
    pub(super) async fn opinion(&self, subject: JudgeSubject, inputs: Inputs, output: Evidence) -> Opinion {
        let Some(judge) = &self.services.judge else {
            return Opinion::None("no judge is there to say".to_owned());
        };
        let question = JudgeQuestion { subject, model: self.request.plan.judge_model.clone(), inputs, output };
        let asking = async {
            let first = judge.judge(&question).await?;
            if first.passed {
                return Ok(Opinion::Approves(vec![remark(&first)]));
            }
            let (second, third) = join(judge.judge(&question), judge.judge(&question)).await;
            let (second, third) = (second?, third?);
            let remarks = [&first, &second, &third].map(remark).to_vec();
            if second.passed && third.passed {
                return Ok(Opinion::Approves(remarks));
            }
            Ok(Opinion::Refuses { reason: format!("the judge refuses it: {}", shorten(&first.reason, 500)), remarks })
        };
        tokio::select! {
            biased;
            () = self.after_grace() => Opinion::Cancelled,
            opinion = asking => opinion.unwrap_or_else(|error: JudgeError| Opinion::None(error.to_string())),
        }
    }
}

fn remark(judgement: &Judgement) -> String {
    let word = if judgement.passed { "approves" } else { "refuses" };
    format!("the judge {word}: {}", shorten(&judgement.reason, 500))
}
