//! Tables of Markdown.

/// A table. Cells may hold `|`.
pub(crate) fn table<const COLUMNS: usize>(head: [&str; COLUMNS], rows: impl IntoIterator<Item = [String; COLUMNS]>) -> String {
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(COLUMNS));
    for row in rows {
        text.push_str(&format!("| {} |\n", row.map(|cell| cell.replace('|', "\\|")).join(" | ")));
    }
    text
}

/// Code, or an empty cell.
pub(crate) fn code(text: Option<impl AsRef<str>>) -> String {
    text.map(|text| format!("`{}`", text.as_ref())).unwrap_or_default()
}
