//! Debian's `docker-registry` as a server of a test's own, and images to push to it.

#![expect(clippy::print_stderr, reason = "a test says what it skips")]

use std::fs::{self, File};
use std::io::Cursor;
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rand::{RngExt as _, SeedableRng as _};
use safe_push::clients::docker::{
    BuildImages as _, DockerError, ImageBuild, ImagePush, NameImages as _, PushEvent, PushImages as _, Pushed, RealDocker,
    RegistryCredentials,
};
use safe_push::clients::registry::{RealRegistry, RegistryOptions};
use safe_push::support::retry::RetryPolicy;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::daemon::unique;

const PROGRAM: &str = "docker-registry";

/// `acme` with this password, hashed with bcrypt.
pub(crate) const PASSWORD: &str = "correct-horse";
const PASSWORDS: &str = "acme:$2y$05$UTICezV/qNHBydbz0mI1NO5nk2nsYKyr7zaLTaqssgII0Bk857qI.\n";

pub(crate) const QUICK: RetryPolicy =
    RetryPolicy { retries: 4, first_wait: Duration::from_millis(500), longest_wait: Duration::from_secs(2) };

/// The server. It can be killed and started again on the same port with the same files.
pub(crate) struct Server {
    folder: TempDir,
    address: IpAddr,
    port: u16,
    process: Mutex<Child>,
}

/// A certificate that nobody knows, for an address of this machine.
struct Certificate {
    certificate: PathBuf,
    key: PathBuf,
}

impl Certificate {
    fn make(folder: &Path, address: IpAddr) -> Self {
        let made = Self { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") };
        let output = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
            .args(["-subj", "/CN=registry of a test", "-addext", &format!("subjectAltName=IP:{address}")])
            .arg("-keyout")
            .arg(&made.key)
            .arg("-out")
            .arg(&made.certificate)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        made
    }
}

/// What the daemon trusts for one registry, until this is dropped.
pub(crate) struct Trusted(PathBuf);

impl Drop for Trusted {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// An address of this machine that is not its loopback: a daemon takes that for insecure and asks for no certificate. Nothing is sent.
fn own_address() -> IpAddr {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.connect("192.0.2.1:1").map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |()| socket.local_addr().unwrap().ip())
}

impl Server {
    /// Over plain HTTP on this machine's loopback.
    pub(crate) fn start() -> Option<Arc<Self>> {
        Self::start_at(IpAddr::V4(Ipv4Addr::LOCALHOST), false)
    }

    /// Over TLS, with a certificate that no daemon trusts by itself; `None` also where this machine has no address but the loopback.
    pub(crate) fn start_with_certificate() -> Option<Arc<Self>> {
        let address = own_address();
        if address.is_loopback() {
            eprintln!("skipped on a machine without a network");
            return None;
        }
        Self::start_at(address, true)
    }

