//! Releases of the Cog CLI: downloads the executable and checks it against the release's list of checksums.

use sha2::{Digest, Sha256};
use url::Url;

use crate::clients::ErrorKind;
use crate::clients::http::{HttpOptions, Redirects, build_client, read_bounded};

/// The page of all releases.
pub const RELEASES: &str = "https://github.com/replicate/cog/releases/";

/// The executable for Linux on x86-64, which Replicate and nearly all runners use.
const PROGRAM: &str = "cog_Linux_x86_64";
const CHECKSUMS: &str = "checksums.txt";

const PROGRAM_BYTES: usize = 300 * 1024 * 1024;
const CHECKSUMS_BYTES: usize = 256 * 1024;
const MAX_REDIRECTS: usize = 5;

/// A release could not be downloaded.
#[derive(Debug, thiserror::Error)]
pub enum CogReleaseError {
    /// The URL of the releases is invalid.
    #[error("'{address}' is not a valid URL of Cog's releases")]
    BadAddress { address: String },
    /// The server did not respond, or the download was interrupted.
    #[error("failed to download {file} of cog {version}")]
    Unreachable {
        file: &'static str,
        version: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There is no such release, or no such file in it.
    #[error("cog {version} has no {file} (status {status})")]
    Missing { file: &'static str, version: String, status: u16 },
    /// The list of checksums does not contain the executable.
    #[error("{CHECKSUMS} of cog {version} does not list {PROGRAM}")]
    NoChecksum { version: String },
    /// The executable does not have the listed checksum.
    #[error("{PROGRAM} of cog {version} has the checksum {found}, not {expected}")]
    WrongChecksum {
        version: String,
        expected: String,
        /// The checksum of the download.
        found: String,
    },
}

impl CogReleaseError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::BadAddress { .. } | Self::Missing { .. } => ErrorKind::Request,
            Self::Unreachable { .. } | Self::NoChecksum { .. } | Self::WrongChecksum { .. } => ErrorKind::Service,
        }
    }
}

/// Downloads the executable of a release (`0.22.0`, or `latest`). Returns only what matches the checksum in the release's own list.
pub async fn download(releases: &str, version: &str) -> Result<Vec<u8>, CogReleaseError> {
    let bad = || CogReleaseError::BadAddress { address: releases.to_owned() };
    let path = if version == "latest" { "latest/download/".to_owned() } else { format!("download/v{version}/") };
    let folder = Url::parse(releases).and_then(|base| base.join(&path)).map_err(|_error| bad())?;
    let list = get(&folder, CHECKSUMS, version, CHECKSUMS_BYTES).await?;
    let list = String::from_utf8_lossy(&list);
    let expected = list.lines().find_map(|line| {
        let (sum, name) = line.split_once(char::is_whitespace)?;
        (name.trim().trim_start_matches('*') == PROGRAM).then(|| sum.to_ascii_lowercase())
    });
    let expected = expected.ok_or_else(|| CogReleaseError::NoChecksum { version: version.to_owned() })?;
    let program = get(&folder, PROGRAM, version, PROGRAM_BYTES).await?;
    let found = hex::encode(Sha256::digest(&program));
    if found != expected {
        return Err(CogReleaseError::WrongChecksum { version: version.to_owned(), expected, found });
    }
    Ok(program)
}

async fn get(folder: &Url, file: &'static str, version: &str, limit_bytes: usize) -> Result<Vec<u8>, CogReleaseError> {
    let unreachable = |source: Box<dyn std::error::Error + Send + Sync>| CogReleaseError::Unreachable {
        file,
        version: version.to_owned(),
        source,
    };
    let url = folder.join(file).map_err(|error| unreachable(error.into()))?;
    let options = HttpOptions { redirects: Redirects::Followed(MAX_REDIRECTS), ..HttpOptions::default() };
    let client = build_client(&options).map_err(|error| unreachable(error.into()))?;
    let response = client.get(url).send().await.map_err(|error| unreachable(error.into()))?;
    let status = response.status();
    if !status.is_success() {
        return match status.is_client_error() {
            true => Err(CogReleaseError::Missing { file, version: version.to_owned(), status: status.as_u16() }),
            false => Err(unreachable(format!("the server responded with {status}").into())),
        };
    }
    let body = read_bounded(response, limit_bytes).await.map_err(|error| unreachable(error.into()))?;
    Ok(body.to_vec())
}

#[cfg(test)]
mod tests {
    use wiremock::matchers::path;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;

    async fn releases(checksums: &str) -> (MockServer, Result<Vec<u8>, CogReleaseError>) {
        let server = MockServer::start().await;
        for (file, body) in [(CHECKSUMS, checksums), (PROGRAM, "the program")] {
            let answer = ResponseTemplate::new(200).set_body_string(body);
            Mock::given(path(format!("/download/v0.22.0/{file}"))).respond_with(answer).mount(&server).await;
        }
        let outcome = download(&format!("{}/", server.uri()), "0.22.0").await;
        (server, outcome)
    }

    #[tokio::test]
    async fn an_executable_with_the_listed_checksum_is_returned() {
        let sum = hex::encode(Sha256::digest("the program"));
        let (server, outcome) = releases(&format!("{}  cog_Darwin_arm64\n{sum}  {PROGRAM}\n", "0".repeat(64))).await;
        assert_eq!(outcome.unwrap(), b"the program");
        let missing = download(&format!("{}/", server.uri()), "0.1.0").await;
        assert!(matches!(missing, Err(CogReleaseError::Missing { status: 404, .. })), "{missing:?}");
    }

    #[tokio::test]
    async fn other_downloads_are_rejected() {
        let (_server, outcome) = releases(&format!("{}  {PROGRAM}\n", "0".repeat(64))).await;
        assert!(matches!(outcome, Err(CogReleaseError::WrongChecksum { .. })), "{outcome:?}");
        let (_server, outcome) = releases("").await;
        assert!(matches!(outcome, Err(CogReleaseError::NoChecksum { .. })), "{outcome:?}");
    }
}
