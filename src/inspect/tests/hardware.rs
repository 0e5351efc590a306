//! Hardware names.

use super::*;
use crate::clients::replicate::Hardware;
use crate::domain::plan::{DeploymentPlan, HardwarePlaces, TrainPlan};
use cog_findings::Location;

fn known() -> Vec<Hardware> {
    ["cpu", "gpu-l40s", "gpu-h100"].map(|sku| Hardware { name: sku.to_uppercase(), sku: sku.to_owned() }).to_vec()
}

fn all_three(test: &str, destination: &str, deployment: &str) -> ModelPlan {
    let train = TrainPlan {
        destination: "acme/hotdog-test-dest".parse().unwrap(),
        destination_hardware: destination.to_owned(),
        cases: Vec::new(),
        fuzz: None,
    };
    let deployment = DeploymentPlan {
        owner: "acme".to_owned(),
        name: "d".to_owned(),
        hardware: deployment.to_owned(),
        min_instances: None,
        max_instances: None,
    };
    ModelPlan { test_hardware: Some(test.to_owned()), train: Some(train), deployment: Some(deployment), ..plan(Path::new(".")) }
}

#[test]
fn known_names_are_accepted_everywhere() {
    assert_eq!(crate::inspect::hardware::check(&all_three("cpu", "gpu-h100", "gpu-l40s"), &known()), []);
    assert_eq!(crate::inspect::hardware::check(&plan(Path::new(".")), &known()), []);
}

#[test]
fn an_unknown_name_is_reported_with_its_key_and_the_nearest() {
    let findings = crate::inspect::hardware::check(&all_three("gpu-l40", "gpu-h10", "tpu"), &known());
    let reported: Vec<(&str, &str)> =
        findings.iter().map(|finding| (finding.message.as_str(), finding.hint.as_deref().unwrap())).collect();
    assert_eq!(
        reported,
        [
            ("test_hardware 'gpu-l40' is not available to this account", "did you mean 'gpu-l40s'?"),
            ("train.destination_hardware 'gpu-h10' is not available to this account", "did you mean 'gpu-h100'?"),
            ("deployment.hardware 'tpu' is not available to this account", "did you mean 'cpu'?"),
        ]
    );
    assert!(findings.iter().all(|finding| finding.code.as_str() == "SP411" && place(finding) == "cog-safe-push.yaml"));
}

#[test]
fn an_unknown_name_is_reported_on_its_line() {
    let mut plan = all_three("x", "y", "z");
    let at = |line| Some(Location::at("cog-safe-push.yaml", line, 1));
    plan.inspect.hardware_places = HardwarePlaces { test: at(2), destination: at(4), deployment: at(7) };
    let findings = crate::inspect::hardware::check(&plan, &known());
    assert_eq!(
        findings.iter().map(place).collect::<Vec<_>>(),
        ["cog-safe-push.yaml:2:1", "cog-safe-push.yaml:4:1", "cog-safe-push.yaml:7:1"]
    );
}

#[test]
fn a_name_without_a_similar_one_comes_with_the_list() {
    let findings = crate::inspect::hardware::check(&all_three("a100-large", "cpu", "cpu"), &known());
    assert_eq!(findings[0].hint.as_deref(), Some("the account has cpu, gpu-l40s, gpu-h100"));
}

#[test]
fn names_are_compared_exactly() {
    // The page shows `GPU-L40S`, but the API accepts only the SKU.
    assert_eq!(crate::inspect::hardware::check(&all_three("GPU-L40S", "cpu", "cpu"), &known()).len(), 1);
}

#[tokio::test]
async fn hardware_is_checked_only_with_a_list() {
    let folder = model_folder();
    let plan = ModelPlan { test_hardware: Some("gpu-x".to_owned()), ..plan(folder.path()) };
    assert_eq!(codes(&inspected(&plan, None).await.findings), Vec::<&str>::new());
    let (hardware, tools) = (known(), Tools::default());
    let request =
        InspectRequest { plan: &plan, config_findings: &[], live: None, baseline: None, hardware: Some(&hardware), tools: &tools };
    let inspected = inspect(&request, &CancellationToken::new()).await.unwrap();
    assert_eq!(codes(&inspected.findings), ["SP411"]);
}
