//! What a user sees of a run: the exit code and both streams.

use std::fmt;

/// What a user sees of a run.
#[derive(Debug)]
pub struct Seen {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Seen {
    /// The exit code and the result. Standard error is left out: its order depends on which prediction finishes first.
    pub fn result(&self) -> String {
        format!("exit code: {:?}\n{}", self.code, self.stdout)
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "exit code: {}", self.code.map_or("none".to_owned(), |code| code.to_string()))?;
        writeln!(formatter, "--- stdout ---\n{}", self.stdout.trim_end())?;
        write!(formatter, "--- stderr ---\n{}", self.stderr.trim_end())
    }
}
