//! What can be known before a build: configuration, lint, signature, schema and compatibility with live.
