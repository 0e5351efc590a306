//! The seal on a recipe: only who may push to the models can make it.
//!
//! Labels alone prove nothing: a pull request can have a Dockerfile that writes any label, and its image is staged to the test model. So the label carries
//! a message authentication code under the token of the registry, over everything that a graft relies on and keeps. Who has the token could
//! push to the live model anyway.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::support::{ExposeSecret as _, SecretString};

/// Separates this use of the token from any other.
const PURPOSE: &str = "safe-push recipe 1";

fn mac(key: &SecretString, parts: &[&str]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes()).ok()?;
    for part in [PURPOSE].iter().chain(parts) {
        mac.update(&part.len().to_le_bytes());
        mac.update(part.as_bytes());
    }
    Some(mac)
}

/// The seal over these parts.
pub(super) fn seal(key: &SecretString, parts: &[&str]) -> Option<String> {
    Some(hex::encode(mac(key, parts)?.finalize().into_bytes()))
}

/// Whether it is the seal over these parts. Takes the same time for every wrong one.
pub(super) fn is_sealed(key: &SecretString, parts: &[&str], seal: &str) -> bool {
    let (Some(mac), Ok(seal)) = (mac(key, parts), hex::decode(seal)) else { return false };
    mac.verify_slice(&seal).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_fits_its_parts_and_its_key_alone() {
        let key = SecretString::from("token");
        let made = seal(&key, &["ab", "c"]).unwrap();
        assert!(is_sealed(&key, &["ab", "c"], &made));
        for (key, parts, seal) in [
            ("token", ["a", "bc"], made.as_str()),
            ("other", ["ab", "c"], made.as_str()),
            ("token", ["ab", "c"], ""),
            ("token", ["ab", "c"], "zz"),
        ] {
            assert!(!is_sealed(&key.into(), &parts, seal), "{key} {parts:?} {seal}");
        }
    }
}
