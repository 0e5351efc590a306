//! The registry and a real Docker daemon. A daemon on the same machine takes 127.0.0.1 as an insecure registry by itself.

use axum::body::Bytes;
use bollard::Docker;
use bollard::auth::DockerCredentials;
use bollard::query_parameters::{
    CreateImageOptionsBuilder, PushImageOptionsBuilder, RemoveImageOptionsBuilder, TagImageOptionsBuilder,
};
use futures::TryStreamExt as _;

use super::tests::Served;

/// A daemon, or `None` where there is none. CI has one: its absence is a failure there.
async fn daemon() -> Option<Docker> {
    let docker = Docker::connect_with_local_defaults().ok()?.negotiate_version().await;
    match docker {
        Ok(docker) => Some(docker),
        Err(cause) => {
            assert!(std::env::var_os("CI").is_none(), "no Docker daemon: {cause}");
            None
        }
    }
}

/// Makes the image `name` of one layer that holds one file; nothing is pulled for it.
async fn import(docker: &Docker, name: &str, content: &[u8]) {
    let mut builder = tokio_tar::Builder::new(Vec::new());
    let mut header = tokio_tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    builder.append_data(&mut header, "file", content).await.unwrap();
    let archive = builder.into_inner().await.unwrap();
    let options =
        CreateImageOptionsBuilder::new().from_src("-").repo(name).changes(vec!["LABEL run.cog.version=0.22.0".to_owned()]).build();
    let body = bollard::body_full(Bytes::from(archive));
    docker.create_image(Some(options), Some(body), None).try_collect::<Vec<_>>().await.unwrap();
}

async fn push(docker: &Docker, image: &str, user: &str) -> Result<(), bollard::errors::Error> {
    let options = PushImageOptionsBuilder::new().tag("latest").build();
    docker.push_image(image, Some(options), Some(credentials(user))).try_collect::<Vec<_>>().await.map(drop)
}

fn credentials(user: &str) -> DockerCredentials {
    DockerCredentials { username: Some(user.to_owned()), password: Some("secret".to_owned()), ..Default::default() }
}

async fn remove(docker: &Docker, image: &str) {
    let options = RemoveImageOptionsBuilder::new().force(true).build();
    docker.remove_image(image, Some(options), None).await.unwrap();
}

#[tokio::test]
async fn docker_pushes_mounts_and_pulls() {
    let Some(docker) = daemon().await else { return };
    let served = Served::start().await;
    let one = format!("{}/acme/one", served.address);
    let two = format!("{}/acme/deep/er/two", served.address);
    import(&docker, &one, uuid::Uuid::new_v4().as_bytes()).await;
    push(&docker, &one, "acme").await.unwrap();
    let first = served.registry.uploaded_bytes();
    assert!(first > 0);

    let options = TagImageOptionsBuilder::new().repo(&two).tag("latest").build();
    docker.tag_image(&one, Some(options)).await.unwrap();
    push(&docker, &two, "acme").await.unwrap();
    assert_eq!(served.registry.mounted_blobs(), 1, "the layer is not sent again");

    let pushes = served.database.pushes.lock().unwrap().clone();
    assert_eq!(pushes.len(), 2);
    assert_eq!(pushes[0].digest, pushes[1].digest);
    assert_eq!(pushes[0].labels["run.cog.version"], "0.22.0");

    remove(&docker, &one).await;
    remove(&docker, &two).await;
    let by_digest = format!("{one}@{}", pushes[0].digest);
    let options = CreateImageOptionsBuilder::new().from_image(&by_digest).build();
    docker.create_image(Some(options), None, Some(credentials("acme"))).try_collect::<Vec<_>>().await.unwrap();
    let pulled = docker.inspect_image(&by_digest).await.unwrap();
    assert_eq!(pulled.config.unwrap().labels.unwrap()["run.cog.version"], "0.22.0");
    remove(&docker, &by_digest).await;
}

#[tokio::test]
async fn docker_shows_the_registrys_own_words() {
    let Some(docker) = daemon().await else { return };
    let served = Served::start().await;
    let cases = [
        ("acme/missing", "acme", "name unknown: The model https://replicate.com/acme/missing does not exist"),
        ("eve/model", "acme", "You don't have write access to this model"),
        ("acme/model", "mallory", "unauthorized: You are not logged in to Replicate"),
    ];
    for (repository, user, text) in cases {
        let image = format!("{}/{repository}", served.address);
        import(&docker, &image, uuid::Uuid::new_v4().as_bytes()).await;
        let message = push(&docker, &image, user).await.unwrap_err().to_string();
        assert!(message.contains(text), "{repository}: {message}");
        remove(&docker, &image).await;
    }
    assert!(served.database.pushes.lock().unwrap().is_empty());
}
