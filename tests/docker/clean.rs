//! What killed runs leave in the daemon is found by its marks and removed; what belongs to the living is not.
//!
//! Any other run removes the same at its start, so no test runs beside these (`.config/nextest.toml`).

use std::process::Command;
use std::time::{Duration, Instant};

use process_mark::{LABEL, ProcessMark};
use safe_push::clients::docker::{ContainerRun, RunContainers as _};
use safe_push::support::clock::{Clock as _, SystemClock};
use serde_json::Value;
use test_support::{BASE, Repository, docker_is_there};
use tokio_util::sync::CancellationToken;

use crate::daemon::daemon;

/// Longer than a search takes with a quiet daemon.
const SEARCH_LIMIT: Duration = Duration::from_millis(100);

fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().unwrap();
    assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// This process, but for its number.
fn dead() -> String {
    let mark = ProcessMark::current().unwrap().to_string();
    format!("{}-{}", u32::MAX, mark.split_once('-').unwrap().1)
}

/// A process of another container, about which only the daemon knows.
fn of_container(id: &str) -> String {
    let mark = ProcessMark::current().unwrap().to_string();
    let parts: Vec<&str> = mark.split('-').collect();
    format!("{}-{}-1-{}-{}", parts[0], parts[1], parts[3], &id[..12])
}

fn unique() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// Things in the daemon that carry a mark, as a run makes them.
struct Left {
    container: String,
    network: String,
    images: Vec<String>,
}

impl Left {
    fn new(mark: &str) -> Self {
        let label = format!("{LABEL}={mark}");
        let images = vec![
            format!("safe-push-build:{mark}-{}", unique()),
            format!("safe-push-run:{mark}-{}", unique()),
            format!("safe-push-base:{mark}-{}", unique()),
            format!("r8.im/acme/left:safe-push-{mark}-{}", unique()),
            format!("127.0.0.1:1/acme/left:safe-push-sandbox-{mark}-{}", unique()),
        ];
        for image in &images {
            docker(&["tag", BASE, image]);
        }
        // Of an image that goes too.
        let container = docker(&["run", "--detach", "--label", &label, &images[0], "sleep", "600"]);
        let network = docker(&["network", "create", "--label", &label, &format!("left-{}", unique())]);
        Self { container, network, images }
    }

    /// What of it is still there.
    fn rest(&self) -> Vec<String> {
        let containers = docker(&["ps", "--all", "--no-trunc", "--quiet"]);
        let networks = docker(&["network", "ls", "--no-trunc", "--quiet"]);
        let images = docker(&["images", "--format", "{{.Repository}}:{{.Tag}}"]);
        let all: Vec<&str> = [&containers, &networks, &images].into_iter().flat_map(|list| list.lines()).collect();
        let ours = [&self.container, &self.network].into_iter().chain(&self.images);
        ours.filter(|one| all.contains(&one.as_str())).cloned().collect()
    }

    fn remove(self) {
        docker(&["rm", "--force", &self.container]);
        docker(&["network", "rm", &self.network]);
        self.images.iter().for_each(|image| drop(docker(&["rmi", image])));
    }
}

