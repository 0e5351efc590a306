//! Check runs and the comment against a strict GitHub that is slow, fails and is written to by others.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeZone, Utc};
use proptest::prelude::*;
use safe_push::clients::github::{GitHub, GitHubError, GitHubOptions, RealGitHub, WritePolicy};
use safe_push::deliver::github::{
    AnnotationPlaces, Checks, CommentKnowledge, CommentOutcome, CommentRow, Finished, Frame, Job, JobResult, MatrixJob, Overview,
    Workflow, WorkflowRun, close_superseded, finish, refresh_comment,
};
use safe_push::deliver::{DeliveryTarget, Undelivered};
use safe_push::domain::verdict::Verdict;
use safe_push::report::json::{from_json, v1::Run};
use safe_push::support::clock::SystemClock;
use safe_push::support::retry::RetryPolicy;
use safe_push::support::secrets::Redactor;
use serde_json::json;
use test_support::fake_github::{FakeGitHub, Fault, READER, WRITER};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

pub(crate) const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

pub(crate) fn client(server: &FakeGitHub, token: &str) -> Arc<dyn GitHub> {
    client_with(server, token, Redactor::default())
}

fn client_with(server: &FakeGitHub, token: &str, redactor: Redactor) -> Arc<dyn GitHub> {
    let retries = RetryPolicy { retries: 12, first_wait: Duration::from_millis(5), longest_wait: Duration::from_millis(50) };
    let options = GitHubOptions {
        api_url: Some(server.url()),
        repository: "acme/hotdog".parse().unwrap(),
        token: token.into(),
        policy: WritePolicy { retries, secondary_wait: Duration::from_millis(20), writes_per_minute: 1000 },
        redactor,
    };
    Arc::new(RealGitHub::new(options, Arc::new(SystemClock)).unwrap())
}

fn now() -> chrono::DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 2, 3, 4, 5).unwrap()
}

fn job(run_id: u64) -> Job {
    Job { sha: SHA.to_owned(), run: WorkflowRun { id: run_id, attempt: 1 }, matrix_job: MatrixJob::alone() }
}

/// A job of a matrix.
fn job_of(run_id: u64, index: usize, total: usize) -> Job {
    let matrix_job =
        MatrixJob { call: "0".to_owned(), job: "push".to_owned(), index: index as u64, total: total as u64, variant: None };
    Job { matrix_job, ..job(run_id) }
}

fn frame(run_id: u64) -> Frame {
    frame_of("models.yaml", run_id)
}

fn frame_of(workflow: &str, run_id: u64) -> Frame {
    Frame {
        workflow: Workflow::of(Some(workflow), None),
        run: WorkflowRun { id: run_id, attempt: 1 },
        head_sha: SHA.to_owned(),
        run_url: None,
        is_proposal: true,
    }
}

