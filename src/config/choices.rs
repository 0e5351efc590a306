//! Choices that concern a run as a whole. Those of a model are in `domain::plan`.

use crate::choices;

choices! {
    /// Whether the pull request has a comment.
    #[derive(Default)]
    pub enum CommentMode {
        /// One comment, kept up to date.
        #[default]
        Update = "update",
        /// No comment.
        Off = "off",
    }
}

choices! {
    /// Which existing version is tested instead of a new one.
    #[derive(Default)]
    pub enum VerifyMode {
        /// None: the repository's version is tested.
        #[default]
        Off = "off",
        /// The one that users run.
        Live = "live",
    }
}
