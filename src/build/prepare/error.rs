//! Why a build cannot be prepared.

use std::io;
use std::path::PathBuf;

use cog_findings::{Finding, Location};
use cog_source::dockerfile::certificate::CertificateError;
use cog_source::recipe::RecipeError;

use crate::build::context::ContextError;
use crate::build::secrets::SecretError;
use crate::clients::ErrorKind;

/// A build cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// safe-push does not build this.
    #[error("{what} is not supported")]
    Unsupported {
        what: &'static str,
        hint: &'static str,
        /// Where it was requested.
        location: Option<Location>,
    },
    /// No Dockerfile can be planned.
    #[error(transparent)]
    Recipe(RecipeError),
    /// A build secret has no value.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// Two secrets have this name.
    #[error("the build secret '{id}' is set twice")]
    SecretTwice { id: String },
    /// The requested Dockerfile is not one of the project's files.
    #[error("the Dockerfile {} is outside the project", path.display())]
    DockerfileOutside {
        /// The requested path.
        path: PathBuf,
    },
    /// Code that is not the repository's own brings the program that reads its Dockerfile.
    #[error("{image} would parse the Dockerfile of a foreign commit, and could reach the caches of other builds")]
    ForeignFrontend { image: String },
    /// The requested Dockerfile could not be read.
    #[error("failed to read the Dockerfile {}", path.display())]
    DockerfileUnreadable {
        /// The requested path.
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The project's files could not be read.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// `COG_CA_CERT` is not a certificate.
    #[error("COG_CA_CERT is not usable")]
    Certificate(#[from] CertificateError),
    /// The SDK takes the schema from the source, and the source has none.
    #[error("{file} names neither a predictor nor a trainer whose schema can be read from source")]
    SchemaMissing {
        /// The configuration.
        file: String,
    },
}

impl PrepareError {
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unsupported { hint, .. } => *hint,
            Self::Recipe(error) => return error.findings().into_iter().find_map(|finding| finding.hint),
            Self::Secret(SecretError::Malformed(_)) => "write it as id=NAME,env=VARIABLE or id=NAME,src=FILE",
            Self::Secret(SecretError::NotSet { .. }) => "set the variable for the step that runs safe-push",
            Self::Secret(SecretError::Unreadable { .. }) => "paths are relative to the folder of cog.yaml",
            Self::Secret(SecretError::TooLarge { .. }) => "download large files in a build step, with a token as the secret",
            Self::SecretTwice { .. } => "leave one of them out",
            Self::DockerfileOutside { .. } | Self::DockerfileUnreadable { .. } => "name it relative to the folder of cog.yaml",
            Self::ForeignFrontend { .. } => "leave the line `# syntax=` out, or name docker/dockerfile",
            Self::Context(error) => return error.hint().map(str::to_owned),
            Self::Certificate(_) => "give PEM text that begins with -----BEGIN CERTIFICATE-----",
            Self::SchemaMissing { .. } => "add `run: \"run.py:Runner\"` to cog.yaml",
        };
        Some(hint.to_owned())
    }

    pub fn kind(&self) -> ErrorKind {
        ErrorKind::Request
    }

    /// The error as findings with locations and rules.
    pub fn findings(&self) -> Vec<Finding> {
        match self {
            Self::Recipe(error) => error.findings(),
            _ => Vec::new(),
        }
    }

    /// The line at fault, if known.
    pub fn location(&self) -> Option<Location> {
        match self {
            Self::Unsupported { location, .. } => location.clone(),
            Self::SchemaMissing { file } => Some(Location::file(file.as_str())),
            other => other.findings().into_iter().find_map(|finding| finding.location),
        }
    }
}
