//! The native filters that a program may use.

use jaq_core::native::{Fun, bome, run, v};
use jaq_core::{Cv, Error, Exn, ValXs};
use jaq_json::Val;

use super::meter::Metered;

/// Filters that are replaced: they read the environment, exit the process, print, or run without counting steps.
const REPLACED: [&str; 5] = ["env", "halt", "stderr_empty", "debug_empty", "range"];

/// All native filters, with harmful ones replaced.
pub(super) fn filters() -> impl Iterator<Item = Fun<Metered>> {
    let usual = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    usual.filter(|(name, _, _)| !REPLACED.contains(name)).chain(replacements())
}

fn replacements() -> impl Iterator<Item = Fun<Metered>> {
    [
        run(("env", v(0), |_| bome(Ok(Val::obj(jaq_json::Map::default()))))),
        run(("halt", v(1), |mut cv| {
            cv.0.pop_var();
            bome(Err(Error::str("halt is not available in a check")))
        })),
        run(("stderr_empty", v(0), |_| Box::new(std::iter::empty()))),
        run(("debug_empty", v(0), |_| Box::new(std::iter::empty()))),
        run::<Metered>(("range", v(3), |cv| range(cv))),
    ]
    .into_iter()
}

/// `range(from; to; by)` that counts each number as a step. jaq's own does not, and `[range(1e12)]` would fill the memory.
fn range<'a>(mut cv: Cv<'a, Metered>) -> ValXs<'a, Val> {
    let (by, to, from) = (cv.0.pop_var(), cv.0.pop_var(), cv.0.pop_var());
    let zero = Val::from(0_isize);
    let (rises, falls) = (by > zero, by < zero);
    let context = cv.0;
    let mut next = Some(Ok::<Val, Exn<'a, Val>>(from));
    Box::new(std::iter::from_fn(move || {
        context.data().meter.step();
        let value = match next.take()? {
            Ok(value) => value,
            Err(error) => return Some(Err(error)),
        };
        let inside = if rises {
            value < to
        } else if falls {
            value > to
        } else {
            value != to
        };
        if !inside {
            return None;
        }
        next = Some((value.clone() + by.clone()).map_err(Exn::from));
        Some(Ok(value))
    }))
}
