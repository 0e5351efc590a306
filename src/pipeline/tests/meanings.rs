//! What errors and findings mean for verdicts.

use cog_findings::{Finding, Severity};
use cog_source::decision::Decision;
use cog_source::project::Project;
use cog_source::sdk::SdkVersion;

use crate::build::BuildError;
use crate::clients::ErrorKind;
use crate::clients::docker::{DockerError, PushDenial};
use crate::clients::replicate::{ReplicateError, ReplicateFailure};
use crate::domain::cleared::Blocked;
use crate::domain::report::StageStatus;
use crate::domain::verdict::Verdict;
use crate::pipeline::PrepareTreeError;
use crate::pipeline::building::{image_of_run, kept_image};
use crate::pipeline::inspecting::{About, judge};
use crate::pipeline::rules::{self, RULES};
use crate::pipeline::stop::Stop;
use crate::publish::PublishError;
use crate::publish::testing::live_model;

#[test]
fn every_failure_has_its_verdict_stage_status_and_exit_code() {
    let replicate = |failure| Stop::from(ReplicateError::new("ask", failure));
    let text = String::new;
    let denied = |reason| Stop::from(PublishError::from(DockerError::PushDenied { repository: text(), reason, message: text() }));
    let prepare = |kind| Stop::from(PrepareTreeError { message: "no".to_owned(), hint: None, kind });
    let cases = [
        (Stop::from(Blocked::Cases { failed: vec!["case-1".to_owned()], total: 2 }), StageStatus::Failed, 1),
        (Stop::from(BuildError::from(DockerError::DiskFull { attempted: text(), message: text() })), StageStatus::Errored, 3),
        (Stop::from(DockerError::SocketMissing { host: text() }), StageStatus::Errored, 3),
        (Stop::from(DockerError::NoSuchImage { image: text() }), StageStatus::Errored, 2),
        (Stop::from(BuildError::Cancelled), StageStatus::Cancelled, 130),
        (replicate(ReplicateFailure::Unauthorized { detail: text(), looks_like_cli_token: false }), StageStatus::Errored, 2),
        (replicate(ReplicateFailure::PaymentRequired { detail: text() }), StageStatus::Errored, 4),
        (replicate(ReplicateFailure::Server { status: 502, retry_after: None, detail: text() }), StageStatus::Errored, 3),
        (replicate(ReplicateFailure::VersionDisabled { detail: text() }), StageStatus::Failed, 1),
        (replicate(ReplicateFailure::Cancelled { still_running: None }), StageStatus::Cancelled, 130),
        (denied(PushDenial::ModelUnknown), StageStatus::Errored, 2),
        (denied(PushDenial::NotLoggedIn), StageStatus::Errored, 2),
        (Stop::from(PublishError::NoLiveModel { model: live_model() }), StageStatus::Errored, 2),
        (Stop::from(PublishError::Cancelled), StageStatus::Cancelled, 130),
        (prepare(ErrorKind::Model), StageStatus::Failed, 1),
        (prepare(ErrorKind::Request), StageStatus::Errored, 2),
        (Stop::Cancelled, StageStatus::Cancelled, 130),
    ];
    for (stop, status, exit_code) in cases {
        assert_eq!((stop.status(), stop.verdict().exit_code()), (status, exit_code), "{stop:?}");
    }
}

#[test]
fn the_chain_of_causes_is_reported_once_from_outside_in() {
    let source = PublishError::from(ReplicateError::new(
        "wait for the version",
        ReplicateFailure::NeverAppeared { within: std::time::Duration::from_secs(120) },
    ));
    let version = format!("acme/hotdog:{}", "a".repeat(64)).parse().unwrap();
    let stop = Stop::from(PublishError::Unconfirmed { version: Box::new(version), source: Box::new(source) });
    let Stop::Error { verdict, report, findings } = stop else { panic!("{stop:?}") };
    assert!(findings.is_empty());
    assert_eq!(verdict, Verdict::ServiceError);
    insta::assert_snapshot!(report.message, @"acme/hotdog:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa was pushed, but could not be confirmed: failed to wait for the version: the version did not appear within 2 min 0 s");
    assert!(report.hint.unwrap().contains("run again"));
}

#[test]
fn findings_stop_by_severity_and_by_where_they_come_from() {
    let warning = Finding::new(&rules::IMAGE_SCHEMA_DIFFERS, "a");
    let failure = Finding::new(&rules::SCHEMA_NOT_AS_INSPECTED, "b");
    let model = |_: &Finding| About::Model;
    assert_eq!(judge(&[], model).unwrap(), "nothing found");
    assert_eq!(judge(std::slice::from_ref(&warning), model).unwrap(), "1 warning");
    // A rule whose severity was lowered does not stop.
    assert!(judge(&[failure.clone().with_severity(Severity::Warning)], model).is_ok());
    let other = Finding::new(&rules::BUILD_FAILED, "c");
    let cases = [
        (About::Model, About::Model, Verdict::Failed),
        (About::Model, About::Plan, Verdict::Failed),
        (About::Plan, About::Plan, Verdict::Misconfigured),
        (About::Model, About::Configuration, Verdict::Misconfigured),
        (About::Configuration, About::Plan, Verdict::Misconfigured),
    ];
    for (one, two, verdict) in cases {
        let findings = [warning.clone(), failure.clone(), other.clone()];
        let stop = judge(&findings, |finding| if *finding == failure { one } else { two }).unwrap_err();
        let Stop::Blocked { verdict: is, note } = stop else { panic!("{stop:?}") };
        assert_eq!((is, note.as_str()), (verdict, "2 errors"), "{one:?} {two:?}");
    }
}

#[test]
fn an_image_for_keeps_has_the_name_that_cog_would_give_it() {
    let named = |yaml: &str, folder: &str, one_of_several| {
        let config = cog_source::config::parse(yaml, "cog.yaml").config.unwrap();
        let project = Project {
            folder: folder.into(),
            path: String::new(),
            config_file: "cog.yaml".to_owned(),
            config_text: yaml.to_owned(),
            config,
            sdk: SdkVersion::Latest,
            sdk_decision: Decision::new("SDK", "latest", "nothing names another"),
            requirements: None,
        };
        kept_image(&project, one_of_several)
    };
    let name = |yaml: &str, folder: &str| named(yaml, folder, None);
    let plain = "build: {python_version: '3.12'}\npredict: predict.py:Predictor\n";
    assert_eq!(name(plain, "/models/My Model"), "cog-my-model:latest");
    assert_eq!(name(&format!("{plain}image: r8.im/acme/hotdog\n"), "/x"), "r8.im/acme/hotdog:latest");
    assert_eq!(name(&format!("{plain}image: localhost:5000/a/b\n"), "/x"), "localhost:5000/a/b:latest");
    assert_eq!(name(&format!("{plain}image: acme/hotdog:v2\n"), "/x"), "acme/hotdog:v2");
    let together = |yaml: &str| named(yaml, "/models/My Model", Some("hotdog"));
    assert_eq!(together(plain), "cog-my-model:hotdog");
    assert_eq!(together(&format!("{plain}image: acme/models:v2\n")), "acme/models:v2-hotdog");
    let (one, other) = (image_of_run(), image_of_run());
    assert!(one.starts_with("safe-push-run:") && one != other);
}

#[test]
fn every_rule_speaks_and_has_a_code_of_its_own() {
    for (index, rule) in RULES.iter().enumerate() {
        assert_eq!(rule.code, format!("SP{}", 751 + index));
        assert!(rule.summary.ends_with('.') && rule.why.ends_with('.') && !rule.example.is_empty(), "{}", rule.code);
    }
}
