//! What is predicted: test cases, fuzz inputs and trainings.

use cog_findings::Finding;

use super::Resolver;
use crate::config::ConfigError;
use crate::config::input_value;
use crate::config::model_file::{FuzzSection, ModelFile, PredictSection, TrainSection, fixed_and_disabled};
use crate::config::settings::Key;
use crate::config::settings::defaults::{FUZZ_ITERATIONS, HARDWARE};
use crate::config::test_case::is_empty;
use crate::domain::case::TestCase;
use crate::domain::identity::ModelRef;
use crate::domain::plan::{Comparison, FuzzPlan, TestHardware, TrainPlan, VerifyPlan};
use crate::domain::prediction::Inputs;

impl Resolver<'_> {
    pub(super) fn predict(&self, config: &ModelFile, findings: &mut Vec<Finding>) -> Result<VerifyPlan, ConfigError> {
        let settings = &self.settings;
        // Without the section, only flags ask for something.
        let nothing = PredictSection::default();
        let section = config.predict.as_ref().unwrap_or(&nothing);
        let by_flag = self.layers.source_of(Key::compare).is_some_and(|source| source.starts_with("--"));
        let compares = settings.compare_outputs && (config.predict.is_some() || by_flag);
        Ok(VerifyPlan {
            cases: match &settings.test_cases {
                Some(written) => written.iter().map(|text| self.test_case(text)).collect::<Result<_, _>>()?,
                None => self.with_secrets(&section.test_cases, findings),
            },
            compare: if compares { settings.compare } else { Comparison::Off },
            fuzz: self.fuzz(config, findings)?,
            fail_fast: settings.fail_fast,
            health: settings.health,
            judge_model: settings.judge_model.clone(),
            compare_rules: self.overrides.compare.clone(),
            benchmark: usize::try_from(settings.benchmark).unwrap_or(usize::MAX),
            regressions: self.overrides.regressions,
            hardware: TestHardware { tested: Some(settings.test_hardware.clone()), live: settings.live_hardware.clone() },
        })
    }

    fn test_case(&self, text: &str) -> Result<TestCase, ConfigError> {
        let case = input_value::test_case(text).map_err(|problem| self.bad_inputs(Key::test_cases, text, problem))?;
        if is_empty(&case.expectation) {
            let problem = format!("nothing follows the operator, so {} would accept everything", case.expectation.key());
            return Err(self.bad_inputs(Key::test_cases, text, problem));
        }
        Ok(case)
    }

    fn bad_inputs(&self, key: Key, text: &str, problem: String) -> ConfigError {
        ConfigError::BadSetting {
            source_name: self.layers.source_of(key).unwrap_or_else(|| key.setting().name.to_owned()),
            value: text.to_owned(),
            problem,
            hint: Some("write 'key=value;key=value'".to_owned()),
        }
    }

    /// The source of a setting, or the file that says the same in another way.
    fn source_or_file(&self, config: &ModelFile, key: Key) -> String {
        self.layers.source_of(key).unwrap_or_else(|| config.file.clone())
    }

    /// Fuzz inputs are wanted where the file has the section, or another layer sets their number.
    fn fuzz(&self, config: &ModelFile, findings: &mut Vec<Finding>) -> Result<Option<FuzzPlan>, ConfigError> {
        let section = config.predict.as_ref().and_then(|predict| predict.fuzz.as_ref());
        let settings = &self.settings;
        let section = match section {
            Some(section) => section.clone(),
            None if self.layers.source_of(Key::fuzz_iterations).is_some() => FuzzSection::default(),
            None => return Ok(None),
        };
        let fixed_inputs: Inputs = match &settings.fuzz_fixed_inputs {
            Some(text) => input_value::inputs(text).map_err(|problem| self.bad_inputs(Key::fuzz_fixed_inputs, text, problem))?,
            None => section.fixed_inputs,
        };
        let disabled_inputs = match &settings.fuzz_disabled_inputs {
            Some(text) => text.split(';').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            None => section.disabled_inputs,
        };
        // A file by itself was checked when it was read.
        let by_flags = settings.fuzz_fixed_inputs.is_some() || settings.fuzz_disabled_inputs.is_some();
        for name in disabled_inputs.iter().filter(|name| by_flags && fixed_inputs.contains_key(*name)) {
            let finding = fixed_and_disabled(name)
                .detail("fixed by", self.source_or_file(config, Key::fuzz_fixed_inputs))
                .detail("disabled by", self.source_or_file(config, Key::fuzz_disabled_inputs));
            findings.push(match &section.location {
                Some(place) => finding.at(place.clone()),
                None => finding,
            });
        }
        let iterations = settings.fuzz_iterations;
        Ok((iterations > 0).then(|| FuzzPlan {
            fixed_inputs,
            disabled_inputs,
            files: section.files,
            iterations: usize::try_from(iterations).unwrap_or(usize::MAX),
            prompt: settings.fuzz_prompt.clone(),
            seed: settings.seed,
            location: section.location,
            input_places: section.input_places,
        }))
    }
}

pub(super) fn train_plan(section: &TrainSection, cases: Vec<TestCase>, test_model: &ModelRef, seed: Option<u64>) -> TrainPlan {
    TrainPlan {
        destination: section.destination_of(test_model),
        destination_hardware: section.destination_hardware.clone().unwrap_or_else(|| HARDWARE.to_owned()),
        cases,
        fuzz: section.fuzz.as_ref().map(|fuzz| FuzzPlan {
            fixed_inputs: fuzz.fixed_inputs.clone(),
            disabled_inputs: fuzz.disabled_inputs.clone(),
            files: fuzz.files.clone(),
            iterations: usize::try_from(fuzz.iterations.unwrap_or(FUZZ_ITERATIONS)).unwrap_or(usize::MAX),
            prompt: fuzz.prompt.clone(),
            seed,
            location: fuzz.location.clone(),
            input_places: fuzz.input_places.clone(),
        }),
    }
}
