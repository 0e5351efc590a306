//! Files of the repository in test cases: inputs written as `@input/cat.png`, and expected files. They are read before the first
//! prediction.
//!
//! Only inputs that take a file count, so a text may start with `@`. A small file goes into the input itself; a larger one is uploaded.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use cog_findings::{Finding, Location};
use cog_schema::{Method, Shape, ShapeKind, input_properties};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::clients::replicate::{NewFile, Replicate, ReplicateError};
use crate::domain::case::{CaseLocation, Expectation, TestCase};
use crate::domain::output_check::{ExpectedFile, OutputCheck};
use crate::domain::plan::{FuzzPlan, MEBIBYTE, TrainPlan, VerifyPlan};
use crate::verify::rules::CASE_FILE;

/// Largest file of a test case.
const FILE_BYTES: u64 = 100 * MEBIBYTE;

/// Largest file that is sent within an input: a `data:` URL may have 256 kB (`docs/reference/replicate-api.md#file-inputs`).
const INLINE_BYTES: usize = 190_000;

/// The test cases of a plan with the files that they name.
pub(super) struct CaseFiles {
    /// Their contents by their paths.
    contents: BTreeMap<String, Bytes>,
    /// Paths that cannot be read. Findings report them.
    unreadable: BTreeSet<String>,
    /// Inputs that take files.
    predict: BTreeSet<String>,
    train: BTreeSet<String>,
    pub(super) findings: Vec<Finding>,
}

/// How files that a plan names reach the model.
#[derive(Clone, Copy)]
pub(super) enum Sending<'a> {
    /// As an empty file: the inputs are only checked.
    Nowhere,
    /// Within the input, or uploaded if they are large.
    Upload(&'a dyn Replicate),
}

impl CaseFiles {
    /// Reads the files that the test cases name. Those that cannot be read become findings.
    pub(super) fn read(root: &Path, plan: &VerifyPlan, train: Option<&TrainPlan>, schema: Option<&Value>) -> Self {
        let inputs = |method| schema.map(|document| file_inputs(document, method)).unwrap_or_default();
        let mut files = Self {
            contents: BTreeMap::new(),
            unreadable: BTreeSet::new(),
            predict: inputs(Method::Predict),
            train: inputs(Method::Train),
            findings: Vec::new(),
        };
        let (predict, of_train) = (files.predict.clone(), files.train.clone());
        // A case that does not run needs no files.
        let runs = |case: &&TestCase| case.skip.is_none();
        for case in plan.cases.iter().filter(runs) {
            files.read_case(root, case, &predict);
        }
        files.read_fuzz(root, plan.fuzz.as_ref(), &predict);
        for case in train.iter().flat_map(|train| &train.cases).filter(runs) {
            files.read_case(root, case, &of_train);
        }
        files.read_fuzz(root, train.and_then(|train| train.fuzz.as_ref()), &of_train);
        files
    }

    fn read_case(&mut self, root: &Path, case: &TestCase, inputs: &BTreeSet<String>) {
        let location = case.location.as_ref();
        for (name, value) in case.inputs.iter().filter(|(name, _)| inputs.contains(*name)) {
            for path in paths(value) {
                self.read_file(root, &path, location.map(|location| location.input(name)));
            }
        }
        for file in expected_files(&case.expectation) {
            self.read_file(root, &file.path, location.map(CaseLocation::checker));
        }
    }

    fn read_fuzz(&mut self, root: &Path, fuzz: Option<&FuzzPlan>, inputs: &BTreeSet<String>) {
        let Some(fuzz) = fuzz else { return };
        let fixed = fuzz.fixed_inputs.iter().filter(|(name, _)| inputs.contains(*name)).flat_map(|(_, value)| paths(value));
        let offered = fuzz.files.values().flatten().flat_map(paths);
        for path in fixed.chain(offered).collect::<Vec<_>>() {
            self.read_file(root, &path, fuzz.location.as_ref());
        }
    }

    fn read_file(&mut self, root: &Path, path: &str, location: Option<&Location>) {
        if self.contents.contains_key(path) || self.unreadable.contains(path) {
            return;
        }
        match repository_files::read(root, Path::new(path), FILE_BYTES) {
            Ok(bytes) => {
                self.contents.insert(path.to_owned(), Bytes::from(bytes));
            }
            Err(error) => {
                self.unreadable.insert(path.to_owned());
                let finding = Finding::new(&CASE_FILE, format!("the file of a test case cannot be read: {error}"))
                    .hint("name a file of the repository, relative to its root");
                self.findings.push(match location {
                    Some(location) => finding.at(location.clone()),
                    None => finding,
                });
            }
        }
    }

    /// The digest of all files with their paths.
    pub(super) fn digest(&self) -> String {
        let mut digest = Sha256::new();
        for (path, content) in &self.contents {
            for part in [path.as_bytes(), content] {
                digest.update(part.len().to_le_bytes());
                digest.update(part);
            }
        }
        hex::encode(digest.finalize())
    }

