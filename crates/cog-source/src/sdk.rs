//! Which Cog SDK a model runs on, and what that means for its build: `docs/reference/cog.md#release-history`.

use std::cmp::Ordering;
use std::fmt;

use crate::decision::Decision;

/// The newest SDK that was known when this release of safe-push was made (September 2026).
///
/// `latest` means this release unless the caller has asked PyPI. Either way a build is pinned to an exact release, so a rebuild of the same
/// commit installs the same SDK. Raise it together with a run of the conformance tests against the new release.
pub const NEWEST_KNOWN: Release = Release { major: 0, minor: 23, patch: 1, suffix: String::new() };

/// An exact release of the SDK, as in `0.22.0` or `0.18.0a1`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Release {
    /// The first number.
    pub major: u32,
    /// The second number. It changes when behavior changes.
    pub minor: u32,
    /// The third number.
    pub patch: u32,
    /// A pre-release or post-release suffix as written, such as `a1`; empty for a final release.
    pub suffix: String,
}

impl Release {
    /// Reads `0.22.0`, `v0.22.0`, `0.22` or `0.18.0a1`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix('v').unwrap_or(text);
        let end = text.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(text.len());
        let (numbers, suffix) = text.split_at(end);
        let suffix_is_plain = suffix.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-+_".contains(&byte));
        let mut parts = numbers.strip_suffix('.').unwrap_or(numbers).split('.');
        let major = parts.next()?.parse().ok()?;
        let minor = parts.next()?.parse().ok()?;
        let patch = parts.next().map_or(Some(0), |part| part.parse().ok())?;
        if parts.next().is_some() || !suffix_is_plain {
            return None;
        }
        let separator = if numbers.ends_with('.') { "." } else { "" };
        Some(Self { major, minor, patch, suffix: format!("{separator}{suffix}") })
    }

    /// Whether pip installs it only when named exactly or with `--pre`.
    pub(crate) fn is_prerelease(&self) -> bool {
        let mark = self.suffix.trim_start_matches(['.', '-', '_']);
        !mark.is_empty() && !mark.starts_with("post") && !mark.starts_with('+')
    }

    /// Whether it is `major.minor` or newer. A pre-release counts as its release.
    pub(crate) fn is_at_least(&self, major: u32, minor: u32) -> bool {
        (self.major, self.minor) >= (major, minor)
    }
}

impl Ord for Release {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |release: &Self| (release.major, release.minor, release.patch, !release.is_prerelease());
        key(self).cmp(&key(other)).then_with(|| self.suffix.cmp(&other.suffix))
    }
}

impl PartialOrd for Release {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Release {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}{}", self.major, self.minor, self.patch, self.suffix)
    }
}

/// The requested SDK.
///
/// ```
/// use cog_source::sdk::{SchemaSource, SdkVersion};
///
/// let sdk = SdkVersion::parse("v0.16.12").unwrap();
/// assert_eq!(sdk.schema_source(), SchemaSource::Image);
/// assert_eq!(SdkVersion::parse(">=0.16"), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum SdkVersion {
    /// The newest final release.
    #[default]
    Latest,
    /// The newest release of any kind, not pinned.
    Prerelease,
    /// Exactly this release.
    Exact(Release),
}

/// The source of the schema of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaSource {
    /// Read from the Python source before the build: the default since Cog 0.19.
    Source,
    /// Read from the built image (`python -m cog.command.openapi_schema`).
    Image,
}

/// The HTTP server in the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Server {
    /// The Python server that was replaced in 0.17; it installs FastAPI, pydantic and uvicorn with the SDK.
    FastApi,
    /// The Rust server that comes with the SDK since 0.17.
    Coglet,
}

