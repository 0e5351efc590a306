//! Image references: a name with a tag or a digest.

/// Splits a reference into the name and its tag or digest, by default `latest`. A `:` before a `/` is a port.
pub(super) fn split_reference(reference: &str) -> (&str, &str) {
    if let Some((name, digest)) = reference.split_once('@') {
        return (name, digest);
    }
    match reference.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (reference, "latest"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_not_a_tag() {
        let cases = [
            ("python:3.11-slim", ("python", "3.11-slim")),
            ("python", ("python", "latest")),
            ("127.0.0.1:5000/a/b", ("127.0.0.1:5000/a/b", "latest")),
            ("127.0.0.1:5000/a/b:v1", ("127.0.0.1:5000/a/b", "v1")),
            ("r8.im/a/b@sha256:00", ("r8.im/a/b", "sha256:00")),
        ];
        for (reference, parts) in cases {
            assert_eq!(split_reference(reference), parts, "{reference}");
        }
    }
}
