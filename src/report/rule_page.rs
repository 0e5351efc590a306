//! Where the documentation explains a rule.

/// The page of a rule, as a URL. `None` for a text from a saved run that is not a code.
pub(crate) fn rule_page(code: &str) -> Option<String> {
    let digits = code.strip_prefix("SP")?;
    let is_code = digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_code.then(|| format!("{}/blob/main/docs/rules.md#{}", env!("CARGO_PKG_REPOSITORY"), code.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_codes_have_a_page() {
        let page = rule_page("SP101").unwrap();
        assert!(page.starts_with("https://") && page.ends_with("#sp101"), "{page}");
        for text in ["", "SP", "SP1", "SP1011", "sp101", "SP10x", "javascript:1", "SP101#"] {
            assert_eq!(rule_page(text), None, "{text}");
        }
    }
}