impl SdkVersion {
    /// Reads `0.16.12`, `v0.22.0`, `latest` (or nothing) and `prerelease`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "" | "latest" => Some(Self::Latest),
            "prerelease" => Some(Self::Prerelease),
            other => Release::parse(other).map(Self::Exact),
        }
    }

    /// The release to name in labels and schema. That of a pre-release is unknown until pip has chosen it.
    pub fn named(&self) -> Release {
        match self {
            Self::Latest | Self::Prerelease => NEWEST_KNOWN,
            Self::Exact(release) => release.clone(),
        }
    }

    /// Whether it is `major.minor` or newer. An SDK without pin counts as the newest.
    pub(crate) fn is_at_least(&self, major: u32, minor: u32) -> bool {
        match self {
            Self::Latest | Self::Prerelease => true,
            Self::Exact(release) => release.is_at_least(major, minor),
        }
    }

    /// The source of the schema. 0.17 and 0.18 can read it from source, but do not by default.
    pub fn schema_source(&self) -> SchemaSource {
        if self.is_at_least(0, 19) { SchemaSource::Source } else { SchemaSource::Image }
    }

    /// The server in the image.
    pub(crate) fn server(&self) -> Server {
        if self.is_at_least(0, 17) { Server::Coglet } else { Server::FastApi }
    }

    /// Whether the image must name its targets in `COG_PREDICT_TYPE_STUB` and `COG_TRAIN_TYPE_STUB`.
    ///
    /// Older servers read `/src/cog.yaml` instead.
    pub(crate) fn needs_type_stubs(&self) -> bool {
        self.server() == Server::Coglet
    }

    /// Whether the image is built as Cog 0.14 to 0.16 did it: `docs/reference/cog.md#old-builds`.
    pub fn is_legacy(&self) -> bool {
        self.server() == Server::FastApi
    }

    /// The lowest Python that the SDK runs on.
    pub(crate) fn minimum_python(&self) -> &'static str {
        if self.is_legacy() { "3.8" } else { "3.10" }
    }

    /// The Python version of a `cog.yaml` without `build.python_version`. Since 0.17 there is no default.
    pub fn default_python(&self) -> Option<&'static str> {
        match self.is_legacy() {
            true if self.is_at_least(0, 15) => Some("3.13"),
            true => Some("3.12"),
            false => None,
        }
    }

    /// The requirement for pip: an exact pin, except for `prerelease`.
    pub(crate) fn pip_requirement(&self, newest: &Release) -> String {
        match self {
            Self::Latest => format!("cog=={newest}"),
            Self::Prerelease => "cog".to_owned(),
            Self::Exact(release) => format!("cog=={release}"),
        }
    }

    /// The server of the SDK as an exact pin; `None` when the SDK includes its own or the releases differ.
    ///
    /// An SDK accepts any server from its own release on, but newer servers do not load older SDKs: that of 0.23 looks for a class that
    /// SDKs before 0.20 do not have.
    pub(crate) fn pip_server_requirement(&self, newest: &Release) -> Option<String> {
        let release = match self {
            Self::Latest => newest,
            Self::Exact(release) => release,
            Self::Prerelease => return None,
        };
        (self.server() == Server::Coglet && release.suffix.is_empty()).then(|| format!("coglet=={release}"))
    }

    /// Whether pip must allow pre-releases, including those of the server that the SDK depends on.
    pub(crate) fn allows_prereleases(&self) -> bool {
        match self {
            Self::Latest => false,
            Self::Prerelease => true,
            Self::Exact(release) => release.is_prerelease(),
        }
    }
}

impl fmt::Display for SdkVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => formatter.write_str("latest"),
            Self::Prerelease => formatter.write_str("prerelease"),
            Self::Exact(release) => release.fmt(formatter),
        }
    }
}

