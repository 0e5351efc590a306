//! How a stream of the daemon's messages ends.
//!
//! Docker ends each message with a line break. Where a read from the connection ends between the two, bollard takes the message at once,
//! and calls a line break that nothing follows an error: bytes that remain. So this error may be a good end: only the messages before it
//! show that.

use bollard::errors::Error as BollardError;

/// The message of `tokio_util`, whose error has no type of its own.
const BYTES_REMAIN: &str = "bytes remaining on stream";

/// Whether a stream ended behind its last message, or within one.
pub(super) fn ended_with_a_rest(error: &BollardError) -> bool {
    matches!(error, BollardError::IOError { err } if err.to_string() == BYTES_REMAIN)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use futures::StreamExt as _;
    use tokio_util::sync::CancellationToken;

    use crate::clients::docker::{BuildNetwork, DockerError, ImageBuild, ImagePush, Pushed, RealDocker};
    use crate::support::retry::RetryPolicy;

    /// A body that arrives in two pieces.
    fn in_two_pieces(first: &'static str, second: &'static str) -> Body {
        let pieces = futures::stream::iter([first, second]).enumerate().then(|(place, piece)| async move {
            tokio::time::sleep(Duration::from_millis(place as u64 * 50)).await;
            Ok::<_, Infallible>(piece)
        });
        Body::from_stream(pieces)
    }

    /// A daemon that answers every other call with this text.
    async fn daemon(first: &'static str, second: &'static str) -> RealDocker {
        let answer = move || async move { in_two_pieces(first, second) };
        let routes =
            Router::new().route("/version", get(async || r#"{"ApiVersion":"1.41","Version":"20.10.24"}"#)).fallback(answer);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        RealDocker::connect(Some(&format!("tcp://{address}"))).await.unwrap()
    }

    async fn build(docker: &RealDocker) -> Result<(), DockerError> {
        let build = ImageBuild {
            dockerfile: "Dockerfile".to_owned(),
            tag: "hotdog:1".to_owned(),
            arguments: [].into(),
            labels: [].into(),
            no_cache: false,
            secrets: Vec::new(),
            proxies: [].into(),
            network: BuildNetwork::Default,
        };
        docker.build_image(&build, Box::pin(tokio::io::empty()), &mut |_| {}, &CancellationToken::new()).await
    }

    async fn push(docker: &RealDocker) -> Result<Pushed, DockerError> {
        let (repository, tag) = ("registry.example/acme/hotdog".to_owned(), "1".to_owned());
        let retry = RetryPolicy { retries: 0, first_wait: Duration::ZERO, longest_wait: Duration::ZERO };
        let push = ImagePush { repository, tag, credentials: None, retry };
        docker.push_image(&push, &mut |_| {}, &CancellationToken::new()).await
    }

    const IMAGE_ID: &str = r#"{"id":"moby.image.id","aux":{"ID":"sha256:5d0da3dc9764"}}"#;
    const DIGEST: &str =
        r#"{"status":"1: digest: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 size: 528"}"#;

    #[tokio::test]
    async fn a_line_break_that_arrives_alone_ends_a_build_and_a_push_well() {
        build(&daemon(IMAGE_ID, "\r\n").await).await.unwrap();
        assert_eq!(push(&daemon(DIGEST, "\r\n").await).await.unwrap().manifest_bytes, 528);
    }

    #[tokio::test]
    async fn an_answer_that_ends_before_the_result_is_an_error() {
        for (first, second) in [("{\"stream\":\"a\"}", "\r\n"), ("{\"stream\":\"a\"}\r\n", "{\"stream\":"), ("", "")] {
            let built = build(&daemon(first, second).await).await.unwrap_err();
            assert!(matches!(built, DockerError::Connection { .. }), "{first}{second}: {built:?}");
            let pushed = push(&daemon(first, second).await).await.unwrap_err();
            assert!(matches!(pushed, DockerError::NoDigest { .. }), "{first}{second}: {pushed:?}");
        }
    }
}
