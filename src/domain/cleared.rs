//! Proof that a staged version may be published.
//!
//! `Staged` → [`Verified`] → [`Cleared`]. The last has private fields and is created in two places, both here, so code that
//! publishes anything else does not compile: [`Verified::clear`], and [`LiveBefore::clear`] for a version of the model itself that a
//! rollback restores. It names the version that it replaces, against which it was checked: if a different version is live when it is
//! published, [`Cleared::replacing`] decides again. An official model whose tests needed a key gets an image without it:
//! [`Cleared::without_key`].

use std::collections::BTreeMap;
use std::fmt;

use cog_findings::Finding;

use crate::domain::identity::{ImageDigest, ModelRef, VersionId, VersionRef};
use crate::domain::report::{CaseReport, CaseStatus, LayerProof};
use crate::domain::tested::{self, Circumstances, Seal, TestedBefore};

/// An image in the Docker daemon, ready to be pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltImage {
    /// The name or id under which the daemon knows it.
    pub reference: String,
    /// The daemon's image id.
    pub id: String,
    /// Digests of the uncompressed layers (DiffIDs), in order. The same file system has the same list.
    pub diff_ids: Vec<ImageDigest>,
    /// Labels that every push of it sets.
    pub push_labels: BTreeMap<String, String>,
}

/// A version of the test model, with the local image that was pushed, if any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staged {
    /// The version that every prediction names.
    pub version: VersionRef,
    /// The pushed image. `None` for a version that was made within the registry.
    pub image: Option<BuiltImage>,
    /// Digests of the layers in the registry, in order.
    pub layers: Vec<ImageDigest>,
}

/// The version that a publication replaces: a model's newest one, or a deployment's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replaced {
    /// There is no version.
    Nothing,
    Version(VersionId),
    /// The token may not see it.
    Hidden,
}

impl Replaced {
    /// The newest version of something that could be read.
    pub fn of(newest: Option<&VersionId>) -> Self {
        newest.cloned().map_or(Self::Nothing, Self::Version)
    }

    /// Whether another version is there now. `Hidden` never counts as moved.
    pub fn has_moved(&self, now: &Self) -> bool {
        !matches!((self, now), (Self::Hidden, _) | (_, Self::Hidden)) && self != now
    }
}

impl fmt::Display for Replaced {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => formatter.write_str("no version"),
            Self::Version(id) => formatter.write_str(id.short()),
            Self::Hidden => formatter.write_str("an unknown version"),
        }
    }
}

/// What was compared with the version that is replaced, and what its user allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compared {
    /// Outputs were compared with it.
    pub outputs: bool,
    /// Another version may be replaced anyway.
    pub may_move: bool,
}

impl Compared {
    /// Whether a version may replace one that its outputs were not compared with. `findings` are those of the comparison of the schemas
    /// with that version: an error is an error, whatever is allowed.
    pub fn clear_moved(self, name: &str, findings: &[Finding]) -> Result<(), Blocked> {
        Blocked::find(&[], findings)?;
        if self.outputs && !self.may_move { Err(Blocked::Moved { name: name.to_owned() }) } else { Ok(()) }
    }
}

/// A staged version with the results of its verification.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    staged: Staged,
    cases: Vec<CaseReport>,
    findings: Vec<Finding>,
    compared_outputs: bool,
}

/// Why a version may not be published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Blocked {
    /// Some cases failed or never finished.
    #[error("{} of {total} cases did not pass: {}", failed.len(), failed.join(", "))]
    Cases {
        /// Names of the cases.
        failed: Vec<String>,
        /// Number of cases.
        total: usize,
    },
    /// There are findings of severity error.
    #[error("{} findings stop the push: {}", codes.len(), codes.join(", "))]
    Findings { codes: Vec<String> },
    /// What is replaced is not what the outputs were compared with.
    #[error("{name} got another version while outputs were compared with the one before")]
    Moved {
        /// The model or the deployment.
        name: String,
    },
    /// The image shares no layer with the tested one.
    #[error("the image without the key contains no tested layer")]
    NothingTested,
}

impl Blocked {
    /// Checks the results: fails if a case failed, errored or did not finish, or if a finding is an error. A flaky case passes.
    pub fn find(cases: &[CaseReport], findings: &[Finding]) -> Result<(), Self> {
        let failed: Vec<String> = cases
            .iter()
            .filter(|case| !matches!(case.status, CaseStatus::Passed | CaseStatus::Flaky))
            .map(|case| case.id.to_string())
            .collect();
        if !failed.is_empty() {
            return Err(Self::Cases { failed, total: cases.len() });
        }
        let codes: Vec<String> =
            findings.iter().filter(|finding| finding.is_error()).map(|finding| finding.code.to_string()).collect();
        if codes.is_empty() { Ok(()) } else { Err(Self::Findings { codes }) }
    }
}

impl Verified {
    pub fn new(staged: Staged, cases: Vec<CaseReport>, findings: Vec<Finding>) -> Self {
        let compared_outputs = cases.iter().any(|case| case.live.is_some());
        Self { staged, cases, findings, compared_outputs }
    }

    /// A version that an earlier run verified under the same circumstances, with its layers as the registry has them.
    pub fn by_record(tested: &TestedBefore, layers: Vec<ImageDigest>) -> Self {
        let staged = Staged { version: tested.version().clone(), image: None, layers };
        Self { staged, cases: Vec::new(), findings: Vec::new(), compared_outputs: tested.compared_outputs() }
    }

