//! A registry in memory.

use futures::future::BoxFuture;

use crate::clients::registry::{Manifest, Registry, RegistryError};
use crate::publish::testing::World;
use crate::support::SecretString;

pub(crate) struct FakeRegistry(pub(crate) World);

impl Registry for FakeRegistry {
    fn manifest<'a>(&'a self, repository: &'a str, reference: &'a str) -> BoxFuture<'a, Result<Option<Manifest>, RegistryError>> {
        Box::pin(async move {
            if self.0.enter("manifest", repository, None).await.is_err() {
                unreachable!("the call knows no token");
            }
            let mut state = self.0.state();
            if let Some(error) = state.registry_faults.pop_front() {
                return Err(error);
            }
            let digest = reference.parse().expect("manifests are asked for by digest");
            Ok(state.manifests.get(&(repository.to_owned(), digest)).cloned())
        })
    }

    fn verify_token<'a>(&'a self, _token: &'a SecretString) -> BoxFuture<'a, Result<String, RegistryError>> {
        Box::pin(async move { panic!("whose token it is was asked before") })
    }
}
