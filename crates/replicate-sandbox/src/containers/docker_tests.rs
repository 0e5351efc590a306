//! The engine with a real daemon: images of Python's base with a server that speaks coglet's dialect, so that no package is needed.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use bollard::Docker;
use bollard::query_parameters::{
    BuildImageOptionsBuilder, ListContainersOptionsBuilder, RemoveContainerOptionsBuilder, RemoveImageOptionsBuilder,
};
use futures::TryStreamExt as _;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc::unbounded_channel;
use tokio_util::sync::CancellationToken;

use super::super::engine::{Engine as _, EngineJob, EngineVersion, Outcome, Progress};
use super::super::job_kind::JobKind;
use super::{Containers, ContainersOptions, Reach, labels};

const BASE: &str = "python:3.11-slim";

/// A server as Cog has it, in the standard library's means.
const SERVER: &str = r#"
import json, os, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
print("setup begins", flush=True)
if os.environ.get("BROKEN"): raise RuntimeError("no weights")
cancelled = set(); running = set()
def limits():
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    # What a model that runs as root relies on: folders of others, giving files away, starting processes as others.
    os.makedirs("/srv/others", exist_ok=True); os.chown("/srv/others", 65534, 65534); os.chmod("/srv/others", 0o500)
    open("/srv/others/file", "w").write("x"); os.chmod("/srv/others", 0o700)
    import subprocess
    user = subprocess.run(["id", "-u"], user=65534, group=65534, extra_groups=[], capture_output=True, text=True).stdout.strip()
    def refused(act):
        try: act()
        except OSError: return True
        return False
    import socket
    return {"capabilities": status["CapEff"].strip(), "bounds": status["CapBnd"].strip(), "no_new_privileges": status["NoNewPrivs"].strip(),
            "hosts": "host.docker.internal" in open("/etc/hosts").read(), "user": user,
            "refused": [refused(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)), refused(lambda: os.chroot("/srv")),
                        refused(lambda: os.mknod("/srv/disk", 0o60600, os.makedev(8, 0)))]}
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *rest): pass
    def reply(self, value):
        body = json.dumps(value).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
    def body(self): return self.rfile.read(int(self.headers.get("Content-Length", 0)))
    def do_GET(self): self.reply({"status": "STARTING" if os.environ.get("SLOW") else "READY", "setup": {}})
    def do_POST(self):
        self.body(); job = self.path.split("/")[2]
        if job not in cancelled: print("cancel", flush=True)
        if not os.environ.get("STUBBORN"): cancelled.add(job)
        self.reply({}) if job in running else self.send_error(404)
    def do_PUT(self):
        given = json.loads(self.body())["input"]; job = self.path.split("/")[2]
        print("running", given.get("text"), flush=True)
        end = time.time() + given.get("seconds", 0); running.add(job)
        while time.time() < end and job not in cancelled: time.sleep(0.02)
        running.discard(job)
        if job in cancelled: return self.reply({"status": "canceled"})
        if given.get("text") == "bad":
            return self.reply({"status": "failed", "error": "Prediction failed: Prediction failed: ValueError: text is bad", "logs": ""})
        if given.get("text") == "limits": return self.reply({"status": "succeeded", "output": limits()})
        self.reply({"status": "succeeded", "output": [self.path.split("/")[1], " ".join(sys.argv[1:]), given.get("text")]})
ThreadingHTTPServer(("0.0.0.0", 5000), Handler).serve_forever()
"#;

struct Fixture {
    docker: Docker,
    engine: Arc<Containers>,
    version: EngineVersion,
    owner: String,
}

impl Fixture {
    /// `None` where the base image is not there; on CI it has to be.
    async fn new(environment: &str, change: impl FnOnce(&mut ContainersOptions)) -> Option<Self> {
        let docker = Docker::connect_with_local_defaults().ok()?.negotiate_version().await;
        let present = match &docker {
            Ok(docker) => docker.inspect_image(BASE).await.is_ok(),
            Err(_) => false,
        };
        if !present {
            assert!(std::env::var_os("CI").is_none(), "{BASE} is missing from the Docker daemon");
            return None;
        }
        let docker = docker.ok()?;
        let owner = uuid::Uuid::new_v4().to_string();
        let image = format!("sptest-engine:{owner}");
        build(&docker, &image, environment).await;
        let mut options = ContainersOptions::new(("acme".to_owned(), "secret".to_owned()), owner.clone());
        change(&mut options);
        let engine = Arc::new(Containers::connect(options).await.unwrap());
        let version = EngineVersion { model: "acme/m".to_owned(), id: owner.clone(), image, pull: false };
        Some(Self { docker, engine, version, owner })
    }

