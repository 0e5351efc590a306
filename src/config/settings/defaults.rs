//! Defaults that are used beyond their declaration.

/// Number of fuzz inputs, as in cog-safe-push.
pub(in crate::config) const FUZZ_ITERATIONS: u64 = 10;

/// Hardware of models that are created.
pub(in crate::config) const HARDWARE: &str = "cpu";

/// Replicate's registry.
pub(in crate::config) const REGISTRY: &str = "r8.im";

/// A week: packages without a pin are that old at most.
pub(in crate::config) const GRAFT_DAYS: u64 = 7;
