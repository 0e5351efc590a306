//! Drives predictions against one version: test cases, comparison with live, fuzz. Judging is pure.
