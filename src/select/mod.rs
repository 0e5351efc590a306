//! Which models a run is about: names, lists, `all`, `changed`, and the matrix.
