//! Output files and uploads.

use std::time::Duration;

use replicate_sandbox::{Script, ScriptedReply};
use reqwest::multipart::{Form, Part};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::client::{Api, echo};

async fn upload(api: &Api, form: Form) -> (StatusCode, Value) {
    let url = format!("{}/v1/files", api.sandbox.base_url());
    let response = api.client.post(url).header("authorization", api.token()).multipart(form).send().await.unwrap();
    (response.status(), serde_json::from_str(&response.text().await.unwrap()).unwrap())
}

fn picture() -> Part {
    Part::bytes(vec![1, 2]).file_name("cat.png").mime_str("image/png").unwrap()
}

#[tokio::test]
async fn output_files_are_served_with_their_type_to_anyone_with_the_url() {
    let api = Api::start().await;
    let output = json!({"picture": "data:image/png;base64,AQI=", "texts": ["data:text/plain;base64,aGk=", "plain"]});
    let version = api.model(Script::always(ScriptedReply::output(output)));
    let job = api.run(&version, json!({"prompt": "a"})).await;
    let picture = job["output"]["picture"].as_str().unwrap();
    assert!(picture.starts_with(&format!("{}/files/", api.sandbox.base_url())) && picture.ends_with("/out.png"), "{picture}");
    assert_eq!(job["output"]["texts"][1], "plain");
    let fetched = api.client.get(picture).send().await.unwrap();
    assert_eq!((fetched.status(), fetched.headers()["content-type"].to_str().unwrap()), (StatusCode::OK, "image/png"));
    assert_eq!(fetched.headers()["x-content-type-options"], "nosniff");
    assert_eq!(fetched.headers()["content-disposition"], "attachment; filename=\"out.png\"");
    assert_eq!(fetched.bytes().await.unwrap().as_ref(), [1, 2]);
    let text = api.get(job["output"]["texts"][0].as_str().unwrap()).await;
    assert_eq!((text.header("content-type"), text.text.as_str()), ("text/plain", "hi"));
    let head = api.send(Method::HEAD, picture, None).await;
    assert_eq!((head.status.as_u16(), head.header("content-length")), (200, "2"));
    for path in ["/files/unknown/out.png", "/files/../secret", &picture.replace("out.png", "other.png")] {
        api.get(path).await.is(404);
    }
}

#[tokio::test]
async fn an_upload_is_described_listed_and_deleted() {
    let api = Api::start().await;
    let form = Form::new().part("content", picture()).text("metadata", "{\"of\": \"a cat\"}");
    let (status, file) = upload(&api, form).await;
    assert_eq!(status, StatusCode::CREATED);
    let id = file["id"].as_str().unwrap();
    let expected = [
        ("name", json!("cat.png")),
        ("content_type", json!("image/png")),
        ("size", json!(2)),
        ("metadata", json!({"of": "a cat"})),
    ];
    for (name, value) in expected {
        assert_eq!(file[name], value, "{name}");
    }
    assert_eq!(file["checksums"]["sha256"], "a12871fee210fb8619291eaea194581cbd2531e4b23759d225f6806923f63222");
    assert!(file["expires_at"].as_str() > file["created_at"].as_str());
    assert_eq!(api.get(file["urls"]["get"].as_str().unwrap()).await.is(200), file);
    assert_eq!(api.get("/v1/files").await.is(200)["results"], json!([file]));
    let content = api.get(&format!("/v1/files/{id}/download")).await;
    assert_eq!((content.header("content-type"), content.text.as_bytes()), ("image/png", [1, 2].as_slice()));
    // Uploads are not outputs, so they need the token.
    api.get(&format!("/files/{id}/cat.png")).await.is(404);
    api.delete(&format!("/v1/files/{id}")).await.is(204);
    for path in ["", "/download"] {
        api.get(&format!("/v1/files/{id}{path}")).await.is(404);
    }
    api.delete(&format!("/v1/files/{id}")).await.is(404);
}

#[tokio::test]
async fn a_browser_saves_files_and_shows_none() {
    let api = Api::start().await;
    let page = json!("data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==");
    let version = api.model(Script::always(ScriptedReply::output(page)));
    let output = api.run(&version, json!({"prompt": "a"})).await["output"].clone();
    let script = Part::bytes(b"<script>".to_vec()).file_name("a\"b.html").mime_str("text/html").unwrap();
    let (_, upload) = upload(&api, Form::new().part("content", script)).await;
    let download = format!("/v1/files/{}/download", upload["id"].as_str().unwrap());
    for (path, name) in [(output.as_str().unwrap(), "out.html"), (download.as_str(), "a_b.html")] {
        let file = api.get(path).await;
        assert_eq!(file.status, StatusCode::OK, "{path}");
        for (header, value) in [
            ("content-disposition", format!("attachment; filename=\"{name}\"").as_str()),
            ("content-security-policy", "sandbox; default-src 'none'; frame-ancestors 'none'"),
            ("x-content-type-options", "nosniff"),
            ("cross-origin-resource-policy", "same-origin"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "private, no-store"),
        ] {
            assert_eq!(file.header(header), value, "{path}");
        }
    }
}

