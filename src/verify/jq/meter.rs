//! Counts a program's steps and stops it.
//!
//! jaq offers no limit of its own, but asks its data for the table of terms at every step. Stopping is done by unwinding
//! (`resume_unwind`, which tells nobody), caught where the program was started.

use std::any::Any;
use std::cell::Cell;
use std::panic::resume_unwind;
use std::time::{Duration, Instant};

use jaq_core::data::HasLut;
use jaq_core::{DataT, Lut};
use jaq_json::Val;

/// Steps of one program over one value. A program that looks at a hundred thousand numbers takes some six hundred thousand.
const STEP_LIMIT: u64 = 1_500_000;

/// How long one program may run.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(5);

/// The stack of a program's thread. Only what is used of it takes memory.
pub(super) const STACK_BYTES: usize = 1024 * 1024 * 1024;

/// How much of it a program may use: writing out or dropping what it built needs some as well.
const STACK_LIMIT_BYTES: usize = STACK_BYTES / 4;

/// Why a program was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Excess {
    Steps,
    Time,
    Depth,
}

impl Excess {
    /// The reason that an unwinding carried, if it is one of ours.
    pub(super) fn of(payload: &(dyn Any + Send)) -> Option<Self> {
        payload.downcast_ref::<Self>().copied()
    }

    /// What the program does; fits after "the jq program".
    pub(super) fn describe(self) -> String {
        match self {
            Self::Steps => format!("takes more than {STEP_LIMIT} steps"),
            Self::Time => format!("runs for more than {} s", TIME_LIMIT.as_secs()),
            Self::Depth => "recurses too deep".to_owned(),
        }
    }
}

/// Where a program's steps are counted.
#[derive(Debug)]
pub(super) struct Meter {
    steps: Cell<u64>,
    deadline: Instant,
    stack_base: usize,
}

impl Meter {
    /// Starts counting. To be made near the bottom of the thread's stack.
    pub(super) fn start() -> Self {
        Self { steps: Cell::new(0), deadline: Instant::now() + TIME_LIMIT, stack_base: stack_position() }
    }

    /// One more step; unwinds when it is one too many.
    pub(super) fn step(&self) {
        let steps = self.steps.get() + 1;
        self.steps.set(steps);
        let excess = if steps > STEP_LIMIT {
            Excess::Steps
        } else if stack_position().abs_diff(self.stack_base) > STACK_LIMIT_BYTES {
            Excess::Depth
        } else if steps.is_multiple_of(256) && Instant::now() > self.deadline {
            Excess::Time
        } else {
            return;
        };
        resume_unwind(Box::new(excess));
    }
}

/// An address on the stack, to see how much of it is used.
#[inline(never)]
fn stack_position() -> usize {
    let here = 0_u8;
    std::ptr::from_ref(&here).addr()
}

/// The kind of data that counts steps.
pub(super) struct Metered;

/// What a running program carries along.
#[derive(Clone)]
pub(super) struct Run<'a> {
    pub(super) lut: &'a Lut<Metered>,
    pub(super) meter: &'a Meter,
}

impl DataT for Metered {
    type V<'a> = Val;
    type Data<'a> = Run<'a>;
}

impl<'a> HasLut<'a, Metered> for Run<'a> {
    fn lut(&self) -> &'a Lut<Metered> {
        self.meter.step();
        self.lut
    }
}
