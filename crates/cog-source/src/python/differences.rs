//! Where Cog's own generator differs from the source.

use cog_findings::{Finding, Location, SourceMap};
use serde_json::Value;

use super::document::{input_value, output_schema};
use super::error::{SignatureError, SignatureErrors};
use super::rules;
use super::signature::Signature;

/// The warnings where Cog's own generator describes something other than the source, or rejects it.
pub(super) fn differences(
    (ours, places): &(Signature, SourceMap),
    cog: Result<(Signature, SourceMap), SignatureErrors>,
) -> Vec<Finding> {
    let hint = "write it in a form that Cog reads: literal values, names from the same file, types under their own names";
    let finding = |message: String, place: Option<&Location>| {
        let finding = Finding::new(&rules::BEYOND_COG, message).hint(hint);
        match place {
            Some(place) => finding.at(place.clone()),
            None => finding,
        }
    };
    let (cog, _) = match cog {
        Ok(part) => part,
        Err(errors) => {
            let refused =
                |error: &SignatureError| finding(format!("Cog's own generator rejects this: {error}"), Some(error.location()));
            return errors.iter().map(refused).collect();
        }
    };
    let mut found = Vec::new();
    for input in &ours.inputs {
        let (name, place) = (&input.name, places.input(&input.name));
        let Some(other) = cog.inputs.iter().find(|other| other.name == *name) else {
            found.push(finding(format!("Cog's own generator omits {name}"), place));
            continue;
        };
        let (here, there) = (input_value(input), input_value(other));
        if here != there {
            let message =
                format!("Cog's own generator describes {name} differently: it loses or changes {}", changed(&here, &there));
            found.push(finding(message, place).detail("source", here.to_string()).detail("cog", there.to_string()));
        }
    }
    for other in cog.inputs.iter().filter(|other| ours.inputs.iter().all(|input| input.name != other.name)) {
        found.push(finding(format!("Cog's own generator adds {}", other.name), places.target.as_ref()));
    }
    let (here, there) = (output_schema(&ours.output), output_schema(&cog.output));
    if here != there {
        let message = "Cog's own generator describes the output differently".to_owned();
        found.push(finding(message, places.output()).detail("source", here.to_string()).detail("cog", there.to_string()));
    }
    found
}

/// The keys that differ between two schemas.
fn changed(here: &Value, there: &Value) -> String {
    let (Value::Object(here), Value::Object(there)) = (here, there) else { return "it".to_owned() };
    let mut keys: Vec<&str> =
        here.iter().filter(|(key, value)| there.get(*key) != Some(value)).map(|(key, _)| key.as_str()).collect();
    keys.extend(there.keys().filter(|key| !here.contains_key(*key)).map(String::as_str));
    keys.join(", ")
}
