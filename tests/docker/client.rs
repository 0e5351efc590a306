//! The Docker client against the daemon of this machine. Without a daemon these tests are skipped, except in CI, where they fail.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::time::Duration;

use safe_push::clients::docker::{
    BuildEvent, BuildImages as _, BuildSecret, ContainerRun, Derivation, DeriveImages as _, DerivedFile, DescribeDaemon as _,
    DockerError, ImageBuild, ImagePush, InspectImages as _, NameImages as _, PushImages as _, RealDocker, RunContainers as _,
};
use safe_push::support::retry::RetryPolicy;
use tokio_util::sync::CancellationToken;

use crate::daemon::{BASE, daemon, tar, unique};

async fn build(
    docker: &RealDocker,
    tag: &str,
    dockerfile: &str,
    secrets: Vec<BuildSecret>,
) -> (Result<(), DockerError>, Vec<BuildEvent>) {
    let build = ImageBuild { dockerfile: "Dockerfile".to_owned(), tag: tag.to_owned(), secrets, ..ImageBuild::default() };
    let context = tar(&[("Dockerfile", dockerfile)]).await;
    let mut events = Vec::new();
    let outcome =
        docker.build(&build, Box::pin(Cursor::new(context)), &mut |event| events.push(event), &CancellationToken::new()).await;
    (outcome, events)
}

fn lines(events: &[BuildEvent]) -> Vec<&str> {
    events.iter().filter_map(|event| if let BuildEvent::Output { line, .. } = event { Some(line.as_str()) } else { None }).collect()
}

fn run(command: &[&str]) -> ContainerRun {
    ContainerRun {
        image: BASE.to_owned(),
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        environment: BTreeMap::new(),
        network: false,
        time_limit: Duration::from_secs(60),
        output_limit_bytes: 1000,
    }
}

#[tokio::test]
async fn the_daemon_says_its_version_and_what_it_holds() {
    let Some(docker) = daemon().await else { return };
    let version = docker.version().await.unwrap();
    assert!(version.engine.contains('.') && version.api.contains('.'), "{version:?}");
    assert!(docker.disk_usage().await.is_ok());
}

#[tokio::test]
async fn a_build_reports_its_steps_and_output() {
    let Some(docker) = daemon().await else { return };
    let tag = unique("steps");
    let nonce = uuid::Uuid::new_v4();
    let (outcome, events) = build(&docker, &tag, &format!("FROM {BASE}\nRUN echo out {nonce}; echo err >&2\n"), vec![]).await;
    outcome.unwrap();
    assert!(docker.image_exists(&tag).await.unwrap());
    let printed = lines(&events);
    assert!(printed.contains(&format!("out {nonce}").as_str()) && printed.contains(&"err"), "{printed:?}");
    assert!(
        events.iter().any(|event| matches!(event, BuildEvent::Done { step, .. } if step.starts_with("[2/2] RUN"))),
        "{events:?}"
    );
    docker.remove_image(&tag).await.unwrap();
    assert!(!docker.image_exists(&tag).await.unwrap());
}

#[tokio::test]
async fn a_failing_step_is_named() {
    let Some(docker) = daemon().await else { return };
    let (outcome, events) = build(&docker, &unique("fails"), &format!("FROM {BASE}\nRUN echo before && false\n"), vec![]).await;
    let Err(DockerError::BuildFailed { step: Some(step), message }) = outcome else { panic!("{outcome:?}") };
    assert!(step.contains("RUN echo before && false"), "{step}");
    assert!(message.contains("exit code: 1"), "{message}");
    assert!(lines(&events).contains(&"before"), "{events:?}");
}

#[tokio::test]
async fn a_missing_base_image_fails_the_build() {
    let Some(docker) = daemon().await else { return };
    let (outcome, _) = build(&docker, &unique("nobase"), "FROM 127.0.0.1:1/no/such:image\n", vec![]).await;
    assert!(matches!(outcome, Err(DockerError::BuildFailed { .. })), "{outcome:?}");
}

