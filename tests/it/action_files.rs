//! The files of the actions and of workflows.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn every_template_has_its_properties() {
    let stems = |folder: &str, behind: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap();
        let files = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        files.filter_map(|file| file.strip_suffix(behind).map(str::to_owned)).collect()
    };
    let templates = stems("workflows-templates", ".yaml");
    assert_eq!(templates, stems("workflows-templates/properties", ".properties.json"));
    assert!(templates.len() >= 5);
    for name in templates {
        let properties: Value =
            serde_json::from_str(&read(&format!("workflows-templates/properties/{name}.properties.json"))).unwrap();
        assert!(properties["name"].is_string() && properties["description"].is_string());
        let first = read(&format!("workflows-templates/{name}.yaml")).lines().next().unwrap().to_owned();
        assert!(first.contains("Change: "), "{name} does not say what to change");
    }
}

/// What a tag or branch leads to can change; our own action is pinned by whoever copies a template.
#[test]
fn every_action_of_a_workflow_is_pinned_by_commit() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [".github/workflows", "workflows-templates"].map(|folder| fs::read_dir(root.join(folder)).unwrap());
    let paths = folders.into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut pinned = 0;
    for path in paths.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")) {
        for line in fs::read_to_string(&path).unwrap().lines() {
            let Some((_, action)) = line.trim_start().trim_start_matches("- ").split_once("uses: ") else { continue };
            let action = action.split(" #").next().unwrap().trim();
            if action.starts_with("./") || action.starts_with("$/") || action.starts_with("org/safe-push-action") {
                continue;
            }
            let commit = action.split_once('@').map(|(_, commit)| commit).unwrap_or_default();
            assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{}: {action}", path.display());
            pinned += 1;
        }
    }
    assert!(pinned >= 5, "only {pinned} actions were found");
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect()
}

const MODEL_CI: &str = ".github/workflows/model-ci.yaml";

/// A caller of cog-safe-push's own template changes the line with `uses` and nothing else.
#[test]
fn the_reusable_workflow_takes_any_text_and_asks_for_no_permission() {
    let text = read(MODEL_CI);
    let workflow = yaml(&text);
    let call = &workflow["on"]["workflow_call"];
    for (name, input) in call["inputs"].as_object().unwrap() {
        assert_eq!(
            (&input["type"], &input["default"], &input["required"]),
            (&"string".into(), &"".into(), &false.into()),
            "{name}"
        );
    }
    for name in ["trigger_type", "models", "ignore_schema_checks", "cog_version", "test_only"] {
        assert!(call["inputs"][name].is_object(), "{name}");
    }
    assert!(!text.contains("permissions:"), "a job that asks for more than its caller has does not start");
    assert_eq!(keys(&call["outputs"]), ["matrix", "notes", "published", "verdict", "versions"].map(str::to_owned).into());
}

#[test]
fn the_reusable_workflow_passes_only_inputs_that_the_actions_have() {
    let workflow = yaml(&read(MODEL_CI));
    let known = keys(&workflow["on"]["workflow_call"]["inputs"]);
    let mut used = BTreeSet::new();
    for (job, step) in workflow["jobs"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(name, job)| job["steps"].as_array().unwrap().iter().map(move |step| (name, step)))
    {
        let Some(folder) = step["uses"].as_str().and_then(|uses| uses.strip_prefix("$/")) else { continue };
        let inputs = keys(&yaml(&read(&format!("{folder}/action.yml")))["inputs"]);
        for name in keys(&step["with"]) {
            assert!(inputs.contains(&name), "the job {job} passes {name}");
        }
        used.insert(folder.to_owned());
    }
    assert_eq!(used, ["push", "report", "select-model"].map(str::to_owned).into());
    // Each input is used somewhere.
    let body = read(MODEL_CI).split("\njobs:\n").nth(1).unwrap().to_owned();
    for name in &known {
        assert!(body.contains(&format!("inputs.{name}")), "{name} has no effect");
    }
}

