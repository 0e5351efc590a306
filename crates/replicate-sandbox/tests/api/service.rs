//! Tokens, limits, the log, pages for people, starting and stopping.

use std::time::Duration;

use replicate_sandbox::{RateLimits, Sandbox, SandboxError, SandboxOptions, Visibility};
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::json;

use crate::client::{Api, echo, options};

#[tokio::test]
async fn without_the_api_token_every_request_is_rejected() {
    let api = Api::start().await;
    let cli_token = format!("Bearer {}", api.sandbox.cli_token().expose_secret());
    for token in ["", "Bearer", "Bearer wrong", "Basic YWNtZTp4", cli_token.as_str()] {
        for path in ["/v1/account", "/v1/predictions/x", "/v1/nothing", "/sandbox/images"] {
            let answer = api.try_send(Method::GET, path, &[("authorization", token)], None).await.unwrap();
            let expected = (401, "Unauthenticated".to_owned(), "You did not pass a valid authentication token".to_owned());
            assert_eq!(answer.problem(), expected, "{token} {path}");
        }
    }
}

#[tokio::test]
async fn a_request_for_a_foreign_host_is_refused_before_anything_happens() {
    let api = Api::start().await;
    for path in ["/", "/v1/account", "/v2/", "/files/x/out.png", "/sandbox/images"] {
        for host in ["evil.example", "evil.example:5000", "127.0.0.1.evil.example", "192.0.2.1"] {
            let answer = api.try_send(Method::GET, path, &[("host", host)], None).await.unwrap();
            let (status, title, detail) = answer.problem();
            assert_eq!((status, title.as_str()), (421, "Foreign host"), "{path}");
            assert!(detail.contains(&format!("\"{host}\"")), "{detail}");
        }
    }
    assert!(api.sandbox.requests().is_empty());
    for host in ["localhost", "LOCALHOST:1", "a.localhost", "127.0.0.1:1", "[::1]:1"] {
        api.try_send(Method::GET, "/v1/account", &[("host", host)], None).await.unwrap().is(200);
    }
}

#[tokio::test]
async fn further_hosts_are_configured() {
    let hosts = vec!["build.example".to_owned(), "192.0.2.1".to_owned()];
    let api = Api::with(SandboxOptions { hosts, ..options() }).await;
    for host in ["build.example", "Build.Example:80", "192.0.2.1:5000"] {
        api.try_send(Method::GET, "/v1/account", &[("host", host)], None).await.unwrap().is(200);
    }
    let other = api.try_send(Method::GET, "/v1/account", &[("host", "a.build.example")], None).await.unwrap();
    assert_eq!(other.status.as_u16(), 421);
    let error = Sandbox::start(SandboxOptions { hosts: vec!["http://a b".to_owned()], ..options() }).await.unwrap_err();
    assert!(matches!(&error, SandboxError::Host(host) if host == "http://a b") && error.hint().is_some(), "{error}");
}

#[tokio::test]
async fn the_older_scheme_name_for_bearer_is_accepted() {
    let api = Api::start().await;
    let token = api.token().replace("Bearer", "Token");
    api.try_send(Method::GET, "/v1/account", &[("authorization", &token)], None).await.unwrap().is(200);
}

#[tokio::test]
async fn the_account_is_the_tokens_owner() {
    let api = Api::start().await;
    let account = api.get("/v1/account").await.is(200);
    assert_eq!((&account["type"], &account["username"]), (&json!("user"), &json!("acme")));
}

#[tokio::test]
async fn hardware_is_a_bare_array() {
    let hardware = Api::start().await.get("/v1/hardware").await.is(200);
    assert!(hardware.as_array().unwrap().contains(&json!({"name": "CPU", "sku": "cpu"})));
}

#[tokio::test]
async fn unknown_paths_and_methods_are_rejected() {
    let api = Api::start().await;
    let not_found = (404, String::new(), "The requested resource could not be found.".to_owned());
    for path in ["/v1", "/v1/nothing", "/v1/predictions/unknown", "/nothing"] {
        assert_eq!(api.get(path).await.problem(), not_found, "{path}");
    }
    let refused = api.send(Method::PUT, "/v1/account", None).await.problem();
    assert_eq!(refused, (405, String::new(), "Method \"PUT\" not allowed.".to_owned()));
}

#[tokio::test]
async fn every_response_reports_the_limit_of_its_bucket() {
    let api = Api::start().await;
    let version = api.model(echo());
    let created = api.post("/v1/predictions", json!({"version": version, "input": {"prompt": "a"}})).await;
    let id = created.json()["id"].as_str().unwrap().to_owned();
    let polled = api.get(&format!("/v1/predictions/{id}")).await;
    let other = api.get("/v1/account").await;
    let remaining = [&created, &polled, &other].map(|answer| answer.header("ratelimit-remaining").to_owned());
    assert_eq!(remaining, ["599", "59999", "2999"]);
    assert_eq!(other.header("ratelimit-reset"), "60");
}

#[tokio::test(start_paused = true)]
async fn a_full_bucket_throttles_until_its_window_ends() {
    let rate_limits = RateLimits { create_prediction: 1, ..RateLimits::default() };
    let api = Api::with(SandboxOptions { rate_limits, ..options() }).await;
    let version = api.model(echo());
    let body = json!({"version": version, "input": {"prompt": "a"}});
    api.post("/v1/predictions", body.clone()).await.is(201);
    let refused = api.post("/v1/predictions", body.clone()).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after"), refused.header("ratelimit-remaining")), (429, "60", "0"));
    let detail = "Request was throttled. Your rate limit resets in ~60s.";
    assert_eq!(refused.json(), json!({"detail": detail, "status": 429, "retry_after": 60}));
    api.get("/v1/account").await.is(200);
    tokio::time::sleep(Duration::from_secs(60)).await;
    api.post("/v1/predictions", body).await.is(201);
    assert_eq!(api.sandbox.predictions().len(), 2);
}

