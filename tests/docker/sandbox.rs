//! The sandbox with a real daemon: an image is pushed, becomes a version, and its container answers.

use std::time::Duration;

use bollard::Docker;
use bollard::auth::DockerCredentials;
use bollard::query_parameters::{
    BuildImageOptionsBuilder, ListContainersOptionsBuilder, PushImageOptionsBuilder, RemoveImageOptionsBuilder,
    TagImageOptionsBuilder,
};
use futures::TryStreamExt as _;
use replicate_sandbox::{Sandbox, SandboxOptions, Visibility};
use safe_push::support::ExposeSecret;
use serde_json::{Value, json};

use crate::daemon::{BASE, daemon, tar, unique};

/// A server that speaks coglet's dialect with what Python brings along: it answers with a picture and repeats its input.
const SERVER: &str = r#"
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
print("setup begins", flush=True)
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *rest): pass
    def reply(self, value):
        body = json.dumps(value).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
    def do_GET(self): self.reply({"status": "READY", "setup": {}})
    def do_PUT(self):
        given = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))["input"]
        print("running", flush=True)
        self.reply({"status": "succeeded", "output": ["data:image/png;base64,AQI=", given["text"]]})
ThreadingHTTPServer(("0.0.0.0", 5000), Handler).serve_forever()
"#;

struct Fixture {
    docker: Docker,
    sandbox: Sandbox,
    client: reqwest::Client,
    image: String,
}

impl Fixture {
    async fn new() -> Option<Self> {
        daemon().await?;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let docker = Docker::connect_with_local_defaults().unwrap();
        let sandbox = Sandbox::start(SandboxOptions { username: "acme".to_owned(), ..SandboxOptions::default() }).await.unwrap();
        sandbox.create_model("m", Visibility::Private, "cpu").unwrap();
        let image = unique("sandbox");
        let schema = json!({"components": {"schemas": {"Input": {"type": "object", "required": ["text"]}}}}).to_string();
        let schema = schema.replace('"', "\\\"");
        let dockerfile = format!(
            "FROM {BASE}\nCOPY server.py /server.py\nLABEL test={image} run.cog.version=0.22.0 run.cog.openapi_schema=\"{schema}\"\nCMD [\"python\", \"/server.py\"]\n"
        );
        let context = tar(&[("Dockerfile", &dockerfile), ("server.py", SERVER)]).await;
        // Without the cache: other tests remove images that share steps with this one.
        let options = BuildImageOptionsBuilder::new().t(&image).nocache(true).build();
        let body = bollard::body_full(context.into());
        docker.build_image(options, None, Some(body)).try_collect::<Vec<_>>().await.unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Some(Self { docker, sandbox, client, image })
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Value {
        let request = request.bearer_auth(self.sandbox.api_token().expose_secret());
        serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap()
    }

    async fn run(&self, version: &str) -> Value {
        let api = self.sandbox.api_url();
        let body = json!({"version": version, "input": {"text": "hello"}});
        let made = self.send(self.client.post(format!("{api}/predictions")).json(&body)).await;
        for _ in 0..600 {
            let job = self.send(self.client.get(made["urls"]["get"].as_str().unwrap())).await;
            if job["completed_at"].is_string() {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the prediction did not end: {made}");
    }
}

/// How many containers there are of an image.
async fn containers(docker: &Docker, image: &str) -> usize {
    let filters = std::collections::HashMap::from([("ancestor".to_owned(), vec![image.to_owned()])]);
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    docker.list_containers(Some(options)).await.unwrap().len()
}

/// How many names the sandbox gave to images that it pulled.
async fn pulled(docker: &Docker, repository: &str) -> usize {
    let filters = std::collections::HashMap::from([("reference", vec![format!("{repository}:safe-push-sandbox-*")])]);
    let options = bollard::query_parameters::ListImagesOptionsBuilder::new().filters(&filters).build();
    docker.list_images(Some(options)).await.unwrap().iter().map(|image| image.repo_tags.len()).sum()
}

async fn remove(docker: &Docker, image: &str) {
    let options = RemoveImageOptionsBuilder::new().force(true).build();
    docker.remove_image(image, Some(options), None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pushed_image_becomes_a_version_that_answers() {
    let Some(fixture) = Fixture::new().await else { return };
    let repository = format!("{}/acme/m", fixture.sandbox.registry_host());
    let tag = TagImageOptionsBuilder::new().repo(&repository).tag("latest").build();
    fixture.docker.tag_image(&fixture.image, Some(tag)).await.unwrap();
    let credentials = DockerCredentials {
        username: Some("acme".to_owned()),
        password: Some(fixture.sandbox.cli_token().expose_secret().to_owned()),
        ..Default::default()
    };
    let options = PushImageOptionsBuilder::new().tag("latest").build();
    fixture.docker.push_image(&repository, Some(options), Some(credentials)).try_collect::<Vec<_>>().await.unwrap();
    let [version] = fixture.sandbox.versions("m").try_into().unwrap();
    assert_eq!(version.cog_version.as_deref(), Some("0.22.0"));
    assert!(version.schema.unwrap()["components"]["schemas"]["Input"].is_object());
    let job = fixture.run(&version.id).await;
    assert_eq!((&job["status"], &job["output"][1]), (&json!("succeeded"), &json!("hello")), "{job}");
    assert_eq!(job["logs"], "setup begins\nrunning\n");
    let picture = fixture.client.get(job["output"][0].as_str().unwrap()).send().await.unwrap();
    assert_eq!(picture.bytes().await.unwrap().as_ref(), [1, 2]);
    assert_eq!(containers(&fixture.docker, &fixture.image).await, 1);
    assert_eq!(pulled(&fixture.docker, &repository).await, 1, "the image has a name with a mark");
    fixture.sandbox.stop().await;
    assert_eq!(containers(&fixture.docker, &fixture.image).await, 0);
    assert_eq!(pulled(&fixture.docker, &repository).await, 0, "what the sandbox pulled, it removes");
    for image in [&format!("{repository}:latest"), &fixture.image] {
        remove(&fixture.docker, image).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_by_reference_needs_no_push() {
    let Some(fixture) = Fixture::new().await else { return };
    let url = format!("{}/sandbox/images", fixture.sandbox.base_url());
    let made = fixture.send(fixture.client.post(&url).json(&json!({"model": "acme/m", "image": fixture.image}))).await;
    let version = made["version"].as_str().unwrap();
    let job = fixture.run(&format!("acme/m:{version}")).await;
    assert_eq!((&job["status"], &job["output"][1]), (&json!("succeeded"), &json!("hello")), "{job}");
    assert_eq!(fixture.sandbox.uploaded_bytes(), 0);
    let missing = fixture.sandbox.register_image("m", "safe-push-test-missing:latest").await.unwrap_err();
    assert_eq!(missing.to_string(), "the sandbox failed to use Docker");
    fixture.sandbox.stop().await;
    remove(&fixture.docker, &fixture.image).await;
}
