//! A registry in memory.

use async_trait::async_trait;

use crate::clients::registry::{Manifest, Registry, RegistryError};
use crate::publish::testing::World;
use crate::support::SecretString;

pub(crate) struct FakeRegistry(pub(crate) World);

#[async_trait]
impl Registry for FakeRegistry {
    async fn manifest(&self, repository: &str, reference: &str) -> Result<Option<Manifest>, RegistryError> {
        if self.0.enter("manifest", repository, None).await.is_err() {
            unreachable!("the call knows no token");
        }
        let mut state = self.0.state();
        if let Some(error) = state.registry_faults.pop_front() {
            return Err(error);
        }
        let digest = reference.parse().expect("manifests are asked for by digest");
        Ok(state.manifests.get(&(repository.to_owned(), digest)).cloned())
    }

    async fn verify_token(&self, _token: &SecretString) -> Result<String, RegistryError> {
        panic!("whose token it is was asked before")
    }
}
