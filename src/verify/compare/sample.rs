//! Observations for the tests of this folder.

use bytes::Bytes;
use cog_schema::Method;
use serde_json::Value;

use crate::clients::replicate::Download;
use crate::verify::observation::{FetchedFile, Observation, Outcome};

/// A succeeded prediction with this output and these files, by name.
pub(super) fn observation(output: Value, files: &[(&'static str, &'static [u8])]) -> Observation {
    let file = |(name, bytes): &(&'static str, &'static [u8])| FetchedFile {
        path: String::new(),
        url: format!("https://x/{name}"),
        shown: format!("https://x/{name}"),
        name: (*name).to_owned(),
        content: Ok(Download { bytes: Bytes::from_static(bytes), content_type: None }),
    };
    Observation {
        method: Method::Predict,
        outcome: Outcome::Succeeded,
        output: Some(output),
        files: files.iter().map(file).collect(),
        wanted: None,
    }
}
