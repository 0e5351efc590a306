//! Ids in the real service's formats.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const LENGTH: usize = 26;

/// 26 lowercase letters and digits.
pub(crate) fn job_id() -> String {
    let mut rest = Uuid::new_v4().as_u128();
    let mut text: Vec<u8> = Vec::with_capacity(LENGTH);
    while text.len() < LENGTH {
        text.push(DIGITS[(rest % 36) as usize]);
        rest /= 36;
    }
    text.into_iter().map(char::from).collect()
}

/// 64 hexadecimal digits, derived from the model's name and how many versions it had before.
pub(crate) fn scripted_version_id(model: &str, number: usize) -> String {
    hex::encode(Sha256::digest(format!("{model} {number}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn job_ids_have_the_length_of_real_ones_and_differ() {
        let (one, two) = (job_id(), job_id());
        assert!(one.len() == 26 && one.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{one}");
        assert_ne!(one, two);
    }

    #[test]
    fn version_ids_repeat_and_differ() {
        assert_eq!(scripted_version_id("a/b", 1), scripted_version_id("a/b", 1));
        assert_ne!(scripted_version_id("a/b", 1), scripted_version_id("a/b", 2));
    }
}
