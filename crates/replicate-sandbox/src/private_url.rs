//! URLs of inputs that lead outside the public Internet.
//!
//! Whoever sends an input names a URL, and the model's server in the container downloads it. From there it could reach what only this
//! machine reaches: services in the local network, or a cloud's metadata. The sandbox's own files are replaced by their content before.

use private_address::{is_private, is_private_host};
use url::{Host, Url};

/// Whether a URL leads to an address that is not public. A name counts if one of its addresses is; one that has none is passed on, because
/// it leads nowhere.
pub(super) async fn is_private_url(url: &Url) -> bool {
    match url.host() {
        Some(host) if is_private_host(&host) => true,
        Some(Host::Domain(name)) => {
            let found = tokio::net::lookup_host((name, 0)).await;
            found.is_ok_and(|mut addresses| addresses.any(|address| is_private(address.ip())))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn urls_that_lead_outside_the_public_internet_are_known() {
        for url in ["http://127.0.0.1:1/a", "http://0x7f.1/", "http://[::ffff:10.0.0.1]/", "http://LOCALHOST./"] {
            assert!(is_private_url(&url.parse().unwrap()).await, "{url}");
        }
        for url in ["http://1.1.1.1/", "http://[2606:4700::1111]/", "data:text/plain,x"] {
            assert!(!is_private_url(&url.parse().unwrap()).await, "{url}");
        }
    }
}