fn listed(document: &Value, kind: &str, key: &str) -> Vec<String> {
    document[kind].as_array().unwrap().iter().map(|one| one[key].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_cleanup_removes_what_dead_runs_left_and_says_so() {
    if !docker_is_there() {
        return;
    }
    let alive = docker(&["run", "--detach", BASE, "sleep", "600"]);
    let gone = docker(&["run", "--detach", BASE, "true"]);
    docker(&["wait", &gone]);
    docker(&["rm", &gone]);
    // The run that ends with its process, one of a container that is gone, and three that are not known to have ended.
    let left = [Left::new(&dead()), Left::new(&of_container(&gone))];
    let kept = [
        Left::new(&ProcessMark::current().unwrap().to_string()),
        Left::new(&of_container(&alive)),
        Left::new("7-1-1-0123456789ab-0"),
    ];
    let repository = Repository::new();
    std::fs::create_dir(repository.path().join("temporary")).unwrap();
    let temporary = repository.path().join("temporary").display().to_string();
    let repository = repository.variable("TMPDIR", &temporary);
    let folder = format!("{temporary}/safe-push-sandbox-{}-x", dead());
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(format!("{folder}/layer"), [0; 5000]).unwrap();

    let dry = repository.run("clean --dry-run --format json");
    assert_eq!(dry.code, Some(0), "{dry}");
    assert!(left.iter().all(|left| left.rest().len() == 7) && std::path::Path::new(&folder).exists(), "nothing is removed yet");
    let seen = repository.run("clean --format json");
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(left.iter().flat_map(Left::rest).collect::<Vec<_>>(), Vec::<String>::new(), "{seen}");
    assert!(kept.iter().all(|kept| kept.rest().len() == 7), "{seen}");
    assert!(!std::path::Path::new(&folder).exists());
    for text in [&dry.stdout, &seen.stdout] {
        let document: Value = serde_json::from_str(text).unwrap();
        // Names with a host were scrubbed, and so are long ids.
        let images = listed(&document, "images", "name");
        assert!(images.iter().any(|name| name.starts_with("safe-push-build:")), "{text}");
        assert!(!listed(&document, "containers", "id").is_empty() && !listed(&document, "networks", "name").is_empty(), "{text}");
        assert_eq!(listed(&document, "folders", "path").len(), 1, "{text}");
        assert_eq!(document["folders"][0]["size_bytes"], 5000);
        assert!(document["kept"].as_u64().unwrap() >= 7, "those that nobody knows about: {text}");
    }
    kept.into_iter().for_each(Left::remove);
    docker(&["rm", "--force", &alive]);
}

#[tokio::test]
async fn a_container_of_a_living_process_is_not_left_over_and_the_search_is_quick() {
    let Some(docker) = daemon().await else { return };
    let sleeper = ContainerRun {
        image: BASE.to_owned(),
        command: vec!["sleep".to_owned(), "3".to_owned()],
        environment: std::collections::BTreeMap::new(),
        network: false,
        time_limit: Duration::from_secs(60),
        output_limit_bytes: 1000,
    };
    let token = CancellationToken::new();
    let (output, quickest) = tokio::join!(docker.run(&sleeper, &token), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let own = format!("{LABEL}={}", ProcessMark::current().unwrap());
        let container = self::docker(&["ps", "--no-trunc", "--quiet", "--filter", &format!("label={own}")]);
        assert!(!container.is_empty(), "the container is marked");
        let mut quickest = Duration::MAX;
        for _ in 0..10 {
            let started = Instant::now();
            let left = docker.find_leftovers(SystemClock.now()).await.unwrap();
            quickest = quickest.min(started.elapsed());
            assert!(!left.containers.iter().any(|left| left.id == container));
        }
        quickest
    });
    assert_eq!(output.unwrap().exit_code, 0);
    assert!(quickest < SEARCH_LIMIT, "{quickest:?}");
}

#[test]
fn two_cleanups_at_once_do_not_disturb_each_other() {
    if !docker_is_there() {
        return;
    }
    let left: Vec<Left> = (0..3).map(|_| Left::new(&dead())).collect();
    let repository = Repository::new();
    let cleanups: Vec<_> = (0..3).map(|_| repository.start("clean")).collect();
    for cleanup in cleanups {
        let output = cleanup.wait_with_output().unwrap();
        // What one is removing, another may still see in use.
        assert!(matches!(output.status.code(), Some(0 | 3)), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let last = repository.run("clean");
    assert_eq!(left.iter().flat_map(Left::rest).collect::<Vec<_>>(), Vec::<String>::new(), "{last}");
}

#[test]
fn a_mark_that_a_container_has_from_its_image_is_not_ours() {
    if !docker_is_there() {
        return;
    }
    // Of a dead process, and of another machine whose container this daemon never knew.
    for mark in [dead(), "7-1-2-0123456789ab-ffffffffffff".to_owned()] {
        let image = format!("somebody/else:{}", unique());
        let made = docker(&["create", BASE]);
        docker(&["commit", "--change", &format!("LABEL {LABEL}={mark}"), &made, &image]);
        docker(&["rm", &made]);
        let container = docker(&["run", "--detach", &image, "sleep", "600"]);
        let seen = Repository::new().run("clean");
        let running = docker(&["ps", "--no-trunc", "--quiet"]);
        docker(&["rm", "--force", &container]);
        docker(&["rmi", &image]);
        assert_eq!(seen.code, Some(0), "{seen}");
        assert!(running.lines().any(|one| one == container), "{seen}");
    }
}
