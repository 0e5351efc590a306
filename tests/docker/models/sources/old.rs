//! Models on older SDKs.

use serde_json::json;

use super::{Model, model};

/// A source that every SDK understands.
const PREDICTOR: &str = r#"from typing import Optional

from cog import BasePredictor, Input, Path


class Predictor(BasePredictor):
    def setup(self) -> None:
        self.prefix = "hi"

    def predict(
        self,
        name: str = Input(description="Whom", default="you"),
        file: Optional[Path] = Input(description="A file", default=None),
    ) -> str:
        return f"{self.prefix} {name} {file.read_text() if file else '-'}"
"#;

fn predictor(sdk: &str) -> Model {
    model("predict: run.py:Predictor\n", PREDICTOR)
        .sdk(sdk)
        .asked(json!({"name": sdk, "file": "data:text/plain;base64,aGVsbG8="}))
        .answers(json!(format!("hi {sdk} hello")))
}

pub(crate) fn sdk_0_14() -> Model {
    predictor("0.14.12")
}

pub(crate) fn sdk_0_16() -> Model {
    predictor("0.16.12")
}

pub(crate) fn sdk_0_17() -> Model {
    predictor("0.17.2")
}

pub(crate) fn sdk_0_19() -> Model {
    predictor("0.19.3")
}
