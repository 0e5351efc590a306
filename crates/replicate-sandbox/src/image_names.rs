//! The names under which the daemon pulls images from this sandbox.
//!
//! An image that is pulled by its digest carries no sign of who pulled it. Pulled by a tag that holds the mark of this process, it is found
//! and removed by a later sandbox if this one is killed.

use process_mark::ProcessMark;
use uuid::Uuid;

/// The start of the tags under which the daemon pulls.
pub const PULL_TAG_PREFIX: &str = "safe-push-sandbox-";

/// A Docker filter for images with such a name: `HOST/OWNER/NAME:TAG`.
pub(crate) const PATTERN: &str = "*/*/*:safe-push-sandbox-*";

/// A fresh tag for pulling one version.
pub(crate) fn pull_tag() -> String {
    let mark = ProcessMark::current().map(|mark| format!("{mark}-")).unwrap_or_default();
    format!("{PULL_TAG_PREFIX}{mark}{}", Uuid::new_v4().simple())
}

/// Whether a tag was made by [`pull_tag`]. Such tags are not listed.
pub(crate) fn is_pull_tag(tag: &str) -> bool {
    tag.starts_with(PULL_TAG_PREFIX)
}

/// The mark in an image name that ends in a pull tag.
pub(crate) fn mark_of(name: &str) -> Option<ProcessMark> {
    ProcessMark::parse_start(name.rsplit_once(':')?.1.strip_prefix(PULL_TAG_PREFIX)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pull_tag_is_valid_and_holds_the_mark() {
        let tag = pull_tag();
        assert!(tag.len() <= 128 && is_pull_tag(&tag), "{tag}");
        assert_eq!(mark_of(&format!("127.0.0.1:5000/acme/m:{tag}")), ProcessMark::current());
        assert_ne!(tag, pull_tag());
        for other in ["127.0.0.1:5000/acme/m:latest", "127.0.0.1:5000/acme/m", "m:safe-push-sandbox-x", ""] {
            assert_eq!(mark_of(other), None, "{other}");
        }
    }
}
