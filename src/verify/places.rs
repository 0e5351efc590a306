//! Places for predictions: how many are in flight, and who is next.
//!
//! A second try goes before first tries: the outcome of its case is waited for, and may decide about all the others. Otherwise first come,
//! first served.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// How urgent a prediction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Urgency {
    /// The first try of a case.
    Usual,
    /// What is to come of a case depends on it.
    Urgent,
}

/// Gives out places, up to a capacity.
#[derive(Debug, Clone)]
pub(super) struct Places {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    capacity: usize,
    taken: usize,
    urgent: VecDeque<oneshot::Sender<Place>>,
    usual: VecDeque<oneshot::Sender<Place>>,
}

/// The right to have a prediction in flight; given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Places,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.lock().taken -= 1;
        self.places.give();
    }
}

impl Places {
    pub(super) fn new(capacity: usize) -> Self {
        let state = State { capacity: capacity.max(1), taken: 0, urgent: VecDeque::new(), usual: VecDeque::new() };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// From now on there is one place. Those that are taken stay so until they are given back.
    pub(super) fn reduce_to_one(&self) {
        self.lock().capacity = 1;
    }

    /// Waits for a place. May be dropped at any time.
    pub(super) async fn take(&self, urgency: Urgency) -> Option<Place> {
        let (sender, receiver) = oneshot::channel();
        {
            let mut state = self.lock();
            match urgency {
                Urgency::Urgent => state.urgent.push_back(sender),
                Urgency::Usual => state.usual.push_back(sender),
            }
        }
        self.give();
        receiver.await.ok()
    }

    /// Gives free places to those who wait.
    fn give(&self) {
        loop {
            let mut state = self.lock();
            if state.taken >= state.capacity {
                return;
            }
            let next = state.urgent.pop_front().or_else(|| state.usual.pop_front());
            let Some(next) = next else { return };
            if next.is_closed() {
                continue;
            }
            state.taken += 1;
            drop(state);
            // One that left at this very moment drops its place, which gives it to the next.
            let _ = next.send(Place { places: self.clone() });
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    async fn now(places: &Places, urgency: Urgency) -> Option<Place> {
        timeout(Duration::from_millis(1), places.take(urgency)).await.ok().flatten()
    }

    #[tokio::test(start_paused = true)]
    async fn there_are_as_many_places_as_the_capacity() {
        let places = Places::new(2);
        let (first, second) = (now(&places, Urgency::Usual).await, now(&places, Urgency::Usual).await);
        assert!(first.is_some() && second.is_some());
        assert!(now(&places, Urgency::Urgent).await.is_none());
        drop(first);
        assert!(now(&places, Urgency::Usual).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn second_tries_go_first_and_others_in_order() {
        let places = Places::new(1);
        let held = now(&places, Urgency::Usual).await;
        let order = Mutex::new(Vec::new());
        let wait = |name: &'static str, urgency| {
            let (places, order) = (&places, &order);
            async move {
                let _place = places.take(urgency).await;
                order.lock().unwrap().push(name);
            }
        };
        tokio::join!(wait("first", Urgency::Usual), wait("second", Urgency::Usual), wait("urgent", Urgency::Urgent), async {
            drop(held);
        });
        assert_eq!(*order.lock().unwrap(), ["urgent", "first", "second"]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_leaves_the_line_takes_no_place_along() {
        let places = Places::new(1);
        let held = now(&places, Urgency::Usual).await;
        assert!(now(&places, Urgency::Usual).await.is_none());
        drop(held);
        assert!(now(&places, Urgency::Usual).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn the_capacity_can_be_reduced_while_places_are_taken() {
        let places = Places::new(3);
        let (first, second) = (now(&places, Urgency::Usual).await, now(&places, Urgency::Usual).await);
        places.reduce_to_one();
        drop(first);
        assert!(now(&places, Urgency::Usual).await.is_none());
        drop(second);
        assert!(now(&places, Urgency::Usual).await.is_some());
    }
}
