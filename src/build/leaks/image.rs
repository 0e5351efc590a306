//! The layers of an image, its configuration and its history.
//!
//! The daemon returns an image as one archive (`docker save`). It contains the layers as archives, packed if the daemon's store keeps them
//! so, and documents, among them the configuration with environment, labels and history. It is read as a stream; nothing is kept.

use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::pin::Pin;
use std::sync::Arc;

use async_compression::tokio::bufread::GzipDecoder;
use cog_findings::Finding;
use futures::StreamExt as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, BufReader};
use tokio_tar::{Archive, ArchiveBuilder, Entry};

use crate::build::leaks::NamedSecret;
use crate::build::leaks::gaps::gap_findings;
use crate::build::leaks::search::{CHUNK_BYTES, SecretScanner, unprovable};
use crate::build::leaks::unpack::{Packing, UnpackLimits, Unpacked, kept_file, search_packed};
use crate::build::rules;
use crate::clients::docker::{DockerError, SaveImages};

/// The first bytes of packed layers.
const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTANDARD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// The first block of an archive, which says that it is one.
const BLOCK_BYTES: u64 = 512;

type ByteStream<'a> = Pin<Box<dyn AsyncRead + Send + 'a>>;

/// Secrets in an image: one finding for each place and secret.
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
    let mut findings = unprovable(secrets);
    let Some(search) = SecretScanner::new(secrets).map_err(unreadable)? else { return Ok(findings) };
    let archive = images.export_image(reference).await?;
    let (places, gaps) = places(archive, Arc::new(search)).await.map_err(unreadable)?;
    let finding = |(place, name): (String, String)| {
        Finding::new(&rules::SECRET_IN_OFFICIAL, format!("{place} contains the value of {name}, which must not be in an official model")).hint(
            "mount the secret in the step that needs it (`RUN --mount=type=secret`); deleting a file in a later step does not remove it from the image",
        )
    };
    findings.extend(places.into_iter().map(finding));
    findings.extend(gap_findings("the image", gaps));
    Ok(findings)
}

/// Packed files up to this size are unpacked.
const KEPT_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// Bytes of a file that are read at once. An image has tens of thousands of files.
const READ_BYTES: usize = 64 * 1024;

/// Places and the secrets that they hold, and what was not searched.
type SecretPlaces = (Vec<(String, String)>, Unpacked);

async fn places(archive: ByteStream<'_>, search: Arc<SecretScanner>) -> io::Result<SecretPlaces> {
    let mut image = ImageSearch { search, places: Vec::new(), gaps: Unpacked::default(), buffer: vec![0; READ_BYTES] };
    let mut entries = Archive::new(archive).entries()?;
    while let Some(entry) = entries.next().await {
        let (head, stream) = peek(entry?).await?;
        if head.starts_with(&ZSTANDARD) {
            return Err(io::Error::other("a layer is packed with Zstandard, which is not understood"));
        }
        let (head, mut stream) = if head.starts_with(&GZIP) {
            let mut layer = GzipDecoder::new(BufReader::with_capacity(CHUNK_BYTES, stream));
            // A layer may be packed in several parts, as parallel and seekable writers do.
            layer.multiple_members(true);
            peek(layer).await?
        } else {
            (head, stream)
        };
        if Packing::of(&head) == Some(Packing::Tar) {
            image.layer(stream).await?;
        } else {
            let found = image.read(&mut stream, None).await?;
            image.add("the image's configuration or history", found);
        }
    }
    Ok((image.places, image.gaps))
}

/// A stream's first block, and the stream from its beginning.
async fn peek<'a>(mut stream: impl AsyncRead + Send + Unpin + 'a) -> io::Result<(Vec<u8>, ByteStream<'a>)> {
    let mut head = Vec::new();
    (&mut stream).take(BLOCK_BYTES).read_to_end(&mut head).await?;
    let whole = io::Cursor::new(head.clone()).chain(stream);
    Ok((head, Box::pin(whole)))
}

