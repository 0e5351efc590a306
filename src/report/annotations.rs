//! Findings as workflow commands of GitHub Actions, which shows them on the lines of a pull request (`contracts/github.md`, section 2).

use std::borrow::Cow;

use crate::report::json::v1::{FindingEntry, Severity};

/// One finding as one command, without a line break at its end.
pub fn annotation(finding: &FindingEntry) -> String {
    let command = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties: Vec<String> = Vec::new();
    if let Some(file) = &finding.file {
        properties.push(format!("file={}", property(file)));
        let numbers = [("line", finding.line), ("col", finding.column), ("endColumn", finding.end_column)];
        properties.extend(numbers.into_iter().filter_map(|(name, number)| Some(format!("{name}={}", number?))));
    }
    properties.push(format!("title={}", property(&finding.code)));
    let mut text = finding.message.clone();
    text.extend(finding.hint.iter().map(|hint| format!("\nhint: {hint}")));
    format!("::{command} {}::{}", properties.join(","), data(&text))
}

/// The text of a command: its end is the end of the line, so nothing in it may end a line.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A value in front of the text, where `:` and `,` have a meaning too.
fn property(text: &str) -> Cow<'_, str> {
    data(text).replace(':', "%3A").replace(',', "%2C").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::finding::{Finding, Location};
    use crate::report::json::convert;
    use crate::report::sample;

    fn shown(finding: Finding) -> String {
        annotation(&convert::finding(&finding))
    }

    #[test]
    fn a_finding_names_its_place_and_the_way_out() {
        let finding =
            Finding::new(&sample::SAMPLE_RULE, "input text is gone").at(Location::at("predict.py", 3, 9)).hint("put it back");
        assert_eq!(shown(finding), "::error file=predict.py,line=3,col=9,title=SP101::input text is gone%0Ahint: put it back");
        assert_eq!(shown(Finding::new(&sample::SAMPLE_RULE, "x")), "::error title=SP101::x");
    }

    #[test]
    fn nothing_in_a_finding_becomes_a_command() {
        let finding = Finding::new(&sample::SAMPLE_RULE, "100%\r\n::set-env name=A::b").at(Location::file("a,b:c\n.py"));
        let text = shown(finding);
        assert_eq!(text, "::error file=a%2Cb%3Ac%0A.py,title=SP101::100%25%0D%0A::set-env name=A::b");
        assert_eq!(text.lines().count(), 1);
    }
}
