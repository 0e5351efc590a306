//! Compiles and runs a program.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use cog_findings::text::shorten;
use jaq_core::load::{self, Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars};
use jaq_json::Val;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::filters::filters;
use super::meter::{LimitExceeded, Meter, Metered, ProgramData, STACK_BYTES, TIME_LIMIT};

/// Time that a program has to notice that its time is up.
const GRACE: Duration = Duration::from_millis(500);

/// Longer programs are rejected.
const PROGRAM_BYTES: usize = 64 * 1024;

/// A program with more results lists rather than checks.
const RESULT_LIMIT: usize = 10_000;

/// Length at which a shown result or error is cut.
const SHOWN_BYTES: usize = 200;

/// Why a program has no results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub(in crate::verify) enum JqError {
    /// It does not compile.
    #[error("the jq program is not valid: {0}")]
    Invalid(String),
    /// It raised an error.
    #[error("the jq program failed: {0}")]
    Failed(String),
    /// It was stopped at a limit.
    #[error("the jq program {0}")]
    Stopped(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::verify) struct JqResult {
    /// Whether it is neither `false` nor `null`.
    pub(in crate::verify) holds: bool,
    /// For messages.
    pub(in crate::verify) shown: String,
}

/// Checks that each program compiles: in one thread, because each has a stack of [`STACK_BYTES`], and the memory of a worker is limited.
///
/// # Errors
/// When one of them crashes the interpreter, or takes too long.
pub(super) fn check(programs: Vec<String>) -> Result<Vec<Result<(), JqError>>, JqError> {
    in_thread(move || Ok(programs.iter().map(|program| compile(program, |_| Ok(()))).collect()))
}

/// The results of a program over a value, up to the first that does not hold. Blocks for a few seconds at most.
pub(super) fn results(program: &str, input: &Value) -> Result<Vec<JqResult>, JqError> {
    let (program, text) = (program.to_owned(), input.to_string());
    in_thread(move || {
        compile(&program, |filter| {
            let input = jaq_json::read::parse_single(text.as_bytes()).map_err(|error| JqError::Failed(error.to_string()))?;
            let meter = Meter::start();
            let context = Ctx::<Metered>::new(ProgramData { lut: &filter.lut, meter: &meter }, Vars::new([]));
            let mut found = Vec::new();
            for result in filter.id.run((context, input)) {
                let value = result.map_err(|exception| match exception.get_err() {
                    Ok(error) => JqError::Failed(shorten(&error.to_string(), SHOWN_BYTES)),
                    Err(_) => JqError::Failed("it broke out of a label".to_owned()),
                })?;
                let holds = !matches!(value, Val::Null | Val::Bool(false));
                found.push(JqResult { holds, shown: show(&value) });
                if !holds {
                    break;
                }
                if found.len() == RESULT_LIMIT {
                    return Err(JqError::Stopped(format!("has more than {RESULT_LIMIT} results")));
                }
            }
            Ok(found)
        })
    })
}

fn show(value: &Val) -> String {
    match value {
        // A deep or long value would be printed in full before it is cut.
        Val::Arr(items) if !items.is_empty() => format!("an array of {}", items.len()),
        Val::Obj(members) if !members.is_empty() => format!("an object of {}", members.len()),
        other => shorten(&other.to_string(), SHOWN_BYTES),
    }
}

fn compile<T>(
    program: &str,
    use_it: impl FnOnce(&jaq_core::compile::Filter<jaq_core::Native<Metered>>) -> Result<T, JqError>,
) -> Result<T, JqError> {
    if program.len() > PROGRAM_BYTES {
        return Err(JqError::Invalid(format!("it is longer than {PROGRAM_BYTES} bytes")));
    }
    let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let arena = Arena::default();
    let modules = Loader::new(definitions)
        .load(&arena, File { code: program, path: () })
        .map_err(|errors| JqError::Invalid(describe_load(program, &errors)))?;
    let filter =
        Compiler::default().with_funs(filters()).compile(modules).map_err(|errors| JqError::Invalid(describe_compile(&errors)))?;
    use_it(&filter)
}

fn describe_load(program: &str, errors: &load::Errors<&str, ()>) -> String {
    let place = |found: &str| {
        if found.is_empty() {
            return "the end".to_owned();
        }
        let column = program.get(..load::span(program, found).start).map_or(1, |before| before.chars().count() + 1);
        format!("'{}' at column {column}", shorten(found, 20))
    };
    let mut problems = Vec::new();
    for (_, error) in errors {
        match error {
            load::Error::Io(errors) => problems.extend(errors.iter().map(|(name, _)| format!("module '{name}' cannot be loaded"))),
            load::Error::Lex(errors) => {
                problems.extend(
                    errors.iter().map(|(expected, found)| format!("expected {}, found {}", expected.as_str(), place(found))),
                );
            }
            load::Error::Parse(errors) => {
                problems.extend(
                    errors.iter().map(|(expected, found)| format!("expected {}, found {}", expected.as_str(), place(found))),
                );
            }
        }
    }
    shorten(&problems.join("; "), SHOWN_BYTES)
}

fn describe_compile(errors: &jaq_core::compile::Errors<&str, ()>) -> String {
    let problems: Vec<String> = errors
        .iter()
        .flat_map(|(_, errors)| errors.iter().map(|(name, undefined)| format!("undefined {} {name}", undefined.as_str())))
        .collect();
    shorten(&problems.join("; "), SHOWN_BYTES)
}

