//! `report.html`: one file that needs nothing else and asks nobody for anything.
//!
//! Values are escaped by the template engine. Outputs are shown from the small copies within the run; originals are links for whoever
//! follows them. A policy in the page forbids everything but `data:` pictures and sounds, its own style, and the one script that lays
//! one picture over another, both by their hash: whatever slipped through the escaping could neither run nor load anything. Without
//! scripts the pictures still stand side by side.

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

/// How much of one text is shown, most first.
const CUTS: [Cut; 4] =
    [Cut { text_bytes: 64 * 1024 }, Cut { text_bytes: 16 * 1024 }, Cut { text_bytes: 4 * 1024 }, Cut { text_bytes: 1024 }];

/// A longer page is rendered again with shorter texts: browsers grow slow. Copies of outputs may take half of it.
const PAGE_BYTES: usize = 24 * 1024 * 1024;

/// The page.
#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    run: view::Run,
    policy: String,
    style: &'static str,
    script: &'static str,
}

/// The template asked for something that cannot be shown.
#[derive(Debug, thiserror::Error)]
#[error("failed to render report.html")]
pub(crate) struct HtmlError(#[from] askama::Error);

/// The run as a page.
pub(crate) fn report_html(run: &Run) -> Result<String, HtmlError> {
    let mut page = String::new();
    for cut in CUTS {
        let run = view::Run::of(run, cut);
        page = Page { run, policy: policy(), style: STYLE, script: SCRIPT }.render()?;
        if page.len() <= PAGE_BYTES {
            break;
        }
    }
    Ok(page)
}

/// What the page may do: show what it holds.
fn policy() -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    format!(
        "default-src 'none'; img-src data:; media-src data:; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}
