//! Checks whether an address is outside the public Internet.
//!
//! A URL from someone else could otherwise reach what only this machine can: services that trust its network, or cloud metadata. Names are
//! not resolved here: whoever connects decides about the addresses that it gets.
//!
//! ```
//! assert!(private_address::is_private("169.254.169.254".parse().unwrap()));
//! assert!(!private_address::is_private("1.1.1.1".parse().unwrap()));
//! ```

#![warn(missing_docs)]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::Host;

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
        // Everything public is in 2000::/3.
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

/// The examples in the README, compiled and run as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;

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
            "100.100.100.200",
            "::ffff:a9fe:a9fe",
            "fd00:ec2::254",
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
}
