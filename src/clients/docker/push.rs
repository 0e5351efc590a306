//! Pushes: progress, the digest, and why a registry rejects a push.

use std::collections::HashMap;
use std::time::Duration;

use bollard::auth::DockerCredentials;
use bollard::models::{ProgressDetail, PushImageInfo};
use bollard::query_parameters::PushImageOptions;
use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use crate::clients::docker::messages::ended_with_a_rest;
use crate::clients::docker::{
    DockerError, ImagePush, PushDenial, PushEvent, PushProgress, Pushed, RealDocker, RegistryCredentials,
};
use crate::domain::events::LayerOutcome;
use crate::support::ExposeSecret;

impl RealDocker {
    pub(super) async fn push_image(
        &self,
        push: &ImagePush,
        events: &mut (dyn FnMut(PushEvent) + Send),
        cancelled: &CancellationToken,
    ) -> Result<Pushed, DockerError> {
        let mut waits = push.retry.waits();
        loop {
            let error = match self.push_once(push, events, cancelled).await {
                Err(error) if error.is_transient() => error,
                outcome => return outcome,
            };
            let Some(wait) = waits.next() else { return Err(error) };
            events(PushEvent::Repeated { reason: error.to_string(), wait });
            pause(wait, cancelled).await?;
        }
    }

    async fn push_once(
        &self,
        push: &ImagePush,
        events: &mut (dyn FnMut(PushEvent) + Send),
        cancelled: &CancellationToken,
    ) -> Result<Pushed, DockerError> {
        let options = PushImageOptions { tag: Some(push.tag.clone()), platform: None };
        let credentials = push.credentials.as_ref().map(credentials);
        let mut messages = self.patient.push_image(&push.repository, Some(options), credentials);
        let no_digest = || DockerError::NoDigest { repository: push.repository.clone() };
        let mut layers = PushedLayers::default();
        let mut pushed = None;
        loop {
            let message = tokio::select! {
                () = cancelled.cancelled() => return Err(DockerError::Cancelled),
                message = messages.next() => message,
            };
            match message {
                None => return pushed.ok_or_else(no_digest),
                Some(Err(error)) if ended_with_a_rest(&error) => return pushed.ok_or_else(no_digest),
                Some(Ok(message)) => {
                    layers.absorb(&message).into_iter().for_each(&mut *events);
                    pushed = message.status.as_deref().and_then(|status| digest_line(&push.tag, status)).or(pushed);
                }
                Some(Err(error)) => return Err(self.push_error(push, error)),
            }
        }
    }

    fn push_error(&self, push: &ImagePush, error: bollard::errors::Error) -> DockerError {
        let message = match &error {
            bollard::errors::Error::DockerStreamError { error } => error.as_str(),
            bollard::errors::Error::DockerResponseServerError { message, .. } => message.as_str(),
            _ => return self.meaning(&format!("push {}", push.repository), &push.repository, error),
        };
        // The daemon has no image of that name.
        if message.contains("An image does not exist locally") || message.contains("tag does not exist") {
            return DockerError::NoSuchImage { image: format!("{}:{}", push.repository, push.tag) };
        }
        let meaning = without_names(message, &push.repository);
        match refusal(&meaning) {
            Some(reason) => {
                DockerError::PushDenied { repository: push.repository.clone(), reason, message: message.trim().to_owned() }
            }
            None if is_transient(&meaning) => DockerError::RegistryUnavailable {
                attempted: format!("push {}", push.repository),
                message: message.trim().to_owned(),
            },
            None => self.meaning(&format!("push {}", push.repository), &push.repository, error),
        }
    }
}

fn credentials(user: &RegistryCredentials) -> DockerCredentials {
    DockerCredentials {
        username: Some(user.username.clone()),
        password: Some(user.password.expose_secret().to_owned()),
        serveraddress: Some(user.host.clone()),
        ..DockerCredentials::default()
    }
}

async fn pause(wait: Duration, cancelled: &CancellationToken) -> Result<(), DockerError> {
    tokio::select! {
        () = cancelled.cancelled() => Err(DockerError::Cancelled),
        () = tokio::time::sleep(wait) => Ok(()),
    }
}

/// Parses `latest: digest: sha256:… size: N`. The daemon also sends it as `aux`, which bollard drops.
fn digest_line(tag: &str, status: &str) -> Option<Pushed> {
    let rest = status.trim().strip_prefix(tag)?.strip_prefix(": digest: ")?;
    let (digest, size) = rest.split_once(" size: ")?;
    Some(Pushed { digest: digest.parse().ok()?, manifest_bytes: size.trim().parse().ok()? })
}

/// The daemon's message in lower case, without the host and the repository: `127.0.0.1:40101/acme/denied-parties` says nothing about the
/// failure.
fn without_names(message: &str, repository: &str) -> String {
    let message = message.to_lowercase();
    match repository.to_lowercase().split_once('/') {
        Some((host, path)) => message.replace(path, " ").replace(host, " "),
        None => message,
    }
}

