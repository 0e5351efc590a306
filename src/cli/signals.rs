//! The first signal asks the run to stop, the second one ends the process.

use tokio_util::sync::CancellationToken;

use crate::domain::verdict::Verdict;

/// A token that fires on SIGINT, SIGTERM or SIGHUP. Call it before anything is started that has to be stopped.
pub(super) fn cancelled_by_signals() -> CancellationToken {
    let token = CancellationToken::new();
    let stop = token.clone();
    // Listen at once, not when the task gets its turn: the first process of a container ignores signals without a handler.
    let Some(mut signals) = Signals::listen() else { return token };
    tokio::spawn(async move {
        signals.next().await;
        stop.cancel();
        signals.next().await;
        end_now();
    });
    token
}

/// Leaves at once. What is left behind carries the mark of this process, and the next run removes it (`leftovers`).
#[expect(clippy::exit, clippy::disallowed_methods, reason = "a second signal wants no tidying up")]
fn end_now() {
    std::process::exit(Verdict::Cancelled.exit_code().into());
}

struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> Option<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).inspect_err(|error| tracing::warn!(%error, "signals cannot be caught")).ok();
        Some(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up: listen(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}
