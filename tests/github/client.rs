//! Check runs and the comment against a strict GitHub that is slow, fails and is written to by others.

use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeZone, Utc};
use proptest::prelude::*;
use safe_push::clients::github::{GitHub, GitHubError, GitHubOptions, Policy, RealGitHub};
use safe_push::deliver::github::{Checks, CommentOutcome, HeadCommit, finish, refresh_comment};
use safe_push::deliver::{Target, Undelivered};
use safe_push::domain::verdict::Verdict;
use safe_push::report::json::{from_json, v1::Run};
use safe_push::support::clock::SystemClock;
use safe_push::support::retry::RetryPolicy;
use safe_push::support::secrets::Redactor;
use serde_json::json;
use test_support::fake_github::{FakeGitHub, Fault, READER, WRITER};

const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

fn client(server: &FakeGitHub, token: &str) -> Arc<dyn GitHub> {
    client_with(server, token, Redactor::default())
}

fn client_with(server: &FakeGitHub, token: &str, redactor: Redactor) -> Arc<dyn GitHub> {
    let retries = RetryPolicy { retries: 12, first_wait: Duration::from_millis(5), longest_wait: Duration::from_millis(50) };
    let options = GitHubOptions {
        api_url: Some(server.url()),
        repository: "acme/hotdog".parse().unwrap(),
        token: token.into(),
        policy: Policy { retries, secondary_wait: Duration::from_millis(20) },
        redactor,
    };
    Arc::new(RealGitHub::new(options, Arc::new(SystemClock)).unwrap())
}

fn now() -> chrono::DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 2, 3, 4, 5).unwrap()
}

fn head(run_id: u64) -> HeadCommit {
    HeadCommit { sha: SHA.to_owned(), run_id, attempt: 1 }
}

/// A run of one model, as run.json has it.
fn run(name: &str, verdict: &str, findings: usize) -> Run {
    let finding = |line: usize| {
        json!({ "code": "SP101", "severity": "error", "message": "input 'x' was removed", "file": "predict.py",
                "line": line + 1, "column": 3, "end_column": 9, "hint": null, "details": [] })
    };
    let model = json!({
        "model": format!("acme/{name}"), "name": name, "config": null, "verdict": verdict,
        "versions": { "test": null, "live": null, "previous": null }, "layers": null, "deployment": null,
        "stages": [{ "name": "inspect", "status": "passed", "duration_ms": 12, "note": null }],
        "findings": (0..findings).map(finding).collect::<Vec<_>>(), "ignored": [], "cases": [], "seed": null,
        "cost": { "predictions": 0, "platform_retries": 0, "predict_seconds": 0.0, "estimated_usd": null }, "error": null,
    });
    let run = json!({
        "schema": "safe-push/v1", "tool_version": "0.1.0", "started_at": "2026-01-02T03:04:05Z", "duration_ms": 12,
        "verdict": verdict, "exit_code": 0, "notices": [], "models": [model],
    });
    from_json(&run.to_string()).unwrap()
}

fn assert_delivered(undelivered: &[Undelivered]) {
    assert!(undelivered.is_empty(), "{undelivered:?}");
}

/// The check runs of a job, all of which GitHub takes.
async fn begin(github: &dyn GitHub, run_id: u64, names: &[&str]) -> Checks {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let (checks, undelivered) = Checks::begin(github, head(run_id), &names, now()).await;
    assert_delivered(&undelivered);
    checks
}

/// How a job of a matrix ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It comes to its end.
    Ends,
    /// It is gone before its check run is written.
    DiesEarly,
    /// It is gone when it has written its check run, before the comment.
    DiesLate,
    /// Its machine never came up.
    NeverBegins,
}