#[tokio::test]
async fn a_proxy_reaches_steps_and_does_not_stay_in_the_image() {
    let Some(docker) = daemon().await else { return };
    let tag = unique("proxy");
    let dockerfile = format!("FROM {BASE}\nRUN echo {tag} && echo \"proxy=$http_proxy\"\n");
    let proxy = "http://me:hidden-word@10.255.255.1:3128";
    let image = |proxies| ImageBuild { dockerfile: "Dockerfile".to_owned(), tag: tag.clone(), proxies, ..ImageBuild::default() };
    let context = tar(&[("Dockerfile", &dockerfile)]).await;
    let mut events = Vec::new();
    let build = image([("http_proxy".to_owned(), proxy.into())].into());
    let sent = Box::pin(Cursor::new(context.clone()));
    docker.build(&build, sent, &mut |event| events.push(event), &CancellationToken::new()).await.unwrap();
    assert!(lines(&events).contains(&format!("proxy={proxy}").as_str()), "{events:?}");
    let client = bollard::Docker::connect_with_defaults().unwrap();
    let history = client.image_history(&tag).await.unwrap();
    let details = docker.inspect_image(&tag).await.unwrap();
    let shown = format!("{history:?} {details:?}");
    assert!(!shown.contains("hidden-word") && !shown.contains("10.255.255.1"), "{shown}");

    // Another proxy is not a reason to run the step again.
    let mut again = Vec::new();
    let sent = Box::pin(Cursor::new(context));
    docker.build(&image([].into()), sent, &mut |event| again.push(event), &CancellationToken::new()).await.unwrap();
    assert_eq!(docker.inspect_image(&tag).await.unwrap().diff_ids, details.diff_ids);
    docker.remove_image(&tag).await.unwrap();
}

#[tokio::test]
async fn a_secret_reaches_its_step_and_no_layer() {
    let Some(docker) = daemon().await else { return };
    let tag = unique("secret");
    let value = format!("s3cret-{}", uuid::Uuid::new_v4());
    // Secrets are not part of the cache's key: a step with the same text as in an earlier run would print nothing.
    let dockerfile = format!(
        "FROM {BASE}\nRUN --mount=type=secret,id=token wc -c < /run/secrets/token && sha256sum /run/secrets/token && echo {tag}\nRUN ls /run/secrets 2>/dev/null || echo no secrets\n"
    );
    let secret = BuildSecret { id: "token".to_owned(), value: value.clone().into_bytes().into() };
    let (outcome, events) = build(&docker, &tag, &dockerfile, vec![secret]).await;
    outcome.unwrap();
    let printed = lines(&events);
    assert!(printed.contains(&value.len().to_string().as_str()), "{printed:?}");
    let output = docker
        .run(&ContainerRun { image: tag.clone(), ..run(&["sh", "-c", "cat /run/secrets/token"]) }, &CancellationToken::new())
        .await
        .unwrap();
    assert!(!output.stdout.contains(&value));
    docker.remove_image(&tag).await.unwrap();
}

#[tokio::test]
async fn a_derived_image_has_its_files_and_labels_of_any_size() {
    let Some(docker) = daemon().await else { return };
    let (first, second) = (unique("derived"), unique("relabelled"));
    let base = docker.inspect_image(BASE).await.unwrap();
    let long = "\"<$\n%".repeat(60_000);
    let derivation = Derivation {
        base: BASE.to_owned(),
        tag: first.clone(),
        labels: BTreeMap::from([("long".to_owned(), long.clone()), ("a".to_owned(), "1".to_owned())]),
        environment: BTreeMap::from([("SAID".to_owned(), "\"$HOME\" \\ end".to_owned())]),
        files: vec![DerivedFile { path: ".cog/openapi_schema.json".to_owned(), contents: b"{}".to_vec() }],
        fixed_time: None,
    };
    let token = CancellationToken::new();
    let derived = docker.derive_image(&derivation, &token).await.unwrap();
    assert_eq!(derived.labels.get("long"), Some(&long));
    assert!(derived.environment.contains(&"SAID=\"$HOME\" \\ end".to_owned()), "{:?}", derived.environment);
    assert_eq!(derived.diff_ids.len(), base.diff_ids.len() + 1);
    let relabelled = docker.relabel(&first, &BTreeMap::from([("a".to_owned(), "2".to_owned())]), &second, &token).await.unwrap();
    assert_eq!(relabelled.diff_ids, derived.diff_ids);
    assert_ne!(relabelled.id, derived.id);
    assert_eq!(relabelled.labels.get("a").map(String::as_str), Some("2"));
    assert_eq!(relabelled.labels.get("long"), Some(&long));
    for tag in [first, second] {
        docker.remove_image(&tag).await.unwrap();
    }
}

