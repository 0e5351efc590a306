//! The bytes before and after the first line break as two files of any kind: a file equals itself, and the order of the two does not
//! matter.

#![no_main]

use libfuzzer_sys::fuzz_target;
use output_compare::{MediaFile, Tolerance, compare, difference, examine};

fuzz_target!(|input: &[u8]| {
    let at = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (left, right) = (&input[..at], &input[(at + 1).min(input.len())..]);
    for name in ["output.txt", "output.json", "output"] {
        let (left, right) = (MediaFile::named(name, left), MediaFile::named(name, right));
        let _ = examine(&left);
        let tolerance = Tolerance::default();
        assert!(compare(&left, &left, &tolerance).same);
        let comparison = compare(&left, &right, &tolerance);
        assert_eq!(comparison.same, compare(&right, &left, &tolerance).same);
        assert_eq!(comparison.same, comparison.reason().is_none());
        let _ = difference(&comparison, &left, &right);
    }
});
