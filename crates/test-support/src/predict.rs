//! Predictions through a sandbox's API, created as any client of Replicate does.

use std::time::Duration;

use replicate_sandbox::Sandbox;
use secrecy::ExposeSecret as _;
use serde_json::Value;

/// Creates a prediction and waits until it finishes.
pub async fn predict(sandbox: &Sandbox, path: &str, body: &Value) -> Value {
    // Fails if a provider is installed already, which is fine.
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let token = sandbox.api_token();
    let request = client.post(format!("{}/{path}", sandbox.api_url())).bearer_auth(token.expose_secret());
    let request = request.header("Prefer", "wait=60").json(body);
    let mut prediction: Value = request.send().await.unwrap().json().await.unwrap();
    // The call returns with the first output, when the prediction may still be running.
    while matches!(prediction["status"].as_str(), Some("starting" | "processing")) {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let get = client.get(prediction["urls"]["get"].as_str().unwrap()).bearer_auth(token.expose_secret());
        prediction = get.send().await.unwrap().json().await.unwrap();
    }
    prediction
}
