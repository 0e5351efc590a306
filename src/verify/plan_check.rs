//! Finds problems in a plan before anything is spent.

use std::collections::{BTreeMap, BTreeSet};

use cog_findings::text::{nearest, shorten};
use cog_findings::{Finding, Location};
use cog_schema::{InputProperty, Method, Schemas, Shape, ShapeKind, check_inputs, input_properties, read};
use serde_json::Value;

use crate::clients::claude::is_outdated;
use crate::domain::case::{CaseLocation, Expectation, TestCase};
use crate::domain::output_check::OutputCheck;
use crate::domain::plan::{DEFAULT_JUDGE_MODEL, FuzzPlan, TrainPlan, VerifyPlan};
use crate::support::seed::Seed;
use crate::verify::fuzz::Generator;
use crate::verify::jq::JqError;
use crate::verify::judge::JudgeAbility;
use crate::verify::unseen::{Unseen, UnseenKind, unseen};
use crate::verify::{jq, rules};

/// The most bytes of a jq program, and of the names of inputs, in a finding.
const PROGRAM_BYTES: usize = 300;
const NAMES_BYTES: usize = 300;

/// Finds queries that do not compile, inputs that do not fit the schema, expectations that cannot be met, and a missing judge. Without a
/// schema, only the checks that need none run.
pub fn check_plan(plan: &VerifyPlan, train: Option<&TrainPlan>, schema: Option<&Value>, judge: JudgeAbility) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(model) = plan.judge_model.as_deref().filter(|model| is_outdated(model)) {
        let finding = Finding::new(&rules::JUDGE_OUTDATED, format!("the judge's model {model} is outdated"));
        findings.push(finding.hint(format!("leave out judge_model for {DEFAULT_JUDGE_MODEL}, or name a current model")));
    }
    let predictions = MethodPlan { method: Method::Predict, cases: &plan.cases, fuzz: plan.fuzz.as_ref() };
    predictions.check(schema, judge, &mut findings);
    if let Some(train) = train.filter(|train| train.trains()) {
        let trainings = MethodPlan { method: Method::Train, cases: &train.cases, fuzz: train.fuzz.as_ref() };
        if schema.is_some_and(|document| read(document).training_input.is_none()) {
            let finding =
                Finding::new(&rules::NOT_TRAINABLE, "the configuration has test trainings, but the model cannot be trained")
                    .hint("set 'train' in cog.yaml to the train() function, or remove the train section from the configuration");
            findings.push(located(finding, trainings.location()));
            trainings.check(None, judge, &mut findings);
        } else {
            trainings.check(schema, judge, &mut findings);
        }
    }
    findings
}

/// Whether an input of the plan is secret. Its value may be on any line of the configuration.
pub fn has_secret_inputs(plan: &VerifyPlan, train: Option<&TrainPlan>, schema: Option<&Value>) -> bool {
    let schemas = schema.map(read);
    let is_secret = |method: Method, cases: &[TestCase], fuzz: Option<&FuzzPlan>| {
        let members = schemas.as_ref().and_then(|schemas| schemas.inputs_of(method)).and_then(Shape::members);
        let is_declared =
            |name: &String| members.and_then(|members| members.get(name)).is_some_and(|member| member.shape.is_secret());
        cases.iter().any(|case| !case.secrets.is_empty() || case.inputs.keys().any(is_declared))
            || fuzz.is_some_and(|fuzz| fuzz.fixed_inputs.keys().any(is_declared))
    };
    is_secret(Method::Predict, &plan.cases, plan.fuzz.as_ref())
        || train.is_some_and(|train| is_secret(Method::Train, &train.cases, train.fuzz.as_ref()))
}

/// Starts to check the plan's jq programs, so that [`check_plan`] knows them by the time that Replicate has answered.
pub fn check_queries_ahead(plan: &VerifyPlan, train: Option<&TrainPlan>) {
    let trainings = train.map(|train| train.cases.as_slice()).unwrap_or_default();
    let programs: Vec<String> = queries(plan.cases.iter().chain(trainings)).into_iter().map(str::to_owned).collect();
    if !programs.is_empty() {
        // Not a task of the runtime, which would wait for it at the end.
        std::thread::spawn(move || jq::check_all(&programs.iter().map(String::as_str).collect::<Vec<_>>()));
    }
}

