//! Models that differ in what goes in and what comes out.

use serde_json::json;

use super::{Model, model};

const RUN: &str = "run: run.py:Runner\n";

/// A runner with this method.
fn runner(imports: &str, method: &str) -> Model {
    model(RUN, &format!("{imports}\n\n\nclass Runner(BaseRunner):\n{method}"))
}

pub(crate) fn text() -> Model {
    runner(
        "from cog import BaseRunner, Input",
        r#"    def setup(self) -> None:
        self.greeting = "hello"

    def run(self, name: str = Input(description="Whom", default="you"), times: int = Input(description="n", ge=1, le=3, default=1)) -> str:
        return " ".join([f"{self.greeting} {name}"] * times)
"#,
    )
    .asked(json!({"name": "world", "times": 2}))
    .answers(json!("hello world hello world"))
}

pub(crate) fn a_function() -> Model {
    let source = "from cog import Input\n\n\ndef answer(a: int = Input(description=\"One\"), b: float = Input(description=\"Two\", default=0.5)) -> float:\n    return a + b\n";
    model("run: run.py:answer\n", source).asked(json!({"a": 2})).answers(json!(2.5))
}

pub(crate) fn a_file_in() -> Model {
    runner(
        "from cog import BaseRunner, Input, Path",
        r#"    def run(self, file: Path = Input(description="A file")) -> str:
        return file.read_text().upper()
"#,
    )
    .asked(json!({"file": "data:text/plain;base64,aGVsbG8="}))
    .answers(json!("HELLO"))
}

pub(crate) fn a_file_out() -> Model {
    runner(
        "from cog import BaseRunner, Input, Path",
        r#"    def run(self, text: str = Input(description="What is in it")) -> Path:
        path = Path("/tmp/out.txt")
        path.write_text(text)
        return path
"#,
    )
    .asked(json!({"text": "hello"}))
    .answers(json!("data:text/plain;base64,aGVsbG8="))
}

pub(crate) fn files_out() -> Model {
    runner(
        "from typing import List\n\nfrom cog import BaseRunner, Input, Path",
        r#"    def run(self, count: int = Input(description="How many")) -> List[Path]:
        paths = [Path(f"/tmp/{number}.txt") for number in range(count)]
        for number, path in enumerate(paths):
            path.write_text(str(number))
        return paths
"#,
    )
    .asked(json!({"count": 2}))
    .answers(json!(["data:text/plain;base64,MA==", "data:text/plain;base64,MQ=="]))
}

pub(crate) fn items() -> Model {
    runner(
        "from typing import Iterator\n\nfrom cog import BaseRunner, Input",
        r#"    def run(self, count: int = Input(description="How many")) -> Iterator[int]:
        for number in range(count):
            yield number * number
"#,
    )
    .asked(json!({"count": 4}))
    .answers(json!([0, 1, 4, 9]))
}

pub(crate) fn a_stream_of_text() -> Model {
    runner(
        "from cog import BaseRunner, ConcatenateIterator, Input",
        r#"    def run(self, text: str = Input(description="Words")) -> ConcatenateIterator[str]:
        for word in text.split():
            yield word + " "
"#,
    )
    .asked(json!({"text": "a b c"}))
    .answers(json!(["a ", "b ", "c "]))
}

pub(crate) fn async_text() -> Model {
    runner(
        "import asyncio\n\nfrom cog import BaseRunner, Input",
        r#"    async def setup(self) -> None:
        self.ready = "ready"

    async def run(self, name: str = Input(description="Whom")) -> str:
        await asyncio.sleep(0)
        return f"{self.ready}, {name}"
"#,
    )
    .asked(json!({"name": "you"}))
    .answers(json!("ready, you"))
}

pub(crate) fn async_items() -> Model {
    runner(
        "from typing import AsyncIterator\n\nfrom cog import BaseRunner, Input",
        r#"    async def run(self, text: str = Input(description="Letters")) -> AsyncIterator[str]:
        for letter in text:
            yield letter
"#,
    )
    .asked(json!({"text": "xyz"}))
    .answers(json!(["x", "y", "z"]))
}

