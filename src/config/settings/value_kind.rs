//! The form of a value, for everything that lists settings.

/// The form of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// On when its flag is present; `true` or `false` elsewhere.
    Switch,
    /// Any text.
    Text,
    /// A model, `OWNER/NAME`.
    Model,
    /// A whole number, not negative.
    Number,
    /// Texts: a repeated flag, a YAML list, or lines of a variable or input.
    List,
    /// One of these words.
    Choice(&'static [&'static str]),
}