/// The SDK to build with: the `cog_version` setting overrides `build.sdk_version`, which overrides the newest.
pub fn choose(setting: Option<&SdkVersion>, in_config: Option<&SdkVersion>) -> (SdkVersion, Decision) {
    let (chosen, because) = match (setting, in_config) {
        (Some(setting), Some(written)) if setting != written => {
            (setting, format!("the cog_version setting requests it and overrides build.sdk_version ({written})"))
        }
        (Some(setting), _) => (setting, "the cog_version setting requests it".to_owned()),
        (None, Some(written)) => (written, "build.sdk_version in cog.yaml requests it".to_owned()),
        (None, None) => (&SdkVersion::Latest, "neither cog_version nor build.sdk_version is set".to_owned()),
    };
    (chosen.clone(), Decision::new("Cog SDK", chosen.to_string(), because))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(text: &str) -> SdkVersion {
        SdkVersion::parse(text).unwrap()
    }

    #[test]
    fn versions_are_read_as_people_write_them() {
        for (text, shown) in [
            ("0.16.12", "0.16.12"),
            ("v0.22.0", "0.22.0"),
            ("0.22", "0.22.0"),
            ("0.18.0a1", "0.18.0a1"),
            ("0.18.0.dev3", "0.18.0.dev3"),
            ("latest", "latest"),
            ("", "latest"),
            ("Prerelease", "prerelease"),
        ] {
            assert_eq!(exact(text).to_string(), shown);
        }
    }

    #[test]
    fn other_text_is_not_a_version() {
        for text in ["newest", "0", "0.x", "0.1.2.3", "0.18.0 --pre", ">=0.18", "0.18.0;rm"] {
            assert_eq!(SdkVersion::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_prerelease_comes_before_its_release() {
        let mut releases: Vec<Release> = ["0.18.0", "0.18.0rc1", "0.17.9", "0.18.0a1", "0.18.0.post1", "0.9.20"]
            .map(|text| Release::parse(text).unwrap())
            .into();
        releases.sort();
        let shown: Vec<String> = releases.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["0.9.20", "0.17.9", "0.18.0a1", "0.18.0rc1", "0.18.0", "0.18.0.post1"]);
    }

    #[test]
    fn each_range_has_its_own_conventions() {
        for (version, schema, server, python) in [
            ("0.14.12", SchemaSource::Image, Server::FastApi, Some("3.12")),
            ("0.16.12", SchemaSource::Image, Server::FastApi, Some("3.13")),
            ("0.17.2", SchemaSource::Image, Server::Coglet, None),
            ("0.18.0", SchemaSource::Image, Server::Coglet, None),
            ("0.19.0", SchemaSource::Source, Server::Coglet, None),
            ("0.22.0", SchemaSource::Source, Server::Coglet, None),
            ("latest", SchemaSource::Source, Server::Coglet, None),
            ("prerelease", SchemaSource::Source, Server::Coglet, None),
        ] {
            let sdk = exact(version);
            assert_eq!((sdk.schema_source(), sdk.server(), sdk.default_python()), (schema, server, python), "{version}");
            assert_eq!(sdk.needs_type_stubs(), server == Server::Coglet);
            assert_eq!(sdk.minimum_python(), if server == Server::Coglet { "3.10" } else { "3.8" });
        }
    }

    #[test]
    fn latest_is_pinned_so_that_builds_are_reproducible() {
        assert_eq!(SdkVersion::Latest.pip_requirement(&NEWEST_KNOWN), "cog==0.23.1");
        assert_eq!(exact("v0.22.0").pip_requirement(&NEWEST_KNOWN), "cog==0.22.0");
        assert_eq!(SdkVersion::Prerelease.pip_requirement(&NEWEST_KNOWN), "cog");
        let server = |version: &SdkVersion| version.pip_server_requirement(&NEWEST_KNOWN);
        assert_eq!(server(&SdkVersion::Latest).as_deref(), Some("coglet==0.23.1"));
        assert_eq!(server(&exact("0.19.3")).as_deref(), Some("coglet==0.19.3"));
        for version in [exact("0.16.12"), exact("0.18.0a1"), SdkVersion::Prerelease] {
            assert_eq!(server(&version), None, "{version}");
        }
    }

    #[test]
    fn only_prereleases_need_the_flag() {
        assert!(exact("0.18.0a1").allows_prereleases());
        assert!(exact("prerelease").allows_prereleases());
        assert!(!exact("0.18.0").allows_prereleases());
        assert!(!exact("0.18.0.post1").allows_prereleases());
    }

    #[test]
    fn the_setting_overrides_the_file() {
        let (chosen, decision) = choose(Some(&exact("0.16.12")), Some(&exact("0.22.0")));
        assert_eq!(chosen, exact("0.16.12"));
        assert_eq!(decision.because, "the cog_version setting requests it and overrides build.sdk_version (0.22.0)");
        assert_eq!(choose(None, Some(&exact("0.22.0"))).0, exact("0.22.0"));
        assert_eq!(choose(None, None).0, SdkVersion::Latest);
    }
}
