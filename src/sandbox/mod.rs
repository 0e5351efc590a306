//! A Replicate-compatible API and OCI registry in this process, for demos, tests and runs without a token.
