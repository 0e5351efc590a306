//! The account and its hardware.

use futures::future::BoxFuture;

use crate::clients::replicate::call::Call;
use crate::clients::replicate::real::RealReplicate;
use crate::clients::replicate::wire::{RawAccount, RawHardware};
use crate::clients::replicate::{Account, Hardware, ReplicateError};

/// The token's account.
pub trait Accounts: Send + Sync {
    /// The account: the cheapest check of a token. Models can only be created under its name.
    fn account<'a>(&'a self) -> BoxFuture<'a, Result<Account, ReplicateError>>;

    /// The hardware this account may use. It depends on the account and changes: never assume a SKU.
    fn hardware<'a>(&'a self) -> BoxFuture<'a, Result<Vec<Hardware>, ReplicateError>>;
}

impl Accounts for RealReplicate {
    fn account<'a>(&'a self) -> BoxFuture<'a, Result<Account, ReplicateError>> {
        Box::pin(async move {
            let call = Call::get(self.base.join(&["account"]), "look up the account of the API token");
            Ok(self.ask(&call).await?.read::<RawAccount>(&call)?.into())
        })
    }

    fn hardware<'a>(&'a self) -> BoxFuture<'a, Result<Vec<Hardware>, ReplicateError>> {
        Box::pin(async move {
            let call = Call::get(self.base.join(&["hardware"]), "list the account's hardware");
            // A bare array, not a page.
            let raw: Vec<RawHardware> = self.ask(&call).await?.read(&call)?;
            Ok(raw.into_iter().map(Hardware::from).collect())
        })
    }
}
