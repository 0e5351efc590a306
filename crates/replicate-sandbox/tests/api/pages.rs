//! Lists in pages.

use std::time::Duration;

use replicate_sandbox::SandboxOptions;
use serde_json::{Value, json};

use crate::client::{Api, echo, options};

fn prompts(page: &Value) -> Vec<i64> {
    page["results"].as_array().unwrap().iter().map(|job| job["input"]["prompt"].as_i64().unwrap()).collect()
}

async fn filled(page_size: usize, count: i64) -> Api {
    let api = Api::with(SandboxOptions { page_size, ..options() }).await;
    let version = api.model_named("m", None, echo());
    for prompt in 0..count {
        api.predict(&version, json!({"prompt": prompt})).await;
    }
    api
}

#[tokio::test]
async fn predictions_come_newest_first_and_links_lead_through_all_pages() {
    let api = filled(2, 5).await;
    let first = api.get("/v1/predictions").await.is(200);
    assert_eq!((prompts(&first), &first["previous"]), (vec![4, 3], &Value::Null));
    let second = api.get(first["next"].as_str().unwrap()).await.is(200);
    let third = api.get(second["next"].as_str().unwrap()).await.is(200);
    assert_eq!((prompts(&second), prompts(&third), &third["next"]), (vec![2, 1], vec![0], &Value::Null));
    let back = api.get(third["previous"].as_str().unwrap()).await.is(200);
    assert_eq!(prompts(&back), [2, 1]);
    assert_eq!(prompts(&api.get(back["previous"].as_str().unwrap()).await.is(200)), [4, 3]);
}

#[tokio::test]
async fn a_cursor_is_not_moved_by_newer_entries() {
    let api = filled(2, 4).await;
    let next = api.get("/v1/predictions").await.is(200)["next"].as_str().unwrap().to_owned();
    let version = api.sandbox.versions("m")[0].id.clone();
    api.predict(&version, json!({"prompt": 99})).await;
    assert_eq!(prompts(&api.get(&next).await.is(200)), [1, 0]);
}

#[tokio::test(start_paused = true)]
async fn predictions_are_filtered_by_time() {
    let api = Api::with(SandboxOptions { page_size: 1, ..options() }).await;
    let version = api.model_named("m", None, echo());
    let mut times = Vec::new();
    for prompt in 0..3 {
        let job = api.run(&version, json!({"prompt": prompt})).await;
        times.push(job["created_at"].as_str().unwrap().to_owned());
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
    let after = api.get(&format!("/v1/predictions?created_after={}", times[1])).await.is(200);
    let more = api.get(after["next"].as_str().unwrap()).await.is(200);
    assert_eq!((prompts(&after), prompts(&more), &more["next"]), (vec![2], vec![1], &Value::Null));
    let before = api.get(&format!("/v1/predictions?created_before={}", times[1])).await.is(200);
    assert_eq!(prompts(&before), [0]);
    assert!(prompts(&api.get("/v1/predictions?source=web").await.is(200)).is_empty());
}

#[tokio::test]
async fn invalid_queries_are_rejected() {
    let api = Api::start().await;
    for query in ["cursor=x", "cursor=bm9uc2Vuc2U", "created_after=yesterday", "created_before=1"] {
        assert_eq!(api.get(&format!("/v1/predictions?{query}")).await.problem().0, 400, "{query}");
    }
}

#[tokio::test]
async fn a_list_ends_with_its_last_full_page() {
    let api = filled(2, 2).await;
    let page = api.get("/v1/predictions").await.is(200);
    assert_eq!((prompts(&page), &page["next"]), (vec![1, 0], &Value::Null));
}