/// A run of one model, as run.json has it.
pub(crate) fn run(name: &str, verdict: &str, findings: usize) -> Run {
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
async fn begin(github: &dyn GitHub, job: Job, names: &[&str]) -> Checks {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let (checks, undelivered) = Checks::begin(github, job, &names, now()).await;
    assert_delivered(&undelivered);
    checks
}

/// Completes check runs, and returns the rows.
async fn end(github: &dyn GitHub, checks: Checks, run: &Run) -> Vec<CommentRow> {
    let completed = checks.end(github, run, &AnnotationPlaces::default(), BTreeSet::new(), now()).await;
    assert_delivered(&completed.undelivered);
    completed.rows
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
async fn job_of_fate(github: Arc<dyn GitHub>, name: String, job: Job, fate: Fate, work: Duration) {
    if fate == Fate::NeverBegins {
        return;
    }
    let checks = begin(&*github, job.clone(), &[&name]).await;
    tokio::time::sleep(work).await;
    if fate == Fate::DiesEarly {
        return;
    }
    let before = Overview::of(&github.check_runs(SHA, None).await.unwrap(), job.run.id);
    let rows = end(&*github, checks, &run(&name, "passed", 0)).await;
    if fate == Fate::Ends {
        let known = if job.is_sole(1) {
            CommentKnowledge::All(Overview::of_own(rows, BTreeSet::new()))
        } else {
            CommentKnowledge::SoFar(before, rows)
        };
        assert_eq!(refresh_comment(&*github, 7, &frame(job.run.id), known).await.unwrap(), CommentOutcome::Written);
    }
}

/// One job of several that comes to its end.
async fn finish_job(github: Arc<dyn GitHub>, name: &str, job: Job) {
    job_of_fate(github, name.to_owned(), job, Fate::Ends, Duration::ZERO).await;
}

/// The pull request as people see it: check runs and comments, without what other jobs read.
fn page(server: &FakeGitHub) -> String {
    let runs = server.check_runs().into_iter().map(|run| {
        let (name, title) =
            (run["name"].as_str().unwrap().to_owned(), run["output"]["title"].as_str().unwrap_or("no title").to_owned());
        format!("check run {name}: {}, {title}\n", run["conclusion"].as_str().unwrap_or("open"))
    });
    let comments = server.comments().into_iter().map(|comment| format!("=== comment\n{}\n", comment["body"].as_str().unwrap()));
    runs.chain(comments).collect()
}

#[tokio::test]
async fn a_pull_request_with_a_cancelled_job() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let github = client(&server, WRITER);
    let names = ["dev", "pro", "schnell"].map(str::to_owned);
    for (index, verdict) in [(0, "passed"), (1, "cancelled")] {
        let checks = begin(&*github, job_of(11, index, 3), &[&names[index]]).await;
        end(&*github, checks, &run(&names[index], verdict, 0)).await;
    }
    // The third job was running, and its process was killed.
    let _killed = begin(&*github, job_of(11, 2, 3), &["schnell"]).await;
    let finished = last_job(&*github, 11, &names, JobResult::Cancelled).await;
    assert_eq!(finished.verdict, Some(Verdict::Cancelled));
    assert_eq!(server.violations(), Vec::<String>::new());
    insta::assert_snapshot!(page(&server));
}

#[tokio::test]
async fn a_pull_request_of_24_jobs_of_which_3_have_not_started() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let github = client(&server, WRITER);
    for index in 0..21 {
        let name = format!("model-{index:02}");
        let checks = begin(&*github, job_of(11, index, 24), &[&name]).await;
        let before = Overview::of(&github.check_runs(SHA, None).await.unwrap(), 11);
        let rows = end(&*github, checks, &run(&name, "passed", 0)).await;
        refresh_comment(&*github, 7, &frame(11), CommentKnowledge::SoFar(before, rows)).await.unwrap();
    }
    let body = server.comments()[0]["body"].as_str().unwrap().to_owned();
    assert!(body.contains("⏳ 21 of 24 models done, 3 not started") && !body.contains("21 models passed"), "{body}");
    assert_eq!(server.violations(), Vec::<String>::new());
    insta::assert_snapshot!(page(&server));
}

/// What the last job leaves.
async fn last_job(github: &dyn GitHub, run_id: u64, expected: &[String], jobs: JobResult) -> Finished {
    let mut finished = finish(Some(github), &job(run_id), expected, jobs, now()).await;
    let overview = std::mem::take(&mut finished.overview);
    refresh_comment(github, 7, &frame(run_id), CommentKnowledge::All(overview.clone())).await.unwrap();
    Finished { overview, ..finished }
}

fn assert_complete(server: &FakeGitHub, names: &[String]) {
    assert_eq!(server.violations(), Vec::<String>::new());
    let ours: Vec<_> = server.comments().into_iter().filter(|comment| comment["user"]["type"] == "Bot").collect();
    assert_eq!(ours.len(), 1, "{ours:?}");
    let body = ours[0]["body"].as_str().unwrap();
    for name in names {
        assert!(body.contains(&format!("[{name}](")), "{name} is missing in {body}");
    }
    assert!(body.contains(&format!("✅ {} model", names.len())), "{body}");
    let runs = server.check_runs();
    assert_eq!(runs.len(), names.len(), "a check run was made twice");
    assert!(runs.iter().all(|run| run["status"] == "completed" && run["conclusion"] == "success"), "{runs:?}");
}

