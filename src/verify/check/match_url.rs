//! `match_url`: the output is a file like this one.

use super::{Check, Judged, Needs, output_of, quote};
use crate::media::{Comparison, Tolerance, compare};
use crate::verify::Observation;

/// The output is one file, or a list with one file, that matches the one at this URL.
pub(super) struct MatchUrl(pub(super) String);

impl Check for MatchUrl {
    fn needs(&self) -> Needs {
        Needs { output_files: true, wanted_url: Some(self.0.clone()) }
    }

    fn judge(&self, seen: &Observation) -> Judged {
        let output = match output_of(seen) {
            Ok(output) => output,
            Err(judged) => return judged,
        };
        let [file] = &seen.files[..] else {
            let found = seen.files.len();
            return Judged::failed(format!("expected the URL of one file, got {} ({found} files)", quote(output)));
        };
        let (file, wanted) = match (file.media(), seen.wanted.as_ref().map(|wanted| (wanted.media(), &wanted.shown))) {
            (Ok(file), Some((Ok(wanted), _))) => (file, wanted),
            (Err(problem), _) | (_, Some((Err(problem), _))) => return Judged::failed(problem),
            (_, None) => return Judged::failed("the file to match was not fetched"),
        };
        let Comparison { same, kind, metrics, mut remarks } = compare(&wanted, &file, &Tolerance::default());
        let measured: Vec<String> = metrics.iter().map(|(name, value)| format!("{name} {}", number(*value))).collect();
        let measured = format!("{kind} compared: {}", measured.join(", "));
        if same {
            remarks.insert(0, measured);
            return Judged::Passed(remarks);
        }
        let why = if remarks.is_empty() { "it differs".to_owned() } else { remarks.remove(0) };
        remarks.insert(0, measured);
        Judged::Failed { reason: format!("the output does not match the file of the case: {why}"), remarks }
    }
}

/// A measurement with as many digits as are of use.
fn number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 { format!("{value:.0}") } else { format!("{value:.3}") }
}
