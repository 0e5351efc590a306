//! Addresses outside the public Internet, which the URL of an input must not lead to.
//!
//! Whoever sends an input names a URL, and the model's server in the container downloads it. From there it could reach what only this
//! machine reaches: services in the local network, or a cloud's metadata. The sandbox's own files are replaced by their content before.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Whether a URL leads to an address that is not public. A name counts if one of its addresses is; one that has none is passed on, because
/// it leads nowhere.
pub(super) async fn is_private_url(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => is_private_v4(address),
        Some(Host::Ipv6(address)) => is_private_v6(address),
        Some(Host::Domain(name)) => {
            let plain = name.trim_end_matches('.');
            if plain.eq_ignore_ascii_case("localhost") || plain.to_ascii_lowercase().ends_with(".localhost") {
                return true;
            }
            let found = tokio::net::lookup_host((name, 0)).await;
            found.is_ok_and(|mut addresses| addresses.any(|address| is_private(address.ip())))
        }
        None => false,
    }
}

fn is_private(address: IpAddr) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn addresses_outside_the_public_internet_are_known_in_every_form() {
        for url in [
            "http://127.0.0.1:1/a",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://10.1.2.3/",
            "http://172.16.0.1/",
            "http://192.168.1.1/",
            "http://169.254.169.254/latest/meta-data",
            "http://100.100.100.200/",
            "http://0.0.0.0/",
            "http://255.255.255.255/",
            "http://[::]/",
            "http://[::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://[::ffff:a9fe:a9fe]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[64:ff9b:1::1]/",
            "http://[2002:a00:1::]/",
            "http://[2001:0:53aa:64c:0:0:0:1]/",
            "http://[fd00:ec2::254]/",
            "http://[fe80::1]/",
            "http://[fec0::1]/",
            "http://[ff02::1]/",
            "http://localhost/",
            "http://LOCALHOST./",
            "http://a.localhost/",
        ] {
            assert!(is_private_url(&url.parse().unwrap()).await, "{url}");
        }
        for url in
            ["http://1.1.1.1/", "http://172.32.0.1/", "http://[2606:4700::1111]/", "http://[::ffff:1.1.1.1]/", "data:text/plain,x"]
        {
            assert!(!is_private_url(&url.parse().unwrap()).await, "{url}");
        }
    }
}