/// The jq programs of some cases.
fn queries<'a>(cases: impl Iterator<Item = &'a TestCase>) -> BTreeSet<&'a str> {
    let parts = cases.filter(|case| case.skip.is_none()).flat_map(|case| case.expectation.parts());
    parts.filter_map(|part| if let Expectation::JqQuery(program) = part { Some(program.as_str()) } else { None }).collect()
}

/// The part of a plan that concerns one method of the model.
struct MethodPlan<'a> {
    method: Method,
    cases: &'a [TestCase],
    fuzz: Option<&'a FuzzPlan>,
}

impl<'a> MethodPlan<'a> {
    fn check(&self, schema: Option<&Value>, judge: JudgeAbility, findings: &mut Vec<Finding>) {
        let read_schemas = schema.map(read);
        let faults = self.faulty_queries();
        for (number, case) in self.running() {
            let name = self.case(number, case);
            check_expectation(&name, case, judge, &faults, findings);
            check_contradiction(&name, case, findings);
            // The output of a training has no schema, and its files are weights.
            if self.method == Method::Predict && judge.exists && case.asks_judge() {
                let unseen = unseen(case, self.cases, schema, read_schemas.as_ref());
                findings.extend(unseen.and_then(|unseen| unseen_finding(&name, case, unseen, judge)));
            }
        }
        let Some(document) = schema else { return };
        let schemas = read(document);
        for (number, case) in self.running() {
            check_case_inputs(&self.case(number, case), case, document, self.method, findings);
            // The output of a training has no schema.
            if self.method == Method::Predict {
                check_output_shape(&self.case(number, case), case, &schemas, findings);
            }
        }
        if let Some(fuzz) = self.fuzz {
            check_fuzz(self, fuzz, document, findings);
        }
    }

    /// The cases that are not skipped, with their numbers.
    fn running(&self) -> impl Iterator<Item = (usize, &'a TestCase)> + use<'a> {
        (1..).zip(self.cases).filter(|(_, case)| case.skip.is_none())
    }

    /// The jq programs that do not compile, with the reason. One process checks them all.
    fn faulty_queries(&self) -> BTreeMap<&'a str, JqError> {
        let programs: Vec<&str> = queries(self.cases.iter()).into_iter().collect();
        let compiled = jq::check_all(&programs);
        programs.into_iter().zip(compiled).filter_map(|(program, compiled)| Some((program, compiled.err()?))).collect()
    }

    /// How findings name a case.
    fn case(&self, number: usize, case: &TestCase) -> String {
        let name = case.name.as_ref().map_or_else(|| number.to_string(), |name| format!("'{name}'"));
        match self.method {
            Method::Predict => format!("test case {name}"),
            Method::Train => format!("test training {name}"),
        }
    }

    /// The configuration key of the fuzz settings.
    fn fuzz_key(&self) -> &'static str {
        match self.method {
            Method::Predict => "fuzz",
            Method::Train => "train.fuzz",
        }
    }

    /// Where the configuration asks for it.
    fn location(&self) -> Option<&'a Location> {
        let fuzz = self.fuzz.and_then(|fuzz| fuzz.location.as_ref());
        self.cases.iter().find_map(|case| Some(&case.location.as_ref()?.case)).or(fuzz)
    }
}

fn located(finding: Finding, location: Option<&Location>) -> Finding {
    match location {
        Some(location) => finding.at(location.clone()),
        None => finding,
    }
}

fn check_expectation(
    name: &str,
    case: &TestCase,
    judge: JudgeAbility,
    faulty_queries: &BTreeMap<&str, JqError>,
    findings: &mut Vec<Finding>,
) {
    for part in case.expectation.parts() {
        let finding = match part {
            Expectation::MatchPrompt(_) if !judge.exists => {
                Finding::new(&rules::JUDGE_MISSING, format!("{name} has match_prompt, but no Claude API key is set"))
                    .hint("set ANTHROPIC_API_KEY, or use exact_string, jq_query or match_url")
            }
            Expectation::JqQuery(program) => match faulty_queries.get(program.as_str()) {
                None => continue,
                Some(error) => Finding::new(&rules::QUERY_INVALID, format!("{name}: {error}"))
                    .detail("program", shorten(program, PROGRAM_BYTES))
                    .hint("correct the program; `jq` on the command line accepts the same syntax"),
            },
            Expectation::MatchUrl(url) if !is_url(url) => {
                Finding::new(&rules::URL_INVALID, format!("{name}: match_url is not a valid URL"))
                    .hint("use a public https: URL or a data: URL")
            }
            _ => continue,
        };
        findings.push(located(finding, case.location.as_ref().map(CaseLocation::checker)));
    }
}

