//! `report.html`: one file that needs nothing else, with no script in it.
//!
//! Values are escaped by the template engine. Outputs are shown as pictures or sound only when their address is `https:`, `http:` or a
//! `data:` URL of such a type; a policy in the page forbids everything but that and its own style.

mod view;

#[cfg(test)]
mod tests;

use askama::Template;

use super::json::v1::Run;

/// The page.
#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    run: view::Run,
    style: &'static str,
}

/// The template asked for something that cannot be shown.
#[derive(Debug, thiserror::Error)]
#[error("failed to render report.html")]
pub struct HtmlError(#[from] askama::Error);

/// The run as a page.
pub fn report_html(run: &Run) -> Result<String, HtmlError> {
    Ok(Page { run: view::Run::of(run), style: include_str!("../../../templates/report.css") }.render()?)
}