/// Whether a text names this HTTP status. Digits within a port, a digest or a name do not count.
fn names_status(message: &str, status: &str) -> bool {
    let is_name = |beside: Option<char>, marks: &str| {
        beside.is_some_and(|character| character.is_alphanumeric() || marks.contains(character))
    };
    message.match_indices(status).any(|(place, _)| {
        let (before, behind) = (&message[..place], &message[place + status.len()..]);
        // A sentence may end with it, or go on with a colon.
        !is_name(before.chars().next_back(), "-_./:") && !is_name(behind.chars().next(), "-_/")
    })
}

/// The reason for a rejection: `docs/reference/replicate-api.md#push-errors`. Matched by parts and ignoring case, because the
/// wording differs by version.
fn refusal(message: &str) -> Option<PushDenial> {
    let says = |texts: &[&str]| texts.iter().any(|text| message.contains(text));
    if says(&["name unknown", "name_unknown", "repository name not known"]) {
        Some(PushDenial::ModelUnknown)
    } else if says(&["write access"]) {
        Some(PushDenial::NoWriteAccess)
    } else if says(&["unauthorized", "no basic auth credentials", "not logged in", "authentication required"])
        || names_status(message, "401")
    {
        Some(PushDenial::NotLoggedIn)
    } else if says(&["403 forbidden", "denied"]) {
        Some(PushDenial::Forbidden)
    } else {
        None
    }
}

/// Whether a failure of the network or the registry may be temporary.
fn is_transient(message: &str) -> bool {
    [
        "408 request timeout",
        "429 too many requests",
        "499 ",
        "500 internal server error",
        "502 bad gateway",
        "503 service unavailable",
        "504 gateway",
        "522 ",
        "toomanyrequests",
        "use of closed network connection",
        "connection reset",
        "connection refused",
        "broken pipe",
        "eof",
        "i/o timeout",
        "tls handshake timeout",
        "deadline exceeded",
        "client.timeout exceeded",
        "temporary failure",
        "received unexpected http status: 5",
    ]
    .iter()
    .any(|text| message.contains(text))
}

/// The layers of a push and their bytes. bollard drops the layer's id, so layers are told apart by size. Two layers of the same
/// size count as one while they are being sent, which is good enough for progress.
#[derive(Debug, Default)]
struct PushedLayers {
    sent_by_size: HashMap<u64, u64>,
    started: usize,
    done: usize,
}

impl PushedLayers {
    fn absorb(&mut self, message: &PushImageInfo) -> Option<PushEvent> {
        match message.status.as_deref() {
            // Every layer starts with this, before the first one is finished.
            Some("Preparing") => {
                self.started += 1;
                None
            }
            Some("Pushed") => Some(self.end(LayerOutcome::Sent)),
            Some("Layer already exists") => Some(self.end(LayerOutcome::AlreadyThere)),
            Some(status) if status.starts_with("Mounted from ") => Some(self.end(LayerOutcome::Mounted)),
            _ => self.progress(message).map(PushEvent::Progress),
        }
    }

    fn end(&mut self, outcome: LayerOutcome) -> PushEvent {
        self.done += 1;
        PushEvent::Layer { outcome, done: self.done, layers: self.started.max(self.done) }
    }

