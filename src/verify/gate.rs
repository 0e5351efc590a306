//! One prediction boots the version; the others wait until it runs.
//!
//! Otherwise each prediction in flight would boot a container, and all of them would be charged when `setup()` fails:
//! `docs/reference/replicate-api.md#cold-boots`. The first prediction is one of the plan's own, so that nothing runs twice.

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    /// Nobody has tried yet, or who tried did not come through.
    Closed,
    /// Somebody tries.
    Tried,
    /// The version runs.
    Open,
}

/// Lets one prediction pass until the version is seen to run.
#[derive(Debug)]
pub(super) struct Gate {
    door: watch::Sender<Door>,
}

/// The right to boot the version. Dropped without having opened the gate, it goes to the next.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    gate: &'a Gate,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.gate.door.send_if_modified(|door| {
            let was_tried = *door == Door::Tried;
            if was_tried {
                *door = Door::Closed;
            }
            was_tried
        });
    }
}

impl Gate {
    pub(super) fn new() -> Self {
        Self { door: watch::Sender::new(Door::Closed) }
    }

    /// Waits until the version runs, or gets the right to boot it. `None` when cancelled.
    pub(super) async fn pass(&self, cancelled: &CancellationToken) -> Option<Option<Turn<'_>>> {
        let mut seen = self.door.subscribe();
        loop {
            if cancelled.is_cancelled() {
                return None;
            }
            let mut before = Door::Open;
            seen.mark_unchanged();
            self.door.send_if_modified(|door| {
                before = *door;
                if *door == Door::Closed {
                    *door = Door::Tried;
                }
                false
            });
            match before {
                Door::Open => return Some(None),
                Door::Closed => return Some(Some(Turn { gate: self })),
                Door::Tried => {}
            }
            tokio::select! {
                biased;
                () = cancelled.cancelled() => return None,
                changed = seen.changed() => changed.ok()?,
            }
        }
    }

    /// The version runs.
    pub(super) fn open(&self) {
        self.door.send_if_modified(|door| std::mem::replace(door, Door::Open) != Door::Open);
    }

    /// Whether the version has been seen to run.
    pub(super) fn is_open(&self) -> bool {
        *self.door.borrow() == Door::Open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_one_passes_until_the_gate_is_open() {
        let (gate, never) = (Gate::new(), CancellationToken::new());
        let turn = gate.pass(&never).await.unwrap();
        assert!(turn.is_some() && !gate.is_open());
        let waiting = gate.pass(&never);
        tokio::pin!(waiting);
        assert!(tokio::time::timeout(std::time::Duration::from_secs(1), &mut waiting).await.is_err());
        gate.open();
        assert!(waiting.await.unwrap().is_none());
        drop(turn);
        assert!(gate.is_open());
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_try_passes_the_right_on() {
        let (gate, never) = (Gate::new(), CancellationToken::new());
        drop(gate.pass(&never).await.unwrap());
        assert!(gate.pass(&never).await.unwrap().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_when_cancelled() {
        let (gate, cancelled) = (Gate::new(), CancellationToken::new());
        let _turn = gate.pass(&cancelled).await.unwrap();
        let (passed, ()) = tokio::join!(gate.pass(&cancelled), async { cancelled.cancel() });
        assert!(passed.is_none());
    }
}