    fn start_at(address: IpAddr, with_certificate: bool) -> Option<Arc<Self>> {
        let there = Command::new(PROGRAM).arg("--version").output().is_ok_and(|output| output.status.success());
        if !there {
            let required = std::env::var_os("CI").is_some_and(|value| value == "true");
            assert!(!required, "CI needs {PROGRAM}: apt-get install {PROGRAM}");
            eprintln!("skipped without {PROGRAM}: apt-get install {PROGRAM}");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind((address, 0)).unwrap().local_addr().unwrap().port();
        let path = |name: &str| folder.path().join(name).display().to_string();
        fs::write(path("passwords"), PASSWORDS).unwrap();
        let tls = if with_certificate {
            let made = Certificate::make(folder.path(), address);
            format!(", tls: {{certificate: {}, key: {}}}", made.certificate.display(), made.key.display())
        } else {
            String::new()
        };
        let config = format!(
            "version: 0.1\nlog: {{level: info, accesslog: {{disabled: false}}}}\nstorage: {{filesystem: {{rootdirectory: {}}}, delete: {{enabled: true}}}}\n\
             http: {{addr: '{address}:{port}'{tls}}}\nauth: {{htpasswd: {{realm: test, path: {}}}}}\n",
            path("data"),
            path("passwords")
        );
        fs::write(path("config.yml"), config).unwrap();
        let process = Mutex::new(spawn(&folder));
        let server = Self { folder, address, port, process };
        server.wait();
        Some(Arc::new(server))
    }

    pub(crate) fn host(&self) -> String {
        format!("{}:{}", self.address, self.port)
    }

    fn wait(&self) {
        let start = Instant::now();
        while TcpStream::connect((self.address, self.port)).is_err() {
            assert!(start.elapsed() < Duration::from_secs(20), "the registry does not start:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn kill(&self) {
        let mut process = self.process.lock().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    pub(crate) fn start_again(&self) {
        *self.process.lock().unwrap() = spawn(&self.folder);
        self.wait();
    }

    /// One line for each request, among others.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// How many blobs have been sent to it: layers and configurations. What is mounted or there already is not sent.
    pub(crate) fn uploads(&self) -> usize {
        // "PUT /v2/acme/hotdog/blobs/uploads/<id>?_state=...&digest=... HTTP/1.1" 201
        let is_upload =
            |line: &&str| line.contains("\"PUT /v2/") && line.contains("/blobs/uploads/") && line.contains("HTTP/1.1\" 201 ");
        self.log().lines().filter(is_upload).count()
    }

    /// Makes the daemon of this machine trust the certificate; `None` where that is not allowed.
    pub(crate) fn trust(&self) -> Option<Trusted> {
        let folder = Path::new("/etc/docker/certs.d").join(self.host());
        if let Err(error) = fs::create_dir_all(&folder) {
            eprintln!("skipped where /etc/docker may not be written: {error}");
            return None;
        }
        fs::copy(self.folder.path().join("certificate.pem"), folder.join("ca.crt")).unwrap();
        Some(Trusted(folder))
    }

    /// The digest of a tag on the server, requested without any code of safe-push.
    pub(crate) fn digest_of(&self, repository: &str, tag: &str) -> String {
        let output = Command::new("curl")
            .args(["--silent", "--show-error", "--fail", "--head", "--user", &format!("acme:{PASSWORD}"), "--noproxy", "*"])
            .args(["--header", "Accept: application/vnd.docker.distribution.manifest.v2+json", "--cacert"])
            .arg(self.folder.path().join("certificate.pem"))
            .arg(format!("https://{}/v2/{repository}/manifests/{tag}", self.host()))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let head = String::from_utf8_lossy(&output.stdout).to_lowercase();
        let line = head.lines().find_map(|line| line.strip_prefix("docker-content-digest: "));
        line.unwrap_or_default().trim().to_owned()
    }

    pub(crate) fn credentials(&self, password: &str) -> RegistryCredentials {
        RegistryCredentials { host: self.host(), username: "acme".to_owned(), password: password.into() }
    }

    pub(crate) fn client(&self, password: &str) -> RealRegistry {
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
pub(crate) fn noise(seed: u64, size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    rand_chacha::ChaCha8Rng::seed_from_u64(seed).fill(bytes.as_mut_slice());
    bytes
}

/// An image of one layer for each of the files.
pub(crate) async fn image(docker: &RealDocker, files: &[Vec<u8>]) -> String {
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
pub(crate) async fn push(
    docker: &RealDocker,
    image: &str,
    repository: &str,
    credentials: Option<RegistryCredentials>,
    on_event: &mut (dyn FnMut(&PushEvent) + Send),
) -> Result<(Pushed, u64), DockerError> {
    let name = format!("{repository}:latest");
    docker.tag_image(image, &name).await.unwrap();
    let push = ImagePush { repository: repository.to_owned(), tag: "latest".to_owned(), credentials, retry: QUICK };
    let mut sent = 0;
    let mut on_event = |event: PushEvent| {
        if let PushEvent::Progress(progress) = &event {
            sent = progress.sent_bytes.max(sent);
        }
        on_event(&event);
    };
    let outcome = docker.push(&push, &mut on_event, &CancellationToken::new()).await;
    docker.remove_image(&name).await.unwrap();
    outcome.map(|pushed| (pushed, sent))
}

pub(crate) const MEGABYTE: usize = 1_000_000;
