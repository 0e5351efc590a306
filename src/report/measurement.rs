//! Measurements of files as text, shared by all renderings.

use output_compare::Tolerance;

use super::json::v1::{Case, ComparisonEntry, FileEntry, MeasurementEntry};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MeasurementText {
    /// `mean color distance`, `duration (s)`. Untrusted if the run was read from a file.
    pub(super) name: String,
    /// The number, or `not a number`.
    pub(super) value: String,
    /// `at most 8`; empty without a limit.
    pub(super) limit: String,
    /// The setting that changes the limit.
    pub(super) setting: Option<String>,
}

pub(super) fn measurement_text(measured: &MeasurementEntry) -> MeasurementText {
    let value = measured.value.map_or_else(|| "not a number".to_owned(), number);
    let limit = match (measured.at_most, measured.at_least) {
        (Some(most), _) => format!("at most {}", number(most)),
        (None, Some(least)) => format!("at least {}", number(least)),
        (None, None) => String::new(),
    };
    let setting =
        (!limit.is_empty() && Tolerance::NAMES.contains(&measured.name.as_str())).then(|| format!("compare.{}", measured.name));
    MeasurementText { name: name(&measured.name), value, limit, setting }
}

impl MeasurementText {
    /// Name, value and limit on one line.
    pub(super) fn line(&self) -> String {
        let limit = if self.limit.is_empty() { String::new() } else { format!(" ({})", self.limit) };
        format!("{} {}{limit}", self.name, self.value)
    }
}

/// A file's kind, size and facts on one line.
pub(super) fn file_text(file: &FileEntry) -> String {
    let mut facts = vec![file.kind.clone()];
    if file.size_bytes > 0 {
        facts.push(size(file.size_bytes));
    }
    facts.extend(file.facts.iter().cloned());
    facts.retain(|fact| !fact.is_empty());
    facts.join(", ")
}

/// The side that a file was compared with, as text.
pub(super) fn compared_with(comparison: &ComparisonEntry) -> &'static str {
    if comparison.with == "live" { "the live version" } else { "the expected file" }
}

/// The comparisons of a case that found a difference.
pub(super) fn differing(case: &Case) -> impl Iterator<Item = &ComparisonEntry> {
    case.comparisons.iter().filter(|comparison| !comparison.same)
}

/// `812 bytes`, `1.2 MB`.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 3] = ["kB", "MB", "GB"];
    if bytes < 1000 {
        return format!("{bytes} bytes");
    }
    let mut amount = bytes as f64 / 1000.0;
    let mut unit = UNITS[0];
    for larger in &UNITS[1..] {
        if amount < 999.95 {
            break;
        }
        amount /= 1000.0;
        unit = larger;
    }
    format!("{amount:.1} {unit}")
}

fn name(name: &str) -> String {
    let units = [("_secs", " (s)"), ("_db", " (dB)"), ("_percent", " (%)"), ("_hz", " (Hz)"), ("_bytes", " (bytes)")];
    let (stem, unit) =
        units.into_iter().find_map(|(suffix, unit)| name.strip_suffix(suffix).map(|stem| (stem, unit))).unwrap_or((name, ""));
    let label = match stem {
        "ssim" => "structural similarity".to_owned(),
        "psnr" => "peak signal to noise".to_owned(),
        other => other.replace('_', " "),
    };
    format!("{label}{unit}")
}

/// A number with as many digits as matter.
pub(super) fn number(value: f64) -> String {
    if value == value.trunc() && value.abs() < 1e15 {
        return format!("{value:.0}");
    }
    let digits = match value.abs() {
        size if size >= 100.0 => 1,
        size if size >= 1.0 => 2,
        size if size >= 0.001 => 4,
        _ => return format!("{value:.2e}"),
    };
    let text = format!("{value:.digits$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_as_many_digits_as_matter() {
        for (value, text) in [
            (8.0, "8"),
            (0.0, "0"),
            (12.3456, "12.35"),
            (1234.56, "1234.6"),
            (0.98765, "0.9877"),
            (0.5, "0.5"),
            (0.000_012, "1.20e-5"),
            (-3.5, "-3.5"),
            (1_048_576.0, "1048576"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn sizes_have_suitable_units() {
        for (bytes, words) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1000, "1.0 kB"),
            (1_234_567, "1.2 MB"),
            (999_990, "1.0 MB"),
            (u64::MAX, "18446744073.7 GB"),
        ] {
            assert_eq!(size(bytes), words);
        }
    }

    #[test]
    fn names_and_limits_are_readable() {
        let of = |name: &str, at_most, at_least| {
            measurement_text(&MeasurementEntry { name: name.to_owned(), value: Some(1.5), at_most, at_least, holds: true })
        };
        let found = of("mean_color_distance", Some(8.0), None);
        assert_eq!((found.name.as_str(), found.limit.as_str()), ("mean color distance", "at most 8"));
        let found = of("duration_secs", None, Some(0.25));
        assert_eq!((found.name.as_str(), found.limit.as_str()), ("duration (s)", "at least 0.25"));
        assert_eq!(of("psnr_db", None, None).name, "peak signal to noise (dB)");
        let unknown = MeasurementEntry { name: "x".to_owned(), value: None, at_most: None, at_least: None, holds: false };
        assert_eq!(measurement_text(&unknown).value, "not a number");
    }
}