    async fn run(&self, kind: JobKind, input: Value) -> (Outcome, String, usize) {
        let (sender, mut receiver) = unbounded_channel();
        let outcome = self.engine.run(&self.version, job(kind, input), sender, CancellationToken::new()).await;
        let (mut logs, mut starts) = (String::new(), 0);
        while let Ok(progress) = receiver.try_recv() {
            match progress {
                Progress::Logs(text) => logs.push_str(&text),
                Progress::Started => starts += 1,
            }
        }
        (outcome, logs, starts)
    }

    async fn containers(&self) -> Vec<String> {
        let filters = std::collections::HashMap::from([("label".to_owned(), vec![format!("{}={}", labels::SANDBOX, self.owner)])]);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let list = self.docker.list_containers(Some(options)).await.unwrap();
        list.into_iter().filter_map(|container| container.id).collect()
    }

    async fn all_gone(&self) -> bool {
        for _ in 0..100 {
            if self.containers().await.is_empty() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        false
    }

    async fn end(self) {
        self.engine.shutdown().await;
        assert!(self.all_gone().await);
        let options = RemoveImageOptionsBuilder::new().force(true).build();
        self.docker.remove_image(&self.version.image, Some(options), None).await.unwrap();
    }
}

fn job(kind: JobKind, input: Value) -> EngineJob {
    let input: Map<String, Value> = serde_json::from_value(input).unwrap();
    EngineJob { id: uuid::Uuid::new_v4().simple().to_string(), kind, input }
}

async fn build(docker: &Docker, image: &str, environment: &str) {
    let module = "/usr/lib/sptest/cog/server/http.py";
    let dockerfile = format!(
        "FROM {BASE}\nCOPY http.py {module}\nENV PYTHONPATH=/usr/lib/sptest PYTHONUNBUFFERED=1 {environment}\nCMD [\"python\", \"-m\", \"cog.server.http\"]\n"
    );
    let mut builder = tokio_tar::Builder::new(Vec::new());
    for (name, content) in [("Dockerfile", dockerfile.as_str()), ("http.py", SERVER)] {
        let mut header = tokio_tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append_data(&mut header, name, content.as_bytes()).await.unwrap();
    }
    let body = bollard::body_full(Bytes::from(builder.into_inner().await.unwrap()));
    // Without the cache: other tests remove images that share steps with this one.
    let options = BuildImageOptionsBuilder::new().t(image).nocache(true).build();
    docker.build_image(options, None, Some(body)).try_collect::<Vec<_>>().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_container_serves_one_job_after_another() {
    let Some(fixture) = Fixture::new("A=b", |_| {}).await else { return };
    // A busy daemon delivers the lines late; the server takes long enough for them to arrive.
    let (outcome, logs, starts) = fixture.run(JobKind::Prediction, json!({"text": "one", "seconds": 1})).await;
    let output = |text: &str| Outcome::Succeeded { output: json!(["predictions", "", text]), metrics: Map::new() };
    assert_eq!((outcome, logs.as_str(), starts), (output("one"), "setup begins\nrunning one\n", 1));
    let first = fixture.containers().await;
    let (outcome, logs, _) = fixture.run(JobKind::Prediction, json!({"text": "two", "seconds": 1})).await;
    assert_eq!((outcome, logs.as_str()), (output("two"), "running two\n"));
    assert_eq!(fixture.containers().await, first);
    let (outcome, _, _) = fixture.run(JobKind::Prediction, json!({"text": "bad"})).await;
    assert_eq!(outcome, Outcome::Failed { error: "text is bad".to_owned() });
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_training_gets_a_container_in_train_mode() {
    let Some(fixture) = Fixture::new("A=b", |_| {}).await else { return };
    let (outcome, _, _) = fixture.run(JobKind::Training, json!({"text": "x"})).await;
    let output = json!(["trainings", "--x-mode train", "x"]);
    assert_eq!(outcome, Outcome::Succeeded { output, metrics: Map::new() });
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_job_stops_in_the_container_too() {
    let Some(fixture) = Fixture::new("A=b", |_| {}).await else { return };
    fixture.run(JobKind::Prediction, json!({"text": "warm"})).await;
    let cancelled = CancellationToken::new();
    let (sender, mut receiver) = unbounded_channel();
    let run = fixture.engine.run(&fixture.version, job(JobKind::Prediction, json!({"seconds": 60})), sender, cancelled.clone());
    let stop = async {
        while !matches!(receiver.recv().await, Some(Progress::Logs(_))) {}
        cancelled.cancel();
    };
    assert_eq!(tokio::join!(run, stop).0, Outcome::Canceled);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let logs = bollard::query_parameters::LogsOptionsBuilder::new().stdout(true).build();
    let container = fixture.containers().await.remove(0);
    let output: String = fixture.docker.logs(&container, Some(logs)).map_ok(|piece| piece.to_string()).try_collect().await.unwrap();
    assert!(output.ends_with("cancel\n"), "{output}");
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_ignores_the_cancel_is_given_up_for_a_fresh_one() {
    let Some(fixture) = Fixture::new("STUBBORN=1", |_| {}).await else { return };
    fixture.run(JobKind::Prediction, json!({"text": "warm"})).await;
    let stuck = fixture.containers().await;
    let cancelled = CancellationToken::new();
    let (sender, mut receiver) = unbounded_channel();
    let run = fixture.engine.run(&fixture.version, job(JobKind::Prediction, json!({"seconds": 60})), sender, cancelled.clone());
    let stop = async {
        while !matches!(receiver.recv().await, Some(Progress::Logs(_))) {}
        cancelled.cancel();
    };
    assert_eq!(tokio::join!(run, stop).0, Outcome::Canceled);
    let (outcome, logs, _) = fixture.run(JobKind::Prediction, json!({"text": "next"})).await;
    assert!(matches!(outcome, Outcome::Succeeded { .. }) && logs.starts_with("setup begins"), "{outcome:?} {logs}");
    for _ in 0..100 {
        if !fixture.containers().await.contains(&stuck[0]) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(!fixture.containers().await.contains(&stuck[0]));
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_set_up_shows_its_traceback_and_leaves_nothing() {
    let Some(fixture) = Fixture::new("BROKEN=1", |_| {}).await else { return };
    let (outcome, logs, starts) = fixture.run(JobKind::Prediction, json!({})).await;
    assert_eq!(outcome, Outcome::Failed { error: "model setup failed: RuntimeError: no weights".to_owned() });
    assert!(logs.contains("setup begins\n") && logs.contains("Traceback"), "{logs}");
    assert_eq!(starts, 0);
    assert!(fixture.all_gone().await);
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_up_that_takes_too_long_fails_in_replicates_words() {
    let Some(fixture) = Fixture::new("SLOW=1", |options| options.setup_limit = Duration::from_secs(2)).await else { return };
    let (outcome, _, _) = fixture.run(JobKind::Prediction, json!({})).await;
    let error = "model container failed to boot and complete setup within 2 seconds".to_owned();
    assert_eq!(outcome, Outcome::Failed { error });
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_removed_from_outside_fails_the_job_and_the_next_one_boots_another() {
    let Some(fixture) = Fixture::new("A=b", |_| {}).await else { return };
    fixture.run(JobKind::Prediction, json!({"text": "warm"})).await;
    let container = fixture.containers().await.remove(0);
    let running = fixture.run(JobKind::Prediction, json!({"seconds": 60}));
    let kill = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let options = RemoveContainerOptionsBuilder::new().force(true).build();
        fixture.docker.remove_container(&container, Some(options)).await.unwrap();
    };
    let ((outcome, _, _), ()) = tokio::join!(running, kill);
    assert!(matches!(&outcome, Outcome::Failed { error } if error.starts_with("the model's container disappeared")), "{outcome:?}");
    let (outcome, logs, _) = fixture.run(JobKind::Prediction, json!({"text": "again"})).await;
    assert!(matches!(outcome, Outcome::Succeeded { .. }) && logs.starts_with("setup begins"));
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_without_jobs_is_removed() {
    let Some(fixture) = Fixture::new("A=b", |options| options.idle_stop = Duration::from_secs(1)).await else { return };
    fixture.run(JobKind::Prediction, json!({})).await;
    assert_eq!(fixture.containers().await.len(), 1);
    assert!(fixture.all_gone().await);
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_can_be_reached_in_its_network() {
    let Some(fixture) = Fixture::new("A=b", |options| options.reach = Reach::Network("bridge".to_owned())).await else { return };
    let (outcome, _, _) = fixture.run(JobKind::Prediction, json!({})).await;
    assert!(matches!(outcome, Outcome::Succeeded { .. }), "{outcome:?}");
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_can_do_what_models_need_and_nothing_beyond_it() {
    let Some(fixture) = Fixture::new("A=b", |_| {}).await else { return };
    let (outcome, logs, _) = fixture.run(JobKind::Prediction, json!({"text": "limits"})).await;
    let Outcome::Succeeded { output, .. } = outcome else { panic!("{outcome:?} {logs}") };
    // CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID and SETUID.
    let expected = json!({
        "capabilities": "00000000000000fb", "bounds": "00000000000000fb", "no_new_privileges": "1",
        "hosts": false, "user": "65534", "refused": [true, true, true],
    });
    assert_eq!(output, expected);
    let container = fixture.docker.inspect_container(&fixture.containers().await[0], None).await.unwrap();
    let host = container.host_config.unwrap();
    assert_eq!(host.extra_hosts.unwrap_or_default(), Vec::<String>::new());
    let log = host.log_config.unwrap();
    let limits = log.config.unwrap();
    assert_eq!((log.typ.as_deref(), limits["max-size"].as_str(), limits["max-file"].as_str()), (Some("json-file"), "32m", "2"));
    assert!(host.memory.is_some_and(|bytes| bytes > 0) && host.pids_limit.is_some_and(|limit| limit > 0));
    fixture.end().await;
}

/// The mark of a process like this one that has ended.
fn dead() -> String {
    let mark = process_mark::ProcessMark::current().unwrap().to_string();
    format!("{}-{}", u32::MAX, mark.split_once('-').unwrap().1)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_sandbox_left_goes_and_what_a_living_one_has_stays() {
    let Some(fixture) = Fixture::new("A=b", |_| {}).await else { return };
    let own = process_mark::ProcessMark::current().unwrap().to_string();
    let mut left = Vec::new();
    for mark in [dead(), own] {
        let tag = format!("safe-push-sandbox-{mark}-{}", uuid::Uuid::new_v4().simple());
        let options = bollard::query_parameters::TagImageOptionsBuilder::new().repo("127.0.0.1:1/acme/m").tag(&tag).build();
        fixture.docker.tag_image(&fixture.version.image, Some(options)).await.unwrap();
        let labels = std::collections::HashMap::from([
            (labels::SANDBOX.to_owned(), fixture.owner.clone()),
            (process_mark::LABEL.to_owned(), mark),
        ]);
        let name = format!("127.0.0.1:1/acme/m:{tag}");
        let body = bollard::models::ContainerCreateBody { image: Some(name.clone()), labels: Some(labels), ..Default::default() };
        left.push((fixture.docker.create_container(None, body).await.unwrap().id, name));
    }
    fixture.engine.remove_orphans().await.unwrap();
    let containers = fixture.containers().await;
    let mut there = Vec::new();
    for (container, name) in &left {
        there.push((containers.contains(container), fixture.docker.inspect_image(name).await.is_ok()));
    }
    assert_eq!(there, [(false, false), (true, true)]);
    super::remove::container(&fixture.docker, &left[1].0).await;
    super::remove::image_name(&fixture.docker, &left[1].1).await;
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_has_its_marks_from_its_image_is_somebody_elses() {
    let Some(fixture) = Fixture::new("A=b", |_| {}).await else { return };
    let create = async |image: &str| {
        let body = bollard::models::ContainerCreateBody { image: Some(image.to_owned()), ..Default::default() };
        fixture.docker.create_container(None, body).await.unwrap().id
    };
    let plain = create(&fixture.version.image).await;
    let tag = uuid::Uuid::new_v4().simple().to_string();
    let options =
        bollard::query_parameters::CommitContainerOptionsBuilder::new().container(&plain).repo("somebody/else").tag(&tag).build();
    let labels = std::collections::HashMap::from([
        (labels::SANDBOX.to_owned(), fixture.owner.clone()),
        (process_mark::LABEL.to_owned(), dead()),
    ]);
    let config = bollard::models::ContainerConfig { labels: Some(labels), ..Default::default() };
    fixture.docker.commit_container(options, config).await.unwrap();
    let image = format!("somebody/else:{tag}");
    let theirs = create(&image).await;
    fixture.engine.remove_orphans().await.unwrap();
    let is_there = fixture.containers().await.contains(&theirs);
    for container in [&plain, &theirs] {
        super::remove::container(&fixture.docker, container).await;
    }
    super::remove::image_name(&fixture.docker, &image).await;
    assert!(is_there);
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_process_has_no_orphans() {
    let Some(fixture) = Fixture::new("A=b", |_| {}).await else { return };
    fixture.run(JobKind::Prediction, json!({})).await;
    fixture.engine.remove_orphans().await.unwrap();
    assert_eq!(fixture.containers().await.len(), 1);
    fixture.end().await;
}
