//! OpenAPI documents of Cog models: reading, linting, and compatibility of an old and a new one.
