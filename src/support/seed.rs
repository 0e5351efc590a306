//! Reproducible randomness.
//!
//! Everything random in a run descends from one [`Seed`], which the report prints.

use std::fmt;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The number from which a run's random choices follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub u64);

impl Seed {
    /// A fresh seed. Kept below 2^32 so that it is short to type again.
    pub fn fresh() -> Self {
        Self(u64::from(rand::random::<u32>()))
    }

    /// A generator for one purpose. Different purposes give independent sequences, so that adding one does not shift another.
    pub fn generator(self, purpose: &str) -> ChaCha8Rng {
        use sha2::{Digest, Sha256};
        let mut hasher = Sha256::new();
        hasher.update(self.0.to_le_bytes());
        hasher.update(purpose.as_bytes());
        ChaCha8Rng::from_seed(hasher.finalize().into())
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;

    #[test]
    fn a_seed_repeats_its_numbers_and_purposes_differ() {
        let draw = |seed: u64, purpose: &str| Seed(seed).generator(purpose).random::<u64>();
        assert_eq!(draw(7, "fuzz"), draw(7, "fuzz"));
        assert_ne!(draw(7, "fuzz"), draw(7, "compare"));
        assert_ne!(draw(7, "fuzz"), draw(8, "fuzz"));
    }
}
