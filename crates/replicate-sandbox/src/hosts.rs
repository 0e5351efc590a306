//! Which hosts the sandbox answers to.
//!
//! A page in a browser on this machine can reach any local port under a name of its own that it points to 127.0.0.1 (DNS rebinding). The
//! browser then sends that name as the host, so requests for foreign hosts are refused before anything else happens.

use std::net::IpAddr;

use http::{HeaderMap, Uri, header};
use url::Host;

/// The two ends of a connection, as far as they are known.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ends {
    /// The address at which it arrived.
    pub(super) reached: Option<IpAddr>,
    /// The address that it came from.
    pub(super) peer: Option<IpAddr>,
}

/// The hosts of one sandbox, apart from those of this machine's loopback interface.
#[derive(Debug, Clone, Default)]
pub(super) struct Hosts {
    names: Vec<Host>,
}

impl Hosts {
    /// Loopback, the address that the sandbox is bound to, and names under which its owner makes it available. `Err`: not a host.
    pub(super) fn new(bind: IpAddr, configured: &[String]) -> Result<Self, String> {
        let bound = match bind {
            IpAddr::V4(address) => Host::Ipv4(address),
            IpAddr::V6(address) => Host::Ipv6(address),
        };
        let names = configured.iter().map(|name| Host::parse(name).map_err(|_cause| name.clone()));
        Ok(Self { names: names.chain([Ok(bound)]).collect::<Result<_, _>>()? })
    }

    /// The host that a request names and the sandbox does not answer to; empty if it names none.
    pub(super) fn foreign(&self, uri: &Uri, headers: &HeaderMap, ends: Ends) -> Option<String> {
        let mut named: Vec<&str> = uri.authority().map(http::uri::Authority::as_str).into_iter().collect();
        for value in headers.get_all(header::HOST) {
            named.push(value.to_str().unwrap_or_default());
        }
        if named.is_empty() {
            return Some(String::new());
        }
        named.into_iter().find(|named| !self.answers_to(named, ends)).map(str::to_owned)
    }

    fn answers_to(&self, named: &str, ends: Ends) -> bool {
        let Some(host) = host_of(named) else { return false };
        if self.names.contains(&host) {
            return true;
        }
        // From another machine, a loopback name is that machine's own.
        let is_local = ends.peer.is_some_and(|peer| peer.to_canonical().is_loopback());
        let is_reached = |address: IpAddr| match address.is_loopback() {
            true => is_local,
            false => ends.reached.map(|reached| reached.to_canonical()) == Some(address),
        };
        match host {
            Host::Ipv4(address) => is_reached(address.into()),
            Host::Ipv6(address) => is_reached(IpAddr::from(address).to_canonical()),
            Host::Domain(name) => {
                let name = name.trim_end_matches('.');
                is_local && (name == "localhost" || name.ends_with(".localhost"))
            }
        }
    }
}

/// The host in `HOST` or `HOST:PORT`. Lower case, and numbers in any form are addresses.
fn host_of(named: &str) -> Option<Host> {
    let after_bracket = named.rfind(']').map_or(0, |end| end + 1);
    let host = match named[after_bracket..].split_once(':') {
        Some((rest, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => &named[..after_bracket + rest.len()],
        Some(_) => return None,
        None => named,
    };
    Host::parse(host).ok()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn loopback_the_bound_address_and_configured_names_are_answered_to() {
        let hosts = Hosts::new(Ipv4Addr::UNSPECIFIED.into(), &["build.example".to_owned(), "192.0.2.7".to_owned()]).unwrap();
        let ends = |peer: &str| Ends { reached: Some("10.0.0.5".parse().unwrap()), peer: Some(peer.parse().unwrap()) };
        let (here, elsewhere) = (ends("::ffff:127.0.0.1"), ends("10.0.0.9"));
        for named in [
            "127.0.0.1",
            "127.0.0.1:5000",
            "127.8.9.10:5000",
            "localhost:5000",
            "LOCALHOST",
            "a.localhost.:1",
            "[::1]:5000",
            "[::1]",
            "[::ffff:127.0.0.1]:1",
            "build.example:80",
            "BUILD.example",
            "192.0.2.7:5000",
            "10.0.0.5:5000",
            "[::ffff:10.0.0.5]",
        ] {
            assert!(hosts.answers_to(named, here), "{named}");
            let is_loopback = named.contains("127.") || named.contains("::1]") || named.to_lowercase().contains("localhost");
            assert_eq!(hosts.answers_to(named, elsewhere), !is_loopback, "{named} from another machine");
        }
        for named in [
            "",
            "evil.example",
            "evil.example:5000",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "evil.example:5000@127.0.0.1",
            "127.0.0.1:x",
            "10.0.0.6:5000",
            "a.build.example",
            "[::2]",
            "[::1",
            "é",
        ] {
            assert!(!hosts.answers_to(named, here) && !hosts.answers_to(named, elsewhere), "{named}");
        }
        assert_eq!(Hosts::new(Ipv4Addr::LOCALHOST.into(), &["a b".to_owned()]).unwrap_err(), "a b");
    }

    #[test]
    fn every_host_that_a_request_names_counts() {
        let hosts = Hosts::new(Ipv4Addr::LOCALHOST.into(), &[]).unwrap();
        let foreign = |uri: &'static str, named: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for name in named {
                headers.append(header::HOST, name.parse().unwrap());
            }
            hosts.foreign(&Uri::from_static(uri), &headers, Ends { reached: None, peer: Some(Ipv4Addr::LOCALHOST.into()) })
        };
        assert_eq!(foreign("/v1", &["localhost"]), None);
        assert_eq!(foreign("http://127.0.0.1:1/v1", &["localhost"]), None);
        assert_eq!(foreign("/v1", &[]), Some(String::new()));
        assert_eq!(foreign("/v1", &["localhost", "evil.example"]), Some("evil.example".to_owned()));
        assert_eq!(foreign("http://evil.example/v1", &["localhost"]), Some("evil.example".to_owned()));
    }
}
