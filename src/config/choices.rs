//! Choices that concern a run as a whole. Those of a model are in `domain::plan`.

use crate::choices;

choices! {
    /// An event of GitHub that decides whether a run publishes.
    pub enum Trigger {
        /// A pull request.
        PullRequest = "pull_request",
        /// A push to a branch.
        Push = "push",
        /// A person started the workflow.
        WorkflowDispatch = "workflow_dispatch",
        /// A schedule started the workflow.
        Schedule = "schedule",
        /// A merge queue.
        MergeGroup = "merge_group",
    }
}

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
