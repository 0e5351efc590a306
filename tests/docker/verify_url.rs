//! `verify --url` against containers of both kinds of server: coglet's and FastAPI's.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use bollard::models::{ContainerCreateBody, HostConfig, PortBinding};
use bollard::query_parameters::{RemoveContainerOptionsBuilder, RemoveImageOptions};
use replicate_sandbox::MODEL_CAPABILITIES;
use serde_json::json;
use test_support::{Repository, ca_file, docker_is_there, retried_run};

use crate::daemon::unique;

const PORT: &str = "5000/tcp";

const PREDICT: &str = r#"
from cog import BasePredictor, Input


class Predictor(BasePredictor):
    def predict(self, text: str = Input(description="Text"), times: int = Input(description="Repetitions", ge=1, le=3, default=1)) -> str:
        if text == "fail":
            raise ValueError("the text is bad")
        return text * times
"#;

const CONFIG: &str = "\
model: acme/echo
predict:
  test_cases:
    - name: echo
      inputs: {text: hi, times: 2}
      checks: {exact_string: hihi, max_predict_seconds: 30}
    - inputs: {text: fail}
      error_contains: the text is bad
    - inputs: {text: hi, times: 9}
      error_contains: times
  fuzz: {iterations: 4, disabled_inputs: []}
";

/// A container of an image, removed at the end.
struct Container {
    docker: bollard::Docker,
    id: String,
    url: String,
}

impl Container {
    async fn start(image: &str) -> Self {
        let docker = bollard::Docker::connect_with_defaults().unwrap().negotiate_version().await.unwrap();
        let binding = PortBinding { host_ip: Some("127.0.0.1".to_owned()), host_port: Some("0".to_owned()) };
        let body = ContainerCreateBody {
            image: Some(image.to_owned()),
            labels: Some([("dev.safe-push.test".to_owned(), "verify-url".to_owned())].into()),
            exposed_ports: Some(vec![PORT.to_owned()]),
            host_config: Some(HostConfig {
                port_bindings: Some([(PORT.to_owned(), Some(vec![binding]))].into()),
                cap_drop: Some(vec!["ALL".to_owned()]),
                cap_add: Some(MODEL_CAPABILITIES.iter().map(|name| (*name).to_owned()).collect()),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        };
        let id = docker.create_container(None, body).await.unwrap().id;
        docker.start_container(&id, None).await.unwrap();
        let ports = docker.inspect_container(&id, None).await.unwrap().network_settings.unwrap().ports.unwrap();
        let port = ports[PORT].as_ref().unwrap()[0].host_port.clone().unwrap();
        let answers = || {
            let mut stream = TcpStream::connect(format!("127.0.0.1:{port}"))?;
            stream.write_all(b"GET /health-check HTTP/1.0\r\nHost: model\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).map(|_bytes| answer.contains(" 200 "))
        };
        // Whoever starts a server waits until it listens.
        for _ in 0..300 {
            if answers().unwrap_or(false) {
                break;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Self { docker, id, url: format!("http://127.0.0.1:{port}") }
    }

    async fn remove(self, image: &str) {
        let options = RemoveContainerOptionsBuilder::default().force(true).build();
        self.docker.remove_container(&self.id, Some(options)).await.unwrap();
        self.docker.remove_image(image, None::<RemoveImageOptions>, None).await.unwrap();
    }
}

async fn verified(cog_version: &str) {
    if !docker_is_there() {
        return;
    }
    let (repository, image) = (Repository::new().variable("COG_CA_CERT", &ca_file()), unique("verify-url"));
    repository.write("cog.yaml", &format!("build:\n  python_version: \"3.11\"\npredict: predict.py:Predictor\nimage: {image}\n"));
    repository.write("predict.py", PREDICT);
    repository.write("cog-safe-push.yaml", CONFIG);
    let build = || retried_run(|| repository.run(&format!("build --cog-version {cog_version} --no-lint")));
    let built = tokio::task::block_in_place(build);
    assert_eq!(built.code, Some(0), "{built}");
    let container = Container::start(&image).await;
    let seen = tokio::task::block_in_place(|| repository.run(&format!("verify --url {} --seed 7", container.url)));
    container.remove(&image).await;
    assert_eq!(seen.code, Some(0), "{seen}");
    let report = repository.report();
    let cases = report["models"][0]["cases"].as_array().unwrap().clone();
    let status = |id: &str| cases.iter().find(|case| case["id"] == id).map(|case| case["status"].clone());
    for id in ["echo", "case-2", "case-3", "fuzz-1", "fuzz-4"] {
        assert_eq!(status(id), Some(json!("passed")), "{id}: {seen}");
    }
    assert_eq!(report["models"][0]["versions"]["live"], json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coglet_container_is_verified_without_an_account() {
    verified("latest").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fastapi_container_is_verified_without_an_account() {
    verified("0.16.12").await;
}
