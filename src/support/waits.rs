//! Reports what this process waits for, to the code that shows its progress. A client does not know the run that it works for, and a rate
//! limit affects all of it.

use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

/// Shorter waits are not reported.
const SHORTEST: Duration = Duration::from_secs(1);

/// Called with the reason and the length of a wait. Must not block.
pub type WaitListener = dyn Fn(&str, Duration) + Send + Sync;

static LISTENER: RwLock<Option<Weak<WaitListener>>> = RwLock::new(None);

/// Announces waits to a listener from now on, instead of to the one before.
pub fn listen(listener: &Arc<WaitListener>) {
    *LISTENER.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::downgrade(listener));
}

/// Announces a wait of at least a second.
pub fn announce(reason: &str, wait: Duration) {
    if wait < SHORTEST {
        return;
    }
    let listener = LISTENER.read().unwrap_or_else(PoisonError::into_inner).as_ref().and_then(Weak::upgrade);
    if let Some(listener) = listener {
        listener(reason, wait);
    }
}
