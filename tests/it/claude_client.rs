//! The client of Claude's API against a strict fake.

use std::sync::Arc;
use std::time::{Duration, Instant};

use safe_push::clients::ErrorKind;
use safe_push::clients::claude::{
    Claude, ClaudeError, ClaudeFailure, ClaudeOptions, ContentBlock, Credential, PromptImage, RealClaude, ToolRequest,
};
use safe_push::support::SecretString;
use safe_push::support::clock::SystemClock;
use serde_json::{Value, json};
use test_support::fake_claude::{FakeClaude, Fault, KEY};

fn question(content: Vec<ContentBlock>) -> ToolRequest {
    ToolRequest {
        model: None,
        system: "Answer.".to_owned(),
        content,
        tool: "verdict",
        tool_description: "Gives it",
        tool_schema: json!({"type": "object", "properties": {"passed": {"type": "boolean"}}}),
        max_tokens: 100,
    }
}

fn options(fake: &FakeClaude) -> ClaudeOptions {
    let mut options = ClaudeOptions::new(Some(fake.url.clone()), Credential::Key(SecretString::from(KEY)));
    options.retry.first_wait = Duration::from_millis(1);
    options
}

fn client(options: ClaudeOptions) -> RealClaude {
    RealClaude::new(options, Arc::new(SystemClock)).unwrap()
}

async fn ask(options: ClaudeOptions) -> Result<Value, ClaudeError> {
    client(options).use_tool(&question(vec![ContentBlock::Text("Is it?".to_owned())])).await
}

async fn fake() -> FakeClaude {
    FakeClaude::start(Duration::ZERO, |_| json!({"passed": true})).await
}

#[tokio::test]
async fn a_question_has_the_apis_format() {
    let fake = fake().await;
    let mut png = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(3000, 20).write_to(&mut png, image::ImageFormat::Bmp).unwrap();
    let picture = PromptImage::new(png.into_inner().into()).unwrap();
    let content = vec![ContentBlock::Text(" ".to_owned()), ContentBlock::Text("Look".to_owned()), ContentBlock::Image(picture)];
    let client = client(options(&fake));
    assert_eq!(client.use_tool(&question(content)).await.unwrap(), json!({"passed": true}));
    assert_eq!(fake.refused(), Vec::<String>::new());
    let asked = &fake.asked()[0];
    assert_eq!((asked.text.as_str(), asked.pictures.as_slice()), ("Look", ["image/png".to_owned()].as_slice()));
    assert_eq!(client.spent_tokens(), 1050);
}

#[tokio::test]
async fn temporary_errors_are_retried_after_the_requested_wait() {
    let fake = fake().await;
    fake.fail(Fault { status: 429, kind: "rate_limit_error", message: "slow down", retry_after: Some("1") });
    fake.fail(Fault { status: 529, kind: "overloaded_error", message: "Overloaded", retry_after: None });
    fake.fail(Fault { status: 500, kind: "api_error", message: "Internal server error", retry_after: None });
    let start = Instant::now();
    assert!(ask(options(&fake)).await.is_ok());
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!(fake.asked().len(), 4);
}

#[tokio::test]
async fn errors_have_their_meaning_and_are_not_repeated() {
    let credit = "Your credit balance is too low to access the Anthropic API.";
    for (status, kind, message, meant) in [
        (403, "permission_error", "no", ErrorKind::Request),
        (404, "not_found_error", "model: claude-x", ErrorKind::Request),
        (400, "invalid_request_error", "messages: no", ErrorKind::Request),
        (400, "invalid_request_error", credit, ErrorKind::Billing),
        (413, "request_too_large", "too large", ErrorKind::Request),
    ] {
        let fake = fake().await;
        fake.fail(Fault { status, kind, message, retry_after: None });
        let error = ask(options(&fake)).await.unwrap_err();
        assert_eq!(error.kind(), meant, "{error}");
        assert!(error.to_string().contains(message) && error.to_string().contains("req_fake"), "{error}");
        assert_eq!(fake.asked().len(), 1);
    }
    let fake = fake().await;
    let wrong = ClaudeOptions { credential: Credential::Key(SecretString::from("sk-ant-wrong")), ..options(&fake) };
    let error = ask(wrong).await.unwrap_err();
    assert!(matches!(error.failure, ClaudeFailure::Unauthorized(_)), "{error}");
    assert!(!format!("{error:?}{error}").contains("sk-ant-wrong"));
}

#[tokio::test]
async fn unusable_answers_are_errors_with_a_reason() {
    let message = |stop: &str, content: Value| json!({"content": content, "stop_reason": stop, "usage": {"output_tokens": 9}});
    for (body, words) in [
        (message("max_tokens", json!([])), "cut off at 100 tokens"),
        (message("refusal", json!([])), "declined"),
        (message("end_turn", json!([{"type": "text", "text": "YES"}])), "does not use the tool 'verdict'"),
        (message("tool_use", json!([{"type": "tool_use", "name": "other", "input": {}}])), "does not use the tool 'verdict'"),
        (json!("hello"), "it is not a message"),
    ] {
        let fake = fake().await;
        fake.answer_with(body);
        let error = ask(options(&fake)).await.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[tokio::test]
async fn no_question_is_sent_after_the_budget_is_spent() {
    let fake = fake().await;
    let client = client(ClaudeOptions { budget_tokens: 1000, ..options(&fake) });
    let question = question(vec![ContentBlock::Text("Is it?".to_owned())]);
    assert!(client.use_tool(&question).await.is_ok());
    let error = client.use_tool(&question).await.unwrap_err();
    assert!(matches!(error.failure, ClaudeFailure::BudgetSpent { budget: 1000 }), "{error}");
    assert_eq!(fake.asked().len(), 1);
}

#[tokio::test]
async fn a_key_that_is_rejected_is_noticed_before_a_question() {
    let server = wiremock::MockServer::start().await;
    let answer = wiremock::ResponseTemplate::new(401)
        .set_body_json(json!({"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}}));
    let models = wiremock::Mock::given(wiremock::matchers::method("GET")).and(wiremock::matchers::path("/v1/models"));
    models.respond_with(answer).mount(&server).await;
    let error =
        client(ClaudeOptions::new(Some(server.uri()), Credential::Key(SecretString::from(KEY)))).check_key().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert!(error.hint().unwrap().contains("ANTHROPIC_API_KEY"), "{error}");
    // A service that does not have the list, or does not answer, is left to the first question.
    server.reset().await;
    client(ClaudeOptions::new(Some(server.uri()), Credential::Key(SecretString::from(KEY)))).check_key().await.unwrap();
    client(ClaudeOptions::new(Some("http://127.0.0.1:1".to_owned()), Credential::Key(SecretString::from(KEY))))
        .check_key()
        .await
        .unwrap();
}

#[tokio::test]
async fn a_bearer_token_authorizes_a_request_to_a_base_url_with_a_version() {
    let fake = fake().await;
    let credential = Credential::Token(SecretString::from(KEY));
    let options = ClaudeOptions { base_url: Some(format!("{}/v1", fake.url)), credential, ..options(&fake) };
    assert!(ask(options).await.is_ok());
    assert_eq!(fake.refused(), Vec::<String>::new());
}

#[tokio::test]
async fn a_pdf_is_sent_as_a_document() {
    let fake = fake().await;
    let content = vec![ContentBlock::Text("Read it".to_owned()), ContentBlock::Pdf(bytes::Bytes::from_static(b"%PDF-1.4\n"))];
    assert!(client(options(&fake)).use_tool(&question(content)).await.is_ok());
    assert_eq!(fake.asked()[0].pictures, ["application/pdf"]);
}