    pub fn cases(&self) -> &[CaseReport] {
        &self.cases
    }

    /// Clears the version for publication as a version of `model`, in place of the version that it was checked against. Fails if a case
    /// failed, errored or did not finish, or if a finding is an error. A flaky case passes; the report shows it as flaky.
    pub fn clear(self, model: ModelRef, replaces: Replaced) -> Result<Cleared, Blocked> {
        Blocked::find(&self.cases, &self.findings)?;
        let Self { staged, compared_outputs, .. } = self;
        Ok(Cleared { model, staged, replaces, compared_outputs, without_key: None })
    }
}

/// An image of the tested source without the tests' key: a search of its files, layers and history found none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithoutKey(BuiltImage);

impl WithoutKey {
    /// Takes the findings of the search. Any of severity error is a secret.
    pub fn prove(image: BuiltImage, findings: &[Finding]) -> Result<Self, Blocked> {
        Blocked::find(&[], findings)?;
        Ok(Self(image))
    }
}

/// A version that was live before: the model's own list of versions has it, below the newest one. Whether it passed anything when it was
/// published is not known; that people ran it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveBefore {
    version: VersionRef,
    newest: VersionId,
    layers: Vec<ImageDigest>,
}

impl LiveBefore {
    /// Takes a version from the list of a model's versions, newest first, with its layers as the registry has them. `None` for one that is
    /// not in the list, or is the newest.
    pub fn find(model: &ModelRef, versions: &[VersionId], id: &VersionId, layers: Vec<ImageDigest>) -> Option<Self> {
        let (newest, older) = versions.split_first()?;
        let version = VersionRef { model: model.clone(), id: older.iter().find(|older| *older == id)?.clone() };
        (version.id != *newest).then(|| Self { version, newest: newest.clone(), layers })
    }

    pub fn version(&self) -> &VersionRef {
        &self.version
    }

    pub fn layers(&self) -> &[ImageDigest] {
        &self.layers
    }

    /// The version that it replaces.
    pub fn replaces(&self) -> Replaced {
        Replaced::Version(self.newest.clone())
    }

    /// Clears it without a prediction, for the model that it is of, in place of the newest version. `findings` are those of the comparison
    /// of the newest version's schema with its own: an error is an error, however urgent it is.
    pub fn clear(self, findings: &[Finding]) -> Result<Cleared, Blocked> {
        Blocked::find(&[], findings)?;
        let (model, replaces) = (self.version.model.clone(), self.replaces());
        let staged = Staged { version: self.version, image: None, layers: self.layers };
        Ok(Cleared { model, staged, replaces, compared_outputs: false, without_key: None })
    }
}

/// A version that may be published. Only [`Verified::clear`] and [`LiveBefore::clear`] create one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleared {
    model: ModelRef,
    staged: Staged,
    replaces: Replaced,
    compared_outputs: bool,
    without_key: Option<WithoutKey>,
}

impl Cleared {
    /// The live model it may be published to.
    pub fn model(&self) -> &ModelRef {
        &self.model
    }

    /// The version that it was checked against, and no other, is replaced.
    pub fn replaces(&self) -> &Replaced {
        &self.replaces
    }

    /// Whether its outputs were compared with those of the live version.
    pub fn compared_outputs(&self) -> bool {
        self.compared_outputs
    }

    /// The record by which a later run may publish it without testing it again.
    pub fn record(&self, circumstances: Circumstances, key: &dyn Seal) -> Option<String> {
        tested::write(&self.staged.version, self.compared_outputs, circumstances, key)
    }

    /// Clears it again, in place of another version. `findings` are those of the comparison of the schemas with that version.
    pub fn replacing(self, now: Replaced, findings: &[Finding], may_move: bool) -> Result<Self, Blocked> {
        let compared = Compared { outputs: self.compared_outputs, may_move };
        compared.clear_moved(&self.model.to_string(), findings)?;
        Ok(Self { replaces: now, ..self })
    }

    /// Clears an image without the key. It must start with tested layers, or else it is a different model.
    pub fn without_key(self, image: WithoutKey) -> Result<Self, Blocked> {
        let cleared = Self { without_key: Some(image), ..self };
        if cleared.tested_layers() == 0 { Err(Blocked::NothingTested) } else { Ok(cleared) }
    }

    /// The version that was staged and tested.
    pub fn staged(&self) -> &Staged {
        &self.staged
    }

    /// Whether the image that is published is the one that was staged.
    pub fn is_staged_image(&self) -> bool {
        self.without_key.is_none()
    }

    /// The image in the daemon. `None` for a version that was made within the registry.
    pub fn image(&self) -> Option<&BuiltImage> {
        self.without_key.as_ref().map_or(self.staged.image.as_ref(), |image| Some(&image.0))
    }

    /// Compares the layers in the registry of the published version with the tested ones. An image without the key has layers of its own
    /// after those that it shares.
    pub fn proof(&self, mut published: Vec<ImageDigest>) -> LayerProof {
        let mut staged = self.staged.layers.clone();
        if self.without_key.is_some() {
            let tested = self.tested_layers();
            staged.truncate(tested);
            published.truncate(tested);
        }
        LayerProof { staged, published }
    }

    /// Number of the image's first layers that are the same as the tested image's.
    pub fn tested_layers(&self) -> usize {
        let (Some(image), Some(staged)) = (self.image(), &self.staged.image) else { return 0 };
        let pairs = image.diff_ids.iter().zip(&staged.diff_ids);
        pairs.take_while(|(one, other)| one == other).count()
    }
}
