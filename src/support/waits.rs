//! Says for what this process waits, to whoever shows its progress: deep in a client nobody knows a run, and a rate limit concerns all.

use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

/// Shorter waits are nothing to talk about.
const SHORTEST: Duration = Duration::from_secs(1);

/// Is told why something waits, and how long. Must not block.
pub type Listener = dyn Fn(&str, Duration) + Send + Sync;

static LISTENER: RwLock<Option<Weak<Listener>>> = RwLock::new(None);

/// Announces waits to a listener from now on, instead of to the one before.
pub fn listen(listener: &Arc<Listener>) {
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
