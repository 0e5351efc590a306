//! Pushes what is `Cleared`, confirms it by digest, and updates the deployment.
