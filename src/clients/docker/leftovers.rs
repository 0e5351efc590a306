//! What runs that were killed left in the daemon: containers, networks, and names of images.
//!
//! Each carries the mark of the process that made it, in a label or in its name. Leftovers are removed if their process has ended, or if
//! its state is unknown and they are older than a day. Several runs may look and remove at the same time.

use std::collections::HashMap;

use bollard::errors::Error as BollardError;
use bollard::query_parameters::{ListContainersOptions, ListImagesOptions, ListNetworksOptions};
use chrono::{DateTime, Utc};
use process_mark::{AGE_LIMIT, LABEL, Owner, ProcessMark, Witness};

use crate::clients::docker::temporary::{TemporaryName, patterns};
use crate::clients::docker::{DockerError, NameImages as _, RealDocker};
use crate::domain::cleanup::{LeftContainer, LeftImage, LeftInDaemon, LeftNetwork};

/// How a list of leftovers was removed.
#[derive(Debug, Default)]
pub struct Removal {
    /// What is gone.
    pub removed: LeftInDaemon,
    /// Why the rest is not.
    pub problems: Vec<DockerError>,
}

impl RealDocker {
    /// Finds what ended processes of ours left behind. Nothing is changed.
    pub async fn find_leftovers(&self, now: DateTime<Utc>) -> Result<LeftInDaemon, DockerError> {
        let (containers, networks, images) =
            tokio::try_join!(self.marked_containers(), self.marked_networks(), self.named_images())?;
        let mut search = LeftoverSearch { docker: self, now, containers: HashMap::new(), left: LeftInDaemon::default() };
        for container in containers {
            // A mark from the image is asked for last: hardly any container gets that far.
            if search.is_left(Some(&container.mark), container.made_at).await && !self.has_mark_of_its_image(&container).await {
                search.left.containers.push(container.left);
            }
        }
        for (network, mark, made_at) in networks {
            if search.is_left(mark.as_ref(), made_at).await {
                search.left.networks.push(network);
            }
        }
        for (image, mark) in images {
            // Only asked for where it decides: the age of a name is not in the list.
            let is_unknown = mark.as_ref().is_none_or(|mark| mark.owner() == Owner::Unknown);
            let made_at = if is_unknown { self.tagged_at(&image.name).await } else { None };
            if search.is_left(mark.as_ref(), made_at).await {
                search.left.images.push(image);
            }
        }
        Ok(search.left)
    }

    /// Removes what was found. Already removed is not an error.
    pub async fn remove_leftovers(&self, left: &LeftInDaemon) -> Removal {
        let mut removal = Removal { removed: LeftInDaemon { kept: left.kept, ..LeftInDaemon::default() }, problems: Vec::new() };
        // Containers hold networks and images.
        let containers = futures::future::join_all(left.containers.iter().map(|one| self.remove_container(&one.id))).await;
        removal.removed.containers = sort(&left.containers, containers, &mut removal.problems);
        let networks = futures::future::join_all(left.networks.iter().map(|one| self.remove_network(&one.id))).await;
        removal.removed.networks = sort(&left.networks, networks, &mut removal.problems);
        let images = futures::future::join_all(left.images.iter().map(|one| self.remove_image(&one.name))).await;
        removal.removed.images = sort(&left.images, images, &mut removal.problems);
        removal
    }

    async fn marked_containers(&self) -> Result<Vec<MarkedContainer>, DockerError> {
        let options = ListContainersOptions { all: true, filters: Some(with_label()), ..ListContainersOptions::default() };
        let found = self.client.list_containers(Some(options)).await;
        let found = found.map_err(|error| self.meaning("list containers", "", error))?;
        let marked = |container: bollard::models::ContainerSummary| {
            let name = container.names.and_then(|names| names.into_iter().next()).unwrap_or_default();
            Some(MarkedContainer {
                // A label that is not a mark is somebody else's.
                mark: mark_in(container.labels.as_ref())?,
                image_id: container.image_id,
                made_at: container.created.and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
                left: LeftContainer {
                    id: container.id?,
                    name: name.trim_start_matches('/').to_owned(),
                    image: container.image.unwrap_or_default(),
                },
            })
        };
        Ok(found.into_iter().filter_map(marked).collect())
    }

    /// Whether a container got its mark from its image, which anybody may have built. In doubt it counts as such, and is left alone.
    async fn has_mark_of_its_image(&self, container: &MarkedContainer) -> bool {
        let Some(image) = container.image_id.as_deref() else { return true };
        match self.client.inspect_image(image).await {
            Ok(image) => {
                let of_image = mark_in(image.config.as_ref().and_then(|config| config.labels.as_ref()));
                of_image.as_ref() == Some(&container.mark)
            }
            // Without its image, the container is all that can be asked.
            Err(BollardError::DockerResponseServerError { status_code: 404, .. }) => false,
            Err(_) => true,
        }
    }

