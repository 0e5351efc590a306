//! Authorizations that a registry accepted, for the requests that follow.
//!
//! Without them every request would be sent twice: once to be asked for an authorization, once with it. A stream of a layer cannot be sent
//! twice at all.

use std::sync::{Mutex, MutexGuard};

use super::scopes::Scopes;
use crate::support::locks::lock;
use crate::support::{ExposeSecret as _, SecretString};

/// The value of an `Authorization` header.
#[derive(Debug, Clone)]
pub(super) struct Authorization {
    value: SecretString,
    /// What it is for; `None` for everything, as a password is.
    scopes: Option<Scopes>,
}

impl Authorization {
    pub(super) fn everywhere(value: String) -> Self {
        Self { value: value.into(), scopes: None }
    }

    pub(super) fn within(scopes: Scopes, value: String) -> Self {
        Self { value: value.into(), scopes: Some(scopes) }
    }

    pub(super) fn header(&self) -> &str {
        self.value.expose_secret()
    }
}

/// The authorizations that are known.
#[derive(Debug, Default)]
pub(super) struct Authorizations(Mutex<Vec<Authorization>>);

impl Authorizations {
    /// One that serves for these permissions.
    pub(super) fn for_scopes(&self, scopes: &Scopes) -> Option<Authorization> {
        let serves = |known: &&Authorization| known.scopes.as_ref().is_none_or(|own| own.cover(scopes));
        self.known().iter().find(serves).cloned()
    }

    pub(super) fn remember(&self, authorization: Authorization) {
        self.known().push(authorization);
    }

    /// Forgets one that was rejected, because it has expired or was revoked.
    pub(super) fn forget(&self, rejected: &Authorization) {
        self.known().retain(|known| known.header() != rejected.header());
    }

    fn known(&self) -> MutexGuard<'_, Vec<Authorization>> {
        lock(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejected_authorization_is_not_offered_again() {
        let tokens = Authorizations::default();
        assert!(tokens.for_scopes(&Scopes::read("a/b")).is_none());
        tokens.remember(Authorization::within(Scopes::write("a/b"), "Bearer one".to_owned()));
        let one = tokens.for_scopes(&Scopes::read("a/b")).unwrap();
        assert!(tokens.for_scopes(&Scopes::read("a/c")).is_none());
        tokens.remember(Authorization::everywhere("Basic x".to_owned()));
        assert_eq!(tokens.for_scopes(&Scopes::read("a/c")).unwrap().header(), "Basic x");
        tokens.forget(&one);
        assert_eq!(tokens.for_scopes(&Scopes::read("a/b")).unwrap().header(), "Basic x");
        assert!(!format!("{tokens:?}").contains("Basic x"));
    }
}
