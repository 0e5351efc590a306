//! The daemon's address, in the format of `DOCKER_HOST`.

use std::fmt;
use std::path::PathBuf;

/// The daemon's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// A Unix socket.
    Unix(PathBuf),
    /// `host:port` without TLS.
    Tcp(String),
    /// Anything else. bollard decides whether it can connect.
    Other(String),
}

const DEFAULT_SOCKET: &str = "/var/run/docker.sock";
const DEFAULT_TCP_PORT: u16 = 2375;

impl Endpoint {
    /// Parses a value of `DOCKER_HOST`. `None` or empty: the default socket.
    pub(super) fn parse(host: Option<&str>) -> Self {
        let host = host.map(str::trim).filter(|host| !host.is_empty());
        let Some(host) = host else { return Self::Unix(PathBuf::from(DEFAULT_SOCKET)) };
        if let Some(path) = host.strip_prefix("unix://") {
            return Self::Unix(PathBuf::from(if path.is_empty() { DEFAULT_SOCKET } else { path }));
        }
        if let Some(address) = host.strip_prefix("tcp://").or_else(|| host.strip_prefix("http://")) {
            let address = address.trim_end_matches('/');
            let has_port = address.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
            return Self::Tcp(if has_port { address.to_owned() } else { format!("{address}:{DEFAULT_TCP_PORT}") });
        }
        Self::Other(host.to_owned())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(formatter, "unix://{}", path.display()),
            Self::Tcp(address) => write!(formatter, "tcp://{address}"),
            Self::Other(host) => formatter.write_str(host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_as_docker_reads_them() {
        let cases = [
            (None, "unix:///var/run/docker.sock"),
            (Some(""), "unix:///var/run/docker.sock"),
            (Some("unix:///run/user/1000/docker.sock"), "unix:///run/user/1000/docker.sock"),
            (Some("tcp://127.0.0.1:2376"), "tcp://127.0.0.1:2376"),
            (Some("tcp://daemon"), "tcp://daemon:2375"),
            (Some("http://daemon:80/"), "tcp://daemon:80"),
            (Some("ssh://me@daemon"), "ssh://me@daemon"),
        ];
        for (host, shown) in cases {
            assert_eq!(Endpoint::parse(host).to_string(), shown, "{host:?}");
        }
    }
}
