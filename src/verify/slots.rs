//! Slots for predictions: how many are in flight, and which is next.
//!
//! Retries go before first attempts, because their cases are closer to a verdict that may stop all others. Otherwise slots are first come,
//! first served.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::oneshot;

use crate::support::locks::lock;

/// The order in which waiting predictions get slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Priority {
    /// The first attempt of a case.
    Normal,
    /// A retry, or a step of shrinking.
    High,
}

/// Hands out slots, up to a capacity that can shrink.
#[derive(Debug, Clone)]
pub(super) struct Slots {
    state: Arc<Mutex<SlotQueue>>,
}

#[derive(Debug)]
struct SlotQueue {
    capacity: usize,
    taken: usize,
    high: VecDeque<oneshot::Sender<Slot>>,
    normal: VecDeque<oneshot::Sender<Slot>>,
}

/// The right to have a prediction in flight, returned when dropped.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Slots,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.lock().taken -= 1;
        self.slots.grant();
    }
}

impl Slots {
    pub(super) fn new(capacity: usize) -> Self {
        let state = SlotQueue { capacity: capacity.max(1), taken: 0, high: VecDeque::new(), normal: VecDeque::new() };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Reduces the capacity to one. Slots that are taken stay valid.
    pub(super) fn reduce_to_one(&self) {
        self.lock().capacity = 1;
    }

    /// Waits for a slot. Cancel-safe.
    pub(super) async fn acquire(&self, priority: Priority) -> Option<Slot> {
        let (sender, receiver) = oneshot::channel();
        {
            let mut state = self.lock();
            match priority {
                Priority::High => state.high.push_back(sender),
                Priority::Normal => state.normal.push_back(sender),
            }
        }
        self.grant();
        receiver.await.ok()
    }

    /// Hands free slots to waiting tasks.
    fn grant(&self) {
        loop {
            let mut state = self.lock();
            if state.taken >= state.capacity {
                return;
            }
            let next = state.high.pop_front().or_else(|| state.normal.pop_front());
            let Some(next) = next else { return };
            if next.is_closed() {
                continue;
            }
            state.taken += 1;
            drop(state);
            // If the receiver is gone by now, the slot is dropped here, which hands it to the next.
            let _ = next.send(Slot { slots: self.clone() });
        }
    }

    fn lock(&self) -> MutexGuard<'_, SlotQueue> {
        lock(&self.state)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    async fn now(slots: &Slots, priority: Priority) -> Option<Slot> {
        timeout(Duration::from_millis(1), slots.acquire(priority)).await.ok().flatten()
    }

    #[tokio::test(start_paused = true)]
    async fn slots_are_limited_to_the_capacity() {
        let slots = Slots::new(2);
        let (first, second) = (now(&slots, Priority::Normal).await, now(&slots, Priority::Normal).await);
        assert!(first.is_some() && second.is_some());
        assert!(now(&slots, Priority::High).await.is_none());
        drop(first);
        assert!(now(&slots, Priority::Normal).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn retries_go_first_and_others_in_order() {
        let slots = Slots::new(1);
        let held = now(&slots, Priority::Normal).await;
        let order = Mutex::new(Vec::new());
        let wait = |name: &'static str, priority| {
            let (slots, order) = (&slots, &order);
            async move {
                let _slot = slots.acquire(priority).await;
                order.lock().unwrap().push(name);
            }
        };
        tokio::join!(wait("first", Priority::Normal), wait("second", Priority::Normal), wait("high", Priority::High), async {
            drop(held);
        });
        assert_eq!(*order.lock().unwrap(), ["high", "first", "second"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_canceled_wait_takes_no_slot() {
        let slots = Slots::new(1);
        let held = now(&slots, Priority::Normal).await;
        assert!(now(&slots, Priority::Normal).await.is_none());
        drop(held);
        assert!(now(&slots, Priority::Normal).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn the_capacity_can_be_reduced_while_slots_are_taken() {
        let slots = Slots::new(3);
        let (first, second) = (now(&slots, Priority::Normal).await, now(&slots, Priority::Normal).await);
        slots.reduce_to_one();
        drop(first);
        assert!(now(&slots, Priority::Normal).await.is_none());
        drop(second);
        assert!(now(&slots, Priority::Normal).await.is_some());
    }
}