/// A prediction that fails has no output.
fn check_contradiction(name: &str, case: &TestCase, findings: &mut Vec<Finding>) {
    let Expectation::Checks { checks, .. } = &case.expectation else { return };
    let is_about_error = |check: &OutputCheck| matches!(check, OutputCheck::Of(Expectation::ErrorContains(_)));
    if checks.iter().any(is_about_error) && !checks.iter().all(is_about_error) {
        let message = format!("{name} expects an error, and something of the output, which a failed prediction does not have");
        let finding = Finding::new(&rules::EXPECTATION_UNMEETABLE, message).hint("make it two test cases");
        findings.push(located(finding, case.location.as_ref().map(CaseLocation::checker)));
    }
}

fn unseen_finding(name: &str, case: &TestCase, Unseen { what, because }: Unseen, judge: JudgeAbility) -> Option<Finding> {
    let (message, hint) = match what {
        UnseenKind::Video if judge.sees_videos => return None,
        UnseenKind::Video => (
            format!("{name} has match_prompt, but Claude cannot see its video: no ffmpeg is on PATH"),
            "install ffmpeg where the tests run, or use match_file or checks with video",
        ),
        UnseenKind::Opaque(extension) => (
            format!("{name} has match_prompt, but Claude cannot see its output: a .{extension} file cannot be shown"),
            "use match_file, match_url or checks, or test another format",
        ),
    };
    let finding = Finding::new(&rules::JUDGE_SEES_NOTHING, message).detail("known from", because).hint(hint);
    Some(located(finding, case.location.as_ref().map(CaseLocation::checker)))
}

