//! `report.html`: one self-contained file that loads nothing from the network.
//!
//! The template engine escapes values. Outputs are shown from the previews in the run; originals are links. A content security policy
//! allows only `data:` images and audio, and by hash the page's style and the script that overlays images. Anything that slips through the
//! escaping can neither run nor load. Without scripts, the images are side by side.

mod view;

#[cfg(test)]
mod tests;

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::json::v1::Run;
use view::Cut;

const STYLE: &str = include_str!("../../../templates/report.css");
const SCRIPT: &str = include_str!("../../../templates/report.js");

/// Text lengths to try, longest first.
const CUTS: [Cut; 4] =
    [Cut { text_bytes: 64 * 1024 }, Cut { text_bytes: 16 * 1024 }, Cut { text_bytes: 4 * 1024 }, Cut { text_bytes: 1024 }];

/// A longer page is rendered again with shorter texts, because browsers get slow. Previews may take up half of it.
const PAGE_BYTES: usize = 24 * 1024 * 1024;

#[derive(Template)]
#[template(path = "report.html")]
struct ReportPage {
    run: view::Run,
    policy: String,
    style: &'static str,
    script: &'static str,
}

/// The template could not be rendered.
#[derive(Debug, thiserror::Error)]
#[error("failed to render report.html")]
pub struct HtmlError(#[from] askama::Error);

/// Renders a run as a page.
pub(crate) fn report_html(run: &Run) -> Result<String, HtmlError> {
    let mut page = String::new();
    for cut in CUTS {
        let run = view::Run::of(run, cut);
        page = ReportPage { run, policy: policy(), style: STYLE, script: SCRIPT }.render()?;
        if page.len() <= PAGE_BYTES {
            break;
        }
    }
    Ok(page)
}

/// The content security policy: the page may show only what it contains.
fn policy() -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    format!(
        "default-src 'none'; img-src data:; media-src data:; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}