#[tokio::test]
async fn requests_are_logged_in_order() {
    let api = Api::start().await;
    api.get("/v1/models?cursor=bm9uc2Vuc2U").await;
    api.try_send(Method::POST, "/v1/predictions", &[("authorization", "Bearer x")], None).await.unwrap();
    let log: Vec<_> = api.sandbox.requests().into_iter().map(|one| (one.method, one.path, one.status, one.authorized)).collect();
    let status = |code: u16| Some(code.try_into().unwrap());
    assert_eq!(
        log,
        [
            (Method::GET, "/v1/models".to_owned(), status(400), true),
            (Method::POST, "/v1/predictions".to_owned(), status(401), false)
        ]
    );
    assert_eq!(api.sandbox.requests()[0].query.as_deref(), Some("cursor=bm9uc2Vuc2U"));
}

#[tokio::test]
async fn pages_for_people_are_plain_text() {
    let api = Api::start().await;
    let version = api.model(echo());
    let job = api.run(&version, json!({"prompt": "hello"})).await;
    let model = api.get("/v1/models/acme/m").await.is(200);
    let pages = [
        ("/", "acme/m  private  cpu  versions: 1  runs: 1"),
        (model["url"].as_str().unwrap(), version.as_str()),
        (job["urls"]["web"].as_str().unwrap(), "\"output\": \"hello\""),
    ];
    for (path, part) in pages {
        let page = api.try_send(Method::GET, path, &[("authorization", "")], None).await.unwrap();
        assert_eq!(page.header("content-type"), "text/plain; charset=utf-8");
        assert!(page.text.contains(part), "{path}: {}", page.text);
    }
    assert!(!api.get("/").await.text.contains(api.sandbox.api_token().expose_secret()));
}

#[tokio::test]
async fn tokens_are_fresh_unless_given() {
    let (one, two) = (Api::start().await, Api::start().await);
    assert_ne!(one.sandbox.api_token().expose_secret(), two.sandbox.api_token().expose_secret());
    assert!(one.sandbox.api_token().expose_secret().starts_with("r8_"));
    assert!(!one.sandbox.cli_token().expose_secret().starts_with("r8_"));
    let given = SandboxOptions { api_token: Some("r8_mine".into()), cli_token: Some("cli".into()), ..options() };
    let shown = format!("{given:?}");
    let api = Api::with(given).await;
    assert_eq!((api.token().as_str(), api.sandbox.cli_token().expose_secret()), ("Bearer r8_mine", "cli"));
    assert!(!shown.contains("r8_mine") && !format!("{:?}", api.sandbox).contains("r8_mine"));
}

#[tokio::test]
async fn a_sandbox_that_cannot_start_says_why() {
    let taken = Sandbox::start(options()).await.unwrap();
    let port = taken.registry_host().rsplit(':').next().unwrap().parse().unwrap();
    let error = Sandbox::start(SandboxOptions { port, ..options() }).await.unwrap_err();
    assert!(matches!(&error, SandboxError::Listen { .. }) && error.hint().is_some(), "{error}");
    let error = Sandbox::start(SandboxOptions { username: "Ac me".to_owned(), ..options() }).await.unwrap_err();
    assert_eq!(error.to_string(), "'Ac me' is not a valid name of an account or model");
    let no_daemon = SandboxOptions { docker: true, docker_host: Some("tcp://127.0.0.1:1".to_owned()), ..options() };
    assert!(matches!(Sandbox::start(no_daemon).await.unwrap_err(), SandboxError::Docker(_)));
}

#[tokio::test]
async fn after_the_stop_nothing_is_left() {
    let data = tempfile::tempdir().unwrap();
    let api = Api::with(SandboxOptions { data: Some(data.path().to_owned()), ..options() }).await;
    let version = api.model(echo());
    let output = json!({"prompt": "data:text/plain;base64,eA=="});
    api.sandbox.create_model("n", Visibility::Private, "cpu").unwrap();
    let other = api.sandbox.push_scripted_version("n", None, echo()).unwrap();
    api.run(&other, output).await;
    assert_ne!(version, other);
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 1);
    let url = api.sandbox.api_url().clone();
    let started = std::time::Instant::now();
    api.sandbox.stop().await;
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0);
    assert!(api.client.get(url).send().await.unwrap_err().is_connect());
}

#[tokio::test]
async fn a_dropped_sandbox_removes_its_files_too() {
    let data = tempfile::tempdir().unwrap();
    let api = Api::with(SandboxOptions { data: Some(data.path().to_owned()), ..options() }).await;
    drop(api);
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn the_owners_calls_check_names_and_models_too() {
    let api = Api::start().await;
    api.model(echo());
    let make = |name: &str| api.sandbox.create_model(name, Visibility::Public, "cpu").map_err(|error| error.to_string());
    assert_eq!(make("Bad Name"), Err("'Bad Name' is not a valid name of an account or model".to_owned()));
    assert_eq!(make("acme/m"), Err("the model acme/m already exists".to_owned()));
    let missing = api.sandbox.push_scripted_version("gone", None, echo()).unwrap_err();
    assert_eq!(
        (missing.to_string().as_str(), missing.hint()),
        ("the sandbox has no model acme/gone", Some("create the model first"))
    );
    let missing = api.sandbox.disable_version("m", "abc").unwrap_err();
    assert_eq!(missing.to_string(), "the sandbox has no version abc of acme/m");
    let without = api.sandbox.register_image("m", "image").await.unwrap_err();
    assert!(matches!(without, SandboxError::WithoutDocker));
}
