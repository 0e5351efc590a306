//! Why a project is built and not grafted.

use crate::domain::identity::VersionRef;

/// Why a project is built and not grafted. The text ends the sentence "built: ...".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoGraft {
    /// Its steps can do anything, before and after the files are copied.
    #[error("the project has a Dockerfile of its own")]
    OwnDockerfile,
    /// The variables that depend on the source cannot be told apart from the others.
    #[error("`environment` in cog.yaml sets a variable of the model server")]
    ServerVariables,
    /// The schema is only known to the image.
    #[error("with this SDK version, only the image has the schema")]
    SchemaInImage,
    /// Nothing says what the layers below depend on.
    #[error("failed to look up the digest of the base image {image}")]
    BaseUnknown { image: String },
    /// The models have no version yet.
    #[error("no version to graft on")]
    NoVersion,
    #[error("the registry no longer has {}", short(version))]
    Gone { version: Box<VersionRef> },
    /// An index, unknown media types, or documents that are not an image's.
    #[error("{} cannot be grafted on: {why}", short(version))]
    Unsupported { version: Box<VersionRef>, why: String },
    /// Built by something else, or by a safe-push that wrote no label.
    #[error("{} has no recipe label", short(version))]
    NoRecipe { version: Box<VersionRef> },
    /// Sealed with another token, for other models, or changed since.
    #[error("the seal on {} is not valid: it was built with another token, for other models, or was changed", short(version))]
    SealBroken { version: Box<VersionRef> },
    /// What the layers below the project depend on is not what it was.
    #[error("{what} changed since {}", short(version))]
    Changed { what: String, version: Box<VersionRef> },
    #[error("the full build of {} is more than {days} days old", short(version))]
    TooOld { version: Box<VersionRef>, days: u64 },
    #[error("{} has ONBUILD instructions", short(version))]
    OnBuild { version: Box<VersionRef> },
    #[error("the history of {} does not match its layers", short(version))]
    History { version: Box<VersionRef> },
    #[error("{} has a label with its commit, but the current commit is unknown", short(version))]
    CommitUnknown { version: Box<VersionRef> },
    #[error("the registry no longer has layer {number} of {}", short(version))]
    LayerGone { version: Box<VersionRef>, number: usize },
    /// In a layer, such a name deletes a file of the layers below.
    #[error("the file name '{path}' has a special meaning in image layers")]
    Whiteout { path: String },
    #[error("{file} cannot be copied to cog.yaml")]
    RenamedConfig { file: String },
    #[error("failed to read the project: {problem}")]
    Project { problem: String },
    #[error("the registry could not be used: {problem}")]
    Registry { problem: String },
    #[error("images are passed by reference, without a registry")]
    NoRegistry,
    #[error("an existing image is used")]
    GivenImage,
    #[error("the Cog CLI builds the image")]
    CogCli,
    #[error("an official model is always built, because every layer is searched for secrets")]
    Official,
    #[error("the project contains a key for the tests")]
    Key,
    /// A setting asks for a build.
    #[error("{setting}")]
    NotWanted { setting: &'static str },
}

impl NoGraft {
    /// Whether it is news to the user, rather than a consequence of a setting or of a first run.
    pub fn is_news(&self) -> bool {
        !matches!(self, Self::NotWanted { .. } | Self::NoVersion | Self::NoRegistry | Self::GivenImage | Self::CogCli)
    }
}

fn short(version: &VersionRef) -> String {
    format!("{}:{}", version.model, version.id.short())
}
