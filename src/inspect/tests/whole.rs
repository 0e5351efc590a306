//! Whole inspections.

use cog_findings::{RuleCode, Severity, SourceMap};

use super::*;

/// A live version with an input of another name instead of `times`, and the current `text`.
fn older() -> LiveVersion {
    let inputs = json!({
        "text": {"type": "string", "title": "Text", "description": "What to say", "x-order": 0},
        "count": {"type": "integer", "title": "Count", "description": "How often", "default": 1, "x-order": 1},
    });
    let mut document = schema(&inputs, &json!({"type": "string", "title": "Output"}));
    document["components"]["schemas"]["Input"]["required"] = json!(["text"]);
    live(Some(document))
}

fn with_inspect(folder: &TempDir, inspect: InspectPlan) -> ModelPlan {
    ModelPlan { inspect: InspectPlan { no_lint: true, ..inspect }, ..plan(folder.path()) }
}

#[tokio::test]
async fn a_good_project_has_a_schema_and_no_findings() {
    let folder = model_folder();
    let inspected = inspected(&plan(folder.path()), None).await;
    assert_eq!((codes(&inspected.findings), codes(&inspected.ignored)), (vec![], vec![]));
    let document = inspected.schema.unwrap();
    let inputs = &document["components"]["schemas"]["Input"]["properties"];
    assert_eq!((&inputs["times"]["maximum"], &inputs["text"]["type"]), (&json!(10), &json!("string")));
    assert_eq!(inspected.source_maps.predict.input("times").map(ToString::to_string).as_deref(), Some("run.py:8:9"));
    assert_eq!(inspected.source_maps.train, SourceMap::default());
}

#[tokio::test]
async fn breaking_changes_are_reported_on_their_lines() {
    let folder = model_folder();
    let inspected = inspected(&plan(folder.path()), Some(&older())).await;
    let errors: Vec<&Finding> = inspected.findings.iter().filter(|finding| finding.is_error()).collect();
    assert_eq!(errors.len(), 1, "{:?}", inspected.findings);
    assert_eq!(errors[0].code.as_str(), "SP101");
    // The input is gone, so the finding points at its method.
    assert_eq!(place(errors[0]), "run.py:5:9");
}

#[tokio::test]
async fn a_changed_type_is_reported_on_the_inputs_line() {
    let folder = model_folder();
    let texts = json!({
        "text": {"type": "string", "title": "Text", "description": "d"},
        "times": {"type": "string", "title": "Times", "description": "d", "default": "1"},
    });
    let old = live(Some(schema(&texts, &json!({"type": "string", "title": "Output"}))));
    let inspected = inspected(&plan(folder.path()), Some(&old)).await;
    let finding = inspected.findings.iter().find(|finding| finding.code.as_str() == "SP104").unwrap();
    assert_eq!(place(finding), "run.py:8:9");
    assert_eq!(inspected.findings[0].severity, Severity::Error, "the most severe first");
}

#[tokio::test]
async fn without_a_schema_of_the_live_version_nothing_is_compared() {
    let folder = model_folder();
    assert!(inspected(&plan(folder.path()), Some(&live(None))).await.findings.is_empty());
}

#[tokio::test]
async fn breaking_changes_can_be_allowed() {
    let folder = model_folder();
    let lenient = with_inspect(&folder, InspectPlan { ignore_schema_compatibility: true, ..InspectPlan::default() });
    let removed = |inspected: &Inspected| {
        inspected.findings.iter().find(|finding| finding.code.as_str() == "SP101").map(|finding| finding.severity)
    };
    assert_eq!(removed(&inspected(&lenient, Some(&older())).await), Some(Severity::Warning));
    let ignoring = with_inspect(&folder, InspectPlan { ignore: vec![RuleCode::parse("SP101")], ..InspectPlan::default() });
    let inspected = inspected(&ignoring, Some(&older())).await;
    assert_eq!((removed(&inspected), codes(&inspected.ignored)), (None, vec!["SP101"]));
}

#[tokio::test]
async fn a_missing_description_is_an_error_as_in_cog_safe_push() {
    let source =
        "from cog import BaseRunner\n\n\nclass Runner(BaseRunner):\n    def run(self, text: str) -> str:\n        return text\n";
    let folder = folder(&[("cog.yaml", COG_YAML), ("run.py", source)]);
    let inspected = inspected(&plan(folder.path()), None).await;
    assert_eq!(codes(&inspected.findings), ["SP301"]);
    assert!(inspected.findings[0].is_error() && place(&inspected.findings[0]).starts_with("run.py:5"));
}

