//! Lets one prediction boot the version while the others wait until it runs.
//!
//! Otherwise each prediction in flight would boot a container, and all of them would be charged when `setup()` fails:
//! `docs/reference/replicate-api.md#cold-boots`. The first prediction is one of the plan's own, so that nothing runs twice.

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GateState {
    /// No prediction boots the version, because none has started or the last one failed.
    Closed,
    /// One prediction boots the version.
    Booting,
    /// The version runs.
    Open,
}

/// Lets one prediction pass at a time until the version runs.
#[derive(Debug)]
pub(super) struct BootGate {
    state: watch::Sender<GateState>,
}

/// The right to boot the version. If it is dropped before the gate is open, it passes to the next prediction.
#[derive(Debug)]
pub(super) struct BootPermit<'a> {
    gate: &'a BootGate,
}

impl Drop for BootPermit<'_> {
    fn drop(&mut self) {
        self.gate.state.send_if_modified(|state| {
            let was_booting = *state == GateState::Booting;
            if was_booting {
                *state = GateState::Closed;
            }
            was_booting
        });
    }
}

impl BootGate {
    pub(super) fn new() -> Self {
        Self { state: watch::Sender::new(GateState::Closed) }
    }

    /// Waits until the version runs (`Some(None)`) or until it is this prediction's turn to boot it. `None` if canceled.
    pub(super) async fn pass(&self, cancelled: &CancellationToken) -> Option<Option<BootPermit<'_>>> {
        let mut seen = self.state.subscribe();
        loop {
            if cancelled.is_cancelled() {
                return None;
            }
            let mut before = GateState::Open;
            seen.mark_unchanged();
            self.state.send_if_modified(|state| {
                before = *state;
                if *state == GateState::Closed {
                    *state = GateState::Booting;
                }
                false
            });
            match before {
                GateState::Open => return Some(None),
                GateState::Closed => return Some(Some(BootPermit { gate: self })),
                GateState::Booting => {}
            }
            tokio::select! {
                biased;
                () = cancelled.cancelled() => return None,
                changed = seen.changed() => changed.ok()?,
            }
        }
    }

    /// Opens the gate for good: the version runs.
    pub(super) fn open(&self) {
        self.state.send_if_modified(|state| std::mem::replace(state, GateState::Open) != GateState::Open);
    }

    /// Whether the version has been seen running.
    pub(super) fn is_open(&self) -> bool {
        *self.state.borrow() == GateState::Open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_one_passes_until_the_gate_is_open() {
        let (gate, never) = (BootGate::new(), CancellationToken::new());
        let permit = gate.pass(&never).await.unwrap();
        assert!(permit.is_some() && !gate.is_open());
        let waiting = gate.pass(&never);
        tokio::pin!(waiting);
        assert!(tokio::time::timeout(std::time::Duration::from_secs(1), &mut waiting).await.is_err());
        gate.open();
        assert!(waiting.await.unwrap().is_none());
        drop(permit);
        assert!(gate.is_open());
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_boot_passes_the_permit_on() {
        let (gate, never) = (BootGate::new(), CancellationToken::new());
        drop(gate.pass(&never).await.unwrap());
        assert!(gate.pass(&never).await.unwrap().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_stops_when_canceled() {
        let (gate, cancelled) = (BootGate::new(), CancellationToken::new());
        let _permit = gate.pass(&cancelled).await.unwrap();
        let (passed, ()) = tokio::join!(gate.pass(&cancelled), async { cancelled.cancel() });
        assert!(passed.is_none());
    }
}
