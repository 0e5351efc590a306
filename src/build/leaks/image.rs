//! The layers of an image, its configuration and its history.
//!
//! The daemon gives an image as one archive (`docker save`): layers as archives in it, packed or not as the daemon's store keeps them, and
//! documents, of which the configuration holds environment, labels and history. Read as it comes; nothing is kept.

use std::io;
use std::pin::Pin;

use async_compression::tokio::bufread::GzipDecoder;
use cog_findings::Finding;
use futures::StreamExt as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, BufReader};
use tokio_tar::Archive;

use crate::build::leaks::NamedSecret;
use crate::build::leaks::search::{CHUNK_BYTES, Search};
use crate::build::rules;
use crate::clients::docker::{DockerError, SaveImages};

/// The first bytes of packed layers.
const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTANDARD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// What archives have in their first block, and where.
const TAR: (usize, [u8; 5]) = (257, *b"ustar");
const BLOCK_BYTES: u64 = 512;

type Reader<'a> = Pin<Box<dyn AsyncRead + Send + 'a>>;

/// What an image holds and must not: one finding for each place and secret.
///
/// # Errors
/// When the image cannot be read to its end: nothing is proven then.
pub async fn secrets_in_image(
    images: &dyn SaveImages,
    reference: &str,
    secrets: &[NamedSecret],
) -> Result<Vec<Finding>, DockerError> {
    let unreadable = |error: io::Error| DockerError::Daemon {
        attempted: format!("read the image {reference} to its end"),
        status: None,
        message: error.to_string(),
    };
    let Some(search) = Search::new(secrets).map_err(unreadable)? else { return Ok(Vec::new()) };
    let archive = images.export_image(reference).await?;
    let places = places(archive, &search).await.map_err(unreadable)?;
    let finding = |(place, name): (String, String)| {
        Finding::new(&rules::SECRET_IN_OFFICIAL, format!("{place} holds the value of {name}, and an official model must not")).hint(
            "no build step may keep a secret: mount it for the step alone, and delete no file in a later step than it was made in",
        )
    };
    Ok(places.into_iter().map(finding).collect())
}

/// What is read at one time of the files of an image, of which there are tens of thousands.
const READ_BYTES: usize = 64 * 1024;

/// Places and the secrets that they hold.
async fn places(archive: Reader<'_>, search: &Search) -> io::Result<Vec<(String, String)>> {
    let mut places = Vec::new();
    let mut buffer = vec![0; READ_BYTES];
    let mut entries = Archive::new(archive).entries()?;
    while let Some(entry) = entries.next().await {
        let (head, stream) = peek(entry?).await?;
        if head.starts_with(&ZSTANDARD) {
            return Err(io::Error::other("a layer is packed with Zstandard, which is not understood"));
        }
        let (head, mut stream) = if head.starts_with(&GZIP) {
            peek(GzipDecoder::new(BufReader::with_capacity(CHUNK_BYTES, stream))).await?
        } else {
            (head, stream)
        };
        let (place, mark) = TAR;
        if head.get(place..place + mark.len()) == Some(&mark[..]) {
            places.extend(files_of_layer(stream, search, &mut buffer).await?);
        } else {
            let found = read(&mut stream, search, &mut buffer).await?;
            places.extend(found.into_iter().map(|name| ("the image's configuration or history".to_owned(), name)));
        }
    }
    Ok(places)
}

/// A stream's first block, and the stream from its beginning.
async fn peek<'a>(mut stream: impl AsyncRead + Send + Unpin + 'a) -> io::Result<(Vec<u8>, Reader<'a>)> {
    let mut head = Vec::new();
    (&mut stream).take(BLOCK_BYTES).read_to_end(&mut head).await?;
    let whole = io::Cursor::new(head.clone()).chain(stream);
    Ok((head, Box::pin(whole)))
}

async fn files_of_layer(layer: Reader<'_>, search: &Search, buffer: &mut [u8]) -> io::Result<Vec<(String, String)>> {
    let mut places = Vec::new();
    let mut files = Archive::new(layer).entries()?;
    while let Some(file) = files.next().await {
        let mut file = file?;
        let path = String::from_utf8_lossy(&file.path_bytes()?).into_owned();
        let found = read(&mut file, search, buffer).await?;
        places.extend(found.into_iter().map(|name| (format!("the image's file /{}", path.trim_start_matches(['.', '/'])), name)));
    }
    Ok(places)
}

async fn read(stream: &mut (impl AsyncRead + Unpin), search: &Search, buffer: &mut [u8]) -> io::Result<Vec<String>> {
    let mut searched = search.begin();
    loop {
        match stream.read(buffer).await? {
            0 => return Ok(searched.found().into_iter().map(str::to_owned).collect()),
            length => searched.feed(&buffer[..length]),
        }
    }
}

#[cfg(test)]
mod tests {
    use async_compression::tokio::write::GzipEncoder;
    use tokio::io::AsyncWriteExt as _;
    use tokio_tar::{Builder, Header};

    use super::*;

    const SECRET: &str = "fal-key-0123456789";

    async fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = Builder::new(Vec::new());
        for (path, bytes) in files {
            let mut header = Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            archive.append_data(&mut header.clone(), path, *bytes).await.unwrap();
        }
        archive.into_inner().await.unwrap()
    }

    async fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzipEncoder::new(Vec::new());
        encoder.write_all(bytes).await.unwrap();
        encoder.shutdown().await.unwrap();
        encoder.into_inner()
    }

    async fn found(files: &[(&str, &[u8])]) -> io::Result<Vec<String>> {
        let search = Search::new(&[("FAL_KEY".to_owned(), SECRET.into())]).unwrap().unwrap();
        let places = places(Box::pin(io::Cursor::new(tar(files).await)), &search).await?;
        Ok(places.into_iter().map(|(place, name)| format!("{name} in {place}")).collect())
    }

    #[tokio::test]
    async fn a_secret_is_found_in_any_layer_packed_or_not_and_in_the_history() {
        let key = tar(&[("src/predict.py", b"print('hello')"), ("src/api_key.txt", SECRET.as_bytes())]).await;
        let history = format!(r#"{{"history":[{{"created_by":"RUN curl -H {SECRET}"}}]}}"#);
        let packed = gzip(&key).await;
        let files: [(&str, &[u8]); 5] = [
            ("blobs/sha256/1", &key),
            ("blobs/sha256/2", &packed),
            ("blobs/sha256/3", history.as_bytes()),
            ("manifest.json", b"[]"),
            ("legacy/VERSION", b"1.0"),
        ];
        let file = "FAL_KEY in the image's file /src/api_key.txt";
        assert_eq!(found(&files).await.unwrap(), [file, file, "FAL_KEY in the image's configuration or history"]);
    }

    #[tokio::test]
    async fn what_is_not_there_is_not_found() {
        let clean = tar(&[("src/predict.py", b"print('hello')"), ("empty", b"")]).await;
        assert_eq!(found(&[("blobs/sha256/1", &clean), ("index.json", b"{}"), ("oci", b"")]).await.unwrap(), [""; 0]);
    }

    #[tokio::test]
    async fn a_layer_that_is_not_understood_proves_nothing() {
        let error = found(&[("blobs/sha256/1", &[0x28, 0xb5, 0x2f, 0xfd, 0])]).await.unwrap_err();
        assert!(error.to_string().contains("Zstandard"), "{error}");
        let cut = tar(&[("src/api_key.txt", &[b'x'; 4096])]).await;
        assert!(found(&[("blobs/sha256/1", &cut[..1024])]).await.is_err());
    }
}
