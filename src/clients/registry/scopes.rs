//! The permissions that a request needs, in the format of a token service.

/// Permissions in one or two repositories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scopes(Vec<Scope>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Scope {
    repository: String,
    writes: bool,
}

impl Scopes {
    pub(super) fn read(repository: &str) -> Self {
        Self(vec![Scope { repository: repository.to_owned(), writes: false }])
    }

    pub(super) fn write(repository: &str) -> Self {
        Self(vec![Scope { repository: repository.to_owned(), writes: true }])
    }

    /// Writing to one repository and reading another. A mount with a token for only one of them is refused, or ignored, without a reason.
    pub(super) fn write_and_read(to: &str, from: &str) -> Self {
        let mut scopes = Self::write(to);
        if from != to {
            scopes.0.push(Scope { repository: from.to_owned(), writes: false });
        }
        scopes
    }

    /// Whether a token for these permissions also serves for `others`.
    pub(super) fn cover(&self, others: &Self) -> bool {
        others.0.iter().all(|other| self.0.iter().any(|own| own.repository == other.repository && own.writes >= other.writes))
    }

    /// Whether something is going to be written.
    pub(super) fn write_anything(&self) -> bool {
        self.0.iter().any(|scope| scope.writes)
    }

    /// As `scope` parameters of a token service.
    pub(super) fn parameters(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|Scope { repository, writes }| {
            let actions = if *writes { "pull,push" } else { "pull" };
            format!("repository:{repository}:{actions}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_serves_for_what_its_scopes_cover() {
        let mount = Scopes::write_and_read("a/live", "a/test");
        assert_eq!(mount.parameters().collect::<Vec<_>>(), ["repository:a/live:pull,push", "repository:a/test:pull"]);
        assert!(
            mount.cover(&Scopes::read("a/test")) && mount.cover(&Scopes::write("a/live")) && mount.cover(&Scopes::read("a/live"))
        );
        assert!(!mount.cover(&Scopes::write("a/test")) && !mount.cover(&Scopes::read("a/other")));
        assert!(!Scopes::write("a/live").cover(&mount));
        assert_eq!(Scopes::write_and_read("a/live", "a/live"), Scopes::write("a/live"));
    }
}