/// One job of a matrix, with a model that is built for this long.
async fn leg_of_fate(github: Arc<dyn GitHub>, name: String, fate: Fate, work: Duration) {
    if fate == Fate::NeverBegins {
        return;
    }
    let checks = begin(&*github, 11, &[&name]).await;
    tokio::time::sleep(work).await;
    if fate == Fate::DiesEarly {
        return;
    }
    assert_delivered(&checks.end(&*github, &run(&name, "passed", 0), now()).await);
    if fate == Fate::Ends {
        assert_eq!(refresh_comment(&*github, 7, SHA, 11, false).await.unwrap(), CommentOutcome::Written);
    }
}

/// One job of a matrix that comes to its end.
async fn leg(github: Arc<dyn GitHub>, name: String, run_id: u64) -> CommentOutcome {
    let checks = begin(&*github, run_id, &[&name]).await;
    assert_delivered(&checks.end(&*github, &run(&name, "passed", 0), now()).await);
    refresh_comment(&*github, 7, SHA, run_id, false).await.unwrap()
}

fn assert_complete(server: &FakeGitHub, names: &[String]) {
    assert_eq!(server.violations(), Vec::<String>::new());
    let ours: Vec<_> = server.comments().into_iter().filter(|comment| comment["user"]["type"] == "Bot").collect();
    assert_eq!(ours.len(), 1, "{ours:?}");
    let body = ours[0]["body"].as_str().unwrap();
    for name in names {
        assert!(body.contains(&format!("[{name}](")), "{name} is missing in {body}");
    }
    assert!(body.contains(&format!("✅ {} models passed", names.len())), "{body}");
    let runs = server.check_runs();
    assert_eq!(runs.len(), names.len(), "a check run was made twice");
    assert!(runs.iter().all(|run| run["status"] == "completed" && run["conclusion"] == "success"), "{runs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_four_jobs_leave_one_complete_comment() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    server.slow(Duration::from_millis(40));
    server.fails_often(0.2);
    server.foreign_comment("mallory", "<!-- safe-push:summary v1 run=999999 -->\nall is well");
    let names: Vec<String> = (0..24).map(|number| format!("model-{number:02}")).collect();
    let jobs = names.iter().map(|name| {
        let work = Duration::from_millis(rand::random_range(0..300));
        tokio::spawn(leg_of_fate(client(&server, WRITER), name.clone(), Fate::Ends, work))
    });
    for job in jobs.collect::<Vec<_>>() {
        job.await.unwrap();
    }
    server.fails_often(0.0);
    assert_complete(&server, &names);
    assert!(
        server
            .comments()
            .iter()
            .any(|comment| comment["user"]["login"] == "mallory" && comment["body"].as_str().unwrap().contains("all is well"))
    );
    // The last job has nothing left to do.
    let github = client(&server, WRITER);
    let writes = server.writes().len();
    assert_eq!(finish(&*github, &head(11), &names, now()).await.unwrap().closed, Vec::<String>::new());
    assert_eq!(refresh_comment(&*github, 7, SHA, 11, true).await.unwrap(), CommentOutcome::Written);
    assert_eq!(server.writes().len(), writes);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_order_and_whoever_breaks_down_the_comment_converges(
        fates in prop::collection::vec(
            prop::sample::select(vec![Fate::Ends, Fate::Ends, Fate::Ends, Fate::DiesEarly, Fate::DiesLate, Fate::NeverBegins]),
            1..7,
        ),
        waits in prop::collection::vec((0_u64..30, 0_u64..30), 7),
        slow in 0_u64..12,
        fault_ratio in 0.0..0.25_f64,
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let server = FakeGitHub::start("127.0.0.1:0").await;
            server.slow(Duration::from_millis(slow));
            server.fails_often(fault_ratio);
            let names: Vec<String> = (0..fates.len()).map(|number| format!("model-{number}")).collect();
            let jobs: Vec<_> = names.iter().zip(&fates).zip(waits).map(|((name, fate), (wait, work))| {
                let (github, name, fate) = (client(&server, WRITER), name.clone(), *fate);
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                    leg_of_fate(github, name, fate, Duration::from_millis(work)).await;
                })
            }).collect();
            for job in jobs {
                job.await.unwrap();
            }
            // Whoever ended has left what is known so far, in one comment.
            let last_job = client(&server, WRITER);
            let finished = finish(&*last_job, &head(11), &names, now()).await.unwrap();
            let died = |fate: &Fate| matches!(fate, Fate::DiesEarly | Fate::NeverBegins);
            assert_eq!(finished.closed.len(), fates.iter().filter(|fate| died(fate)).count());
            refresh_comment(&*last_job, 7, SHA, 11, true).await.unwrap();
            server.fails_often(0.0);

            assert_eq!(server.violations(), Vec::<String>::new());
            let runs = server.check_runs();
            assert_eq!(runs.len(), names.len(), "a check run was made twice");
            let comments = server.comments();
            assert_eq!(comments.len(), 1, "{comments:?}");
            let body = comments[0]["body"].as_str().unwrap();
            for (name, fate) in names.iter().zip(&fates) {
                let run = runs.iter().find(|run| run["name"] == format!("safe-push / {name}")).unwrap();
                let (conclusion, words) = if died(fate) { ("cancelled", "no result") } else { ("success", "passed") };
                assert_eq!((&run["status"], &run["conclusion"]), (&json!("completed"), &json!(conclusion)));
                let row = body.lines().find(|line| line.contains(&format!("[{name}]("))).unwrap();
                assert!(row.contains(words), "{row}");
            }
        });
    }
}

