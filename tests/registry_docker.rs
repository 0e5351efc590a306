//! Pushes to a real registry server, Debian's `docker-registry`, with passwords and over loopback. Without a daemon or without the server
//! these tests are skipped, except in CI, where they fail.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking and says what it skips")]

mod docker;

use std::fs::{self, File};
use std::io::Cursor;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use docker::{daemon, unique};
use rand::{RngExt as _, SeedableRng as _};
use safe_push::clients::docker::{
    Docker, DockerError, ImageBuild, ImagePush, PushDenial, PushProgress, Pushed, RealDocker, RegistryCredentials,
};
use safe_push::clients::registry::{RealRegistry, Registry as _, RegistryError, RegistryOptions};
use safe_push::support::retry::RetryPolicy;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

const PROGRAM: &str = "docker-registry";

/// `acme` with this password, hashed with bcrypt.
const PASSWORD: &str = "correct-horse";
const PASSWORDS: &str = "acme:$2y$05$UTICezV/qNHBydbz0mI1NO5nk2nsYKyr7zaLTaqssgII0Bk857qI.\n";

const QUICK: RetryPolicy = RetryPolicy { retries: 4, first_wait: Duration::from_millis(500), longest_wait: Duration::from_secs(2) };

/// The server. It can be killed and started again on the same port with the same files.
struct Server {
    folder: TempDir,
    port: u16,
    process: Mutex<Child>,
}

