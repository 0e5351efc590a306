//! How long it takes to describe a large predictor: 2,000 lines, 60 inputs of every kind, constants from another file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Error;

use cog_source::python::{Options, SourceTree, Target, describe, describe_like_cog};
use criterion::{Criterion, criterion_group, criterion_main};

struct Files(BTreeMap<&'static str, String>);

impl SourceTree for Files {
    fn read(&self, path: &str) -> Result<Option<String>, Error> {
        Ok(self.0.get(path).cloned())
    }
}

/// A predictor of `lines` lines with `inputs` inputs.
fn predictor(lines: usize, inputs: usize) -> String {
    let mut text = "from cog import BaseModel, BasePredictor, Input, Path\nfrom settings import SIZES, STEPS\n\n".to_owned();
    text.push_str("class Output(BaseModel):\n    image: Path\n    scores: dict[str, list[float]]\n\n");
    text.push_str("class Predictor(BasePredictor):\n    def run(\n        self,\n");
    for number in 0..inputs {
        let _ = match number % 6 {
            0 => {
                writeln!(text, "        a{number}: int = Input(description=\"Steps\", default=STEPS, ge=1, le=2**{}),", number % 30)
            }
            1 => writeln!(text, "        a{number}: str = Input(description=\"Text \" \"{number}\", default=\"a\\n\"),"),
            2 => writeln!(text, "        a{number}: str = Input(choices=list(SIZES.keys()), default=\"s\"),"),
            3 => writeln!(text, "        a{number}: list[Path] | None = Input(default=None),"),
            4 => writeln!(text, "        a{number}: float = Input(ge=0.0, le=1.0, default=0.5),"),
            _ => writeln!(text, "        a{number}: str | int = {number},"),
        };
    }
    text.push_str("    ) -> Output:\n");
    let mut number = 0;
    while text.lines().count() < lines {
        for _ in 0..50 {
            let _ = writeln!(
                text,
                "        self.value{number} = compute(a0 + {number}, [x * 2 for x in range(10)], name=f\"v{{a0}}\")"
            );
            number += 1;
        }
    }
    text
}

fn benchmark(criterion: &mut Criterion) {
    let settings = "STEPS = 20\nSIZES = {\"s\": 1, \"m\": 2}\n".to_owned();
    let tree = Files(BTreeMap::from([("predict.py", predictor(2000, 60)), ("settings.py", settings)]));
    let target = Target { file: "predict.py".to_owned(), name: "Predictor".to_owned() };
    let options = Options::default();
    criterion.bench_function("describe 2,000 lines with 60 inputs", |bencher| {
        bencher.iter(|| describe(black_box(&tree), Some(&target), None, &options));
    });
    criterion.bench_function("describe them as Cog does", |bencher| {
        bencher.iter(|| describe_like_cog(black_box(&tree), Some(&target), None, &options));
    });
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