/// Runs a matrix of 24 jobs in a random order. Returns the comment without what differs between runs.
async fn matrix_of_24(fault_ratio: f64, longest_work: u64) -> String {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    server.slow(Duration::from_millis(20));
    server.fails_often(fault_ratio);
    server.foreign_comment(
        "mallory",
        "<!-- safe-push:summary v2 workflow=models.yaml run=999999 attempt=1 finished=9 -->\nall is well",
    );
    let names: Vec<String> = (0..24).map(|number| format!("model-{number:02}")).collect();
    let jobs = names.iter().enumerate().map(|(index, name)| {
        let work = Duration::from_millis(rand::random_range(0..longest_work));
        tokio::spawn(job_of_fate(client(&server, WRITER), name.clone(), job_of(11, index, 24), Fate::Ends, work))
    });
    for job in jobs.collect::<Vec<_>>() {
        job.await.unwrap();
    }
    server.fails_often(0.0);
    assert_complete(&server, &names);
    let foreign = |comment: &serde_json::Value| {
        comment["user"]["login"] == "mallory" && comment["body"].as_str().unwrap().contains("all is well")
    };
    assert!(server.comments().iter().any(foreign));
    // The last job has nothing left to do.
    let writes = server.writes().len();
    let finished = last_job(&*client(&server, WRITER), 11, &names, JobResult::Passed).await;
    assert_eq!((finished.verdict, finished.silent.len()), (Some(Verdict::Passed), 0));
    assert_eq!(server.writes().len(), writes);
    let body =
        server.comments().iter().find(|comment| comment["user"]["type"] == "Bot").unwrap()["body"].as_str().unwrap().to_owned();
    // The numbers of check runs follow the order in which jobs began.
    body.split("/runs/").map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit())).collect::<Vec<_>>().join("/runs/")
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_four_jobs_in_any_order_and_with_faults_leave_the_same_table() {
    let mut tables = BTreeSet::new();
    for _order in 0..20 {
        tables.insert(matrix_of_24(0.15, 500).await);
    }
    assert_eq!(tables.len(), 1, "{tables:?}");
}

/// How a job of a matrix ends whose check run is there.
async fn end_of_job(github: Arc<dyn GitHub>, name: String, checks: Checks) {
    let before = Overview::of(&github.check_runs(SHA, None).await.unwrap(), 11);
    let rows = end(&*github, checks, &run(&name, "passed", 0)).await;
    let outcome = refresh_comment(&*github, 7, &frame(11), CommentKnowledge::SoFar(before, rows)).await.unwrap();
    assert_eq!(outcome, CommentOutcome::Written);
}

/// A matrix of 24 jobs that have all started.
async fn started_24(server: &FakeGitHub) -> Vec<(String, Checks)> {
    let mut jobs = Vec::new();
    for index in 0..24 {
        let name = format!("model-{index:02}");
        let checks = begin(&*client(server, WRITER), job_of(11, index, 24), &[&name]).await;
        jobs.push((name, checks));
    }
    jobs
}

#[tokio::test]
async fn a_job_of_twenty_four_sends_at_most_six_requests() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let mut jobs = started_24(&server).await;
    let names: Vec<String> = jobs.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(server.requests().len(), 24, "one each when they start");
    let mut counts = Vec::new();
    while !jobs.is_empty() {
        let (name, checks) = jobs.swap_remove(rand::random_range(0..jobs.len()));
        let before = server.requests().len();
        end_of_job(client(&server, WRITER), name, checks).await;
        counts.push(server.requests().len() - before);
    }
    let (last, others) = counts.split_last().unwrap();
    assert!(others.iter().all(|count| *count == 5) && *last == 4, "{counts:?}");
    assert_complete(&server, &names);
}

/// The most requests that jobs send which get in each other's way: they look again, and repair. Doubles of the comment are deleted.
#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_finish_in_the_same_moment_send_two_requests_more() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    server.slow(Duration::from_millis(20));
    let jobs = started_24(&server).await;
    let names: Vec<String> = jobs.iter().map(|(name, _)| name.clone()).collect();
    let ends = jobs.into_iter().map(|(name, checks)| tokio::spawn(end_of_job(client(&server, WRITER), name, checks)));
    for end in ends.collect::<Vec<_>>() {
        end.await.unwrap();
    }
    let requests = server.requests().into_iter().filter(|request| !request.starts_with("DELETE")).count();
    assert!(requests <= 8 * 24, "{requests} requests of 24 jobs");
    assert_complete(&server, &names);
}

