//! The README of the live model's page follows what is published.

use super::{Harness, options};
use crate::clients::replicate::ReplicateFailure;
use crate::domain::identity::VersionRef;
use crate::domain::page::PageChange;
use crate::domain::plan::{ModelPlan, PublishMode};
use crate::domain::verdict::Verdict;
use crate::pipeline::context::RunContext;
use crate::pipeline::record::ModelRecord;
use crate::pipeline::{ModelRun, model_page};
use crate::publish::testing::live_model;

const README: &str = "# Hotdog\n\nFinds hotdogs.\n";

impl Harness {
    fn with_readme(&self, publish: PublishMode) -> ModelPlan {
        let plan = self.given();
        std::fs::write(plan.repository().join("MODEL.md"), README).unwrap();
        ModelPlan { readme: Some("MODEL.md".to_owned()), publish, ..plan }
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_is_updated_after_publishing_and_not_before() {
    let harness = Harness::new();
    let report = harness.run(harness.with_readme(PublishMode::Publish)).await;
    let page = report.page.unwrap();
    assert_eq!(
        (page.change, page.diff, page.description.as_deref()),
        (PageChange::Updated, vec!["+# Hotdog".to_owned(), "+".to_owned(), "+Finds hotdogs.".to_owned()], Some("Finds hotdogs."))
    );
    assert_eq!(harness.world.calls_of("update_page").len(), 1);

    let tested = Harness::new();
    let report = tested.run(tested.with_readme(PublishMode::NotOnThisEvent)).await;
    assert_eq!(report.page.unwrap().change, PageChange::WouldUpdate);
    assert_eq!(tested.world.calls_of("update_page"), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_page_is_updated_when_only_its_file_has_changed() {
    let harness = Harness::new();
    let run = ModelRun::new(harness.with_readme(PublishMode::Publish));
    let (services, options) = (harness.services(), options());
    let context = RunContext::of_verification(&services.verify, &options, &harness.recorder, &harness.cancelled);
    let mut record = ModelRecord::begin(&run, &context);
    record.report.unchanged = Some(VersionRef { model: live_model(), id: "a".repeat(64).parse().unwrap() });
    model_page::follow(&mut record, services.publish.replicate.as_ref()).await;
    assert_eq!(record.report.page.unwrap().change, PageChange::Updated);
    assert_eq!(harness.world.calls_of("update_page").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_cannot_be_written_fails_nothing() {
    let harness = Harness::new();
    harness.world.fail_replicate("update_page", ReplicateFailure::Forbidden { detail: "no".to_owned() });
    let report = harness.run(harness.with_readme(PublishMode::Publish)).await;
    assert_eq!((report.verdict, report.page.unwrap().change), (Verdict::Passed, PageChange::Failed));

    let missing = Harness::new();
    let plan = ModelPlan { readme: Some("gone.md".to_owned()), ..missing.given() };
    let report = missing.run(plan).await;
    assert_eq!((report.verdict, report.page.unwrap().change), (Verdict::Passed, PageChange::Failed));
}