#[tokio::test]
async fn a_job_writes_its_check_run_twice_and_annotations_in_batches() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let github = client(&server, WRITER);
    leg(Arc::clone(&github), "small".to_owned(), 11).await;
    let writes = server.writes();
    assert_eq!(writes.iter().filter(|line| line.contains("/check-runs")).count(), 2, "{writes:?}");
    let checks = begin(&*github, 11, &["large"]).await;
    // An update whose answer is lost must not add its annotations twice.
    server.fail([Fault::LostAnswer]);
    assert_delivered(&checks.end(&*github, &run("large", "failed", 120), now()).await);
    let large = server.check_runs().into_iter().find(|run| run["name"] == "safe-push / large").unwrap();
    assert_eq!(large["conclusion"], "failure");
    let lines: Vec<u64> =
        large["output"]["annotations"].as_array().unwrap().iter().map(|one| one["start_line"].as_u64().unwrap()).collect();
    assert_eq!(lines, (1..=120).collect::<Vec<u64>>());
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn an_older_run_leaves_a_newer_comment_alone() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    leg(client(&server, WRITER), "small".to_owned(), 20).await;
    let before = server.comments();
    let github = client(&server, WRITER);
    let outcome = refresh_comment(&*github, 7, "ffffffffffffffffffffffffffffffffffffffff", 19, false).await.unwrap();
    assert_eq!((outcome, server.comments()), (CommentOutcome::Newer, before));
}