/// What the action takes as a secret input, the workflow takes as a secret of its caller, and passes on.
#[test]
fn the_reusable_workflow_passes_every_secret() {
    let workflow = yaml(&read(MODEL_CI));
    let secrets = keys(&workflow["on"]["workflow_call"]["secrets"]);
    let push = workflow["jobs"]["push"]["steps"].as_array().unwrap().iter().find(|step| step["id"] == "push").unwrap();
    for name in &secrets {
        assert_eq!(push["with"][name.to_lowercase()], format!("${{{{ secrets.{name} }}}}"), "{name}");
    }
    let of_action = keys(&yaml(&read("action.yml"))["inputs"]);
    let is_secret =
        |name: &&String| ["_token", "_key", "notify_url"].iter().any(|end| name.ends_with(end)) && *name != "github_token";
    let missing: Vec<_> = of_action.iter().filter(is_secret).filter(|name| !secrets.contains(&name.to_uppercase())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_check_to_require_always_exists_and_calls_do_not_disturb_each_other() {
    let workflow = yaml(&read(MODEL_CI));
    let report = &workflow["jobs"]["report"];
    assert_eq!((&report["name"], &report["if"]), (&"safe-push".into(), &"${{ always() }}".into()));
    assert_eq!(report["steps"][0]["with"]["needs"], "${{ toJSON(needs) }}");
    let group = workflow["concurrency"]["group"].as_str().unwrap();
    // Two workflows can have one name.
    assert!(group.contains("github.workflow_ref"), "{group}");
    for input in ["working_directory", "config_dir", "models", "variant"] {
        assert!(group.contains(&format!("inputs.{input}")), "{group}");
    }
    let push = &workflow["jobs"]["push"];
    let group = push["concurrency"]["group"].as_str().unwrap();
    assert!(!group.contains("github.ref") && group.contains("matrix.model"), "a tag and a branch publish the same model: {group}");
    assert_eq!((&push["concurrency"]["cancel-in-progress"], &push["concurrency"]["queue"]), (&false.into(), &"max".into()));
    let steps = push["steps"].as_array().unwrap();
    let artifact = steps.iter().find(|step| step["uses"].as_str().is_some_and(|uses| uses.contains("upload-artifact"))).unwrap();
    assert!(artifact["with"]["name"].as_str().unwrap().contains("outputs.call"));
}

#[test]
fn workflows_in_the_guides_pass_only_inputs_that_exist() {
    let known = keys(&yaml(&read(MODEL_CI))["on"]["workflow_call"]["inputs"]);
    let mut seen = 0;
    let guides = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guides")).unwrap();
    let guides = guides.map(|entry| format!("docs/guides/{}", entry.unwrap().file_name().to_string_lossy()));
    for page in guides.chain(["docs/action.md".to_owned()]) {
        for block in read(&page).split("```yaml\n").skip(1) {
            let workflow = yaml(block.split("```").next().unwrap());
            for job in workflow["jobs"].as_object().into_iter().flat_map(|jobs| jobs.values()) {
                if job["uses"].as_str().is_some_and(|uses| uses.starts_with("org/safe-push-action/.github")) {
                    let unknown: Vec<String> = keys(&job["with"]).into_iter().filter(|name| !known.contains(name)).collect();
                    assert!(unknown.is_empty(), "{page}: {unknown:?}");
                    seen += 1;
                }
            }
        }
    }
    assert!(seen >= 7, "only {seen} were found");
}

/// The reusable workflow refers to the actions of its own commit, and a path that names the root is not accepted there.
#[test]
fn the_action_in_the_folder_push_is_the_one_at_the_top() {
    let (top, inner) = (read("action.yml"), read("push/action.yml"));
    let image = |text: &str| text.lines().find(|line| line.starts_with("  image: ")).unwrap().to_owned();
    assert_eq!(top.replace(&image(&top), ""), inner.replace(&image(&inner), ""));
    let workflow = read(".github/workflows/model-ci.yaml");
    for action in ["$/push", "$/select-model", "$/report"] {
        assert!(workflow.contains(&format!("uses: {action}\n")) || workflow.contains(&format!("uses: {action} ")), "{action}");
    }
    let is_pinned = |line: &str| !line.starts_with('#') && line.contains("uses: org/");
    assert!(!workflow.lines().any(is_pinned), "a release would have to change it");
}

#[test]
fn the_image_and_the_wheel_have_the_same_ruff() {
    let project = read("pyproject.toml");
    assert_eq!(project.matches("\"ruff==").count(), 1);
    for file in ["Dockerfile", "Dockerfile.source"] {
        assert!(read(file).contains("/tmp/image-root /root-of-image /tmp/pyproject.toml"), "{file}");
    }
    assert!(read("script/image-root").contains("\"ruff=="), "the script takes the version from there");
}
