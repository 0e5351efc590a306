//! A finished run as text: console, JSON, Markdown, JUnit, HTML. Pure functions with size limits.
