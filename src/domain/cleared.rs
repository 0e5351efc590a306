//! Proof that a staged version may be published.
//!
//! `Staged` → [`Verified`] → [`Cleared`]. The last has private fields and is made in one place, [`Verified::clear`], so that
//! publishing anything else does not compile. An official model whose tests needed a key gets an image without it: [`Cleared::without_key`].

use cog_findings::Finding;

use crate::domain::identity::{ImageDigest, ModelRef, VersionRef};
use crate::domain::report::{CaseReport, CaseStatus, LayerProof};

/// An image in the Docker daemon, ready to be pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltImage {
    /// The local name or id by which the daemon knows it.
    pub reference: String,
    /// The daemon's image id.
    pub id: String,
    /// Digests of the uncompressed layers (DiffIDs), in order: the same file system has the same list.
    pub diff_ids: Vec<ImageDigest>,
}

/// A version of the test model, and the local image it was pushed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staged {
    /// The version every prediction names.
    pub version: VersionRef,
    /// The image it was pushed from.
    pub image: BuiltImage,
    /// Digests of the layers as the registry holds them, in order.
    pub layers: Vec<ImageDigest>,
}

/// A staged version with the outcome of its verification.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    staged: Staged,
    cases: Vec<CaseReport>,
    findings: Vec<Finding>,
}

/// The reason why a version may not be published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Blocked {
    /// Cases that failed or never finished.
    #[error("{} of {total} cases did not pass: {}", failed.len(), failed.join(", "))]
    Cases {
        /// Names of the cases.
        failed: Vec<String>,
        /// Number of cases.
        total: usize,
    },
    /// Findings of severity error.
    #[error("{} findings stop the push: {}", codes.len(), codes.join(", "))]
    Findings {
        /// Their codes.
        codes: Vec<String>,
    },
    /// An image that has nothing in common with the one that was tested.
    #[error("no layer of the image without the key is one that was tested")]
    NothingTested,
}

impl Blocked {
    /// Looks for a reason among the outcomes: a case that failed, erred or was left unfinished, or a finding that is an error. A flaky
    /// case passes.
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
    /// Joins a staged version with the outcome of its verification.
    pub fn new(staged: Staged, cases: Vec<CaseReport>, findings: Vec<Finding>) -> Self {
        Self { staged, cases, findings }
    }

    /// The cases' outcomes.
    pub fn cases(&self) -> &[CaseReport] {
        &self.cases
    }

    /// Clears the version for publication as a version of `model`: no case failed, erred or was left unfinished, and no finding is
    /// an error. A flaky case passes, with the flakiness in the report.
    pub fn clear(self, model: ModelRef) -> Result<Cleared, Blocked> {
        Blocked::find(&self.cases, &self.findings)?;
        Ok(Cleared { model, staged: self.staged, without_key: None })
    }
}

/// An image of the tested source without the key that the tests needed: a search of its files, its layers and its history found none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithoutKey(BuiltImage);

impl WithoutKey {
    /// Takes what the search found. Anything of severity error is a secret.
    pub fn prove(image: BuiltImage, findings: &[Finding]) -> Result<Self, Blocked> {
        Blocked::find(&[], findings)?;
        Ok(Self(image))
    }
}

/// A staged version that may be published. Only [`Verified::clear`] makes one.
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

    /// Clears an image without the key. It has to start with layers that were tested, or else it is another model.
    pub fn without_key(self, image: WithoutKey) -> Result<Self, Blocked> {
        let cleared = Self { without_key: Some(image), ..self };
        if cleared.tested_layers() == 0 { Err(Blocked::NothingTested) } else { Ok(cleared) }
    }

    /// What was staged and tested.
    pub fn staged(&self) -> &Staged {
        &self.staged
    }

    /// Whether the image that is published is the one that was staged.
    pub fn is_staged_image(&self) -> bool {
        self.without_key.is_none()
    }

    /// The image that is published.
    pub fn image(&self) -> &BuiltImage {
        self.without_key.as_ref().map_or(&self.staged.image, |image| &image.0)
    }

    /// The layers that the registry holds for what was published, beside those that were tested. Behind the layers that they share, an image
    /// without the key has its own.
    pub fn proof(&self, mut published: Vec<ImageDigest>) -> LayerProof {
        let mut staged = self.staged.layers.clone();
        if self.without_key.is_some() {
            let tested = self.tested_layers();
            staged.truncate(tested);
            published.truncate(tested);
        }
        LayerProof { staged, published }
    }

    /// How many of the first layers of the image are those of the tested one.
    pub fn tested_layers(&self) -> usize {
        let pairs = self.image().diff_ids.iter().zip(&self.staged.image.diff_ids);
        pairs.take_while(|(one, other)| one == other).count()
    }
}
