//! Lists in pages.

use std::ops::ControlFlow;

use serde::de::DeserializeOwned;
use url::Url;

use crate::clients::replicate::call::Call;
use crate::clients::replicate::real::RealReplicate;
use crate::clients::replicate::wire::Page;
use crate::clients::replicate::{ReplicateError, ReplicateFailure};
use crate::support::safe_url::SafeUrl;

impl RealReplicate {
    /// Reads a list page by page, until `visit` returns a break or there is no next page.
    ///
    /// `next` is followed as given, but only on the API's own host, because the token is sent along. More than `most_pages` pages are
    /// an error, since a truncated list would look complete.
    pub(super) async fn follow_pages<T: DeserializeOwned + Send>(
        &self,
        attempted: &str,
        first: Url,
        most_pages: usize,
        mut visit: impl FnMut(Vec<T>) -> ControlFlow<()> + Send,
    ) -> Result<(), ReplicateError> {
        let mut call = Call::get(first, attempted);
        for _ in 0..most_pages {
            let page: Page<T> = self.ask(&call).await?.read(&call)?;
            if visit(page.results).is_break() {
                return Ok(());
            }
            let Some(next) = page.next.filter(|next| !next.is_empty()) else { return Ok(()) };
            call.url = self.base.next_page(&next).ok_or_else(|| {
                let shown = next.parse::<Url>().map_or(next, |url| SafeUrl(&url).to_string());
                call.failed(ReplicateFailure::UnexpectedBody { reason: format!("the next page is not on the API's host: {shown}") })
            })?;
        }
        Err(call.failed(ReplicateFailure::UnexpectedBody { reason: format!("there are more than {most_pages} pages") }))
    }
}