#[tokio::test]
async fn an_sdk_before_0_19_leaves_the_schema_to_the_image() {
    let folder = model_folder();
    for (version, known) in [("0.16.12", false), ("0.18.0", false), ("0.20.0", true), ("latest", true)] {
        let build = BuildPlan { cog_version: Some(version.to_owned()), ..BuildPlan::default() };
        let plan = ModelPlan { build, ..plan(folder.path()) };
        let inspected = inspected(&plan, Some(&older())).await;
        assert_eq!(inspected.schema.is_some(), known, "{version}");
        let compared = inspected.findings.iter().any(|finding| finding.code.as_str() == "SP101");
        assert_eq!(compared, known, "{version}");
    }
}

#[tokio::test]
async fn the_images_schema_is_checked_in_the_same_way() {
    let new = schema(&json!({"text": {"type": "string", "title": "Text"}}), &json!({"type": "string", "title": "Output"}));
    let source_maps = SourceMaps::default();
    let strict = inspect_schema(&new, &source_maps, Some(&older()), &InspectPlan::default());
    assert!(codes(&strict.findings).contains(&"SP101") && codes(&strict.findings).contains(&"SP301"), "{:?}", strict.findings);
    let ignoring =
        InspectPlan { ignore: vec![RuleCode::parse("SP301")], ignore_schema_compatibility: true, ..InspectPlan::default() };
    let lenient = inspect_schema(&new, &source_maps, Some(&older()), &ignoring);
    assert_eq!(codes(&lenient.ignored), ["SP301"]);
    assert!(lenient.findings.iter().all(|finding| !finding.is_error()), "{:?}", lenient.findings);
    assert!(codes(&inspect_schema(&new, &source_maps, None, &ignoring).findings).is_empty());
}

#[tokio::test]
async fn source_without_a_signature_is_reported_with_its_location() {
    for (source, target) in [
        (None, "run.py"),
        (Some("class Other:\n    pass\n"), "run.py"),
        (Some("from cog import BaseRunner\nclass Runner(BaseRunner):\n    def run(self, x: bytes) -> str: ...\n"), "run.py:3"),
        (Some("def broken(:\n"), "run.py:1"),
    ] {
        let mut files = vec![("cog.yaml", COG_YAML)];
        files.extend(source.map(|source| ("run.py", source)));
        let folder = folder(&files);
        let inspected = inspected(&plan(folder.path()), Some(&older())).await;
        assert_eq!(inspected.schema, None, "{source:?}");
        let first = &inspected.findings[0];
        assert!(first.is_error() && ("SP201".."SP250").contains(&first.code.as_str()), "{first:?}");
        assert!(place(first).starts_with(target) || place(first).starts_with("cog.yaml"), "{source:?}: {}", place(first));
    }
}

#[tokio::test]
async fn findings_of_the_configuration_are_kept_and_the_policy_applies_to_them() {
    let folder = model_folder();
    let found = Finding::new(&rules::UNKNOWN_HARDWARE, "said elsewhere");
    let (plan, tools) = (plan(folder.path()), Tools::default());
    let request = InspectRequest {
        plan: &plan,
        config_findings: std::slice::from_ref(&found),
        live: None,
        baseline: None,
        hardware: None,
        tools: &tools,
    };
    assert_eq!(inspect(&request, &CancellationToken::new()).await.unwrap().findings, std::slice::from_ref(&found));
    let ignoring = with_inspect(&folder, InspectPlan { ignore: vec![RuleCode::parse("SP411")], ..InspectPlan::default() });
    let request = InspectRequest { plan: &ignoring, ..request };
    let inspected = inspect(&request, &CancellationToken::new()).await.unwrap();
    assert_eq!((inspected.findings, inspected.ignored), (vec![], vec![found]));
}

#[tokio::test]
async fn all_mistakes_are_reported_at_once() {
    let text = "build:\n  python_version: \"3.12\"\n  gpu: \"yes please\"\nrun: run.py:Runner\n";
    let source =
        "from cog import BaseRunner\n\n\nclass Runner(BaseRunner):\n    def run(self, text: str) -> str:\n        return text\n";
    let folder = folder(&[("cog.yaml", text), ("run.py", source)]);
    let inspected = inspected(&plan(folder.path()), None).await;
    assert_eq!(codes(&inspected.findings), ["SP503", "SP301"]);
}

mod before_a_build {
    use super::*;

    const WITH_FILE: &str =
        "build:\n  gpu: true\n  python_version: \"3.12\"\n  python_requirements: requirements.txt\nrun: run.py:Runner\n";

    #[tokio::test]
    async fn a_missing_requirements_file_is_reported_on_the_line_that_names_it() {
        let folder = folder(&[("cog.yaml", WITH_FILE), ("run.py", RUN_PY)]);
        let inspected = inspected(&plan(folder.path()), None).await;
        assert_eq!(codes(&inspected.findings), ["SP560"]);
        assert!(place(&inspected.findings[0]).starts_with("cog.yaml:4"), "{:?}", inspected.findings);
    }

