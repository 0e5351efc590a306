//! Images of outputs in the comment, on a branch of their own.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{TimeZone, Utc};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use safe_push::clients::github::{GitHub, NewTreeEntry, Swap};
use safe_push::deliver::github::{
    AnnotationPlaces, Checks, CommentKnowledge, CommentOutcome, Frame, ImageBranch, Job, MatrixJob, Overview, Workflow,
    WorkflowRun, refresh_comment, show_images,
};
use safe_push::report::json::v1::Run;
use serde_json::json;
use test_support::fake_github::git::REPOSITORY_ID;
use test_support::fake_github::{FakeGitHub, Fault, READER, WRITER};

use crate::client::{SHA, client, run};

const BRANCH: &str = "safe-push-images";

fn job(run_id: u64, index: u64, total: u64) -> Job {
    let matrix_job = MatrixJob { call: "0".to_owned(), job: "push".to_owned(), index, total, variant: None };
    Job { sha: SHA.to_owned(), run: WorkflowRun { id: run_id, attempt: 1 }, matrix_job }
}

fn branch(name: &str) -> ImageBranch<'_> {
    ImageBranch { name, repository_id: REPOSITORY_ID, default_branch: "main", repository_url: "https://github.com/acme/hotdog" }
}

/// An image with this many stripes, as run.json holds it.
fn copy(stripes: u32) -> String {
    let pixels =
        RgbImage::from_fn(64, 48, |x, y| Rgb([if (x * stripes / 64).is_multiple_of(2) { 40 } else { 200 }, (y * 5) as u8, 90]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    DynamicImage::from(pixels).write_to(&mut bytes, ImageFormat::Png).unwrap();
    format!("data:image/png;base64,{}", STANDARD.encode(bytes.into_inner()))
}

/// A run whose image differs from the live version's, and whose text does too.
pub(crate) fn with_outputs(name: &str, verdict: &str, stripes: u32) -> Run {
    let mut run = run(name, verdict, 0);
    let file =
        |stripes| json!({ "place": "output", "url": "", "kind": "image", "size_bytes": 1, "facts": [], "preview": copy(stripes) });
    let attempt = |output: &str| json!({ "prediction_id": "p", "url": null, "output": output, "error": null, "reason": null, "duration_ms": 1 });
    let case = |id: &str, live: &str, output: &str| {
        json!({
            "id": id, "kind": "compare", "status": if verdict == "passed" { "passed" } else { "failed" }, "inputs": { "seed": 1 },
            "checker": "none", "expected": null, "output": output, "error": null, "reason": "output differs from the live version's",
            "prediction_id": "p", "url": null, "duration_ms": 1, "metrics": {}, "logs": "", "attempts": [attempt(output)],
            "live": attempt(live), "remarks": [], "minimal_inputs": null,
        })
    };
    let mut picture = case("skyline", "https://replicate.delivery/live.png", "https://replicate.delivery/new.png");
    picture["files"] = json!([file(stripes)]);
    picture["live_files"] = json!([file(stripes + 1)]);
    picture["comparisons"] = json!([{
        "place": "output", "with": "live", "kind": "image", "same": verdict == "passed", "measurements": [], "heat_map": copy(stripes + 2),
    }]);
    let caption = case("caption", "A city\nat night", "A city\nat dawn");
    run.models[0].cases = serde_json::from_value(json!([picture, caption])).unwrap();
    run
}

fn text(server: &FakeGitHub) -> String {
    server.comments().last().map(|comment| comment["body"].as_str().unwrap().to_owned()).unwrap_or_default()
}

/// One job from its check run to the comment. Returns what was not delivered.
async fn finish_job(github: Arc<dyn GitHub>, name: &str, job: Job, run: Run) -> Vec<String> {
    let now = Utc.with_ymd_and_hms(2026, 1, 2, 3, 4, 5).unwrap();
    let (checks, undelivered) = Checks::begin(&*github, job.clone(), &[name.to_owned()], now).await;
    let mut messages: Vec<String> = undelivered.iter().map(ToString::to_string).collect();
    let (images, missing) = show_images(&*github, branch(BRANCH), &job, &run).await;
    messages.extend(missing.iter().map(ToString::to_string));
    let before = Overview::of(&github.check_runs(SHA, None).await.unwrap_or_default(), job.run.id);
    let completed = checks.with_images(images).end(&*github, &run, &AnnotationPlaces::default(), BTreeSet::new(), now).await;
    messages.extend(completed.undelivered.iter().map(ToString::to_string));
    let frame = Frame {
        workflow: Workflow::of(Some("models.yaml"), None),
        run: job.run,
        head_sha: SHA.to_owned(),
        run_url: None,
        is_proposal: true,
    };
    let known = if job.is_sole(1) {
        CommentKnowledge::All(Overview::of_own(completed.rows, completed.logins))
    } else {
        CommentKnowledge::SoFar(before, completed.rows)
    };
    match refresh_comment(&*github, 7, &frame, known).await {
        Ok(outcome) => assert!(matches!(outcome, CommentOutcome::Written | CommentOutcome::Newer), "{outcome:?}"),
        Err(error) => messages.push(error.to_string()),
    }
    messages
}

/// Nothing but the images of one job, which is a model's only one.
async fn shown(server: &FakeGitHub, token: &str, name: &str) -> (usize, Option<String>) {
    let (images, missing) =
        show_images(&*client(server, token), branch(name), &job(11, 0, 1), &with_outputs("flux", "failed", 4)).await;
    let messages = missing.map(|missing| format!("{missing}\nhint: {}", missing.hint.as_deref().unwrap_or_default()));
    (images.values().map(Vec::len).sum(), messages)
}

/// Every image in the comment is a file of the branch.
fn assert_shown(server: &FakeGitHub, body: &str, count: usize) {
    let files = server.branch_files(BRANCH).unwrap();
    let paths: Vec<&str> = body
        .split("](https://github.com/acme/hotdog/blob/safe-push-images/")
        .skip(1)
        .map(|rest| rest.split_once("?raw=true)").unwrap().0)
        .collect();
    assert_eq!(paths.len(), count, "{body}");
    for path in paths {
        image::load_from_memory(&files[path]).unwrap();
    }
}

#[tokio::test]
async fn live_new_and_difference_are_in_the_comment() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let messages = finish_job(client(&server, WRITER), "flux", job(11, 0, 1), with_outputs("flux", "failed", 4)).await;
    assert_eq!((messages, server.violations()), (Vec::new(), Vec::new()));
    assert_shown(&server, &text(&server), 1);
    let files = server.branch_files(BRANCH).unwrap();
    let image = image::load_from_memory(&files["11.1/0-push-0-0.png"]).unwrap();
    assert_eq!((image.width(), image.height()), (3 * 64 + 2 * 8, 48));
    assert_eq!(files.keys().collect::<Vec<_>>(), ["11.1/0-push-0-0.png", "README.md"]);
    insta::assert_snapshot!(text(&server));
}

#[tokio::test]
async fn images_of_what_passed_are_folded() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    finish_job(client(&server, WRITER), "flux", job(11, 0, 1), with_outputs("flux", "passed", 4)).await;
    assert_shown(&server, &text(&server), 1);
    assert!(
        text(&server).contains("<details><summary>Outputs of 1 model that passed</summary>\n\n**skyline**"),
        "{}",
        text(&server)
    );
}