fn is_url(text: &str) -> bool {
    text.starts_with("data:")
        || text.parse::<url::Url>().is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn check_case_inputs(name: &str, case: &TestCase, document: &Value, method: Method, findings: &mut Vec<Finding>) {
    // The case may expect Replicate to reject its inputs.
    if case.expectation.expects_error() {
        check_misspelled(name, case, document, method, findings);
        return;
    }
    // Nulls are not sent, because the API rejects them.
    let sent = case.inputs.iter().filter(|(_, value)| !value.is_null());
    let secrets = case.secrets.iter().map(|(name, _)| (name.clone(), Value::from("secret")));
    let sent = sent.map(|(name, value)| (name.clone(), value.clone())).chain(secrets).collect();
    for problem in check_inputs(document, method, &sent) {
        let finding = Finding::new(&rules::CASE_INPUTS_REFUSED, format!("{name}: {problem}"));
        let finding = match problem.meant {
            Some(name) => finding.hint(format!("write '{name}'")),
            None => finding.hint("correct the input, or use error_contains to test that it is refused"),
        };
        findings.push(located(finding, case.location.as_ref().map(|location| location.input(&problem.input))));
    }
}

/// A case that expects an error passes with the wrong error when an input is misspelled.
fn check_misspelled(name: &str, case: &TestCase, document: &Value, method: Method, findings: &mut Vec<Finding>) {
    let properties = input_properties(document, method);
    let names = || properties.iter().map(|property| property.name.as_str());
    let unknown =
        case.inputs.keys().chain(case.secrets.iter().map(|(input, _)| input)).filter(|input| !names().any(|known| known == *input));
    for input in unknown {
        if let Some(meant) = nearest(input, names()) {
            let message = format!("{name} expects an error, but sends '{input}', which is not an input of the model");
            let finding = Finding::new(&rules::ERROR_CASE_MISSPELT, message).hint(format!("did you mean '{meant}'?"));
            findings.push(located(finding, case.location.as_ref().map(|location| location.input(input))));
        }
    }
}

fn check_output_shape(name: &str, case: &TestCase, schemas: &Schemas, findings: &mut Vec<Finding>) {
    let Some(output) = &schemas.output else { return };
    for part in case.expectation.parts() {
        let problem = match part {
            Expectation::ExactString(_) if !can_be_text(output) => "exact_string, but the model does not return text",
            Expectation::MatchUrl(_) if !can_hold_url(output, 4) => "match_url, but the model does not return a file",
            Expectation::MatchFile(_) if !can_hold_url(output, 4) => "match_file, but the model does not return a file",
            _ => continue,
        };
        let finding = Finding::new(&rules::EXPECTATION_UNMEETABLE, format!("{name} has {problem}"))
            .hint("use jq_query or match_prompt, or correct the return type of the predictor");
        findings.push(located(finding, case.location.as_ref().map(CaseLocation::checker)));
    }
}

fn can_be_text(shape: &Shape) -> bool {
    match &shape.kind {
        ShapeKind::Any | ShapeKind::String => true,
        ShapeKind::Array(_) => shape.is_concatenated(),
        ShapeKind::Union(variants) => variants.iter().any(can_be_text),
        _ => false,
    }
}

fn can_hold_url(shape: &Shape, depth: usize) -> bool {
    if depth == 0 {
        return true;
    }
    match &shape.kind {
        ShapeKind::Any | ShapeKind::String => true,
        ShapeKind::Array(items) => can_hold_url(items, depth - 1),
        ShapeKind::Object(members) => {
            members.is_free_form() || members.declared.iter().any(|member| can_hold_url(&member.shape, depth - 1))
        }
        ShapeKind::Union(variants) => variants.iter().any(|variant| can_hold_url(variant, depth - 1)),
        _ => false,
    }
}

fn check_fuzz(plan: &MethodPlan<'_>, fuzz: &FuzzPlan, document: &Value, findings: &mut Vec<Finding>) {
    let properties = input_properties(document, plan.method);
    let key = plan.fuzz_key();
    if properties.is_empty() && fuzz.fixed_inputs.is_empty() && fuzz.disabled_inputs.is_empty() {
        return;
    }
    let location = fuzz.location.as_ref();
    let place = |name: &str| fuzz.input_places.get(name).or(location);
    let fixed = fuzz.fixed_inputs.keys().map(|name| ("fixed", name));
    let disabled = fuzz.disabled_inputs.iter().map(|name| ("disabled", name));
    for (role, name) in fixed.chain(disabled) {
        findings.extend(unknown_input(key, role, name, &properties).map(|finding| located(finding, place(name))));
    }
    for problem in check_inputs(document, plan.method, &fuzz.fixed_inputs) {
        let is_fixed = fuzz.fixed_inputs.contains_key(&problem.input);
        let is_known = properties.iter().any(|property| property.name == problem.input);
        if is_fixed && is_known {
            let finding = Finding::new(&rules::FUZZ_INPUT_REFUSED, format!("{key}: {problem}"));
            findings.push(located(finding.hint("correct the value, or remove it to have values generated"), place(&problem.input)));
        }
    }
    if fuzz.iterations > 0
        && let Err(unfillable) = Generator::new(document, plan.method, fuzz, plan.cases, Seed(fuzz.seed.unwrap_or_default()))
    {
        let finding = unfillable.finding(key, &format!("{key}: {unfillable}"), plan.cases.is_empty());
        findings.push(located(finding, location));
    }
}

fn unknown_input(key: &str, role: &str, name: &str, properties: &[InputProperty]) -> Option<Finding> {
    if properties.iter().any(|property| property.name == name) {
        return None;
    }
    let finding =
        Finding::new(&rules::FUZZ_INPUT_UNKNOWN, format!("{key}: the {role} input '{name}' is not an input of the model"));
    Some(match nearest(name, properties.iter().map(|property| property.name.as_str())) {
        Some(meant) => finding.hint(format!("write '{meant}'")),
        None => {
            let names: Vec<&str> = properties.iter().map(|property| property.name.as_str()).collect();
            finding.hint(format!("the inputs are {}", shorten(&names.join(", "), NAMES_BYTES)))
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const JUDGE: JudgeAbility = JudgeAbility { exists: true, sees_videos: true };

    fn document() -> Value {
        json!({"components": {"schemas": {
            "Input": {"type": "object", "required": ["prompt"], "properties": {
                "prompt": {"type": "string"}, "steps": {"type": "integer", "maximum": 50}, "seed": {"type": "integer"},
            }},
            "Output": {"type": "array", "items": {"type": "string", "format": "uri"}},
        }}})
    }

    fn case(inputs: &Value, expectation: Expectation) -> TestCase {
        let location = Some(CaseLocation::of(Location::at("cog-safe-push.yaml", 7, 5)));
        TestCase { inputs: inputs.as_object().unwrap().clone(), expectation, location, ..TestCase::default() }
    }

    fn said(cases: Vec<TestCase>, fuzz: Option<FuzzPlan>, has_judge: bool) -> Vec<String> {
        let plan = VerifyPlan { cases, fuzz, ..VerifyPlan::default() };
        let document = document();
        check_plan(&plan, None, Some(&document), JudgeAbility { exists: has_judge, sees_videos: true })
            .into_iter()
            .map(|finding| {
                let place = finding.location.map(|location| format!("{location}: ")).unwrap_or_default();
                let hint = finding.hint.map(|hint| format!(" [{hint}]")).unwrap_or_default();
                format!("{} {place}{}{hint}", finding.code, finding.message)
            })
            .collect()
    }

    #[test]
    fn a_good_plan_has_no_findings() {
        let cases = vec![
            case(&json!({"prompt": "a", "seed": null}), Expectation::Succeeds),
            case(&json!({"prompt": "a"}), Expectation::JqQuery(".[0]".to_owned())),
            case(&json!({"prompt": "a"}), Expectation::MatchUrl("https://x/a.png".to_owned())),
            case(&json!({"prompt": "a"}), Expectation::MatchPrompt("a cat".to_owned())),
            case(&json!({"steps": 1000}), Expectation::ErrorContains("steps".to_owned())),
        ];
        let fuzz = FuzzPlan { iterations: 3, disabled_inputs: vec!["seed".to_owned()], ..FuzzPlan::default() };
        assert_eq!(said(cases, Some(fuzz), true), Vec::<String>::new());
    }

    #[test]
    fn problems_of_cases_are_reported_with_their_line() {
        let cases = vec![
            case(&json!({"prompt": "a"}), Expectation::MatchPrompt("a cat".to_owned())),
            case(&json!({"promt": "a"}), Expectation::Succeeds),
            case(&json!({"prompt": "a", "steps": 51}), Expectation::ExactString("x".to_owned())),
            case(&json!({"prompt": "a"}), Expectation::MatchUrl("cat.png".to_owned())),
        ];
        assert_eq!(
            said(cases, None, false),
            [
                "SP601 cog-safe-push.yaml:7:5: test case 1 has match_prompt, but no Claude API key is set [set ANTHROPIC_API_KEY, \
                 or use exact_string, jq_query or match_url]",
                "SP604 cog-safe-push.yaml:7:5: test case 4: match_url is not a valid URL [use a public https: URL or a data: URL]",
                "SP602 cog-safe-push.yaml:7:5: test case 2: input prompt is required [correct the input, or use error_contains to test \
                 that it is refused]",
                "SP602 cog-safe-push.yaml:7:5: test case 2: input promt is not an input of the model (did you mean 'prompt'?) [write \
                 'prompt']",
                "SP602 cog-safe-push.yaml:7:5: test case 3: input steps is 51, but must be <= 50 [correct the input, or use \
                 error_contains to test that it is refused]",
                "SP608 cog-safe-push.yaml:7:5: test case 3 has exact_string, but the model does not return text [use jq_query or \
                 match_prompt, or correct the return type of the predictor]",
            ]
        );
    }

    #[test]
    fn an_error_and_an_output_cannot_both_be_expected() {
        let several = |checks: Vec<OutputCheck>| {
            let expectation = Expectation::Checks { checks, text: String::new() };
            said(vec![case(&json!({"prompt": "a"}), expectation)], None, true)
        };
        let error = || OutputCheck::Of(Expectation::ErrorContains("steps".to_owned()));
        let wanted = "SP608 cog-safe-push.yaml:7:5: test case 1 expects an error, and something of the output, which a failed prediction \
                      does not have [make it two test cases]";
        assert_eq!(several(vec![error(), OutputCheck::Contains("x".to_owned())]), [wanted]);
        assert_eq!(several(vec![error(), error()]), Vec::<String>::new());
    }

    #[test]
    fn invalid_queries_are_reported() {
        let said = said(vec![case(&json!({"prompt": "a"}), Expectation::JqQuery(".a ==".to_owned()))], None, true);
        assert!(
            said.len() == 1 && said[0].starts_with("SP603 cog-safe-push.yaml:7:5: test case 1: the jq program is not valid"),
            "{said:?}"
        );
    }

    #[test]
    fn problems_of_fuzz_settings_are_reported() {
        let fuzz = FuzzPlan {
            iterations: 1,
            fixed_inputs: json!({"sed": 1, "steps": "many"}).as_object().unwrap().clone(),
            disabled_inputs: vec!["prompt".to_owned(), "nothing".to_owned()],
            ..FuzzPlan::default()
        };
        assert_eq!(
            said(Vec::new(), Some(fuzz), true),
            [
                "SP605 fuzz: the fixed input 'sed' is not an input of the model [write 'seed']",
                "SP605 fuzz: the disabled input 'nothing' is not an input of the model [the inputs are prompt, steps, seed]",
                r#"SP606 fuzz: input steps is "many", but must be integer [correct the value, or remove it to have values generated]"#,
                "SP607 fuzz: no value can be generated for the required input 'prompt', which is disabled [set 'prompt' in \
                 fuzz.fixed_inputs, offer files in fuzz.files, or use it in a test case]",
            ]
        );
    }

    #[test]
    fn without_a_schema_only_the_rest_is_checked() {
        let plan =
            VerifyPlan { cases: vec![case(&json!({"x": 1}), Expectation::JqQuery("(".to_owned()))], ..VerifyPlan::default() };
        assert_eq!(check_plan(&plan, None, None, JUDGE).len(), 1);
    }

    #[test]
    fn secret_inputs_are_those_of_the_schema_and_of_variables() {
        let document = json!({"components": {"schemas": {"Input": {"type": "object", "properties": {
            "key": {"type": "string", "format": "password"}, "prompt": {"type": "string"},
        }}}}});
        let of = |inputs: &Value| VerifyPlan { cases: vec![case(inputs, Expectation::Succeeds)], ..VerifyPlan::default() };
        let (secret, other) = (of(&json!({"key": 5_551_234_987_u64})), of(&json!({"prompt": "hi"})));
        assert!(has_secret_inputs(&secret, None, Some(&document)));
        assert!(!has_secret_inputs(&secret, None, None) && !has_secret_inputs(&other, None, Some(&document)));
        let fixed_inputs = json!({"key": "x"}).as_object().unwrap().clone();
        let fuzz = Some(FuzzPlan { fixed_inputs, ..FuzzPlan::default() });
        assert!(has_secret_inputs(&VerifyPlan { fuzz, ..VerifyPlan::default() }, None, Some(&document)));
        let mut variable = other;
        variable.cases[0].secrets = vec![("prompt".to_owned(), "hf_secret_value".into())];
        assert!(has_secret_inputs(&variable, None, None));
    }

    fn training(inputs: &Value, fuzz: Option<FuzzPlan>) -> TrainPlan {
        TrainPlan {
            destination: "acme/hotdog-test-dest".parse().unwrap(),
            destination_hardware: "cpu".to_owned(),
            cases: vec![case(inputs, Expectation::Succeeds)],
            fuzz,
        }
    }

    fn said_of_training(plan: &TrainPlan, document: &Value) -> Vec<String> {
        let findings = check_plan(&VerifyPlan::default(), Some(plan), Some(document), JUDGE);
        findings.iter().map(|finding| format!("{} {}", finding.code, finding.message)).collect()
    }

    #[test]
    fn trainings_are_checked_against_their_own_schema() {
        let mut document = document();
        document["components"]["schemas"]["TrainingInput"] = json!({"type": "object", "required": ["data"], "properties": {
            "data": {"type": "string"}, "epochs": {"type": "integer", "minimum": 1},
        }});
        let fuzz = FuzzPlan { iterations: 2, disabled_inputs: vec!["data".to_owned(), "steps".to_owned()], ..FuzzPlan::default() };
        assert_eq!(said_of_training(&training(&json!({"data": "a", "epochs": 2}), None), &document), [""; 0]);
        assert_eq!(
            said_of_training(&training(&json!({"epochs": 0}), Some(fuzz)), &document),
            [
                "SP602 test training 1: input data is required",
                "SP602 test training 1: input epochs is 0, but must be >= 1",
                "SP605 train.fuzz: the disabled input 'steps' is not an input of the model",
                "SP607 train.fuzz: no value can be generated for the required input 'data', which is disabled, so no fuzz inputs are sent",
            ]
        );
    }

    #[test]
    fn trainings_of_a_model_that_cannot_be_trained_are_reported() {
        let plan = training(&json!({"data": "a"}), None);
        assert_eq!(
            said_of_training(&plan, &document()),
            ["SP609 the configuration has test trainings, but the model cannot be trained"]
        );
        let nothing = TrainPlan { cases: Vec::new(), ..plan };
        assert_eq!(said_of_training(&nothing, &document()), [""; 0], "a section without trainings");
    }
}
