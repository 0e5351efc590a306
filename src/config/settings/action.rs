//! The actions that have settings as inputs.

/// An action of this repository, or its reusable workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// `action.yml`: test and publish.
    Push,
    /// `select-model/action.yml`: list the models of a workflow.
    Select,
    /// `report/action.yml`: finish a workflow.
    Report,
    /// `.github/workflows/model-ci.yaml`: all of it.
    Workflow,
}