#[tokio::test]
async fn images_cost_five_requests_and_six_once_the_branch_exists() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let requests = |from: usize| server.requests()[from..].to_vec();
    shown(&server, WRITER, BRANCH).await;
    assert_eq!(
        requests(0),
        ["GET /branches/safe-push-images", "POST /git/blobs", "POST /git/trees", "POST /git/commits", "POST /graphql"]
    );
    shown(&server, WRITER, BRANCH).await;
    assert_eq!(requests(5).len(), 6, "{:?}", requests(5));
}

#[tokio::test]
async fn the_branch_holds_the_last_twenty_runs_in_one_commit() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    for run_id in 1..=23 {
        let github = client(&server, WRITER);
        let (images, missing) = show_images(&*github, branch(BRANCH), &job(run_id, 0, 1), &with_outputs("flux", "failed", 4)).await;
        assert!(images.len() == 1 && missing.is_none(), "{missing:?}");
    }
    let files = server.branch_files(BRANCH).unwrap();
    assert_eq!(files.keys().filter(|path| path.ends_with(".png")).count(), 20);
    assert!(files.contains_key("23.1/0-push-0-0.png") && !files.contains_key("3.1/0-push-0-0.png"), "{:?}", files.keys());
    let (commits, message) = server.branch_history(BRANCH).unwrap();
    assert_eq!((commits, message.as_str()), (1, "Images of the last runs of safe-push [skip ci]"));
    // A run that ends this late shows none, and leaves the branch alone.
    let writes = server.writes().len();
    let (images, missing) =
        show_images(&*client(&server, WRITER), branch(BRANCH), &job(2, 0, 1), &with_outputs("flux", "failed", 4)).await;
    assert!(images.is_empty() && missing.is_none());
    assert_eq!(server.writes()[writes..], ["POST /git/blobs"]);
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_finish_together_keep_each_others_images() {
    for fault_ratio in [0.0, 0.1] {
        let server = FakeGitHub::start("127.0.0.1:0").await;
        server.slow(Duration::from_millis(15));
        server.fails_often(fault_ratio);
        let names: Vec<String> = (0..8).map(|number| format!("model-{number}")).collect();
        let jobs: Vec<_> = (0..)
            .zip(names.clone())
            .map(|(index, name)| {
                let github = client(&server, WRITER);
                tokio::spawn(async move {
                    finish_job(github, &name, job(11, index, 8), with_outputs(&name, "failed", index as u32 + 2)).await
                })
            })
            .collect();
        for job in jobs {
            assert_eq!(job.await.unwrap(), Vec::<String>::new());
        }
        assert_eq!(server.violations(), Vec::<String>::new());
        assert_shown(&server, &text(&server), 8);
        assert_eq!(server.branch_files(BRANCH).unwrap().len(), 9);
        assert_eq!(server.branch_history(BRANCH).unwrap().0, 1);
    }
}

