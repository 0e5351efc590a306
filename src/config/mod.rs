//! Files, environment, action inputs and flags, layered and validated into a `Plan`.
