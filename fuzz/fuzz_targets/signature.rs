//! Two Python files, split at a line with `%%`: describing a predictor ends, whatever they say.

#![no_main]

use std::io::Error;

use cog_source::python::{Options, SourceTree, Target, describe, describe_like_cog};
use libfuzzer_sys::fuzz_target;

struct Files<'a>(&'a str, &'a str);

impl SourceTree for Files<'_> {
    fn read(&self, path: &str) -> Result<Option<String>, Error> {
        Ok(match path {
            "predict.py" => Some(self.0.to_owned()),
            "a.py" => Some(self.1.to_owned()),
            _ => None,
        })
    }
}

fuzz_target!(|text: &str| {
    let (predict, other) = text.split_once("\n%%\n").unwrap_or((text, ""));
    let tree = Files(predict, other);
    let target = Target { file: "predict.py".to_owned(), name: "Predictor".to_owned() };
    let options = Options::default();
    for describe in [describe, describe_like_cog] {
        for (run, train) in [(Some(&target), None), (None, Some(&target)), (Some(&target), Some(&target))] {
            match describe(&tree, run, train, &options) {
                Ok(description) => assert!(description.document["components"].is_object()),
                Err(errors) => assert!(!errors.is_empty()),
            }
        }
    }
});
