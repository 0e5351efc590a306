//! Parts of files: between two markers, or below a top-level key of YAML.

use anyhow::{Context as _, Result};

/// Replaces the text between two markers.
pub(crate) fn between(text: &str, begin: &str, end: &str, new: &str) -> Result<String> {
    let (before, rest) = text.split_once(begin).with_context(|| format!("'{begin}' is missing"))?;
    let (_, after) = rest.split_once(end).with_context(|| format!("'{end}' is missing after '{begin}'"))?;
    Ok(format!("{before}{begin}{new}{end}{after}"))
}

/// Replaces the lines indented below a line, such as `inputs:`.
pub(crate) fn below(text: &str, line: &str, new: &str) -> Result<String> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut lines = text.split_inclusive('\n');
    let mut result = String::new();
    let found = lines.by_ref().find(|present| {
        result.push_str(present);
        present.trim_end() == line
    });
    let outer = indent(found.with_context(|| format!("the line '{line}' is missing"))?);
    result.push_str(new);
    let rest = lines.skip_while(|line| !line.trim().is_empty() && indent(line) > outer);
    result.extend(rest);
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_between_markers_is_replaced() {
        assert_eq!(between("a<b>old</b>c", "<b>", "</b>", "new").unwrap_or_default(), "a<b>new</b>c");
        assert!(between("a", "<b>", "</b>", "new").is_err());
    }

    #[test]
    fn lines_indented_below_a_line_are_replaced() {
        let text = "on:\n  inputs:\n    a:\n      b: c\n  secrets:\n    d: e\n";
        assert_eq!(below(text, "  inputs:", "    x: y\n").unwrap_or_default(), "on:\n  inputs:\n    x: y\n  secrets:\n    d: e\n");
        assert!(below(text, "outputs:", "").is_err());
    }
}