    fn progress(&mut self, message: &PushImageInfo) -> Option<PushProgress> {
        let Some(ProgressDetail { current: Some(current), total: Some(total) }) = message.progress_detail else { return None };
        let (current, total) = (u64::try_from(current).ok()?, u64::try_from(total).ok()?);
        if total == 0 {
            return None;
        }
        // The daemon counts tar headers too, so its count ends slightly above the size.
        let sent = self.sent_by_size.entry(total).or_default();
        *sent = current.min(total).max(*sent);
        Some(PushProgress { sent_bytes: self.sent_by_size.values().sum(), total_bytes: self.sent_by_size.keys().sum() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(words: &str, repository: &str) -> (Option<PushDenial>, bool) {
        let words = without_names(words, repository);
        (refusal(&words), is_transient(&words))
    }

    #[test]
    fn names_and_ports_say_nothing_about_a_failure() {
        for repository in ["127.0.0.1:36401/acme/hotdog", "registry.example:4010/acme/denied-401", "r8.im/401/geofence"] {
            let host = repository.split('/').next().unwrap();
            let refused = format!("Get \"http://{host}/v2/\": dial tcp {host}: connect: connection refused");
            assert_eq!(meaning(&refused, repository), (None, true), "{refused}");
            let path = repository.split_once('/').unwrap().1;
            let odd = format!("Put \"http://{host}/v2/{path}/manifests/1\": x");
            assert_eq!(meaning(&odd, repository), (None, false), "{odd}");
        }
        // A token service elsewhere.
        assert_eq!(meaning("Get \"http://10.0.0.1:4010/token\": EOF", "r8.im/acme/hotdog"), (None, true));
    }

    #[test]
    fn a_status_is_found_in_any_wording() {
        for words in ["401 Unauthorized", "unexpected status code 401", "status: 401: no", "got 401.", "(401)"] {
            assert_eq!(meaning(words, "r8.im/acme/hotdog").0, Some(PushDenial::NotLoggedIn), "{words}");
        }
        for words in ["layer sha256:ab401cd", "1401 ms", "port :401", "v2.401", "401-b"] {
            assert_eq!(meaning(words, "r8.im/acme/hotdog").0, None, "{words}");
        }
        assert_eq!(meaning("denied: requested access to the resource is denied", "r8.im/a/b").0, Some(PushDenial::Forbidden));
        assert_eq!(meaning("name unknown: NAME UNKNOWN", "r8.im/a/b").0, Some(PushDenial::ModelUnknown));
    }

    #[test]
    fn the_digest_is_read_from_the_line_of_our_tag() {
        let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
        let line = format!("latest: digest: {digest} size: 1234");
        let pushed = digest_line("latest", &line).unwrap();
        assert_eq!((pushed.digest.as_str(), pushed.manifest_bytes), (digest.as_str(), 1234));
        assert_eq!(digest_line("v2", &line), None);
        assert_eq!(digest_line("latest", "latest: digest: sha256:abc size: 1"), None);
        assert_eq!(digest_line("latest", "Pushed"), None);
    }

    #[test]
    fn refusals_are_told_apart() {
        let cases = [
            ("name unknown: The model https://replicate.com/acme/x does not exist", PushDenial::ModelUnknown),
            ("unauthorized: You are not logged in to Replicate", PushDenial::NotLoggedIn),
            ("no basic auth credentials", PushDenial::NotLoggedIn),
            ("errors: unauthorized: not authenticated: No valid credential was supplied", PushDenial::NotLoggedIn),
            ("unexpected status: 401 Unauthorized", PushDenial::NotLoggedIn),
            ("denied: You don't have write access to this model", PushDenial::NoWriteAccess),
            ("unexpected status from POST request to https://r8.im/v2/a/b/blobs/uploads/: 403 Forbidden", PushDenial::Forbidden),
        ];
        for (words, reason) in cases {
            assert_eq!(meaning(words, "r8.im/a/b"), (Some(reason), false), "{words}");
        }
    }

    #[test]
    fn what_may_pass_is_repeated_and_what_may_not_is_not() {
        for words in [
            "unexpected status from PUT request to https://r8.im/v2/a/b/blobs/uploads/: 502 Bad Gateway",
            "write tcp 10.0.0.1:1->2.2.2.2:443: use of closed network connection",
            "received unexpected HTTP status: 503 Service Unavailable",
            "Put \"https://r8.im/v2/\": EOF",
            "net/http: TLS handshake timeout",
        ] {
            assert_eq!(meaning(words, "r8.im/a/b"), (None, true), "{words}");
        }
        assert_eq!(meaning("manifest invalid: manifest invalid", "r8.im/a/b"), (None, false));
    }

    #[test]
    fn progress_adds_up_over_layers_and_never_goes_back() {
        let message = |current, total| PushImageInfo {
            progress_detail: Some(ProgressDetail { current: Some(current), total: Some(total) }),
            ..PushImageInfo::default()
        };
        let mut layers = PushedLayers::default();
        let progress = |sent_bytes, total_bytes| Some(PushEvent::Progress(PushProgress { sent_bytes, total_bytes }));
        assert_eq!(layers.absorb(&message(10, 100)), progress(10, 100));
        assert_eq!(layers.absorb(&message(50, 300)), progress(60, 400));
        assert_eq!(layers.absorb(&message(120, 100)), progress(150, 400));
        assert_eq!(layers.absorb(&message(20, 100)), progress(150, 400));
        assert_eq!(layers.absorb(&PushImageInfo::default()), None);
    }

    #[test]
    fn layers_are_counted_as_they_end() {
        let message = |status: &str| PushImageInfo { status: Some(status.to_owned()), ..PushImageInfo::default() };
        let mut layers = PushedLayers::default();
        let statuses = [
            "The push refers to repository [r8.im/acme/hotdog]",
            "Preparing",
            "Preparing",
            "Preparing",
            "Waiting",
            "Layer already exists",
            "Mounted from acme/hotdog-test",
            "Pushed",
        ];
        let events: Vec<PushEvent> = statuses.iter().filter_map(|status| layers.absorb(&message(status))).collect();
        let outcomes = [LayerOutcome::AlreadyThere, LayerOutcome::Mounted, LayerOutcome::Sent];
        let ended = |(index, outcome)| PushEvent::Layer { outcome, done: index + 1, layers: 3 };
        assert_eq!(events, outcomes.into_iter().enumerate().map(ended).collect::<Vec<_>>());
    }
}
