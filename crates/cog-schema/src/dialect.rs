//! Which generation of Cog wrote a document.
//!
//! The same source gives different documents: `docs/reference/cog.md#old-and-new-schemas`. By the schema alone, some of these
//! differences look like a change of the model. They are forgiven only between documents of different generations, and only when both
//! generations are known. Documents of an unknown generation, such as Cog 0.23, are taken as written.

use serde_json::Value;

/// A generation of schema writers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// pydantic, inside the image: up to 0.18.
    Runtime {
        /// Whether optional inputs are marked nullable: since 0.15.0.
        marks_null_inputs: bool,
        /// Whether optional members of outputs are: since 0.15.0, with pydantic 2.
        marks_null_outputs: bool,
    },
    /// Inside the image without pydantic: 0.17 to 0.19 when the static parser was not used.
    InImage,
    /// Parsed from the source by the command line: since 0.19, since 0.20 always.
    Static,
    /// None of these.
    Unknown,
}

impl Dialect {
    /// The generation of `document`.
    pub fn of(document: &Value) -> Self {
        let has_path = |path: &str| document.get("paths").and_then(|paths| paths.get(path)).is_some();
        if has_path("/shutdown") {
            // Members of the request are optional members of a model like any other.
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
        // Documents of 0.19's opt-out differ from static ones in nothing but the order of their components.
        let inputs = position("Input").or_else(|| position("TrainingInput"));
        if position("ValidationError") < inputs && position("ValidationError").is_some() { Self::InImage } else { Self::Static }
    }

    /// Whether both are known and differ.
    pub fn differs(self, other: Self) -> bool {
        self != Self::Unknown && other != Self::Unknown && self != other
    }

    /// Whether an optional input may lack the nullable mark.
    pub fn omits_null_of_inputs(self) -> bool {
        matches!(self, Self::Runtime { marks_null_inputs: false, .. })
    }

    /// Whether an optional member of an output may lack the nullable mark.
    pub fn omits_null_of_outputs(self) -> bool {
        matches!(self, Self::Runtime { marks_null_outputs: false, .. } | Self::InImage)
    }

    /// Whether trainings are left out: its command prints the schema of one method.
    pub fn omits_trainings(self) -> bool {
        self == Self::InImage
    }

    /// Whether every member of an output object is listed as required, even those that may be left out.
    pub fn requires_every_output_member(self) -> bool {
        self == Self::InImage
    }
}

fn is_marked(schema: Option<&Value>) -> bool {
    schema.and_then(|schema| schema.get("nullable")) == Some(&Value::Bool(true))
}