/// Runs work in a thread with a large stack, and turns unwinding into an error.
///
/// Some filters do much in one step, such as `..` over a value that is nested a hundred thousand times. Their thread is abandoned when time
/// is up. Unlike a blocking task of the runtime, it does not keep the process alive.
fn in_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T, JqError> + Send + 'static) -> Result<T, JqError> {
    let (sender, receiver) = mpsc::channel();
    let started = thread::Builder::new().name("jq".to_owned()).stack_size(STACK_BYTES).spawn(move || {
        let outcome = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
            Err(match LimitExceeded::of(payload.as_ref()) {
                Some(exceeded) => JqError::Stopped(exceeded.describe()),
                None => JqError::Failed("the interpreter crashed".to_owned()),
            })
        });
        // The receiver is gone if time was up.
        let _ = sender.send(outcome);
    });
    started.map_err(|error| JqError::Stopped(format!("could not be started: {error}")))?;
    receiver.recv_timeout(TIME_LIMIT + GRACE).unwrap_or_else(|_| Err(JqError::Stopped(LimitExceeded::Time.describe())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn outcome(program: &str, input: &Value) -> Result<Vec<bool>, JqError> {
        results(program, input).map(|results| results.iter().map(|result| result.holds).collect())
    }

    #[test]
    fn programs_return_what_jq_returns() {
        let cases: [(&str, Value, &[bool]); 16] = [
            (".n > 0", json!({"n": 1}), &[true]),
            (".n", json!({"n": 0}), &[true]),
            (".", json!(""), &[true]),
            (".", json!([]), &[true]),
            (".a", json!({}), &[false]),
            (".[] > 1", json!([2, 0]), &[true, false]),
            ("empty", json!(1), &[]),
            ("all(.[]; . > 0)", json!([1, 2]), &[true]),
            (". == \"5\"", json!("5"), &[true]),
            ("length == 3", json!("äöü"), &[true]),
            (".[0] | test(\"^h\")", json!(["hello"]), &[true]),
            ("[range(3)] == [0,1,2]", json!(null), &[true]),
            ("[range(5; 0; -2)] == [5,3,1]", json!(null), &[true]),
            ("env == {}", json!(null), &[true]),
            ("keys == [\"a\",\"b\"]", json!({"b": 1, "a": 2}), &[true]),
            (". == 18446744073709551615", json!(u64::MAX), &[true]),
        ];
        for (program, input, wanted) in cases {
            assert_eq!(outcome(program, &input).as_deref(), Ok(wanted), "{program}");
        }
    }

    #[test]
    fn programs_that_never_finish_are_stopped() {
        for program in [
            "def f: f; f",
            "[repeat(1)]",
            "[range(1e12)]",
            "last(range(infinite))",
            "until(false; . + 1)",
            "[limit(1e9; repeat(0))]",
        ] {
            assert!(matches!(outcome(program, &json!(0)), Err(JqError::Stopped(_))), "{program}");
        }
    }

    #[test]
    fn programs_that_recurse_without_end_are_stopped_before_the_stack_is_full() {
        for program in ["def f: 1 + f; f", "def f: [f]; f", "def f($n): {a: f($n + 1)}; f(0)"] {
            assert!(matches!(outcome(program, &json!(0)), Err(JqError::Stopped(_))), "{program}");
        }
    }

    #[test]
    fn deep_values_are_dropped_without_harm() {
        for what in ["length == 1", "tojson | length > 1", ". == .", "flatten | length == 1", "[.]"] {
            let deep = format!("reduce range(50000) as $i (null; [.]) | {what}");
            let found = outcome(&deep, &json!(0));
            assert!(
                matches!(&found, Ok(holds) if *holds == [true]) || matches!(found, Err(JqError::Stopped(_))),
                "{what}: {found:?}"
            );
        }
    }

    #[test]
    fn a_program_that_takes_forever_in_one_step_is_abandoned() {
        let slow = "reduce range(100000) as $i (null; [.]) | [..] | length > 1";
        assert_eq!(outcome(slow, &json!(0)), Err(JqError::Stopped("runs for more than 5 s".to_owned())));
    }

    #[test]
    fn a_program_cannot_exit_the_process_or_print() {
        assert!(matches!(outcome("halt", &json!(0)), Err(JqError::Failed(_))));
        assert!(matches!(outcome("\"x\" | halt_error", &json!(0)), Err(JqError::Failed(_))));
        assert_eq!(outcome("debug | stderr", &json!(7)), Ok(vec![true]));
    }

    #[test]
    fn errors_of_a_program_are_reported() {
        let said = |program: &str, input: &Value| results(program, input).unwrap_err().to_string();
        assert_eq!(said("error(\"nope\")", &json!(1)), "the jq program failed: \"nope\"");
        assert!(said(".a.b", &json!([1])).starts_with("the jq program failed: cannot index"), "{}", said(".a.b", &json!([1])));
    }

    #[test]
    fn invalid_programs_are_rejected_with_their_position() {
        let compiles = |program: &str| check(vec![program.to_owned()]).unwrap().remove(0);
        let said = |program: &str| compiles(program).unwrap_err().to_string();
        for program in [".a ==", "(.a", "foo", "$x", "include \"x\"; .", "{", "\"abc"] {
            assert!(said(program).starts_with("the jq program is not valid: "), "{program}: {}", said(program));
        }
        assert_eq!(compiles(".a == 1"), Ok(()));
        assert!(matches!(compiles(&"(".repeat(60_000)), Err(JqError::Invalid(_))));
        assert!(matches!(compiles(&" ".repeat(70_000)), Err(JqError::Invalid(_))));
    }
}