/// GitHub ignores parameters that it does not document, so a client that sends one is wrong.
#[tokio::test]
async fn undocumented_parameters_are_refused() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let line = "GET /repos/acme/hotdog/issues/7/comments?sort=created&per_page=100 HTTP/1.0";
    stream.write_all(format!("{line}\r\nauthorization: Bearer {WRITER}\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.0 422"), "{answer}");
    assert_eq!(server.violations(), [r#"/repos/acme/hotdog/issues/7/comments does not know the parameters ["sort"]"#]);
}

#[tokio::test]
async fn a_single_model_costs_four_requests() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let github = client(&server, WRITER);
    let checks = begin(&*github, job(11), &["small"]).await;
    let rows = end(&*github, checks, &run("small", "passed", 0)).await;
    let known = CommentKnowledge::All(Overview::of_own(rows, BTreeSet::new()));
    refresh_comment(&*github, 7, &frame(11), known).await.unwrap();
    assert_eq!(server.requests().len(), 4, "{:?}", server.requests());
    assert_complete(&server, &["small".to_owned()]);
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
                let index = names.iter().position(|other| *other == name).unwrap();
                let job = job_of(11, index, names.len());
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                    job_of_fate(github, name, job, fate, Duration::from_millis(work)).await;
                })
            }).collect();
            for job in jobs {
                job.await.unwrap();
            }
            // Whoever ended has left what is known so far, in one comment.
            let died = |fate: &Fate| matches!(fate, Fate::DiesEarly | Fate::NeverBegins);
            let has_died = fates.iter().any(died);
            let jobs = if has_died { JobResult::Failed } else { JobResult::Passed };
            // Without any check run, the jobs alone know how their models did.
            prop_assume!(fates.iter().any(|fate| *fate != Fate::NeverBegins));
            let finished = last_job(&*client(&server, WRITER), 11, &names, jobs).await;
            assert_eq!(finished.silent.len(), fates.iter().filter(|fate| died(fate)).count());
            assert_eq!(finished.verdict, Some(if has_died { Verdict::ServiceError } else { Verdict::Passed }));
            server.fails_often(0.0);

            assert_eq!(server.violations(), Vec::<String>::new());
            let runs = server.check_runs();
            assert_eq!(runs.len(), names.len(), "a check run was made twice");
            let comments = server.comments();
            assert_eq!(comments.len(), 1, "{comments:?}");
            let body = comments[0]["body"].as_str().unwrap();
            for (name, fate) in names.iter().zip(&fates) {
                let run = runs.iter().find(|run| run["name"] == format!("safe-push / {name}")).unwrap();
                let (conclusion, words) = if died(fate) { ("failure", "no&nbsp;result") } else { ("success", "passed") };
                assert_eq!((&run["status"], &run["conclusion"]), (&json!("completed"), &json!(conclusion)));
                let row = body.lines().find(|line| line.contains(&format!("[{name}]("))).unwrap();
                assert!(row.contains(words), "{row}");
            }
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn a_job_writes_its_check_run_twice_and_annotations_in_batches() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let github = client(&server, WRITER);
    finish_job(Arc::clone(&github), "small", job(11)).await;
    let writes = server.writes();
    assert_eq!(writes.iter().filter(|line| line.contains("/check-runs")).count(), 2, "{writes:?}");
    let checks = begin(&*github, job(11), &["large"]).await;
    // An update whose answer is lost must not add its annotations twice.
    server.fail([Fault::LostAnswer]);
    end(&*github, checks, &run("large", "failed", 120)).await;
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
    finish_job(client(&server, WRITER), "small", job(20)).await;
    let before = server.comments();
    let github = client(&server, WRITER);
    let checks = begin(&*github, job(19), &["small"]).await;
    let rows = end(&*github, checks, &run("small", "failed", 0)).await;
    let outcome =
        refresh_comment(&*github, 7, &frame(19), CommentKnowledge::All(Overview::of_own(rows, BTreeSet::new()))).await.unwrap();
    assert_eq!((outcome, server.comments()), (CommentOutcome::Newer, before));
}

