//! Models and versions.

use replicate_sandbox::{SandboxOptions, Visibility};
use serde_json::{Value, json};

use crate::client::{Api, echo, options, schema};

fn new_model() -> Value {
    json!({"owner": "acme", "name": "hotdog", "visibility": "private", "hardware": "cpu", "description": "sees hotdogs"})
}

#[tokio::test]
async fn a_model_is_created_only_once() {
    let api = Api::start().await;
    let model = api.post("/v1/models", new_model()).await.is(201);
    assert_eq!(
        model,
        json!({"url": format!("{}/acme/hotdog", api.sandbox.base_url()), "owner": "acme", "name": "hotdog", "visibility": "private",
            "is_official": false, "run_count": 0, "description": "sees hotdogs", "github_url": null, "paper_url": null,
            "license_url": null, "cover_image_url": null, "default_example": null, "latest_version": null})
    );
    assert_eq!(api.get("/v1/models/acme/hotdog").await.is(200), model);
    let again = api.post("/v1/models", new_model()).await.is(409);
    assert_eq!(again["errors"][0]["detail"], "A model with that name and owner already exists.");
}

#[tokio::test]
async fn values_of_a_model_are_validated() {
    let api = Api::start().await;
    let cases = [
        ("owner", Value::Null, "/owner", "owner is required"),
        ("name", json!(""), "/name", "name is required"),
        ("name", json!("Hot Dog"), "/name", "must have only lowercase letters"),
        ("visibility", json!("hidden"), "/visibility", "must be public or private"),
        ("hardware", json!("gpu-x"), "/hardware", "gpu-x is not a valid hardware SKU. Your options are: cpu-small, cpu,"),
    ];
    for (name, value, pointer, detail) in cases {
        let mut body = new_model();
        body[name] = value;
        let refused = api.post("/v1/models", body).await;
        let (status, title, text) = refused.problem();
        assert_eq!((status, title.as_str()), (400, "Validation failed"), "{name}");
        assert!(text.starts_with(&format!("The following errors occurred:\n- {}: ", &pointer[1..])), "{text}");
        let error = refused.json()["errors"][0].clone();
        assert_eq!(error["pointer"], pointer);
        assert!(error["detail"].as_str().unwrap().starts_with(detail), "{error}");
    }
    assert_eq!(api.post("/v1/models", json!({})).await.json()["errors"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn models_cannot_be_created_for_other_accounts() {
    let api = Api::start().await;
    let mut body = new_model();
    body["owner"] = json!("eve");
    assert_eq!(api.post("/v1/models", body).await.problem().0, 403);
}

#[tokio::test]
async fn bodies_must_be_json_objects() {
    let api = Api::start().await;
    for path in ["/v1/models", "/v1/predictions", "/v1/deployments", "/sandbox/images"] {
        assert_eq!(api.post(path, json!([1])).await.problem().0, 400, "{path}");
        let request = api.client.post(format!("{}{path}", api.sandbox.base_url())).header("authorization", api.token());
        assert_eq!(request.body("{broken").send().await.unwrap().status(), 400, "{path}");
    }
}

#[tokio::test]
async fn other_accounts_private_models_are_invisible() {
    let api = Api::start().await;
    api.sandbox.create_model("eve/secret", Visibility::Private, "cpu").unwrap();
    api.sandbox.create_model("eve/open", Visibility::Public, "cpu").unwrap();
    let hidden = api.sandbox.push_scripted_version("eve/secret", None, echo()).unwrap();
    let open = api.sandbox.push_scripted_version("eve/open", None, echo()).unwrap();
    for path in ["", "/versions", &format!("/versions/{hidden}"), "/readme", "/examples"] {
        api.get(&format!("/v1/models/eve/secret{path}")).await.is(404);
    }
    for version in [format!("eve/secret:{hidden}"), hidden] {
        let refused = api.post("/v1/predictions", json!({"version": version, "input": {}})).await;
        assert_eq!(refused.problem().1, "Invalid version or not permitted");
    }
    api.get("/v1/models/eve/open").await.is(200);
    assert_eq!(api.run(&format!("eve/open:{open}"), json!({"prompt": 1})).await["output"], 1);
    api.patch("/v1/models/eve/open", json!({})).await.is(403);
    api.delete(&format!("/v1/models/eve/open/versions/{open}")).await.is(403);
    let listed = api.get("/v1/models").await.is(200);
    assert_eq!(listed["results"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn texts_of_a_model_can_be_changed_but_not_its_hardware() {
    let api = Api::start().await;
    api.post("/v1/models", new_model()).await.is(201);
    api.get("/v1/models/acme/hotdog/readme").await.is(404);
    let changes = json!({"description": "new", "readme": "# Hi", "visibility": "public", "hardware": "gpu-t4"});
    let changed = api.patch("/v1/models/acme/hotdog", changes).await.is(200);
    assert_eq!((&changed["description"], &changed["visibility"]), (&json!("new"), &json!("private")));
    let readme = api.get("/v1/models/acme/hotdog/readme").await;
    assert_eq!((readme.status.as_u16(), readme.text.as_str()), (200, "# Hi"));
    api.patch("/v1/models/acme/gone", json!({})).await.is(404);
}

#[tokio::test]
async fn only_private_models_without_versions_can_be_deleted() {
    let api = Api::start().await;
    api.model(echo());
    api.sandbox.create_model("public", Visibility::Public, "cpu").unwrap();
    api.sandbox.create_model("empty", Visibility::Private, "cpu").unwrap();
    for (name, status) in [("m", 400), ("public", 400), ("empty", 204), ("empty", 404)] {
        assert_eq!(api.delete(&format!("/v1/models/acme/{name}")).await.status.as_u16(), status, "{name}");
    }
}

#[tokio::test]
async fn versions_are_listed_newest_first() {
    let api = Api::start().await;
    let old = api.model(echo());
    let new = api.sandbox.push_scripted_version("m", None, echo()).unwrap();
    let page = api.get("/v1/models/acme/m/versions").await.is(200);
    let ids: Vec<&Value> = page["results"].as_array().unwrap().iter().map(|version| &version["id"]).collect();
    assert_eq!(ids, [&json!(new), &json!(old)]);
    assert_eq!((&page["next"], &page["previous"]), (&Value::Null, &Value::Null));
    let version = api.get(&format!("/v1/models/acme/m/versions/{old}")).await.is(200);
    assert_eq!((&version["cog_version"], &version["openapi_schema"]), (&json!("0.22.0"), &schema()));
    assert_eq!(api.get("/v1/models/acme/m").await.json()["latest_version"]["id"], json!(new));
    assert_eq!(page["results"][0]["openapi_schema"], Value::Null);
    api.get(&format!("/v1/models/acme/m/versions/{}", "0".repeat(64))).await.is(404);
    let held: Vec<String> = api.sandbox.versions("m").into_iter().map(|version| version.id).collect();
    assert_eq!(held, [new, old]);
}

#[tokio::test]
async fn versions_in_use_cannot_be_deleted() {
    let api = Api::start().await;
    let [trained, deployed, free] = [
        api.model(echo()),
        api.sandbox.push_scripted_version("m", Some(schema()), echo()).unwrap(),
        api.sandbox.push_scripted_version("m", None, echo()).unwrap(),
    ];
    let training = json!({"destination": "acme/m", "input": {"data": "x"}});
    api.post(&format!("/v1/models/acme/m/versions/{trained}/trainings"), training).await.is(201);
    let deployment =
        json!({"name": "d", "model": "acme/m", "version": deployed, "hardware": "cpu", "min_instances": 0, "max_instances": 1});
    api.post("/v1/deployments", deployment).await.is(200);
    for (version, status) in [(&trained, 400), (&deployed, 400), (&free, 202), (&free, 404)] {
        assert_eq!(api.delete(&format!("/v1/models/acme/m/versions/{version}")).await.status.as_u16(), status);
    }
    let public = api.sandbox.create_model("open", Visibility::Public, "cpu");
    public.unwrap();
    let version = api.sandbox.push_scripted_version("open", None, echo()).unwrap();
    api.delete(&format!("/v1/models/acme/open/versions/{version}")).await.is(400);
}

#[tokio::test]
async fn official_models_hide_their_versions() {
    let api = Api::start().await;
    let version = api.model(echo());
    let input = json!({"input": {"prompt": "a"}});
    api.post("/v1/models/acme/m/predictions", input.clone()).await.is(404);
    api.sandbox.set_official("m", true).unwrap();
    assert_eq!(api.get("/v1/models/acme/m").await.json()["latest_version"]["id"], json!(version));
    api.get("/v1/models/acme/m/versions").await.is(404);
    api.get(&format!("/v1/models/acme/m/versions/{version}")).await.is(404);
    api.post("/v1/predictions", json!({"version": format!("acme/m:{version}"), "input": {"prompt": "a"}})).await.is(404);
    let made = api.post("/v1/models/acme/m/predictions", input).await.is(201);
    assert_eq!((&made["version"], &made["model"]), (&json!("hidden"), &json!("acme/m")));
    let by_name = api.post("/v1/predictions", json!({"version": "acme/m", "input": {"prompt": "a"}})).await.is(201);
    assert_eq!(by_name["version"], "hidden");
    assert_eq!(api.sandbox.predictions()[0].version, version);
}

#[tokio::test]
async fn the_first_success_is_the_models_example() {
    let api = Api::start().await;
    let version = api.model(echo());
    let job = api.run(&version, json!({"prompt": "first"})).await;
    assert_eq!(api.get("/v1/models/acme/m").await.json()["default_example"]["id"], job["id"]);
    let examples = api.get("/v1/models/acme/m/examples").await.is(200);
    assert_eq!(examples["results"][0]["output"], "first");
    assert_eq!(api.get("/v1/models/acme/m").await.json()["run_count"], 1);
}

#[tokio::test]
async fn a_model_list_is_paged() {
    let api = Api::with(SandboxOptions { page_size: 2, ..options() }).await;
    for name in ["a", "b", "c"] {
        api.sandbox.create_model(name, Visibility::Private, "cpu").unwrap();
    }
    let first = api.get("/v1/models").await.is(200);
    assert_eq!((&first["results"][0]["name"], &first["results"][1]["name"]), (&json!("c"), &json!("b")));
    let second = api.get(first["next"].as_str().unwrap()).await.is(200);
    assert_eq!(second["results"][0]["name"], "a");
}