    /// The plan with files in place of their paths.
    pub(super) async fn apply(
        &self,
        plan: &VerifyPlan,
        train: Option<&TrainPlan>,
        sending: Sending<'_>,
    ) -> Result<(VerifyPlan, Option<TrainPlan>), ReplicateError> {
        let mut urls = BTreeMap::new();
        for (path, content) in &self.contents {
            urls.insert(path.as_str(), url_of(path, content, sending).await?);
        }
        if matches!(sending, Sending::Nowhere) {
            // Findings report them already.
            for path in &self.unreadable {
                urls.insert(path.as_str(), url_of(path, &Bytes::new(), sending).await?);
            }
        }
        let mut plan = plan.clone();
        self.apply_to(&mut plan.cases, plan.fuzz.as_mut(), &self.predict, &urls);
        let train = train.cloned().map(|mut train| {
            self.apply_to(&mut train.cases, train.fuzz.as_mut(), &self.train, &urls);
            train
        });
        Ok((plan, train))
    }

    fn apply_to(
        &self,
        cases: &mut [TestCase],
        fuzz: Option<&mut FuzzPlan>,
        inputs: &BTreeSet<String>,
        urls: &BTreeMap<&str, String>,
    ) {
        for case in cases {
            for (_, value) in case.inputs.iter_mut().filter(|(name, _)| inputs.contains(*name)) {
                replace(value, urls);
            }
            for file in expected_files_mut(&mut case.expectation) {
                file.content = self.contents.get(&file.path).cloned();
            }
        }
        if let Some(fuzz) = fuzz {
            for (_, value) in fuzz.fixed_inputs.iter_mut().filter(|(name, _)| inputs.contains(*name)) {
                replace(value, urls);
            }
            fuzz.files.values_mut().flatten().for_each(|value| replace(value, urls));
        }
    }
}

async fn url_of(path: &str, content: &Bytes, sending: Sending<'_>) -> Result<String, ReplicateError> {
    let content_type = mime_guess::from_path(path).first_or_octet_stream().essence_str().to_owned();
    match sending {
        Sending::Nowhere => Ok(format!("data:{content_type};base64,AA==")),
        Sending::Upload(replicate) if content.len() > INLINE_BYTES => {
            let name = path.rsplit('/').next().unwrap_or_default().chars().take(100).collect();
            Ok(replicate.upload_file(&NewFile { name, content_type, bytes: content.clone() }).await?.url)
        }
        Sending::Upload(_) => Ok(format!("data:{content_type};base64,{}", STANDARD.encode(content))),
    }
}

fn file_inputs(document: &Value, method: Method) -> BTreeSet<String> {
    let takes_files = |shape: &Shape| match &shape.kind {
        ShapeKind::Array(items) => items.is_file(),
        ShapeKind::Union(variants) => variants.iter().any(Shape::is_file),
        _ => shape.is_file(),
    };
    input_properties(document, method).into_iter().filter(|input| takes_files(&input.shape)).map(|input| input.name).collect()
}

/// The paths in a value that is written as `@path`, or a list of them.
fn paths(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => text.strip_prefix('@').map(str::to_owned).into_iter().collect(),
        Value::Array(items) => items.iter().flat_map(paths).collect(),
        _ => Vec::new(),
    }
}

fn replace(value: &mut Value, urls: &BTreeMap<&str, String>) {
    match value {
        Value::String(text) => {
            if let Some(url) = text.strip_prefix('@').and_then(|path| urls.get(path)) {
                *text = url.clone();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, urls)),
        _ => {}
    }
}

