//! Comparing JSON values by structure.

use serde_json::{Number, Value};

use crate::shorten::shorten;
use crate::{Comparison, MediaFile, MediaKind, Tolerance, text};

/// Differences listed for one pair: a list with a million different numbers has one cause.
const DIFFERENCE_LIMIT: usize = 8;

/// Deeper levels are not compared. `serde_json` parses 128 levels at most, but a [`Value`] can be built deeper.
const DEPTH_LIMIT: usize = 200;

/// One place where two values differ.
struct Difference {
    /// As in `.boxes[1].left`; empty for the whole value.
    path: String,
    message: String,
}

/// Compares files as JSON, or as text if one of them is not valid JSON.
pub(crate) fn compare_files(left: &MediaFile<'_>, right: &MediaFile<'_>, tolerance: &Tolerance) -> Comparison {
    match (serde_json::from_slice::<Value>(left.bytes), serde_json::from_slice::<Value>(right.bytes)) {
        (Ok(left), Ok(right)) => compare_json(&left, &right, tolerance),
        (left_read, right_read) => {
            let which = match (left_read.is_err(), right_read.is_err()) {
                (true, true) => "neither file is",
                (true, false) => "the first file is not",
                _ => "the second file is not",
            };
            let mut comparison = text::compare_files(left, right);
            comparison.kind = MediaKind::Json;
            comparison.remarks.insert(usize::from(!comparison.same), format!("{which} valid JSON; compared as text"));
            comparison
        }
    }
}

/// Compares JSON values. The order of an object's members does not matter. Integers have to be equal, other numbers within the tolerance.
///
/// ```
/// use output_compare::{Tolerance, compare_json};
/// use serde_json::json;
///
/// let comparison = compare_json(&json!({"n": 2, "score": 0.50}), &json!({"score": 0.5001, "n": 3}), &Tolerance::default());
/// assert_eq!(comparison.reason(), Some(".n is 2 in the first and 3 in the second"));
/// ```
pub fn compare_json(left: &Value, right: &Value, tolerance: &Tolerance) -> Comparison {
    let mut walk = Walk { tolerance, path: String::new(), found: Vec::new(), count: 0, greatest_relative: 0.0 };
    walk.value(left, right, 0);
    let mut comparison = Comparison::new(MediaKind::Json, walk.count == 0)
        .at_most("differences", walk.count as f64, 0.0)
        .measured("greatest_relative_difference", walk.greatest_relative);
    if walk.greatest_relative > tolerance.relative_number {
        comparison = comparison.at_most("relative_number", walk.greatest_relative, tolerance.relative_number);
    }
    for difference in &walk.found {
        let place = if difference.path.is_empty() { "the value" } else { &difference.path };
        comparison.remarks.push(format!("{place} {}", difference.message));
    }
    if walk.count > walk.found.len() {
        comparison.remarks.push(format!("... and {} more differences", walk.count - walk.found.len()));
    }
    comparison
}

struct Walk<'a> {
    tolerance: &'a Tolerance,
    path: String,
    found: Vec<Difference>,
    count: usize,
    greatest_relative: f64,
}

impl Walk<'_> {
    fn differs(&mut self, message: impl FnOnce() -> String) {
        self.count += 1;
        if self.found.len() < DIFFERENCE_LIMIT {
            self.found.push(Difference { path: self.path.clone(), message: message() });
        }
    }

    fn within(&mut self, step: &str, walk: impl FnOnce(&mut Self)) {
        let mark = self.path.len();
        self.path.push_str(step);
        walk(self);
        self.path.truncate(mark);
    }

    fn value(&mut self, left: &Value, right: &Value, depth: usize) {
        if depth > DEPTH_LIMIT {
            self.differs(|| "is nested too deeply to compare".to_owned());
            return;
        }
        match (left, right) {
            (Value::Number(left), Value::Number(right)) => self.number(left, right),
            (Value::Array(left), Value::Array(right)) => {
                if left.len() != right.len() {
                    self.differs(|| format!("has {} items in the first and {} in the second", left.len(), right.len()));
                }
                for (index, (left, right)) in left.iter().zip(right).enumerate() {
                    self.within(&format!("[{index}]"), |walk| walk.value(left, right, depth + 1));
                }
            }
            (Value::Object(left), Value::Object(right)) => {
                for (name, value) in left {
                    let step = format!(".{}", shorten(name, 60));
                    self.within(&step, |walk| match right.get(name) {
                        Some(other) => walk.value(value, other, depth + 1),
                        None => walk.differs(|| "is missing from the second".to_owned()),
                    });
                }
                for name in right.keys().filter(|name| !left.contains_key(*name)) {
                    let step = format!(".{}", shorten(name, 60));
                    self.within(&step, |walk| walk.differs(|| "is missing from the first".to_owned()));
                }
            }
            _ if left == right => {}
            _ => self.differs(|| format!("is {} in the first and {} in the second", show(left), show(right))),
        }
    }

    fn number(&mut self, left: &Number, right: &Number) {
        let floats = (left.as_f64().unwrap_or(f64::NAN), right.as_f64().unwrap_or(f64::NAN));
        let same = match (integer(left), integer(right)) {
            (Some(left), Some(right)) => left == right,
            _ => {
                let distance = (floats.0 - floats.1).abs();
                let size = floats.0.abs().max(floats.1.abs());
                if size > 0.0 && distance > self.tolerance.absolute_number {
                    self.greatest_relative = self.greatest_relative.max(distance / size);
                }
                distance <= self.tolerance.absolute_number || distance <= self.tolerance.relative_number * size
            }
        };
        if !same {
            self.differs(|| format!("is {left} in the first and {right} in the second"));
        }
    }
}

/// The value of an integer. `1.0` counts as the integer 1: `docs/reference/cog-safe-push.md#comparing-numbers`.
fn integer(number: &Number) -> Option<i128> {
    number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from))
        .or_else(|| number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 1e15).map(|float| float as i128))
}

fn show(value: &Value) -> String {
    shorten(&value.to_string(), 80)
}