#[tokio::test]
async fn an_input_that_leads_to_a_private_address_fails_the_job() {
    let api = Api::start().await;
    let version = api.model(Script::always(ScriptedReply::output("x")));
    for (url, host) in [
        ("http://169.254.169.254/latest/meta-data", "169.254.169.254"),
        ("http://127.0.0.1:2375/containers/json", "127.0.0.1"),
        ("http://2130706433/", "127.0.0.1"),
        ("http://[::ffff:10.0.0.1]/", "[::ffff:a00:1]"),
        ("http://[fd00:ec2::254]/", "[fd00:ec2::254]"),
        ("http://localhost:5000/", "localhost"),
    ] {
        let id = api.predict(&version, json!({"prompt": "a", "image": url})).await;
        let failed = api.until(&id, "failed").await;
        let error = format!("the input image leads to {host}, which is not a public address; upload the file instead");
        assert_eq!(failed["error"], error, "{url}");
    }
    // Text is not fetched, a public address is not refused, and the sandbox's own files are no longer addresses.
    let (_, file) = upload(&api, Form::new().part("content", picture())).await;
    for input in [
        json!({"prompt": "http://127.0.0.1/"}),
        json!({"prompt": "a", "image": "https://1.1.1.1/cat.png"}),
        json!({"prompt": "a", "image": file["urls"]["get"]}),
    ] {
        api.run(&version, input).await;
    }
}

#[tokio::test]
async fn uploads_are_validated() {
    let api = Api::start().await;
    let cases = [
        (Form::new().text("filename", "x"), "/content"),
        (Form::new().part("content", picture()).text("metadata", "{broken"), "/metadata"),
        (Form::new().part("content", picture()).text("filename", "x".repeat(256)), "/filename"),
    ];
    for (form, pointer) in cases {
        let (status, body) = upload(&api, form).await;
        assert_eq!((status.as_u16(), &body["errors"][0]["pointer"]), (400, &json!(pointer)));
    }
    api.post("/v1/files", json!({})).await.is(400);
}

#[tokio::test]
async fn names_and_types_can_be_separate_fields() {
    let api = Api::start().await;
    let form = Form::new().part("content", picture()).text("filename", "dog.gif").text("type", "image/gif");
    let (_, file) = upload(&api, form).await;
    assert_eq!((&file["name"], &file["content_type"]), (&json!("dog.gif"), &json!("image/gif")));
    let (_, bare) = upload(&api, Form::new().part("content", Part::bytes(vec![0]))).await;
    assert_eq!((&bare["name"], &bare["content_type"]), (&json!("file"), &json!("application/octet-stream")));
}

#[tokio::test]
async fn a_file_larger_than_the_limit_is_rejected() {
    let api = Api::start().await;
    let form = Form::new().part("content", Part::bytes(vec![0; 100 * 1024 * 1024 + 1]).file_name("large"));
    let (status, body) = upload(&api, form).await;
    assert_eq!((status.as_u16(), body), (413, json!({"detail": "The request is too large."})));
}

#[tokio::test]
async fn the_sandboxs_own_files_reach_a_version_as_data_urls() {
    let api = Api::start().await;
    let version = api.model_named(
        "m",
        None,
        Script::new(|request| {
            ScriptedReply::output(json!({"seen": request.input["image"].as_str().unwrap().replace("data:", "")}))
        }),
    );
    let (_, file) = upload(&api, Form::new().part("content", picture())).await;
    let url = file["urls"]["get"].as_str().unwrap();
    let job = api.run(&version, json!({"image": url})).await;
    assert_eq!(job["output"]["seen"], "image/png;base64,AQI=");
    assert_eq!(job["input"]["image"], url);
    let elsewhere = api.run(&version, json!({"image": "https://a.example/cat.png"})).await;
    assert_eq!(elsewhere["output"]["seen"], "https://a.example/cat.png");
    let other = api.model_named("n", None, echo());
    let output = api.run(&other, json!({"prompt": "data:image/png;base64,AQI="})).await["output"].clone();
    assert_eq!(api.run(&version, json!({"image": output})).await["output"]["seen"], "image/png;base64,AQI=");
    api.delete(&format!("/v1/files/{}", file["id"].as_str().unwrap())).await.is(204);
    let id = api.predict(&version, json!({"image": url})).await;
    let failed = api.until(&id, "failed").await;
    assert_eq!(failed["error"], format!("the file {url} does not exist or has expired"));
}

#[tokio::test(start_paused = true)]
async fn uploads_expire_after_a_day() {
    let api = Api::start().await;
    let (_, file) = upload(&api, Form::new().part("content", picture())).await;
    let path = format!("/v1/files/{}", file["id"].as_str().unwrap());
    tokio::time::sleep(Duration::from_secs(24 * 3600 - 10)).await;
    api.get(&path).await.is(200);
    tokio::time::sleep(Duration::from_secs(11)).await;
    api.get(&path).await.is(404);
    assert_eq!(api.get("/v1/files").await.is(200)["results"], json!([]));
}
