//! Names of images that live no longer than a run. Each holds the mark of this process, so that a later run finds those of a run that
//! was killed.

use process_mark::ProcessMark;
use uuid::Uuid;

/// The repositories of such images in the daemon.
const REPOSITORIES: [&str; 3] = ["safe-push-base", "safe-push-build", "safe-push-run"];

/// Begins the tag of a push, and of a pull by the sandbox.
const TAG_PREFIXES: [&str; 2] = [replicate_sandbox::PULL_TAG_PREFIX, "safe-push-"];

/// What an image is for, as its repository says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TemporaryImage {
    /// Pins the base of another image while that is made.
    Base,
    /// The first of the two builds of a project.
    Build,
    /// The image that a run tests and publishes.
    Run,
}

impl TemporaryImage {
    /// A fresh name, `REPOSITORY:TAG`.
    pub fn name(self) -> String {
        let [base, build, run] = REPOSITORIES;
        let repository = match self {
            Self::Base => base,
            Self::Build => build,
            Self::Run => run,
        };
        format!("{repository}:{}", unique())
    }
}

/// A fresh tag for a push. The repository is that of the registry.
pub fn push_tag() -> String {
    format!("safe-push-{}", unique())
}

fn unique() -> String {
    let unique = Uuid::new_v4().simple();
    ProcessMark::current().map_or_else(|| unique.to_string(), |mark| format!("{mark}-{unique}"))
}

/// Docker's filters for the names of such images.
pub(super) fn patterns() -> Vec<String> {
    // A push is named HOST/OWNER/NAME:TAG.
    REPOSITORIES.into_iter().chain(["*/*/*:safe-push-*"]).map(str::to_owned).collect()
}

/// A name that this module or the sandbox has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TemporaryName {
    /// The process that made it; `None` where it could not mark itself.
    pub(super) mark: Option<ProcessMark>,
}

impl TemporaryName {
    /// `None`: the name is somebody else's.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (repository, tag) = name.rsplit_once(':')?;
        let rest = if REPOSITORIES.contains(&repository) {
            tag
        } else {
            TAG_PREFIXES.iter().find_map(|prefix| tag.strip_prefix(prefix))?
        };
        let (marked, unique) = rest.rsplit_once('-').map_or((None, rest), |(mark, unique)| (Some(mark), unique));
        let is_unique = unique.len() == 32 && unique.bytes().all(|byte| byte.is_ascii_hexdigit());
        let mark = marked.map(ProcessMark::parse);
        match (is_unique, mark) {
            (false, _) | (true, Some(None)) => None,
            (true, Some(mark)) => Some(Self { mark }),
            (true, None) => Some(Self { mark: None }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_is_recognized_with_its_mark() {
        let names = [
            TemporaryImage::Base.name(),
            TemporaryImage::Build.name(),
            TemporaryImage::Run.name(),
            format!("r8.im/acme/hotdog:{}", push_tag()),
            format!("127.0.0.1:5000/acme/hotdog:safe-push-sandbox-{}", unique()),
        ];
        for name in names {
            let tag = name.rsplit(':').next().unwrap();
            assert!(tag.len() <= 128, "Docker rejects longer tags: {tag}");
            assert_eq!(TemporaryName::parse(&name), Some(TemporaryName { mark: ProcessMark::current() }), "{name}");
        }
        assert_ne!(push_tag(), push_tag());
        let unmarked = format!("safe-push-run:{}", "0a".repeat(16));
        assert_eq!(TemporaryName::parse(&unmarked), Some(TemporaryName { mark: None }));
    }

    #[test]
    fn names_of_others_are_not_ours() {
        let mark = ProcessMark::current().unwrap();
        for name in [
            "python:3.11-slim",
            "safe-push-run:latest",
            "safe-push-weights:0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
            "r8.im/acme/hotdog:safe-push-latest",
            "r8.im/acme/hotdog:safe-push-my-0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
            "r8.im/acme/hotdog:0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
            &format!("safe-push-run:{mark}"),
            &format!("safe-push-run:{mark}-short"),
            "",
        ] {
            assert_eq!(TemporaryName::parse(name), None, "{name}");
        }
    }
}
