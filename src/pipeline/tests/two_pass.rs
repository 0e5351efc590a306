//! A model whose tests need a key and whose official version must not hold it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::{Harness, Last, error, note, stages};
use crate::clients::replicate::Visibility;
use crate::domain::events::EventKind;
use crate::domain::identity::ModelRef;
use crate::domain::plan::{ModelPlan, PublishMode};
use crate::domain::report::{ModelReport, Stage};
use crate::domain::verdict::Verdict;
use crate::pipeline::{KeyFiles, ModelRun, PrepareTreeError, WrittenKey};
use crate::publish::testing::{BUILT, Hang, live_model};

const KEY: &str = "key-0123456789-abcdef";

/// Writes a key into a file and deletes it, unless it forgets.
struct Keys {
    file: PathBuf,
    forgets: bool,
    key: &'static str,
    calls: Mutex<Vec<&'static str>>,
}

impl Keys {
    fn note(&self, call: &'static str) {
        self.calls.lock().unwrap().push(call);
    }
}

impl KeyFiles for Keys {
    fn write<'a>(
        &'a self,
        _name: &'a str,
        _cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<WrittenKey, PrepareTreeError>> {
        Box::pin(async move {
            self.note("write");
            std::fs::write(&self.file, self.key).unwrap();
            let secrets = vec![("API_KEY".to_owned(), self.key.into())];
            Ok(WrittenKey { files: vec!["api_key.txt".into()], secrets, unrecognized: vec!["flag.txt".into()] })
        })
    }

    fn delete<'a>(&'a self, _name: &'a str, _cancelled: &'a CancellationToken) -> BoxFuture<'a, Result<(), PrepareTreeError>> {
        Box::pin(async move {
            self.note("delete");
            if !self.forgets {
                std::fs::remove_file(&self.file).unwrap();
            }
            Ok(())
        })
    }

    fn put_back<'a>(&'a self) -> BoxFuture<'a, Vec<String>> {
        Box::pin(async move {
            self.note("put back");
            Vec::new()
        })
    }
}

fn official() -> ModelRef {
    "acme/official".parse().unwrap()
}

impl Harness {
    fn two_pass_plan(&self) -> ModelPlan {
        self.world.add_model(&official(), Visibility::Public);
        self.world.state().models.get_mut(&official()).unwrap().is_official = true;
        self.world.state().models.get_mut(&live_model()).unwrap().visibility = Visibility::Private;
        ModelPlan { official_model: Some(official()), two_pass: true, ..self.plan() }
    }

    async fn run_with_key(&self, plan: ModelPlan, forgets: bool) -> (ModelReport, Vec<&'static str>) {
        self.run_with(plan, KEY, forgets).await
    }

    async fn run_with(&self, plan: ModelPlan, key: &'static str, forgets: bool) -> (ModelReport, Vec<&'static str>) {
        let keys = Arc::new(Keys { file: self.folder.path().join("api_key.txt"), forgets, key, calls: Mutex::default() });
        let key_files: Arc<dyn KeyFiles> = Arc::<Keys>::clone(&keys);
        let run = ModelRun { key_files: Some(key_files), ..ModelRun::new(plan) };
        let report = self.run_to(Last::Deploy, vec![run]).await.models.remove(0);
        let calls = keys.calls.lock().unwrap().clone();
        (report, calls)
    }
}