/// The worst case: every job of a large matrix ends in the same moment, at the latency of GitHub.
#[tokio::test(flavor = "multi_thread")]
async fn twenty_four_jobs_that_finish_in_the_same_moment_wait_a_minute_at_most_and_lose_no_image() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    server.slow(Duration::from_millis(100));
    let names: Vec<String> = (0..24).map(|number| format!("model-{number:02}")).collect();
    let jobs = (0..).zip(names).map(|(index, name)| {
        let github = client(&server, WRITER);
        tokio::spawn(async move {
            let run = with_outputs(&name, "failed", index as u32 + 2);
            let started = Instant::now();
            let (images, missing) = show_images(&*github, branch(BRANCH), &job(11, index, 24), &run).await;
            assert!(missing.is_none(), "{missing:?}");
            assert_eq!(images.values().map(Vec::len).sum::<usize>(), 1, "{name}");
            started.elapsed()
        })
    });
    let mut waits = Vec::new();
    for job in jobs.collect::<Vec<_>>() {
        waits.push(job.await.unwrap());
    }
    waits.sort();
    let writes = server.writes().len();
    assert_eq!(server.violations(), Vec::<String>::new());
    assert_eq!(server.branch_files(BRANCH).unwrap().len(), 25);
    assert!(waits[23] < Duration::from_secs(60), "{waits:?}, {writes} writes");
}

#[tokio::test]
async fn a_branch_is_moved_once_and_only_from_where_it_was_read() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let github = client(&server, WRITER);
    let blob = github.create_blob(b"image").await.unwrap();
    let tree = github.create_tree(&[NewTreeEntry::of_blob("11.1/0-0-0-0.png".to_owned(), blob)]).await.unwrap();
    let mut commits = Vec::new();
    for _ in 0..3 {
        commits.push(github.create_root_commit("Images", &tree).await.unwrap());
    }
    let [first, second, third] = commits.try_into().unwrap();
    let swap = async |before: Option<&str>, after: &str| github.swap_branch(REPOSITORY_ID, BRANCH, before, after).await;
    // The answer is lost, and the branch says that it was moved.
    server.fail([Fault::LostAnswer]);
    assert_eq!(swap(None, &first).await.unwrap(), Swap::Moved);
    assert_eq!(swap(None, &second).await.unwrap(), Swap::Lost);
    assert_eq!(swap(Some(&first), &second).await.unwrap(), Swap::Moved);
    assert_eq!(swap(Some(&first), &third).await.unwrap(), Swap::Lost);
    // Nothing happened: whoever wants it tries again.
    server.fail([Fault::BadGateway]);
    assert_eq!(swap(Some(&second), &third).await.unwrap(), Swap::Lost);
    assert_eq!(github.branch(BRANCH).await.unwrap().unwrap().commit, second);
    let error = swap(Some(&second), &"f".repeat(40)).await.unwrap_err();
    assert!(error.to_string().ends_with("GitHub rejected it (422): afterOid does not exist"), "{error}");
    let unknown = github.create_tree(&[NewTreeEntry::of_blob("a.png".to_owned(), "f".repeat(40))]).await.unwrap_err();
    assert!(unknown.to_string().contains("is not a valid blob"), "{unknown}");
}