    async fn marked_networks(&self) -> Result<Vec<(LeftNetwork, Option<ProcessMark>, Option<DateTime<Utc>>)>, DockerError> {
        let options = ListNetworksOptions { filters: Some(with_label()) };
        let found = self.client.list_networks(Some(options)).await;
        let found = found.map_err(|error| self.meaning("list networks", "", error))?;
        let of = |network: bollard::models::Network| {
            let left = LeftNetwork { id: network.id?, name: network.name.unwrap_or_default() };
            let mark = mark_in(network.labels.as_ref())?;
            Some((left, Some(mark), network.created))
        };
        Ok(found.into_iter().filter_map(of).collect())
    }

    async fn named_images(&self) -> Result<Vec<(LeftImage, Option<ProcessMark>)>, DockerError> {
        let filters = HashMap::from([("reference".to_owned(), patterns())]);
        let options = ListImagesOptions { filters: Some(filters), ..ListImagesOptions::default() };
        let found = self.client.list_images(Some(options)).await;
        let found = found.map_err(|error| self.meaning("list images", "", error))?;
        let of = |image: bollard::models::ImageSummary| {
            let size_bytes = u64::try_from(image.size).unwrap_or_default();
            let names = image.repo_tags.into_iter().filter_map(move |name| {
                let TemporaryName { mark } = TemporaryName::parse(&name)?;
                Some((LeftImage { name, size_bytes }, mark))
            });
            names.collect::<Vec<_>>()
        };
        Ok(found.into_iter().flat_map(of).collect())
    }

    /// When an image got its last name. An image's own age says nothing: it may come from a cache.
    async fn tagged_at(&self, name: &str) -> Option<DateTime<Utc>> {
        self.client.inspect_image(name).await.ok()?.metadata?.last_tag_time
    }

    async fn remove_network(&self, id: &str) -> Result<(), DockerError> {
        match self.client.remove_network(id).await {
            Ok(()) | Err(BollardError::DockerResponseServerError { status_code: 404, .. }) => Ok(()),
            Err(error) => Err(self.meaning("remove a network", id, error)),
        }
    }
}

/// The items that were removed; the problems with the others are added to a list.
fn sort<T: Clone>(items: &[T], outcomes: Vec<Result<(), DockerError>>, problems: &mut Vec<DockerError>) -> Vec<T> {
    let mut removed = Vec::new();
    for (item, outcome) in items.iter().zip(outcomes) {
        match outcome {
            Ok(()) => removed.push(item.clone()),
            Err(problem) => problems.push(problem),
        }
    }
    removed
}

fn with_label() -> HashMap<String, Vec<String>> {
    HashMap::from([("label".to_owned(), vec![LABEL.to_owned()])])
}

fn mark_in(labels: Option<&HashMap<String, String>>) -> Option<ProcessMark> {
    ProcessMark::parse(labels?.get(LABEL)?)
}

/// A container with a mark, from wherever it has it.
struct MarkedContainer {
    left: LeftContainer,
    mark: ProcessMark,
    image_id: Option<String>,
    made_at: Option<DateTime<Utc>>,
}

/// A container of a process, as far as the daemon knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OwnerContainer {
    Running,
    Ended,
    Unknown,
}

struct LeftoverSearch<'a> {
    docker: &'a RealDocker,
    now: DateTime<Utc>,
    /// Containers of processes, by id.
    containers: HashMap<String, OwnerContainer>,
    left: LeftInDaemon,
}

impl LeftoverSearch<'_> {
    async fn is_left(&mut self, mark: Option<&ProcessMark>, made_at: Option<DateTime<Utc>>) -> bool {
        let container = match mark.map_or(Witness::Nobody, ProcessMark::witness) {
            Witness::Processes(owner) => return owner == Owner::Ended,
            Witness::Container(container) => self.container(container).await,
            Witness::Nobody => OwnerContainer::Unknown,
        };
        let is_left = match container {
            OwnerContainer::Running => return false,
            OwnerContainer::Ended => true,
            OwnerContainer::Unknown => is_old(made_at, self.now),
        };
        self.left.kept += usize::from(!is_left);
        is_left
    }

    /// The container in which a process ran. This daemon knew it.
    async fn container(&mut self, id: &str) -> OwnerContainer {
        if let Some(known) = self.containers.get(id) {
            return *known;
        }
        let state = match self.docker.client.inspect_container(id, None).await {
            Ok(container) => match container.state.and_then(|state| state.running) {
                Some(false) => OwnerContainer::Ended,
                Some(true) | None => OwnerContainer::Running,
            },
            Err(BollardError::DockerResponseServerError { status_code: 404, .. }) => OwnerContainer::Ended,
            Err(_) => OwnerContainer::Unknown,
        };
        self.containers.insert(id.to_owned(), state);
        state
    }
}

/// What has no known age counts as new.
fn is_old(made_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    made_at.and_then(|made_at| now.signed_duration_since(made_at).to_std().ok()).is_some_and(|age| age > AGE_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_older_than_a_day_is_old() {
        let now = DateTime::UNIX_EPOCH + chrono::TimeDelta::days(20_000);
        let ago = |hours| Some(now - chrono::TimeDelta::hours(hours));
        assert!(is_old(ago(25), now));
        assert!(!is_old(ago(23), now));
        assert!(!is_old(ago(-25), now), "a clock that is ahead");
        assert!(!is_old(None, now));
    }
}
