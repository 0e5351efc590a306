//! The two methods that a model may offer.

/// Which of a model's two methods a schema belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// `run()` or `predict()`: the components `Input` and `Output`.
    Predict,
    /// `train()`: the components `TrainingInput` and `TrainingOutput`.
    Train,
}

impl Method {
    /// Both methods, in the order of reports.
    pub const ALL: [Self; 2] = [Self::Predict, Self::Train];

    /// `predict` or `train`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Predict => "predict",
            Self::Train => "train",
        }
    }

    /// The OpenAPI component that holds the inputs.
    pub const fn input_component(self) -> &'static str {
        match self {
            Self::Predict => "Input",
            Self::Train => "TrainingInput",
        }
    }

    /// The OpenAPI component that holds the output.
    pub const fn output_component(self) -> &'static str {
        match self {
            Self::Predict => "Output",
            Self::Train => "TrainingOutput",
        }
    }
}