#[tokio::test(start_paused = true)]
async fn the_official_image_is_another_one_without_the_key() {
    let harness = Harness::new();
    let (report, calls) = harness.run_with_key(harness.two_pass_plan(), false).await;
    assert_eq!(report.verdict, Verdict::Passed, "{report:#?}");
    assert_eq!(calls, ["write", "delete", "put back"]);
    assert_eq!((report.published.unwrap().model, report.official.unwrap().model), (live_model(), official()));
    assert_eq!(harness.world.calls_of("build").len(), 2);
    assert_eq!(harness.world.calls_of("export_image").len(), 1, "that of the tests has the key");
    assert_eq!(harness.world.names(), [BUILT], "both images go with the run");
    let events = harness.recorder.events();
    let said = |words: &str| events.iter().any(|event| matches!(event, EventKind::Notice(text) if text.contains(words)));
    assert!(said("the first 2 of 4 layers of the official image are those that were tested"), "{events:#?}");
    assert!(
        said("was gone or as before when it was built: api_key.txt. Searched for, and not found in it: API_KEY"),
        "{events:#?}"
    );
    assert!(said("Not searched for, because it does not look like a key: what was written into flag.txt"), "{events:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_key_whose_absence_cannot_be_proven_stops_the_run_before_its_build() {
    let harness = Harness::new();
    let (report, calls) = harness.run_with(harness.two_pass_plan(), "abc1234", false).await;
    assert_eq!(report.verdict, Verdict::Misconfigured, "{report:#?}");
    assert!(report.findings.iter().any(|finding| finding.code.as_str() == "SP585" && finding.message.contains("API_KEY")));
    assert_eq!((calls, harness.world.calls_of("build").len()), (vec!["write", "put back"], 0));
}

#[tokio::test(start_paused = true)]
async fn what_holds_the_key_must_not_be_public() {
    let test_model = |harness: &Harness| harness.plan().test_model;
    for (key, is_live) in [("model", true), ("test_model", false)] {
        let harness = Harness::new();
        let mut plan = harness.two_pass_plan();
        plan.allow.public_test_model = true;
        let public = if is_live { live_model() } else { test_model(&harness) };
        if !is_live {
            harness.world.add_model(&public, Visibility::Public);
        }
        harness.world.state().models.get_mut(&public).unwrap().visibility = Visibility::Public;
        let (report, _) = harness.run_with_key(plan.clone(), false).await;
        assert_eq!(report.verdict, Verdict::Misconfigured, "{report:#?}");
        assert!(error(&report).0.contains(&format!("two_pass is set, but {key} is {public}, which is public")), "{report:#?}");
        assert_eq!(harness.world.calls_of("build").len(), 0);
        // What is only tested does not reach the live model.
        plan.publish = PublishMode::TestOnly;
        let (report, _) = harness.run_with_key(plan, false).await;
        assert_eq!(report.verdict == Verdict::Passed, is_live, "{report:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_still_there_is_never_pushed() {
    let harness = Harness::new();
    let (report, _) = harness.run_with_key(harness.two_pass_plan(), true).await;
    assert_eq!(report.verdict, Verdict::Misconfigured, "{report:#?}");
    assert!(report.findings.iter().any(|finding| finding.code.as_str() == "SP584" && !finding.message.contains(KEY)));
    assert_eq!((report.published.unwrap().model, report.official), (live_model(), None));
    assert_eq!(harness.world.calls_of("build").len(), 1, "proven before it is built");
}

#[tokio::test(start_paused = true)]
async fn a_test_alone_puts_the_key_back_and_builds_once() {
    let harness = Harness::new();
    let plan = ModelPlan { publish: PublishMode::TestOnly, ..harness.two_pass_plan() };
    let (report, calls) = harness.run_with_key(plan, false).await;
    assert_eq!((report.verdict, calls), (Verdict::Passed, vec!["write", "put back"]), "{:#?}", report.error);
    assert_eq!(harness.world.calls_of("build").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_cancelled_puts_the_key_back() {
    for (call, stage) in [("create_prediction", Stage::Verify), ("export_image", Stage::Publish)] {
        let harness = Harness::new();
        harness.world.hang(call, Hang::Stubbornly);
        harness.cancel_after(Duration::from_secs(600));
        let (report, calls) = harness.run_with_key(harness.two_pass_plan(), false).await;
        assert_eq!(report.verdict, Verdict::Cancelled, "{:?}", stages(&report));
        assert_eq!(calls.last(), Some(&"put back"));
        assert_eq!(report.official, None);
        assert!(stages(&report).contains(&format!("{stage} cancelled")), "{:?}", stages(&report));
    }
}

#[tokio::test(start_paused = true)]
async fn what_two_passes_need_is_reported_first() {
    let harness = Harness::new();
    let (report, calls) = harness.run_with_key(ModelPlan { official_model: None, ..harness.two_pass_plan() }, false).await;
    assert!(error(&report).0.contains("cog-safe-push.yaml does not set official_model"), "{}", note(&report, Stage::Inspect));
    assert_eq!(calls, ["put back"]);
    let mut plan = harness.two_pass_plan();
    plan.build.image = Some(BUILT.to_owned());
    let (report, _) = harness.run_with_key(plan, false).await;
    assert!(error(&report).1.contains("leave out image, or two_pass"), "{:?}", error(&report));
}