#[tokio::test]
async fn a_branch_of_somebody_else_is_left_as_it_is() {
    for (what, message, files) in [
        ("safe-push did not make its commit", "Start", vec![("src/main.rs", &b"fn main() {}"[..])]),
        ("it has other files", "Images of the last runs of safe-push [skip ci]", vec![("README.md", b"x"), ("notes.txt", b"mine")]),
    ] {
        let server = FakeGitHub::start("127.0.0.1:0").await;
        server.pushes(BRANCH, message, &files);
        let before = (server.branch_files(BRANCH), server.branch_history(BRANCH));
        let (count, messages) = shown(&server, WRITER, BRANCH).await;
        let messages = messages.unwrap();
        assert!(
            count == 0
                && messages
                    .starts_with(&format!("the comment's images: branch safe-push-images is not a branch of images: {what}")),
            "{messages}"
        );
        assert_eq!((server.branch_files(BRANCH), server.branch_history(BRANCH)), before);
    }
    // Somebody commits on top of ours.
    let server = FakeGitHub::start("127.0.0.1:0").await;
    shown(&server, WRITER, BRANCH).await;
    server.pushes(BRANCH, "Images of the last runs of safe-push [skip ci]", &[("README.md", b"mine")]);
    let (count, messages) = shown(&server, WRITER, BRANCH).await;
    assert!(count == 0 && messages.as_ref().unwrap().contains("it has a history"), "{messages:?}");
    assert_eq!(server.branch_history(BRANCH).unwrap().0, 2);
}

#[tokio::test]
async fn what_keeps_images_away_is_a_warning_with_its_fix() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let mut messages = Vec::new();
    for name in ["main", "../main", "refs/heads/main"] {
        messages.push(shown(&server, WRITER, name).await);
    }
    assert_eq!(server.requests(), Vec::<String>::new(), "no question is needed");
    messages.push(shown(&server, READER, BRANCH).await);
    server.pushes("precious", "Start", &[("a", b"b")]);
    server.protects("precious");
    messages.push(shown(&server, WRITER, "precious").await);
    server.has_ruleset();
    messages.push(shown(&server, WRITER, BRANCH).await);
    server.denies_contents();
    messages.push(shown(&server, WRITER, BRANCH).await);
    assert!(messages.iter().all(|(count, _)| *count == 0));
    let messages: Vec<String> = messages.into_iter().map(|(_, messages)| messages.unwrap()).collect();
    insta::assert_snapshot!(messages.join("\n"));
    assert_eq!(server.branch_history("precious"), Some((1, "Start".to_owned())));
    assert_eq!(server.branch_files(BRANCH), None);
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_token_without_the_right_costs_images_and_nothing_else() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    server.denies_contents();
    let messages = finish_job(client(&server, WRITER), "flux", job(11, 0, 1), with_outputs("flux", "failed", 4)).await;
    assert_eq!(messages.len(), 1, "{messages:?}");
    let body = text(&server);
    assert!(body.contains("❌ failed") && body.contains("+ at dawn") && !body.contains("!["), "{body}");
    assert_eq!(server.check_runs()[0]["conclusion"], "failure");
}

#[tokio::test]
async fn outputs_cannot_change_what_the_comment_is() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let mut run = with_outputs("flux", "failed", 4);
    let hostile = "](https://evil.example/x.png) @everyone <img src=x> `#1`";
    run.models[0].cases[0].id = hostile.to_owned();
    run.models[0].cases[0].files[0].place = "output`|@everyone".to_owned();
    run.models[0].cases[1].output = Some(json!("A city\n```\n<details>\n![x](https://evil.example/y.png)\n@everyone"));
    assert_eq!(finish_job(client(&server, WRITER), "flux", job(11, 0, 1), run).await, Vec::<String>::new());
    insta::assert_snapshot!(text(&server));
    assert_eq!(server.branch_files(BRANCH).unwrap().keys().collect::<Vec<_>>(), ["11.1/0-push-0-0.png", "README.md"]);
}
