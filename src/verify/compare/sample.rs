//! Observations for the tests of this folder.

use bytes::Bytes;
use cog_schema::Method;
use serde_json::Value;

use crate::clients::replicate::Download;
use crate::verify::file_urls::UrlOrigin;
use crate::verify::observation::{FetchedFile, Observation, PredictionOutcome, RunFacts};

/// A succeeded prediction with this output and these files, by name.
pub(super) fn observation(output: Value, files: &[(&'static str, &'static [u8])]) -> Observation {
    let file = |(name, bytes): &(&'static str, &'static [u8])| FetchedFile {
        path: String::new(),
        url: format!("https://x/{name}"),
        shown: format!("https://x/{name}"),
        name: (*name).to_owned(),
        origin: UrlOrigin::Declared,
        content: Ok(Download::of_bytes(Bytes::from_static(bytes), None)),
    };
    Observation {
        method: Method::Predict,
        outcome: PredictionOutcome::Succeeded,
        output: Some(output),
        files: files.iter().map(file).collect(),
        wanted: None,
        run: RunFacts::default(),
    }
}