impl Server {
    fn start() -> Option<Arc<Self>> {
        let there = Command::new(PROGRAM).arg("--version").output().is_ok_and(|output| output.status.success());
        if !there {
            let required = std::env::var_os("CI").is_some_and(|value| value == "true");
            assert!(!required, "CI needs {PROGRAM}: apt-get install {PROGRAM}");
            eprintln!("skipped without {PROGRAM}: apt-get install {PROGRAM}");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let path = |name: &str| folder.path().join(name).display().to_string();
        fs::write(path("passwords"), PASSWORDS).unwrap();
        let config = format!(
            "version: 0.1\nlog: {{level: info, accesslog: {{disabled: false}}}}\nstorage: {{filesystem: {{rootdirectory: {}}}, delete: {{enabled: true}}}}\n\
             http: {{addr: '127.0.0.1:{port}'}}\nauth: {{htpasswd: {{realm: test, path: {}}}}}\n",
            path("data"),
            path("passwords")
        );
        fs::write(path("config.yml"), config).unwrap();
        let process = Mutex::new(spawn(&folder));
        let server = Self { folder, port, process };
        server.wait();
        Some(Arc::new(server))
    }

    fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn wait(&self) {
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20), "the registry does not start:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn kill(&self) {
        let mut process = self.process.lock().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    fn start_again(&self) {
        *self.process.lock().unwrap() = spawn(&self.folder);
        self.wait();
    }

    /// One line for each request, among others.
    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn credentials(&self, password: &str) -> RegistryCredentials {
        RegistryCredentials { host: self.host(), username: "acme".to_owned(), password: password.into() }
    }

    fn client(&self, password: &str) -> RealRegistry {
        let options = RegistryOptions::new(self.host(), Some(self.credentials(password)));
        RealRegistry::new(RegistryOptions { retry: QUICK, ..options }).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(folder: &TempDir) -> Child {
    let log = File::options().create(true).append(true).open(folder.path().join("log")).unwrap();
    let config = folder.path().join("config.yml");
    let mut command = Command::new(PROGRAM);
    command.arg("serve").arg(config).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    command.spawn().unwrap()
}

/// Bytes that gzip makes no smaller, the same for the same seed.
fn noise(seed: u64, size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    rand_chacha::ChaCha8Rng::seed_from_u64(seed).fill(bytes.as_mut_slice());
    bytes
}

/// An image of one layer for each of the files.
async fn image(docker: &RealDocker, files: &[Vec<u8>]) -> String {
    let tag = unique("registry");
    let copies: String = (0..files.len()).map(|number| format!("COPY {number} /{number}\n")).collect();
    let dockerfile = format!("FROM scratch\n{copies}");
    let mut archive = tokio_tar::Builder::new(Vec::new());
    let numbered = files.iter().enumerate().map(|(number, bytes)| (number.to_string(), bytes.as_slice()));
    for (path, bytes) in numbered.chain([("Dockerfile".to_owned(), dockerfile.as_bytes())]) {
        let mut header = tokio_tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, bytes).await.unwrap();
    }
    let context = Box::pin(Cursor::new(archive.into_inner().await.unwrap()));
    let build = ImageBuild { dockerfile: "Dockerfile".to_owned(), tag: tag.clone(), ..ImageBuild::default() };
    docker.build(&build, context, &mut |_| {}, &CancellationToken::new()).await.unwrap();
    tag
}

/// Pushes an image and takes the name away again. Says how many bytes went over the wire at most.
async fn push(
    docker: &RealDocker,
    image: &str,
    repository: &str,
    credentials: Option<RegistryCredentials>,
    on_progress: &mut (dyn FnMut(PushProgress) + Send),
) -> Result<(Pushed, u64), DockerError> {
    let name = format!("{repository}:latest");
    docker.tag_image(image, &name).await.unwrap();
    let push = ImagePush { repository: repository.to_owned(), tag: "latest".to_owned(), credentials, retry: QUICK };
    let mut sent = 0;
    let mut told = |progress: PushProgress| {
        sent = progress.sent_bytes.max(sent);
        on_progress(progress);
    };
    let outcome = docker.push(&push, &mut told, &CancellationToken::new()).await;
    docker.remove_image(&name).await.unwrap();
    outcome.map(|pushed| (pushed, sent))
}

const MEGABYTE: usize = 1_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_push_is_confirmed_by_its_digest_and_a_second_one_sends_only_what_differs() {
    let Some(docker) = daemon().await else { return };
    let Some(server) = Server::start() else { return };
    let (repository, user) = (format!("{}/acme/hotdog", server.host()), Some(server.credentials(PASSWORD)));
    let layers = [noise(1, 8 * MEGABYTE), noise(2, MEGABYTE)];
    let first = image(&docker, &layers).await;
    let (pushed, sent) = push(&docker, &first, &repository, user.clone(), &mut |_| {}).await.unwrap();
    assert!(sent >= 9_000_000, "{sent}");

    let client = server.client(PASSWORD);
    let manifest = client.manifest("acme/hotdog", "latest").await.unwrap().unwrap();
    assert_eq!((&manifest.digest, manifest.layers.len()), (&pushed.digest, 2));
    assert!(client.manifest("acme/hotdog", "other").await.unwrap().is_none());

    let (again, sent) = push(&docker, &first, &repository, user.clone(), &mut |_| {}).await.unwrap();
    assert_eq!((again.digest, sent), (pushed.digest.clone(), 0));

    let second = image(&docker, &[layers[0].clone(), noise(3, 2 * MEGABYTE)]).await;
    let (other, sent) = push(&docker, &second, &repository, user, &mut |_| {}).await.unwrap();
    assert_ne!(other.digest, pushed.digest);
    assert!((2_000_000..3_000_000).contains(&sent), "only the layer that differs is sent: {sent}");
    for image in [first, second] {
        docker.remove_image(&image).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn layers_of_another_repository_are_mounted() {
    let Some(docker) = daemon().await else { return };
    let Some(server) = Server::start() else { return };
    let user = Some(server.credentials(PASSWORD));
    let image = image(&docker, &[noise(4, 4 * MEGABYTE)]).await;
    let repository = |name: &str| format!("{}/acme/{name}", server.host());
    let (staged, _) = push(&docker, &image, &repository("hotdog-test"), user.clone(), &mut |_| {}).await.unwrap();
    let (published, sent) = push(&docker, &image, &repository("hotdog"), user, &mut |_| {}).await.unwrap();
    assert_eq!((published.digest, sent), (staged.digest, 0));
    let log = server.log();
    assert!(log.contains("/v2/acme/hotdog/blobs/uploads/?from=acme%2Fhotdog-test&mount=sha256"), "{log}");
    docker.remove_image(&image).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_and_missing_passwords_are_told_apart_from_outages() {
    let Some(docker) = daemon().await else { return };
    let Some(server) = Server::start() else { return };
    let image = image(&docker, &[noise(5, 1000)]).await;
    let repository = format!("{}/acme/hotdog", server.host());
    for credentials in [Some(server.credentials("wrong")), None] {
        let error = push(&docker, &image, &repository, credentials, &mut |_| {}).await.unwrap_err();
        let DockerError::PushDenied { reason, .. } = &error else { panic!("{error:?}") };
        assert_eq!(*reason, PushDenial::NotLoggedIn);
        assert!(error.hint().is_some_and(|hint| hint.contains("COG_TOKEN")), "{error:?}");
        assert!(!error.to_string().contains("wrong"), "{error}");
    }
    let refused = server.client("wrong").manifest("acme/hotdog", "latest").await;
    assert!(matches!(refused, Err(RegistryError::Denied { status: 401, .. })), "{refused:?}");
    docker.remove_image(&image).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_stops_in_the_middle_and_comes_back_gets_the_whole_image() {
    let Some(docker) = daemon().await else { return };
    let Some(server) = Server::start() else { return };
    let user = Some(server.credentials(PASSWORD));
    let layers: Vec<Vec<u8>> = (10..13).map(|seed| noise(seed, 20 * MEGABYTE)).collect();
    let image = image(&docker, &layers).await;
    let repository = format!("{}/acme/hotdog", server.host());
    let mut stopped_at = None;
    let mut restarting = None;
    let mut on_progress = |progress: PushProgress| {
        if stopped_at.is_none() && progress.sent_bytes > 0 {
            stopped_at = Some(progress);
            server.kill();
            let server = Arc::clone(&server);
            restarting = Some(std::thread::spawn(move || {
                std::thread::sleep(Duration::from_secs(2));
                server.start_again();
            }));
        }
    };
    let outcome = push(&docker, &image, &repository, user, &mut on_progress).await;
    restarting.unwrap().join().unwrap();
    let (pushed, _) = outcome.unwrap();
    let stopped_at = stopped_at.unwrap();
    assert!(stopped_at.sent_bytes < 60_000_000, "{stopped_at:?}");
    let manifest = server.client(PASSWORD).manifest("acme/hotdog", "latest").await.unwrap().unwrap();
    assert_eq!((manifest.digest, manifest.layers.len()), (pushed.digest, 3));
    docker.remove_image(&image).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_stays_away_is_an_outage() {
    let Some(docker) = daemon().await else { return };
    let Some(server) = Server::start() else { return };
    let image = image(&docker, &[noise(6, 1000)]).await;
    let repository = format!("{}/acme/hotdog", server.host());
    server.kill();
    let error = push(&docker, &image, &repository, Some(server.credentials(PASSWORD)), &mut |_| {}).await.unwrap_err();
    assert!(matches!(&error, DockerError::RegistryUnavailable { .. }), "{error:?}");
    docker.remove_image(&image).await.unwrap();
}
