//! Proof that a staged version may be published.
//!
//! `Staged` → [`Verified`] → [`Cleared`]. The last has private fields and is created in one place, [`Verified::clear`], so code that
//! publishes anything else does not compile. An official model whose tests needed a key gets an image without it: [`Cleared::without_key`].

use cog_findings::Finding;

use crate::domain::identity::{ImageDigest, ModelRef, VersionRef};
use crate::domain::report::{CaseReport, CaseStatus, LayerProof};

/// An image in the Docker daemon, ready to be pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltImage {
    /// The name or id under which the daemon knows it.
    pub reference: String,
    /// The daemon's image id.
    pub id: String,
    /// Digests of the uncompressed layers (DiffIDs), in order. The same file system has the same list.
    pub diff_ids: Vec<ImageDigest>,
}

/// A version of the test model, with the local image that was pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staged {
    /// The version that every prediction names.
    pub version: VersionRef,
    /// The pushed image.
    pub image: BuiltImage,
    /// Digests of the layers in the registry, in order.
    pub layers: Vec<ImageDigest>,
}

/// A staged version with the results of its verification.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    staged: Staged,
    cases: Vec<CaseReport>,
    findings: Vec<Finding>,
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
        Self { staged, cases, findings }
    }

    pub fn cases(&self) -> &[CaseReport] {
        &self.cases
    }

    /// Clears the version for publication as a version of `model`. Fails if a case failed, errored or did not finish, or if a finding is an
    /// error. A flaky case passes; the report shows it as flaky.
    pub fn clear(self, model: ModelRef) -> Result<Cleared, Blocked> {
        Blocked::find(&self.cases, &self.findings)?;
        Ok(Cleared { model, staged: self.staged, without_key: None })
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

/// A staged version that may be published. Only [`Verified::clear`] creates one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleared {
    model: ModelRef,
    staged: Staged,
    without_key: Option<WithoutKey>,
}

impl Cleared {
    /// The live model it may be published to.
    pub fn model(&self) -> &ModelRef {
        &self.model
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

    pub fn image(&self) -> &BuiltImage {
        self.without_key.as_ref().map_or(&self.staged.image, |image| &image.0)
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
        let pairs = self.image().diff_ids.iter().zip(&self.staged.image.diff_ids);
        pairs.take_while(|(one, other)| one == other).count()
    }
}
