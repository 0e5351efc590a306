//! Asking the registry for the `cog-base` image.

use std::time::Duration;

use cog_source::base_image::BaseImageAnswer;

use tokio::time::timeout;

use super::base_image_answers::BaseImageFacts;
use super::{BuildEnvironment, host_of_cog_base};
use crate::build::request::BaseLayers;
use crate::clients::registry::Registry;

/// A build without the image is slower by less than a registry that hangs.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// Asks for `candidate`, `host/repository:tag`. Every failure is an answer: there are other images to build on.
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
        // The given client asks another registry, whose answer would be about another image.
        return BaseImageFacts::default();
    }
    // Held while the registry is asked, so that models that are built side by side share the answer.
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
        Err(_elapsed) => unreachable_because(format!("there was none within {} s", TIME_LIMIT.as_secs())),
    }
}

fn unreachable_because(why: String) -> BaseImageFacts {
    BaseImageFacts { answer: Some(BaseImageAnswer::Unreachable(why)), layers: None }
}