struct ImageSearch {
    search: Arc<SecretScanner>,
    places: Vec<(String, String)>,
    gaps: Unpacked,
    buffer: Vec<u8>,
}

impl ImageSearch {
    async fn layer(&mut self, layer: ByteStream<'_>) -> io::Result<()> {
        // Data after the end of a layer's archive is not visible in a container, but anyone who can pull the layer has it.
        let mut files = ArchiveBuilder::new(layer).set_ignore_zeros(true).build().entries()?;
        while let Some(file) = files.next().await {
            let mut file = file?;
            let path = file.path_bytes()?.into_owned();
            let shown = self.search.shown(String::from_utf8_lossy(&path).trim_start_matches(['.', '/']));
            let target = file.link_name_bytes()?.map(std::borrow::Cow::into_owned).unwrap_or_default();
            let found = self.of_parts([&path[..], &target]);
            self.add(&format!("the name or link target of the image's file /{shown}"), found);
            let attributes = attributes(&mut file).await?;
            let found = self.of_parts(attributes.iter().map(Vec::as_slice));
            self.add(&format!("an extended attribute of the image's file /{shown}"), found);
            let (head, mut stream) = peek(file).await?;
            let found = self.read(&mut stream, Packing::of(&head)).await?;
            self.add(&format!("the image's file /{shown}"), found);
        }
        Ok(())
    }

    fn of_parts<'a>(&self, parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<usize> {
        let mut scan = self.search.begin();
        for part in parts {
            scan.feed(part);
            scan.feed(b"\0");
        }
        scan.finish()
    }

    fn add(&mut self, place: &str, found: Vec<usize>) {
        for found in found {
            let pair = (place.to_owned(), self.search.name(found).to_owned());
            if !self.places.contains(&pair) {
                self.places.push(pair);
            }
        }
    }

    /// Searches a stream, and what it holds if it is packed.
    async fn read(&mut self, stream: &mut (impl AsyncRead + Unpin), packing: Option<Packing>) -> io::Result<Vec<usize>> {
        let mut kept = packing.map(|_| kept_file());
        let mut kept_bytes = 0;
        let mut found = {
            let mut scan = self.search.begin();
            loop {
                match stream.read(&mut self.buffer).await? {
                    0 => break scan.finish(),
                    length => {
                        scan.feed(&self.buffer[..length]);
                        kept_bytes += length as u64;
                        if kept_bytes > KEPT_BYTES && kept.take().is_some() {
                            self.gaps.gap("larger than 4 GiB, and searched only as is");
                        }
                        if let Some(kept) = &mut kept {
                            kept.write_all(&self.buffer[..length])?;
                        }
                    }
                }
            }
        };
        if let Some(mut kept) = kept {
            kept.seek(SeekFrom::Start(0))?;
            let search = Arc::clone(&self.search);
            let searching = tokio::task::spawn_blocking(move || search_packed(kept, &search, UnpackLimits::default()));
            let unpacked = searching.await.map_err(io::Error::other)?;
            found.extend(unpacked.found.iter().copied());
            self.gaps.add_gaps(unpacked);
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }
}