#[tokio::test]
async fn the_last_job_finishes_what_others_left_open() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let github = client(&server, WRITER);
    leg(Arc::clone(&github), "done".to_owned(), 11).await;
    let _crashed = begin(&*github, 11, &["crashed"]).await;
    let expected = ["done", "crashed", "never-began"].map(str::to_owned);
    let finished = finish(&*github, &head(11), &expected, now()).await.unwrap();
    assert_eq!(finished.closed, ["crashed", "never-began"]);
    assert_eq!(finished.standing.unwrap().verdict, Verdict::ServiceError);
    assert!(server.check_runs().iter().all(|run| run["status"] == "completed"));
    refresh_comment(&*github, 7, SHA, 11, true).await.unwrap();
    let body = server.comments()[0]["body"].as_str().unwrap().to_owned();
    assert_eq!(body.matches("no result").count(), 2, "{body}");
    assert_eq!(finish(&*github, &head(11), &expected, now()).await.unwrap().closed, Vec::<String>::new());
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn one_refused_check_run_leaves_the_others_to_be_started_and_completed() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let github = client(&server, WRITER);
    let names = ["first", "refused", "last"].map(str::to_owned);
    server.refuses_check_runs("safe-push / refused");
    let (checks, undelivered) = Checks::begin(&*github, head(11), &names, now()).await;
    let target = |undelivered: &[Undelivered]| undelivered.iter().map(|one| one.target.clone()).collect::<Vec<_>>();
    let refused = Target::CheckRun { model: "refused".to_owned() };
    assert_eq!(target(&undelivered), [refused]);
    assert_eq!(checks.models().collect::<Vec<_>>(), ["first", "last"]);

    server.refuses_check_runs("safe-push / first");
    let undelivered = checks.end(&*github, &run("last", "passed", 0), now()).await;
    assert_eq!(target(&undelivered), [Target::CheckRun { model: "first".to_owned() }]);
    let stands = |name: &str| {
        let found = server.check_runs().into_iter().find(|run| run["name"] == format!("safe-push / {name}"));
        found.map(|run| run["conclusion"].as_str().unwrap_or("open").to_owned())
    };
    assert_eq!(["first", "refused", "last"].map(stands), [Some("open".to_owned()), None, Some("success".to_owned())]);

    // The last job closes what it can.
    let expected = ["refused", "never-began"].map(str::to_owned);
    let finished = finish(&*github, &head(11), &expected, now()).await.unwrap();
    assert_eq!(finished.closed, ["never-began"]);
    assert_eq!(finished.undelivered.len(), 2, "{finished:?}");
}

#[tokio::test]
async fn a_token_without_rights_is_told_what_it_needs() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let error = client(&server, READER).create_comment(7, "x").await.unwrap_err();
    assert!(matches!(error, GitHubError::Denied { .. }), "{error}");
    assert!(error.hint().unwrap().contains("pull-requests: write"));
    assert_eq!(server.writes().len(), 1, "a missing permission is no reason to try again");
}

#[tokio::test]
async fn changed_files_come_page_by_page_up_to_githubs_limit() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let names: Vec<String> = (0..250).map(|number| format!("f{number}.py")).collect();
    server.has_files(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let github = client(&server, READER);
    let files = github.pull_request_files(7).await.unwrap();
    assert_eq!(files.into_iter().map(|file| file.filename).collect::<Vec<_>>(), names);
    let many: Vec<&str> = std::iter::repeat_n("x.py", 3100).collect();
    server.has_files(&many);
    assert_eq!(github.pull_request_files(7).await.unwrap().len(), 3000);
}

#[tokio::test]
async fn comments_of_other_applications_are_left_alone_whatever_they_say() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let echo = "<!-- safe-push:summary v1 run=5 -->\nrepeated by another application";
    server.comment_of_application("helpful-echo[bot]", echo);
    leg(client(&server, WRITER), "small".to_owned(), 11).await;
    leg(client(&server, WRITER), "large".to_owned(), 11).await;
    let comments = server.comments();
    assert_eq!(comments.len(), 2, "{comments:?}");
    assert_eq!(comments[0]["body"], echo);
    assert!(comments[1]["body"].as_str().unwrap().contains("2 models passed"));
}

#[tokio::test]
async fn nothing_that_is_sent_holds_a_secret() {
    const SECRET: &str = "cog_secret_of_the_account";
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let client = client_with(&server, WRITER, Redactor::of([SECRET]));
    let comment = client.create_comment(7, &format!("the key is {SECRET}")).await.unwrap();
    assert_eq!(server.comments()[0]["body"], "the key is ***");
    client.update_comment(comment.id, &format!("in hex it is {}", hex::encode(SECRET))).await.unwrap();
    assert_eq!(server.comments()[0]["body"], "in hex it is ***");
}