#[tokio::test]
async fn the_last_job_finishes_what_others_left_open() {
    for (jobs, word, conclusion, verdict) in [
        (JobResult::Failed, "no&nbsp;result", "failure", Verdict::ServiceError),
        (JobResult::Unknown, "no&nbsp;result", "failure", Verdict::ServiceError),
        (JobResult::Cancelled, "🚫&nbsp;canceled |", "cancelled", Verdict::Cancelled),
        // Both jobs passed, and their check runs did not reach GitHub.
        (JobResult::Passed, "✅&nbsp;passed |", "success", Verdict::Passed),
    ] {
        let server = FakeGitHub::start("127.0.0.1:0").await;
        let github = client(&server, WRITER);
        finish_job(Arc::clone(&github), "done", job_of(11, 0, 3)).await;
        let _open = begin(&*github, job_of(11, 1, 3), &["open"]).await;
        let expected = ["done", "open", "never-began"].map(str::to_owned);
        let finished = last_job(&*github, 11, &expected, jobs).await;
        assert_eq!(finished.verdict, Some(verdict), "{jobs:?}");
        assert_eq!(finished.silent.is_empty(), jobs == JobResult::Passed);
        let runs = server.check_runs();
        assert!(runs.iter().all(|run| run["status"] == "completed"), "{runs:?}");
        assert_eq!(runs[1]["conclusion"], conclusion);
        // Who passed without a check run had no right to one.
        assert_eq!(runs.len(), if jobs == JobResult::Passed { 2 } else { 3 });
        let body = server.comments()[0]["body"].as_str().unwrap().to_owned();
        for name in ["open", "never-began"] {
            let row = body.lines().find(|line| line.starts_with('|') && line.contains(name)).unwrap();
            assert!(row.contains(word.trim_end_matches(" |")), "{row}");
        }
        assert_eq!(body.contains("🚫 canceled, 1 of 3 models passed"), jobs == JobResult::Cancelled, "{body}");
        let writes = server.writes().len();
        last_job(&*github, 11, &expected, jobs).await;
        assert_eq!(server.writes().len(), writes, "{jobs:?}: everything is closed");
        assert_eq!(server.violations(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn the_last_job_is_red_only_for_models() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let github = client(&server, WRITER);
    let expected = ["small".to_owned()];
    // Another workflow's check run is open.
    let _other = begin(&*github, job(10), &["small"]).await;
    finish_job(Arc::clone(&github), "small", job(11)).await;
    assert_eq!(last_job(&*github, 11, &expected, JobResult::Passed).await.verdict, Some(Verdict::Passed));
    assert_eq!(server.check_runs()[0]["status"], "in_progress", "it is not ours to close");

    // A token that may not write, a list that is refused, no token at all.
    for (jobs, verdict) in [
        (JobResult::Passed, Some(Verdict::Passed)),
        (JobResult::Failed, Some(Verdict::Failed)),
        (JobResult::Cancelled, Some(Verdict::Cancelled)),
        (JobResult::Unknown, None),
    ] {
        let server = FakeGitHub::start("127.0.0.1:0").await;
        server.hides_check_runs();
        let finished = finish(Some(&*client(&server, WRITER)), &job(11), &expected, jobs, now()).await;
        assert_eq!(finished.verdict, verdict, "{jobs:?}");
        assert_eq!(finished.undelivered.len(), 1);
        assert_eq!(finish(None, &job(11), &expected, jobs, now()).await.verdict, verdict, "{jobs:?}");
    }
    // A job that could not create its check run passed nevertheless.
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let finished = finish(Some(&*client(&server, READER)), &job(11), &expected, JobResult::Passed, now()).await;
    assert_eq!((finished.verdict, finished.silent.len(), finished.undelivered.len()), (Some(Verdict::Passed), 0, 0));
    let finished = finish(Some(&*client(&server, READER)), &job(11), &expected, JobResult::Failed, now()).await;
    assert_eq!((finished.verdict, finished.overview.state.rows.len()), (Some(Verdict::Failed), 0), "nobody knows which");
}

#[tokio::test]
async fn two_workflows_have_a_comment_each_and_leave_the_other_alone() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let github = client(&server, WRITER);
    for (workflow, run_id, verdict) in
        [("models.yaml", 11, "passed"), ("nightly.yaml", 12, "failed"), ("models.yaml", 13, "passed")]
    {
        let checks = begin(&*github, job(run_id), &["small"]).await;
        let rows = end(&*github, checks, &run("small", verdict, 0)).await;
        let known = CommentKnowledge::All(Overview::of_own(rows, BTreeSet::new()));
        let outcome = refresh_comment(&*github, 7, &frame_of(workflow, run_id), known).await.unwrap();
        assert_eq!(outcome, CommentOutcome::Written);
    }
    let comments = server.comments();
    let bodies: Vec<&str> = comments.iter().map(|comment| comment["body"].as_str().unwrap()).collect();
    assert_eq!(bodies.len(), 2, "{bodies:?}");
    assert!(
        bodies[0].contains("✅ 1 model passed") && bodies[0].contains("run=13") && bodies[0].contains("workflow models.yaml"),
        "{bodies:?}"
    );
    assert!(bodies[1].contains("❌ failed, 0 of 1 model passed") && bodies[1].contains("workflow nightly.yaml"), "{bodies:?}");
    insta::assert_snapshot!(page(&server));
}

#[tokio::test]
async fn a_model_that_runs_twice_has_two_rows_and_two_names() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let github = client(&server, WRITER);
    for (index, variant, verdict) in [(0, "3.11", "passed"), (1, "3.12", "failed")] {
        let mut job = job_of(11, index, 2);
        job.matrix_job.variant = Some(variant.to_owned());
        let before = Overview::of(&github.check_runs(SHA, None).await.unwrap(), 11);
        let checks = begin(&*github, job, &["flux"]).await;
        let rows = end(&*github, checks, &run("flux", verdict, 0)).await;
        refresh_comment(&*github, 7, &frame(11), CommentKnowledge::SoFar(before, rows)).await.unwrap();
    }
    let names: Vec<String> = server.check_runs().iter().map(|run| run["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, ["safe-push / flux (3.11)", "safe-push / flux (3.12)"]);
    let body = server.comments()[0]["body"].as_str().unwrap().to_owned();
    assert!(body.contains("❌ failed, 1 of 2 models passed"), "{body}");
    assert!(body.contains("[flux (3.11)](") && body.contains("[flux (3.12)]("), "{body}");
    insta::assert_snapshot!(page(&server));
    let finished = last_job(&*github, 11, &["flux".to_owned()], JobResult::Failed).await;
    assert_eq!(finished.silent, Vec::<String>::new(), "the model is there, twice");
}

#[tokio::test]
async fn the_last_job_of_a_call_leaves_other_calls_alone() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let github = client(&server, WRITER);
    let of_call = |call: &str| {
        let mut job = job(11);
        job.matrix_job.call = call.to_owned();
        job
    };
    let _running = begin(&*github, of_call("two"), &["slow"]).await;
    let _crashed = begin(&*github, of_call("one"), &["crashed"]).await;
    let finished = finish(Some(&*github), &of_call("one"), &["crashed".to_owned()], JobResult::Failed, now()).await;
    assert_eq!((finished.silent.as_slice(), finished.is_alone), (&["crashed".to_owned()][..], false));
    let states: Vec<String> = server.check_runs().iter().map(|run| run["status"].as_str().unwrap().to_owned()).collect();
    assert_eq!(states, ["in_progress", "completed"]);
    let names: Vec<&str> = finished.overview.state.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["crashed", "slow"], "the comment is about both");
}

#[tokio::test]
async fn two_jobs_with_one_name_both_count() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let github = client(&server, WRITER);
    for (group, verdict) in [("one", "failed"), ("two", "passed")] {
        let mut job = job(11);
        job.matrix_job.job = group.to_owned();
        let checks = begin(&*github, job, &["flux"]).await;
        end(&*github, checks, &run("flux", verdict, 0)).await;
    }
    let overview = Overview::of(&github.check_runs(SHA, None).await.unwrap(), 11);
    let rows: Vec<(&str, Option<Verdict>)> = overview.state.rows.iter().map(|row| (row.name.as_str(), row.verdict())).collect();
    assert_eq!(rows, [("flux", Some(Verdict::Failed)), ("flux (2)", Some(Verdict::Passed))]);
}