/// The third of three requests can only be answered when all three run.
const MEETING: &str = r#"    async def setup(self) -> None:
        self.here = 0

    async def run(self, name: str = Input(description="Whom")) -> str:
        self.here += 1
        for _ in range(300):
            if self.here >= 3:
                return f"met {os.environ['COG_MAX_CONCURRENCY']}"
            await asyncio.sleep(0.1)
        return f"alone with {self.here}"
"#;

pub(crate) fn many_at_once() -> Model {
    let source =
        format!("import asyncio\nimport os\n\nfrom cog import BaseRunner, Input\n\n\nclass Runner(BaseRunner):\n{MEETING}");
    model("concurrency:\n  max: 3\nrun: run.py:Runner\n", &source).asked(json!({"name": "you"})).at_once(3).answers(json!("met 3"))
}

pub(crate) fn a_decorated_concurrency() -> Model {
    let method = MEETING.replace("    async def run", "    @concurrent(max=4)\n    async def run");
    runner("import asyncio\nimport os\n\nfrom cog import BaseRunner, Input, concurrent", &method)
        .asked(json!({"name": "you"}))
        .at_once(3)
        .answers(json!("met 4"))
}

pub(crate) fn choices() -> Model {
    runner(
        "from cog import BaseRunner, Input",
        r#"    def run(self, size: str = Input(description="Size", choices=["small", "large"], default="small")) -> bool:
        return size == "large"
"#,
    )
    .asked(json!({"size": "large"}))
    .answers(json!(true))
}

pub(crate) fn refused_inputs() -> Model {
    runner(
        "from cog import BaseRunner, Input",
        r#"    def run(self, count: int = Input(description="How many", ge=1, le=3)) -> int:
        return count
"#,
    )
    .asked(json!({"count": 4}))
    .refuses(422, "count")
}

pub(crate) fn optional_inputs() -> Model {
    runner(
        "from typing import Optional\n\nfrom cog import BaseRunner, Input, Path",
        r#"    def run(self, seed: Optional[int] = Input(description="Seed", default=None), mask: Optional[Path] = Input(description="Mask", default=None)) -> str:
        return f"{seed} {mask}"
"#,
    )
    .answers(json!("None None"))
}

pub(crate) fn lists_and_objects() -> Model {
    runner(
        "from typing import Any, Dict, List\n\nfrom cog import BaseRunner, Input",
        r#"    def run(self, numbers: List[int] = Input(description="Numbers"), options: dict = Input(description="Options")) -> Dict[str, int]:
        return {key: sum(numbers) * value for key, value in options.items()}
"#,
    )
    .asked(json!({"numbers": [1, 2, 3], "options": {"a": 1, "b": 2}}))
    .answers(json!({"a": 6, "b": 12}))
}

pub(crate) fn object_out() -> Model {
    model(
        RUN,
        r#"from typing import List, Optional

from cog import BaseModel, BaseRunner, Input


class Box(BaseModel):
    label: str
    score: float


class Found(BaseModel):
    boxes: List[Box]
    note: Optional[str] = None


class Runner(BaseRunner):
    def run(self, label: str = Input(description="What")) -> Found:
        return Found(boxes=[Box(label=label, score=0.5)], note="one")
"#,
    )
    .asked(json!({"label": "cat"}))
    .answers(json!({"boxes": [{"label": "cat", "score": 0.5}], "note": "one"}))
}

pub(crate) fn secret_inputs() -> Model {
    runner(
        "from cog import BaseRunner, Input, Secret",
        r#"    def run(self, token: Secret = Input(description="A token")) -> str:
        return f"{token} {len(token.get_secret_value())}"
"#,
    )
    .asked(json!({"token": "s3cret"}))
    .answers(json!("********** 6"))
}

pub(crate) fn a_trainer() -> Model {
    model(
        "run: run.py:Runner\ntrain: train.py:train\n",
        "from cog import BaseRunner\n\n\nclass Runner(BaseRunner):\n    def run(self) -> str:\n        return \"run\"\n",
    )
    .file(
        "train.py",
        r#"from cog import BaseModel, Input, Path


class TrainingOutput(BaseModel):
    weights: Path


def train(steps: int = Input(description="How many", ge=1)) -> TrainingOutput:
    path = Path("/tmp/weights.txt")
    path.write_text("w" * steps)
    return TrainingOutput(weights=path)
"#,
    )
    .trains()
    .asked(json!({"steps": 3}))
    .answers(json!({"weights": "data:text/plain;base64,d3d3"}))
}
