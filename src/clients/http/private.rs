//! Private addresses, which URLs from others must not reach.
//!
//! A model's output or a test case can contain any URL. On a runner inside a company's network, fetching it could reach services
//! that trust the network, such as a cloud's metadata service. So only public addresses are fetched.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Host;

/// A host name has private addresses only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} leads into a private network")]
pub struct PrivateAddress(pub String);

/// Whether an address is outside the public Internet: loopback, private, link-local (metadata services), shared, reserved,
/// multicast, and IPv6 forms of such IPv4 addresses.
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => is_private_v6(address),
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || first == 0
        // Multicast and what is reserved behind it.
        || first >= 224
        || (first == 100 && (64..128).contains(&second))
        || (first == 192 && second == 0 && third == 0)
        || (first == 192 && second == 88 && third == 99)
        || (first == 198 && (second == 18 || second == 19))
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    let [first, second, third, fourth, fifth, sixth, seventh, eighth] = address.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_private_v4(Ipv4Addr::new(a, b, c, d))
    };
    match (first, second, third, fourth, fifth, sixth) {
        // IPv4 addresses: mapped, and as translators write them (NAT64, 6to4).
        (0, 0, 0, 0, 0, 0xffff) | (0x64, 0xff9b, 0, 0, 0, 0) => v4(seventh, eighth),
        (0x2002, ..) => v4(second, third),
        // Teredo, documentation.
        (0x2001, 0 | 0xdb8, ..) => true,
        // Everything public lies in 2000::/3.
        _ => first & 0xe000 != 0x2000,
    }
}

/// Whether a URL's host is private as written. For names other than `localhost`, their addresses decide later.
pub fn is_private_host(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => is_private_v4(*address),
        Host::Ipv6(address) => is_private_v6(*address),
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost")
        }
    }
}

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
        self.guarded.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_ascii_lowercase());
    }

    fn guards(&self, name: &str) -> bool {
        self.guarded.lock().unwrap_or_else(PoisonError::into_inner).contains(&name.to_ascii_lowercase())
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
    use url::Url;

    use super::*;

    #[test]
    fn private_addresses_are_recognized() {
        let private = [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:a00:1::",
            "2001:0:53aa:64c::1",
            "2001:db8::1",
            "fec0::1",
            "100::1",
            "::7f00:1",
            "::ffff:0:7f00:1",
            "192.0.2.1",
            "203.0.113.1",
        ];
        for address in private {
            assert!(is_private(address.parse().unwrap()), "{address}");
        }
        for address in ["1.1.1.1", "172.32.0.1", "100.128.0.1", "198.20.0.1", "2606:4700::1111", "::ffff:1.1.1.1"] {
            assert!(!is_private(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn private_addresses_in_unusual_notations_are_recognized() {
        for url in ["http://2130706433/", "http://0x7f.1/", "http://[::ffff:7f00:1]/", "http://LOCALHOST./", "http://a.localhost/"]
        {
            let url: Url = url.parse().unwrap();
            assert!(is_private_host(&url.host().unwrap()), "{url}");
        }
        let url: Url = "https://replicate.delivery/x".parse().unwrap();
        assert!(!is_private_host(&url.host().unwrap()));
    }

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
