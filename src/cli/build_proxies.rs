//! The proxies of build steps: those of Docker's configuration, as with `docker build`, or else those of the environment.
//!
//! BuildKit passes them to steps without keeping them in the image or in its cache's keys.

use std::collections::BTreeMap;

use serde_json::Value;
use url::{Host, Url};

use crate::cli::docker_config::docker_config;
use crate::cli::environment::Environment;
use crate::support::SecretString;

/// The names in Docker's configuration, and the variables that they stand for.
const PROXIES: [(&str, &str); 5] = [
    ("httpProxy", "HTTP_PROXY"),
    ("httpsProxy", "HTTPS_PROXY"),
    ("ftpProxy", "FTP_PROXY"),
    ("allProxy", "ALL_PROXY"),
    ("noProxy", "NO_PROXY"),
];

/// The proxies by variable, each in upper and in lower case. Their addresses may hold passwords.
pub(super) fn build_proxies(environment: &Environment) -> BTreeMap<String, SecretString> {
    let config = docker_config(environment).unwrap_or_default();
    let section = |host: &str| config.get("proxies").and_then(|proxies| proxies.get(host));
    let of_host = environment.get("DOCKER_HOST").and_then(section).or_else(|| section("default"));
    let mut found = BTreeMap::new();
    for (key, variable) in PROXIES {
        let configured = of_host.and_then(|section| section.get(key)).and_then(Value::as_str).filter(|value| !value.is_empty());
        let lower = variable.to_lowercase();
        let set = || environment.get(&lower).or_else(|| environment.get(variable)).filter(|value| reaches_builds(value));
        let Some(value) = configured.or_else(set) else { continue };
        for name in [variable.to_owned(), lower.clone()] {
            found.insert(name, SecretString::from(value));
        }
    }
    // By itself it says nothing.
    if found.keys().all(|name| name.eq_ignore_ascii_case("NO_PROXY")) { BTreeMap::new() } else { found }
}

/// The parts of proxies that must not be seen: passwords, encoded and as they are.
pub(super) fn passwords(proxies: &BTreeMap<String, SecretString>) -> Vec<String> {
    use crate::support::ExposeSecret as _;
    let written: Vec<String> = proxies
        .values()
        .filter_map(|value| Url::parse(value.expose_secret()).ok())
        .filter_map(|url| url.password().map(str::to_owned))
        .collect();
    let decoded = written.iter().map(|password| percent_encoding::percent_decode_str(password).decode_utf8_lossy().into_owned());
    decoded.collect::<Vec<_>>().into_iter().chain(written).collect()
}

/// Whether steps can reach a proxy of the environment: one on this machine's loopback is out of their reach.
fn reaches_builds(value: &str) -> bool {
    let with_scheme = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    match Url::parse(&with_scheme).ok().and_then(|url| url.host().map(|host| host.to_owned())) {
        Some(Host::Domain(name)) => name != "localhost",
        Some(Host::Ipv4(address)) => !address.is_loopback(),
        Some(Host::Ipv6(address)) => !address.is_loopback(),
        // A list, as in NO_PROXY.
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::ExposeSecret as _;

    fn found(config: &str, variables: &[(&str, &str)]) -> Vec<(String, String)> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.json"), config).unwrap();
        let docker = [("DOCKER_CONFIG", folder.path().display().to_string())];
        let variables = variables.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let proxies = build_proxies(&Environment::of(docker.into_iter().chain(variables)));
        let upper = proxies.iter().filter(|(name, _)| name.chars().all(|letter| !letter.is_lowercase()));
        let upper: Vec<_> = upper.map(|(name, value)| (name.clone(), value.expose_secret().to_owned())).collect();
        assert_eq!(upper.len() * 2, proxies.len(), "each in both cases");
        upper
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn dockers_configuration_comes_before_the_environment() {
        let config = r#"{"proxies": {"default": {"httpProxy": "http://proxy:3128", "noProxy": "example.com"},
            "tcp://other:2376": {"httpProxy": "http://others:1"}}}"#;
        let variables = [("http_proxy", "http://mine:1"), ("HTTPS_PROXY", "http://mine:2")];
        let expected = [("HTTPS_PROXY", "http://mine:2"), ("HTTP_PROXY", "http://proxy:3128"), ("NO_PROXY", "example.com")];
        assert_eq!(found(config, &variables), pairs(&expected));
        let other = [("DOCKER_HOST", "tcp://other:2376")];
        assert_eq!(found(config, &other), pairs(&[("HTTP_PROXY", "http://others:1")]));
    }

    #[test]
    fn proxies_out_of_reach_and_exceptions_without_a_proxy_are_left_out() {
        for proxy in ["http://127.0.0.1:3128", "localhost:3128", "http://[::1]:1"] {
            assert_eq!(found("{}", &[("http_proxy", proxy), ("no_proxy", "a,b")]), [], "{proxy}");
        }
        for config in ["no json", "[]", r#"{"proxies": []}"#, r#"{"proxies": {"default": {"httpProxy": 1}}}"#] {
            assert_eq!(found(config, &[]), [], "{config}");
        }
        let set = [("http_proxy", "http://10.0.0.1:3128"), ("no_proxy", "a,b")];
        assert_eq!(found("{}", &set), pairs(&[("HTTP_PROXY", "http://10.0.0.1:3128"), ("NO_PROXY", "a,b")]));
    }

    #[test]
    fn passwords_are_found_in_both_forms() {
        let proxies = BTreeMap::from([("HTTP_PROXY".to_owned(), SecretString::from("http://me:p%40ssword@proxy:1"))]);
        assert_eq!(passwords(&proxies), ["p@ssword", "p%40ssword"]);
    }
}