#[tokio::test]
async fn a_later_attempt_replaces_what_an_earlier_one_said() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let github = client(&server, WRITER);
    // The first attempt did not even get to its models.
    let early = Checks::unopened(job(11), &[]);
    end(&*github, early, &run("none", "failed", 0)).await;
    let again = Job { run: WorkflowRun { id: 11, attempt: 2 }, ..job(11) };
    assert_delivered(&close_superseded(&*github, &again, now()).await);
    let checks = begin(&*github, again, &["flux"]).await;
    end(&*github, checks, &run("flux", "passed", 0)).await;
    let runs = server.check_runs();
    assert_eq!((runs[0]["name"].as_str(), runs[0]["conclusion"].as_str()), (Some("safe-push"), Some("neutral")));
    let overview = Overview::of(&github.check_runs(SHA, None).await.unwrap(), 11);
    assert_eq!(overview.state.rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["flux"]);
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn one_refused_check_run_leaves_the_others_to_be_started_and_completed() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let github = client(&server, WRITER);
    let names = ["first", "refused", "last"].map(str::to_owned);
    server.refuses_check_runs("safe-push / refused");
    let (checks, undelivered) = Checks::begin(&*github, job(11), &names, now()).await;
    let target = |undelivered: &[Undelivered]| undelivered.iter().map(|one| one.target.clone()).collect::<Vec<_>>();
    let refused = DeliveryTarget::CheckRun { model: "refused".to_owned() };
    assert_eq!(target(&undelivered), [refused]);
    assert_eq!(names.each_ref().map(|name| checks.has(name)), [true, false, true]);

    server.refuses_check_runs("safe-push / first");
    let completed = checks.end(&*github, &run("last", "passed", 0), &AnnotationPlaces::default(), BTreeSet::new(), now()).await;
    assert_eq!(target(&completed.undelivered), [DeliveryTarget::CheckRun { model: "first".to_owned() }]);
    assert_eq!(completed.rows.len(), 3, "what GitHub rejects is a row nevertheless");
    let stands = |name: &str| {
        let found = server.check_runs().into_iter().find(|run| run["name"] == format!("safe-push / {name}"));
        found.map(|run| run["conclusion"].as_str().unwrap_or("open").to_owned())
    };
    assert_eq!(["first", "refused", "last"].map(stands), [Some("open".to_owned()), None, Some("success".to_owned())]);

    // The last job closes what it can.
    let expected = ["refused", "never-began"].map(str::to_owned);
    let finished = finish(Some(&*github), &job(11), &expected, JobResult::Failed, now()).await;
    assert_eq!(finished.silent, ["first", "refused", "never-began"]);
    assert_eq!(finished.undelivered.len(), 2, "{finished:?}");
}

#[tokio::test]
async fn whoever_may_create_no_check_run_asks_once() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let github = client(&server, READER);
    let names = ["a", "b", "c"].map(str::to_owned);
    let (checks, undelivered) = Checks::begin(&*github, job(11), &names, now()).await;
    assert_eq!((undelivered.len(), server.writes().len(), checks.has("a")), (1, 1, false));
}

#[tokio::test]
async fn a_token_without_rights_gets_a_hint_about_what_it_needs() {
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
    let echo = "<!-- safe-push:summary v2 workflow=models.yaml run=5 attempt=1 finished=1 -->\nrepeated by another application";
    server.comment_of_application("helpful-echo[bot]", echo);
    finish_job(client(&server, WRITER), "small", job_of(11, 0, 2)).await;
    finish_job(client(&server, WRITER), "large", job_of(11, 1, 2)).await;
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