    #[tokio::test]
    async fn an_impossible_cuda_version_is_reported_on_the_requirement() {
        let folder = folder(&[("cog.yaml", WITH_FILE), ("run.py", RUN_PY), ("requirements.txt", "# newest\ntorch\n")]);
        let inspected = inspected(&plan(folder.path()), None).await;
        assert!(inspected.findings[0].is_error(), "{:?}", inspected.findings);
        assert_eq!(place(&inspected.findings[0]), "requirements.txt:2");
    }

    #[tokio::test]
    async fn a_left_out_requirement_is_a_warning_with_the_repository_path() {
        let folder = folder(&[("cog.yaml", WITH_FILE), ("run.py", RUN_PY), ("requirements.txt", "cog==0.9.0\n")]);
        let (project, _) = load_project(folder.path(), &ProjectPlace::of_folder("models/a"), None).await.unwrap();
        let findings = build_plan::check(&project, &BuildPlan::default());
        assert_eq!(findings.iter().map(place).collect::<Vec<_>>(), ["models/a/requirements.txt:1"]);
        assert!(findings.iter().all(|finding| !finding.is_error()), "{findings:?}");
    }

    #[tokio::test]
    async fn hardware_that_torch_has_no_kernels_for_is_reported() {
        for (python, torch, hardware, expected) in [
            (
                "3.10",
                "1.13.1",
                "gpu-h100",
                Some("PyTorch 1.13.1 for CUDA 11.7 has no kernels for test_hardware 'gpu-h100' (sm_90)"),
            ),
            ("3.10", "1.13.1", "gpu-h100-2x", Some("has no kernels for test_hardware 'gpu-h100-2x'")),
            ("3.10", "1.13.1", "gpu-l40s", None),
            ("3.10", "1.13.1", "gpu-a100-large", None),
            ("3.12", "2.4.1", "gpu-h100", None),
            ("3.12", "2.15.0", "gpu-t4", None),
            ("3.12", "2.4.1", "cpu", None),
        ] {
            let text = WITH_FILE.replace("3.12", python);
            let requirements = format!("torch=={torch}\n");
            let folder = folder(&[("cog.yaml", text.as_str()), ("run.py", RUN_PY), ("requirements.txt", &requirements)]);
            let plan = ModelPlan { test_hardware: Some(hardware.to_owned()), ..plan(folder.path()) };
            let inspected = inspected(&plan, None).await;
            let found = inspected.findings.iter().find(|finding| finding.code.as_str() == "SP413");
            assert_eq!(found.is_some(), expected.is_some(), "{torch} on {hardware}: {:?}", inspected.findings);
            let message = found.map(|finding| finding.message.as_str()).unwrap_or_default();
            assert!(message.contains(expected.unwrap_or_default()), "{message}");
        }
    }

    #[tokio::test]
    async fn a_custom_dockerfile_or_image_needs_no_choices() {
        let folder = folder(&[("cog.yaml", WITH_FILE), ("run.py", RUN_PY), ("requirements.txt", "torch\n")]);
        for build in [
            BuildPlan { dockerfile: Some("Dockerfile".into()), ..BuildPlan::default() },
            BuildPlan { image: Some("mine:latest".to_owned()), ..BuildPlan::default() },
        ] {
            let inspected = inspected(&ModelPlan { build, ..plan(folder.path()) }, None).await;
            assert!(inspected.findings.is_empty(), "{:?}", inspected.findings);
        }
    }
}

#[tokio::test]
async fn another_sdk_than_that_of_the_live_version_is_a_note_that_says_what_changes_for_callers() {
    let folder = folder(&[("cog.yaml", &COG_YAML.replace("build:\n", "build:\n  sdk_version: 0.22.0\n")), ("run.py", RUN_PY)]);
    let noted = async |cog_version: Option<&str>| {
        let live = LiveVersion { cog_version: cog_version.map(str::to_owned), ..live(None) };
        let inspected = inspected(&plan(folder.path()), Some(&live)).await;
        inspected.findings.into_iter().find(|finding| finding.code.as_str() == "SP414")
    };
    for same_or_unknown in [None, Some("0.22.0"), Some("v0.22.0"), Some("dev")] {
        assert_eq!(noted(same_or_unknown).await, None, "{same_or_unknown:?}");
    }
    let near = noted(Some("0.21.3")).await.unwrap();
    assert_eq!((near.severity, place(&near).as_str(), near.details.len()), (Severity::Note, "cog.yaml:2:16", 0));
    let far = noted(Some("0.16.12")).await.unwrap();
    assert!(far.message.contains("0.16.12") && far.message.contains("0.22.0"), "{far:?}");
    assert!(far.details.iter().any(|(_, text)| text.contains("null for an optional input is rejected")), "{far:?}");
    assert!(far.hint.unwrap().contains("sdk_version: \"0.16.12\""));
}
