//! Reads `compare` and `regressions`: how much outputs may differ, and which changes beside them are errors.

use cog_findings::Finding;
use cog_source::yaml::{Entry, Mapping, Reader};
use output_compare::{JsonPath, Tolerance};

use crate::config::model_keys::{COMPARE, REGRESSIONS};
use crate::config::{reader, rules};
use crate::domain::compare_rules::CompareRules;
use crate::domain::plan::Regressions;

/// Smaller differences in run time cannot be told from noise.
const LEAST_PREDICT_TIME: f64 = 1.1;

/// `compare` of a test case.
pub(super) fn compare_rules(reader: &mut Reader, entry: &Entry<'_>) -> CompareRules {
    match reader.mapping(entry, &COMPARE.names()) {
        Some(entries) => rules_in(reader, &entries),
        None => CompareRules::default(),
    }
}

/// The rules among the keys of a mapping that was opened already.
pub(super) fn rules_in(reader: &mut Reader, entries: &Mapping<'_>) -> CompareRules {
    let mut thresholds = Vec::new();
    for name in Tolerance::NAMES {
        let Some(entry) = entries.get(name) else { continue };
        let Some(value) = reader::decimal(reader, &entry) else { continue };
        match Tolerance::default().set(name, value) {
            Ok(()) => thresholds.push((name.to_owned(), value)),
            Err(error) => {
                let finding = Finding::new(&rules::OUT_OF_RANGE, error.to_string()).at(entry.location().clone());
                let hint = if name == "ssim" { "write a number up to 1" } else { "write a number from 0" };
                reader.report(finding.hint(hint));
            }
        }
    }
    let mut ignored = Vec::new();
    for text in reader.texts(entries.get("ignore_paths").as_ref()) {
        match text.value.parse::<JsonPath>() {
            Ok(path) => ignored.push(path),
            Err(error) => reader.report(Finding::new(&rules::BAD_PATTERN, error.to_string()).at(text.location)),
        }
    }
    CompareRules::new(thresholds, ignored)
}

pub(super) fn regressions(reader: &mut Reader, entry: &Entry<'_>) -> Regressions {
    let Some(entries) = reader.mapping(entry, &REGRESSIONS.names()) else { return Regressions::default() };
    let mut ratio = |name: &str, least: f64| {
        let entry = entries.get(name)?;
        let value = reader::decimal(reader, &entry)?;
        if value > least || (value - least).abs() < f64::EPSILON && least > 1.0 {
            return Some(value);
        }
        let message = format!("{} is {value}, not {}", entry.path(), if least > 1.0 { "1.1 or more" } else { "greater than 1" });
        let finding = Finding::new(&rules::OUT_OF_RANGE, message).at(entry.location().clone());
        reader.report(finding.hint("write how many times the live version's value is an error, as in 1.3"));
        None
    };
    Regressions {
        predict_time: ratio("predict_time", LEAST_PREDICT_TIME),
        boot: ratio("boot", 1.0),
        image_size: ratio("image_size", 1.0),
        cost: ratio("cost", 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_threshold_is_a_key_with_its_default() {
        let names: Vec<&str> = COMPARE.names().into_iter().filter(|name| *name != "ignore_paths").collect();
        assert_eq!(names, Tolerance::NAMES);
        for key in COMPARE.keys.iter().filter(|key| key.name != "ignore_paths") {
            let mut tolerance = Tolerance::default();
            tolerance.set(key.name, key.otherwise.unwrap().parse().unwrap()).unwrap();
            assert_eq!(tolerance, Tolerance::default(), "{}", key.name);
        }
    }
}
