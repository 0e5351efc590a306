//! Keeps what is downloaded from URLs of others to public addresses: a model's output or a test case can contain any URL.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use private_address::is_private;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::support::locks::lock;

/// A host name has private addresses only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} leads into a private network")]
pub struct PrivateAddress(pub String);

/// A resolver that withholds the private addresses of guarded host names.
///
/// It decides when connecting, so a name cannot change its address between a check and its use. Other names are resolved as usual,
/// because a proxy on a private address has to stay reachable. Behind a proxy, the proxy has the last word on the target's address.
#[derive(Debug, Clone, Default)]
pub struct PublicOnly {
    guarded: Arc<Mutex<HashSet<String>>>,
}

impl PublicOnly {
    /// Withholds the private addresses of `name` from now on.
    pub fn guard(&self, name: &str) {
        lock(&self.guarded).insert(name.to_ascii_lowercase());
    }

    fn guards(&self, name: &str) -> bool {
        lock(&self.guarded).contains(&name.to_ascii_lowercase())
    }
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let guarded = self.guards(name.as_str());
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let kept: Vec<SocketAddr> = found.iter().copied().filter(|address| !guarded || !is_private(address.ip())).collect();
            if kept.is_empty() && !found.is_empty() {
                return Err(PrivateAddress(name.as_str().to_owned()).into());
            }
            let addresses: Addrs = Box::new(kept.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_guarded_names_lose_their_private_addresses() {
        let resolver = PublicOnly::default();
        let name = || "localhost".parse::<Name>().unwrap();
        assert!(resolver.resolve(name()).await.unwrap().count() > 0);
        resolver.guard("LocalHost");
        let Err(error) = resolver.resolve(name()).await else { panic!("a private address was handed out") };
        assert!(error.is::<PrivateAddress>());
    }
}