/// The extended attributes of a file and whatever else its records hold.
async fn attributes<R: AsyncRead + Unpin>(file: &mut Entry<R>) -> io::Result<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    for record in file.pax_extensions().await?.into_iter().flatten() {
        let record = record?;
        found.push(record.key_bytes().to_vec());
        found.push(record.value_bytes().to_vec());
    }
    Ok(found)
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
        let search = SecretScanner::new(&[("FAL_KEY".to_owned(), SECRET.into())]).unwrap().unwrap();
        let (places, _gaps) = places(Box::pin(io::Cursor::new(tar(files).await)), Arc::new(search)).await?;
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
        assert_eq!(found(&files).await.unwrap(), [file, "FAL_KEY in the image's configuration or history"]);
    }

    #[tokio::test]
    async fn a_layer_that_is_packed_in_several_parts_is_searched_to_its_end() {
        let layer = tar(&[("src/predict.py", b"print('hello')"), ("src/api_key.txt", SECRET.as_bytes())]).await;
        for cut in [100, 512, 700, 1536] {
            let packed = [gzip(&layer[..cut]).await, gzip(&layer[cut..]).await].concat();
            let seen = found(&[("blobs/sha256/1", &packed)]).await.unwrap();
            assert_eq!(seen, ["FAL_KEY in the image's file /src/api_key.txt"], "cut at {cut}");
        }
    }

    #[tokio::test]
    async fn what_follows_the_end_of_a_layer_is_searched() {
        let layer = [tar(&[("src/predict.py", b"")]).await, tar(&[("src/api_key.txt", SECRET.as_bytes())]).await].concat();
        assert_eq!(found(&[("blobs/sha256/1", &layer)]).await.unwrap(), ["FAL_KEY in the image's file /src/api_key.txt"]);
        let unknown = [tar(&[("src/predict.py", b"")]).await, vec![b'?'; 1024]].concat();
        assert!(found(&[("blobs/sha256/1", &unknown)]).await.is_err());
    }

    #[tokio::test]
    async fn names_targets_attributes_and_packed_members_are_searched() {
        let mut archive = Builder::new(Vec::new());
        let mut link = Header::new_gnu();
        link.set_entry_type(tokio_tar::EntryType::Symlink);
        link.set_link_name(format!("/srv/{SECRET}")).unwrap();
        link.set_size(0);
        archive.append_data(&mut link, "opt/link", &b""[..]).await.unwrap();
        let mut header = Header::new_ustar();
        header.set_size(0);
        archive.append_data(&mut header, format!("opt/{SECRET}"), &b""[..]).await.unwrap();
        // A record begins with its length.
        let record = format!("44 SCHILY.xattr.user.key={SECRET}\n");
        assert_eq!(record.len(), 44);
        let mut header = Header::new_ustar();
        header.set_entry_type(tokio_tar::EntryType::XHeader);
        header.set_size(record.len() as u64);
        archive.append_data(&mut header, "opt/records", record.as_bytes()).await.unwrap();
        let mut header = Header::new_ustar();
        header.set_size(0);
        archive.append_data(&mut header, "opt/attribute", &b""[..]).await.unwrap();
        let log = gzip(format!("{} {SECRET}", "before ".repeat(60)).as_bytes()).await;
        let mut header = Header::new_ustar();
        header.set_size(log.len() as u64);
        archive.append_data(&mut header, "var/log.gz", &log[..]).await.unwrap();
        let layer = archive.into_inner().await.unwrap();
        let seen = found(&[("blobs/sha256/1", &layer)]).await.unwrap();
        assert_eq!(
            seen,
            [
                "FAL_KEY in the name or link target of the image's file /opt/link",
                "FAL_KEY in the name or link target of the image's file /opt/***",
                "FAL_KEY in an extended attribute of the image's file /opt/attribute",
                "FAL_KEY in the image's file /var/log.gz",
            ]
        );
    }

    #[tokio::test]
    async fn a_key_with_characters_that_docker_escapes_is_found_in_environment_labels_and_history() {
        let key = "K=abc&def<ghi>\"j\\k";
        let escaped = r#"K=abc\u0026def\u003cghi\u003e\"j\\k"#;
        let search = || Arc::new(SecretScanner::new(&[("KEY".to_owned(), key.into())]).unwrap().unwrap());
        for member in ["Env", "Labels", "history"] {
            let document = format!(r#"{{"config":{{"{member}":["X={escaped}"]}}}}"#);
            let archive = tar(&[("blobs/sha256/1", document.as_bytes())]).await;
            let (places, _gaps) = places(Box::pin(io::Cursor::new(archive)), search()).await.unwrap();
            assert_eq!(places.len(), 1, "{member}");
        }
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
