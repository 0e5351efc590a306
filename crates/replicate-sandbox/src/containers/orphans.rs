//! What killed sandboxes left in the daemon: containers, and the names of images that they pulled.
//!
//! Only what belongs to a process that has certainly ended is removed. If the process ran in another PID namespace, its container is
//! checked, if its mark names one: a killed job container is gone, with everything in it. In doubt, things are left alone; the sandbox does
//! not guess by age.

use std::collections::HashMap;

use bollard::Docker;
use bollard::errors::Error as DaemonError;
use bollard::models::ContainerSummary;
use bollard::query_parameters::{ListContainersOptionsBuilder, ListImagesOptionsBuilder};
use process_mark::{LABEL, Owner, ProcessMark, Witness};

use super::super::image_names;
use super::labels;
use super::remove;

/// Removes what killed sandboxes left behind, and returns how many containers and names.
pub(super) async fn remove_orphans(docker: &Docker) -> Result<usize, DaemonError> {
    let containers = containers(docker).await?;
    futures::future::join_all(containers.iter().map(|id| remove::container(docker, id))).await;
    // An image is removed with its last name, and only without containers.
    let names = image_names(docker).await?;
    futures::future::join_all(names.iter().map(|name| remove::image_name(docker, name))).await;
    Ok(containers.len() + names.len())
}

async fn containers(docker: &Docker) -> Result<Vec<String>, DaemonError> {
    let filters = HashMap::from([("label".to_owned(), vec![labels::SANDBOX.to_owned(), LABEL.to_owned()])]);
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    let mut orphans = Vec::new();
    for container in docker.list_containers(Some(options)).await? {
        if let Some(mark) = container.labels.as_ref().and_then(labels::mark_of)
            && has_ended(docker, &mark).await
            && !has_mark_of_its_image(docker, &container).await
        {
            orphans.extend(container.id);
        }
    }
    Ok(orphans)
}

/// Whether a container got its mark from its image, which anybody may have built. In doubt it counts as such, and is left alone.
async fn has_mark_of_its_image(docker: &Docker, container: &ContainerSummary) -> bool {
    let mark = |labels: Option<&HashMap<String, String>>| labels.and_then(|labels| labels.get(LABEL)).cloned();
    let Some(image) = container.image_id.as_deref() else { return true };
    match docker.inspect_image(image).await {
        Ok(image) => {
            let of_image = mark(image.config.as_ref().and_then(|config| config.labels.as_ref()));
            of_image.is_some() && of_image == mark(container.labels.as_ref())
        }
        // Without its image, the container is all that can be asked.
        Err(DaemonError::DockerResponseServerError { status_code: 404, .. }) => false,
        Err(_) => true,
    }
}

async fn image_names(docker: &Docker) -> Result<Vec<String>, DaemonError> {
    let filters = HashMap::from([("reference", vec![image_names::PATTERN])]);
    let options = ListImagesOptionsBuilder::new().filters(&filters).build();
    let mut orphans = Vec::new();
    for name in docker.list_images(Some(options)).await?.into_iter().flat_map(|image| image.repo_tags) {
        if let Some(mark) = image_names::mark_of(&name)
            && has_ended(docker, &mark).await
        {
            orphans.push(name);
        }
    }
    Ok(orphans)
}

async fn has_ended(docker: &Docker, mark: &ProcessMark) -> bool {
    match mark.witness() {
        Witness::Processes(owner) => owner == Owner::Ended,
        Witness::Nobody => false,
        Witness::Container(container) => match docker.inspect_container(container, None).await {
            Ok(container) => container.state.is_some_and(|state| state.running == Some(false)),
            Err(DaemonError::DockerResponseServerError { status_code: 404, .. }) => true,
            Err(_) => false,
        },
    }
}
