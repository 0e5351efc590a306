//! Looks up the `cog-base` image in the registry.

use std::time::Duration;

use cog_source::base_image::BaseImageAnswer;

use tokio::time::timeout;

use super::base_image_answers::BaseImageFacts;
use super::{BuildEnvironment, host_of_cog_base};
use crate::build::request::BaseLayers;
use crate::clients::registry::Registry;

/// A registry that hangs costs more time than building without the image.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// Looks up `candidate`, `host/repository:tag`. A failure is not an error: other base images exist.
pub(super) async fn ask(
    candidate: Option<&str>,
    registry: Option<&dyn Registry>,
    environment: &BuildEnvironment,
) -> BaseImageFacts {
    let host = host_of_cog_base(environment);
    let (Some(candidate), Some(registry)) = (candidate, registry) else { return BaseImageFacts::default() };
    let within = candidate.strip_prefix(host).and_then(|rest| rest.strip_prefix('/'));
    let Some((repository, tag)) = within.and_then(|path| path.rsplit_once(':')) else { return BaseImageFacts::default() };
    if host != environment.registry_host {
        // The given client is for another registry, whose answer would be about a different image.
        return BaseImageFacts::default();
    }
    // Locked during the lookup, so that models that build side by side share the answer.
    let mut answers = environment.cog_base_answers.0.lock().await;
    if let Some(known) = answers.get(candidate) {
        return known.clone();
    }
    let answer = answer(candidate, repository, tag, registry).await;
    answers.insert(candidate.to_owned(), answer.clone());
    answer
}

async fn answer(candidate: &str, repository: &str, tag: &str, registry: &dyn Registry) -> BaseImageFacts {
    match timeout(TIME_LIMIT, registry.manifest(repository, tag)).await {
        Ok(Ok(Some(manifest))) => BaseImageFacts {
            answer: Some(BaseImageAnswer::Present),
            layers: Some(BaseLayers { image: candidate.to_owned(), count: manifest.layers.len() }),
        },
        Ok(Ok(None)) => BaseImageFacts { answer: Some(BaseImageAnswer::Absent), layers: None },
        Ok(Err(error)) => unreachable_because(error.to_string()),
        Err(_elapsed) => unreachable_because(format!("no answer within {} s", TIME_LIMIT.as_secs())),
    }
}

fn unreachable_because(why: String) -> BaseImageFacts {
    BaseImageFacts { answer: Some(BaseImageAnswer::Unreachable(why)), layers: None }
}
