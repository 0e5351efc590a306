//! The account and its hardware.

use async_trait::async_trait;

use crate::clients::replicate::call::Call;
use crate::clients::replicate::real::RealReplicate;
use crate::clients::replicate::wire::{RawAccount, RawHardware};
use crate::clients::replicate::{Account, Hardware, ReplicateError};

/// The token's account.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// The account: the cheapest check of a token. Models can only be created under its name.
    async fn account(&self) -> Result<Account, ReplicateError>;

    /// The hardware this account may use. It depends on the account and changes: never assume a SKU.
    async fn hardware(&self) -> Result<Vec<Hardware>, ReplicateError>;
}

#[async_trait]
impl Accounts for RealReplicate {
    async fn account(&self) -> Result<Account, ReplicateError> {
        let call = Call::get(self.base.join(&["account"]), "look up the account of the API token");
        Ok(self.ask(&call).await?.read::<RawAccount>(&call)?.into())
    }

    async fn hardware(&self) -> Result<Vec<Hardware>, ReplicateError> {
        let call = Call::get(self.base.join(&["hardware"]), "list the account's hardware");
        // A bare array, not a page.
        let raw: Vec<RawHardware> = self.ask(&call).await?.read(&call)?;
        Ok(raw.into_iter().map(Hardware::from).collect())
    }
}
