//! Counts the steps of a program, and stops it at a limit.
//!
//! jaq has no limits of its own, but fetches its table of terms at every step. The program is stopped by unwinding with `resume_unwind`,
//! which skips the panic hook, and the unwinding is caught where the program was started.

use std::any::Any;
use std::cell::Cell;
use std::panic::resume_unwind;
use std::time::{Duration, Instant};

use jaq_core::data::HasLut;
use jaq_core::{DataT, Lut};
use jaq_json::Val;

/// Steps of one program over one value. A program over a hundred thousand numbers takes some six hundred thousand.
const STEP_LIMIT: u64 = 1_500_000;

/// Run time of one program.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(5);

/// Stack size of a program's thread. Only the used part takes memory.
pub(super) const STACK_BYTES: usize = 1024 * 1024 * 1024;

/// The part of the stack that a program may use. Printing and dropping its values needs some too.
const STACK_LIMIT_BYTES: usize = STACK_BYTES / 4;

/// The limit at which a program was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LimitExceeded {
    Steps,
    Time,
    Depth,
}

impl LimitExceeded {
    /// The limit in the payload of an unwinding, unless it was a panic.
    pub(super) fn of(payload: &(dyn Any + Send)) -> Option<Self> {
        payload.downcast_ref::<Self>().copied()
    }

    /// The message, which fits after "the jq program".
    pub(super) fn describe(self) -> String {
        match self {
            Self::Steps => format!("takes more than {STEP_LIMIT} steps"),
            Self::Time => format!("runs for more than {} s", TIME_LIMIT.as_secs()),
            Self::Depth => "recurses too deeply".to_owned(),
        }
    }
}

/// Counts the steps of one program.
#[derive(Debug)]
pub(super) struct Meter {
    steps: Cell<u64>,
    deadline: Instant,
    stack_base: usize,
}

impl Meter {
    /// Starts counting. Call it near the bottom of the thread's stack.
    pub(super) fn start() -> Self {
        Self { steps: Cell::new(0), deadline: Instant::now() + TIME_LIMIT, stack_base: stack_position() }
    }

    /// Counts a step. Unwinds at a limit.
    pub(super) fn step(&self) {
        let steps = self.steps.get() + 1;
        self.steps.set(steps);
        let exceeded = if steps > STEP_LIMIT {
            LimitExceeded::Steps
        } else if stack_position().abs_diff(self.stack_base) > STACK_LIMIT_BYTES {
            LimitExceeded::Depth
        } else if steps.is_multiple_of(256) && Instant::now() > self.deadline {
            LimitExceeded::Time
        } else {
            return;
        };
        resume_unwind(Box::new(exceeded));
    }
}

/// The current position on the stack.
#[inline(never)]
fn stack_position() -> usize {
    let here = 0_u8;
    std::ptr::from_ref(&here).addr()
}

/// The jaq data type whose steps are counted.
pub(super) struct Metered;

/// The data of a running program.
#[derive(Clone)]
pub(super) struct ProgramData<'a> {
    pub(super) lut: &'a Lut<Metered>,
    pub(super) meter: &'a Meter,
}

impl DataT for Metered {
    type V<'a> = Val;
    type Data<'a> = ProgramData<'a>;
}

impl<'a> HasLut<'a, Metered> for ProgramData<'a> {
    fn lut(&self) -> &'a Lut<Metered> {
        self.meter.step();
        self.lut
    }
}
