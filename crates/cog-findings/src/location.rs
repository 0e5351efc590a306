//! Where a finding points.

use std::fmt;

/// A location in a file. Lines and columns count from 1; columns count characters, not bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location {
    /// The path as the user knows it, relative to the repository where possible, with `/`.
    pub file: String,
    /// The line, when it is known.
    pub line: Option<u32>,
    /// The column, when it is known.
    pub column: Option<u32>,
    /// The column after the last character, on the same line, when it is known.
    pub end_column: Option<u32>,
}

impl Location {
    /// A whole file.
    pub fn file(file: impl Into<String>) -> Self {
        Self { file: file.into(), line: None, column: None, end_column: None }
    }

    pub fn at(file: impl Into<String>, line: u32, column: u32) -> Self {
        Self { file: file.into(), line: Some(line), column: Some(column), end_column: None }
    }

    /// Sets the end, on the same line.
    #[must_use]
    pub fn until_column(mut self, end_column: u32) -> Self {
        self.end_column = Some(end_column);
        self
    }
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(formatter, ":{line}")?;
            if let Some(column) = self.column {
                write!(formatter, ":{column}")?;
            }
        }
        Ok(())
    }
}
