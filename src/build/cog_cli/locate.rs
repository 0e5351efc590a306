//! Which `cog` to run: the configured one, else the one on `PATH` if it has the requested version, else a download.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cog_source::sdk::SdkVersion;
use tokio::process::Command;
use tokio::time::timeout;

use super::CogCliError;
use crate::clients::cog_release::download;
use crate::support::secrets::Redactor;
use crate::support::{ExposeSecret, SecretString};

/// A program that takes longer to print its version is not the Cog CLI.
const VERSION_LIMIT: Duration = Duration::from_secs(10);

/// Where to find the Cog CLI, and its environment.
#[derive(Debug, Clone, Default)]
pub struct CogProgram {
    pub on_path: Option<PathBuf>,
    /// The folder for downloads, with a subfolder per version.
    pub downloads: PathBuf,
    /// The URL of the releases. Default: [`crate::clients::cog_release::RELEASES`].
    pub releases: String,
    /// Its whole environment. It inherits nothing from this process.
    pub variables: BTreeMap<String, SecretString>,
    /// Hides secrets in its output.
    pub redactor: Redactor,
}

impl CogProgram {
    /// The configured executable, else one of this version (`cog_version`; `None` for any).
    pub(super) async fn locate(&self, named: Option<&Path>, version: Option<&str>) -> Result<PathBuf, CogCliError> {
        if let Some(named) = named {
            // A relative path is relative to the user's folder, not to the project in which `cog` runs.
            return std::path::absolute(named).map_err(|source| CogCliError::NotStarted { program: named.to_owned(), source });
        }
        let wanted = match version.map(|text| (text, SdkVersion::parse(text))) {
            None | Some((_, Some(SdkVersion::Latest))) => None,
            Some((_, Some(SdkVersion::Exact(release)))) => Some(release.to_string()),
            Some((text, _)) => return Err(CogCliError::BadVersion { version: text.to_owned() }),
        };
        if let Some(found) = &self.on_path
            && (wanted.is_none() || self.version_of(found).await == wanted)
        {
            return Ok(found.clone());
        }
        self.downloaded(wanted.as_deref().unwrap_or("latest")).await
    }

    /// The version in the output of `cog --version`: `cog version 0.22.0 (built …)`.
    async fn version_of(&self, program: &Path) -> Option<String> {
        let mut command = self.command(program);
        command.arg("--version");
        let output = timeout(VERSION_LIMIT, command.output()).await.ok()?.ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut words = text.split_whitespace();
        words.find(|word| *word == "version")?;
        words.next().map(|word| word.trim_start_matches('v').to_owned())
    }

    /// A command in the Cog CLI's own environment.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.variables.iter().map(|(name, value)| (name, value.expose_secret())));
        command.stdin(std::process::Stdio::null()).kill_on_drop(true);
        command
    }

    async fn downloaded(&self, version: &str) -> Result<PathBuf, CogCliError> {
        let path = self.downloads.join(version).join("cog");
        // `latest` changes over time, so it is not reused.
        if version != "latest" && path.is_file() {
            return Ok(path);
        }
        let program = download(&self.releases, version).await?;
        keep(&path, &program).map_err(|source| CogCliError::NotKept { path: path.clone(), source })?;
        Ok(path)
    }
}

/// Writes the executable completely or not at all.
fn keep(path: &Path, program: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)?;
    let file = tempfile::NamedTempFile::new_in(folder)?;
    fs::write(file.path(), program)?;
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o755))?;
    file.into_temp_path().persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};
    use wiremock::matchers::path;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;

    fn program(folder: &Path, name: &str, text: &str) -> PathBuf {
        let path = folder.join(name);
        keep(&path, text.as_bytes()).unwrap();
        path
    }

    async fn server(version: &str, text: &str) -> MockServer {
        let server = MockServer::start().await;
        let sums = format!("{}  cog_Linux_x86_64\n", hex::encode(Sha256::digest(text)));
        for (file, body) in [("checksums.txt", sums.as_str()), ("cog_Linux_x86_64", text)] {
            let answer = ResponseTemplate::new(200).set_body_string(body);
            Mock::given(path(format!("/{version}/{file}"))).respond_with(answer).mount(&server).await;
        }
        server
    }

    #[tokio::test]
    async fn the_configured_one_comes_first_then_the_one_on_path_if_its_version_fits() {
        let folder = tempfile::tempdir().unwrap();
        let named = program(folder.path(), "named", "#!/bin/sh\n");
        let on_path = program(folder.path(), "cog", "#!/bin/sh\necho 'cog version 0.22.0 (built 2026-08-13)'\n");
        let server = server("download/v0.21.0", "downloaded").await;
        let places = CogProgram {
            on_path: Some(on_path.clone()),
            downloads: folder.path().join("downloads"),
            releases: format!("{}/", server.uri()),
            ..CogProgram::default()
        };
        for version in [None, Some("latest"), Some("v0.22.0")] {
            assert_eq!(places.locate(None, version).await.unwrap(), on_path, "{version:?}");
        }
        let downloaded = places.locate(None, Some("0.21.0")).await.unwrap();
        assert_eq!(fs::read_to_string(&downloaded).unwrap(), "downloaded");
        assert_eq!(fs::metadata(&downloaded).unwrap().permissions().mode() & 0o777, 0o755);
        drop(server);
        assert_eq!(places.locate(None, Some("0.21.0")).await.unwrap(), downloaded);
        assert_eq!(places.locate(Some(&named), Some("0.21.0")).await.unwrap(), named);
    }

    #[tokio::test]
    async fn without_an_executable_the_newest_is_downloaded() {
        let folder = tempfile::tempdir().unwrap();
        let server = server("latest/download", "newest").await;
        let places =
            CogProgram { downloads: folder.path().to_owned(), releases: format!("{}/", server.uri()), ..CogProgram::default() };
        assert_eq!(fs::read_to_string(places.locate(None, None).await.unwrap()).unwrap(), "newest");
        assert!(matches!(places.locate(None, Some("prerelease")).await, Err(CogCliError::BadVersion { .. })));
    }
}