#[tokio::test]
async fn files_with_a_fixed_time_make_the_same_layer_whatever_is_below_and_whenever() {
    let Some(docker) = daemon().await else { return };
    let token = CancellationToken::new();
    let mut layers = Vec::new();
    for round in ["1", "2"] {
        let (below, tag) = (unique("below"), unique("fixed"));
        // Another layer below, so that the daemon cannot take the second one from its cache.
        let marker = DerivedFile { path: "marker".to_owned(), contents: format!("{below}{round}").into_bytes() };
        let first = Derivation { base: BASE.to_owned(), tag: below.clone(), files: vec![marker], ..Derivation::default() };
        docker.derive_image(&first, &token).await.unwrap();
        let schema = DerivedFile { path: "src/.cog/openapi_schema.json".to_owned(), contents: b"{}".to_vec() };
        let second = Derivation {
            base: below.clone(),
            tag: tag.clone(),
            files: vec![schema],
            fixed_time: Some(315_532_800),
            ..Derivation::default()
        };
        let derived = docker.derive_image(&second, &token).await.unwrap();
        layers.push(derived.diff_ids.last().unwrap().clone());
        let asked = ["sh", "-c", "stat -c '%a %Y %u %n' /src /src/.cog /src/.cog/openapi_schema.json"];
        let output = docker.run(&ContainerRun { image: tag.clone(), ..run(&asked) }, &token).await.unwrap();
        let expected = "755 315532800 0 /src\n755 315532800 0 /src/.cog\n644 315532800 0 /src/.cog/openapi_schema.json\n";
        assert_eq!(output.stdout, expected);
        for tag in [below, tag] {
            docker.remove_image(&tag).await.unwrap();
        }
    }
    assert_eq!(layers[0], layers[1]);
}

#[tokio::test]
async fn a_container_runs_to_its_end() {
    let Some(docker) = daemon().await else { return };
    let output = docker.run(&run(&["sh", "-c", "echo out; echo err >&2; exit 3"]), &CancellationToken::new()).await.unwrap();
    assert_eq!((output.exit_code, output.stdout.as_str(), output.stderr.as_str()), (3, "out\n", "err\n"));
    let output = docker.run(&run(&["sh", "-c", "yes | head -c 5000"]), &CancellationToken::new()).await.unwrap();
    assert!(output.truncated && output.stdout.len() == 1000);
}

#[tokio::test]
async fn a_container_that_takes_too_long_is_stopped() {
    let Some(docker) = daemon().await else { return };
    let slow = ContainerRun { time_limit: Duration::from_secs(2), ..run(&["sleep", "600"]) };
    let outcome = docker.run(&slow, &CancellationToken::new()).await;
    assert!(matches!(outcome, Err(DockerError::TimedOut { .. })), "{outcome:?}");
    let cancelled = CancellationToken::new();
    cancelled.cancel();
    assert!(matches!(docker.run(&run(&["sleep", "600"]), &cancelled).await, Err(DockerError::Cancelled)));
}

#[tokio::test]
async fn a_missing_image_is_said_to_be_missing() {
    let Some(docker) = daemon().await else { return };
    let token = CancellationToken::new();
    let missing = "safe-push-test/no-such-image:none";
    assert!(matches!(docker.inspect_image(missing).await, Err(DockerError::NoSuchImage { .. })));
    let outcome = docker.run(&ContainerRun { image: missing.to_owned(), ..run(&["true"]) }, &token).await;
    assert!(matches!(outcome, Err(DockerError::NoSuchImage { .. })), "{outcome:?}");
    docker.remove_image(missing).await.unwrap();
    let push = ImagePush {
        repository: "127.0.0.1:1/no/such".to_owned(),
        tag: "none".to_owned(),
        credentials: None,
        retry: RetryPolicy { retries: 0, ..RetryPolicy::HTTP },
    };
    let outcome = docker.push(&push, &mut |_| {}, &token).await;
    assert!(matches!(outcome, Err(DockerError::NoSuchImage { .. })), "{outcome:?}");
}

#[tokio::test]
async fn a_registry_that_is_not_there_is_tried_again() {
    let Some(docker) = daemon().await else { return };
    let repository = format!("127.0.0.1:1/safe-push-test/{}", uuid::Uuid::new_v4().simple());
    docker.tag_image(BASE, &format!("{repository}:latest")).await.unwrap();
    let retry = RetryPolicy { retries: 1, first_wait: Duration::from_millis(10), longest_wait: Duration::from_millis(10) };
    let push = ImagePush { repository: repository.clone(), tag: "latest".to_owned(), credentials: None, retry };
    let outcome = docker.push(&push, &mut |_| {}, &CancellationToken::new()).await;
    docker.remove_image(&format!("{repository}:latest")).await.unwrap();
    assert!(matches!(outcome, Err(DockerError::RegistryUnavailable { .. })), "{outcome:?}");
}
