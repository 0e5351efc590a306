//! The generations of Cog that write documents.
//!
//! One source gives different documents (`docs/reference/cog.md#old-and-new-schemas`). Some of these differences look like a change of
//! the model; they are forgiven only between documents of two different, known generations. Documents of an unknown generation, such as Cog
//! 0.23 might write, are compared literally.

use serde_json::Value;

/// The generation of Cog that wrote a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Written by pydantic inside the image: up to Cog 0.18.
    Runtime {
        /// Whether optional inputs are marked nullable: since Cog 0.15.0.
        marks_null_inputs: bool,
        /// Whether optional members of outputs are marked nullable: since Cog 0.15.0, with pydantic 2.
        marks_null_outputs: bool,
    },
    /// Written inside the image without pydantic: Cog 0.17 to 0.19 when the static parser was not used.
    InImage,
    /// Parsed from the source by the Cog CLI: since 0.19, and since 0.20 always.
    Static,
    /// Not recognized.
    Unknown,
}

impl Dialect {
    pub(crate) fn of(document: &Value) -> Self {
        let has_path = |path: &str| document.get("paths").and_then(|paths| paths.get(path)).is_some();
        if has_path("/shutdown") {
            // The request is a pydantic model too, so its optional members show how others are marked.
            let marks_null_outputs = ["PredictionRequest", "TrainingRequest"]
                .iter()
                .any(|component| is_marked(document.pointer(&format!("/components/schemas/{component}/properties/id"))));
            let marks_null_inputs = marks_null_outputs
                || ["Input", "TrainingInput"].iter().any(|component| {
                    let inputs = document.pointer(&format!("/components/schemas/{component}/properties"));
                    inputs.and_then(Value::as_object).is_some_and(|inputs| inputs.values().any(|input| is_marked(Some(input))))
                });
            return Self::Runtime { marks_null_inputs, marks_null_outputs };
        }
        if !has_path("/health-check") {
            return Self::Unknown;
        }
        let position = |component: &str| {
            let schemas = document.pointer("/components/schemas").and_then(Value::as_object)?;
            schemas.keys().position(|name| name == component)
        };
        // Documents written inside the image by Cog 0.19 differ from static ones only in the order of their components.
        let inputs = position("Input").or_else(|| position("TrainingInput"));
        if position("ValidationError") < inputs && position("ValidationError").is_some() { Self::InImage } else { Self::Static }
    }

    /// Whether both are known and differ.
    pub(crate) fn differs(self, other: Self) -> bool {
        self != Self::Unknown && other != Self::Unknown && self != other
    }

    /// Whether an optional input may lack the nullable mark.
    pub(crate) fn omits_null_of_inputs(self) -> bool {
        matches!(self, Self::Runtime { marks_null_inputs: false, .. })
    }

    /// Whether an optional member of an output may lack the nullable mark.
    pub(crate) fn omits_null_of_outputs(self) -> bool {
        matches!(self, Self::Runtime { marks_null_outputs: false, .. } | Self::InImage)
    }

    /// Whether trainings are left out: the command that wrote the document prints the schema of one method.
    pub(crate) fn omits_trainings(self) -> bool {
        self == Self::InImage
    }

    /// Whether every member of an output object is listed as required, even optional ones.
    pub(crate) fn requires_every_output_member(self) -> bool {
        self == Self::InImage
    }
}

fn is_marked(schema: Option<&Value>) -> bool {
    schema.and_then(|schema| schema.get("nullable")) == Some(&Value::Bool(true))
}
