//! Versions of the daemon's API.

/// The API version of Docker 20.10, the oldest supported daemon.
pub(super) const OLDEST_API: &str = "1.41";

/// Whether a daemon with this API version, such as `1.43`, is new enough.
pub(super) fn is_supported(version: &str) -> bool {
    parse(version) >= parse(OLDEST_API)
}

fn parse(version: &str) -> Option<(u32, u32)> {
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_versions_are_numbers_not_text() {
        assert!(parse("1.9") < parse("1.41"));
        assert!(parse("2.0") > parse("1.41"));
        assert_eq!(parse("rubbish"), None);
        assert!(is_supported("1.41") && is_supported("1.52") && !is_supported("1.9") && !is_supported("rubbish"));
    }
}