fn expected_files(expectation: &Expectation) -> Vec<&ExpectedFile> {
    match expectation {
        Expectation::MatchFile(file) => vec![file],
        Expectation::Checks { checks, .. } => checks
            .iter()
            .flat_map(|check| match check {
                OutputCheck::Of(inner) => expected_files(inner),
                OutputCheck::Image(image) => image.like.iter().collect(),
                _ => Vec::new(),
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn expected_files_mut(expectation: &mut Expectation) -> Vec<&mut ExpectedFile> {
    match expectation {
        Expectation::MatchFile(file) => vec![file],
        Expectation::Checks { checks, .. } => checks
            .iter_mut()
            .flat_map(|check| match check {
                OutputCheck::Of(inner) => expected_files_mut(inner),
                OutputCheck::Image(image) => image.like.iter_mut().collect(),
                _ => Vec::new(),
            })
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::clients::cog_server::CogServer;
    use crate::support::clock::SystemClock;

    fn plan(inputs: &Value, expectation: Expectation) -> VerifyPlan {
        let case = TestCase { inputs: inputs.as_object().unwrap().clone(), expectation, ..TestCase::default() };
        VerifyPlan { cases: vec![case], ..VerifyPlan::default() }
    }

    fn schema() -> Value {
        json!({"components": {"schemas": {"Input": {"type": "object", "properties": {
            "image": {"type": "string", "format": "uri"},
            "images": {"type": "array", "items": {"type": "string", "format": "uri"}},
            "prompt": {"type": "string"},
        }}}}})
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("input")).unwrap();
        std::fs::write(folder.path().join("input/cat.png"), b"cat").unwrap();
        std::fs::write(folder.path().join("wanted.txt"), b"wanted").unwrap();
        folder
    }

    #[test]
    fn the_digest_changes_with_every_content_and_its_path() {
        let folder = folder();
        let digest = |input: &str| {
            let plan = plan(&json!({ "image": input }), Expectation::MatchFile(ExpectedFile::named("wanted.txt")));
            CaseFiles::read(folder.path(), &plan, None, Some(&schema())).digest()
        };
        let before = digest("@input/cat.png");
        assert_eq!(digest("@input/cat.png"), before);
        for (path, content) in [("wanted.txt", "wantee"), ("input/cat.png", "dog")] {
            let earlier = digest("@input/cat.png");
            std::fs::write(folder.path().join(path), content).unwrap();
            assert_ne!(digest("@input/cat.png"), earlier, "{path}");
        }
        std::fs::write(folder.path().join("input/dog.png"), "dog").unwrap();
        assert_ne!(digest("@input/dog.png"), digest("@input/cat.png"), "the same content under another name");
        assert_ne!(digest("no file"), digest("@input/cat.png"));
    }

    #[tokio::test]
    async fn files_take_the_place_of_their_paths_where_an_input_takes_one() {
        let folder = folder();
        let inputs = json!({"image": "@input/cat.png", "images": ["@input/cat.png", "https://x/b"], "prompt": "@input/cat.png"});
        let plan = plan(&inputs, Expectation::MatchFile(ExpectedFile::named("wanted.txt")));
        let files = CaseFiles::read(folder.path(), &plan, None, Some(&schema()));
        assert_eq!(files.findings, []);
        // A server of its own takes files within the input.
        let server = CogServer::new("http://127.0.0.1:9", None, Arc::new(SystemClock)).unwrap();
        let (sent, _) = files.apply(&plan, None, Sending::Upload(&server)).await.unwrap();
        let cat = "data:image/png;base64,Y2F0";
        let wanted = json!({"image": cat, "images": [cat, "https://x/b"], "prompt": "@input/cat.png"});
        assert_eq!(Value::Object(sent.cases[0].inputs.clone()), wanted);
        let Expectation::MatchFile(file) = &sent.cases[0].expectation else { panic!() };
        assert_eq!(file.content.as_deref(), Some(&b"wanted"[..]));
        let (checked, _) = files.apply(&plan, None, Sending::Nowhere).await.unwrap();
        assert_eq!(checked.cases[0].inputs["image"], json!("data:image/png;base64,AA=="));
    }

    #[test]
    fn a_case_that_is_skipped_needs_no_file() {
        let folder = folder();
        let mut plan = plan(&json!({"image": "@missing.png"}), Expectation::Succeeds);
        plan.cases[0].skip = Some("until the file is there".to_owned());
        assert_eq!(CaseFiles::read(folder.path(), &plan, None, Some(&schema())).findings, []);
    }

    #[test]
    fn files_that_are_missing_or_outside_of_the_repository_are_findings() {
        let folder = folder();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link")).unwrap();
        for path in ["missing.png", "../x", "/etc/passwd", "link", "input"] {
            let plan = plan(&json!({"image": format!("@{path}")}), Expectation::Succeeds);
            let found = CaseFiles::read(folder.path(), &plan, None, Some(&schema())).findings;
            assert_eq!(found.iter().map(|finding| finding.code.as_str()).collect::<Vec<_>>(), ["SP632"], "{path}");
        }
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_read_is_one_finding_at_its_input() {
        let folder = folder();
        let mut plan = plan(&json!({"image": "@missing.png"}), Expectation::Succeeds);
        let mut place = CaseLocation::of(Location::at("cog-safe-push.yaml", 4, 7));
        place.inputs.insert("image".to_owned(), Location::at("cog-safe-push.yaml", 4, 17));
        plan.cases[0].location = Some(place);
        let files = CaseFiles::read(folder.path(), &plan, None, Some(&schema()));
        assert_eq!(files.findings[0].location.as_ref().unwrap().to_string(), "cog-safe-push.yaml:4:17");
        let server = CogServer::new("http://127.0.0.1:9", None, Arc::new(SystemClock)).unwrap();
        let (checked, _) = files.apply(&plan, None, Sending::Nowhere).await.unwrap();
        assert_eq!(checked.cases[0].inputs["image"], json!("data:image/png;base64,AA=="), "nothing else is wrong with it");
        let (sent, _) = files.apply(&plan, None, Sending::Upload(&server)).await.unwrap();
        assert_eq!(sent.cases[0].inputs["image"], json!("@missing.png"), "what is not there is never sent");
    }
}
