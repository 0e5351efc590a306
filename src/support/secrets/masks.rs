//! Values that output asks the runner to mask: `::add-mask::VALUE`.

/// The command, as a line begins with it.
const ADD_MASK: &str = "::add-mask::";

/// The values that lines of a text mask.
pub(super) fn masked_values(text: &str) -> Vec<String> {
    if !text.contains(ADD_MASK) {
        return Vec::new();
    }
    let values = text.lines().filter_map(|line| Some(line.split_once(ADD_MASK)?.1));
    values.map(|value| value.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%").trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_the_runner_reads_them() {
        assert_eq!(masked_values("a\n │ ::add-mask::50%25 off%0Anow \r\nb"), ["50% off\nnow"]);
        assert_eq!(masked_values("add-mask: no"), [""; 0]);
    }
}
