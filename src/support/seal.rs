//! Seals: only those who know the key can make one, and a seal reveals nothing else.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::support::{ExposeSecret as _, SecretString};

/// The digits of a name: 128 bits.
const NAME_DIGITS: usize = 32;

/// A key for one purpose. Its seals reveal nothing about keys for other purposes, nor about the secret that it is derived from.
pub struct SealKey(Hmac<Sha256>);

impl SealKey {
    /// Derives the key from a secret. `None` for one that cannot be a key.
    pub fn of(secret: &SecretString, purpose: &str) -> Option<Self> {
        let mut derived = Hmac::<Sha256>::new_from_slice(secret.expose_secret().trim().as_bytes()).ok()?;
        derived.update(purpose.as_bytes());
        Hmac::<Sha256>::new_from_slice(&derived.finalize().into_bytes()).ok().map(Self)
    }

    /// The seal of a text, as hexadecimal digits.
    pub fn seal(&self, text: &str) -> String {
        hex::encode(self.over(text).finalize().into_bytes())
    }

    /// A name that nobody can guess who does not know the key: the first half of the text's seal.
    pub fn name(&self, text: &str) -> String {
        self.seal(text).chars().take(NAME_DIGITS).collect()
    }

    /// Whether this is the seal of the text. The comparison takes constant time.
    pub fn fits(&self, text: &str, seal: &str) -> bool {
        hex::decode(seal).is_ok_and(|seal| self.over(text).verify_slice(&seal).is_ok())
    }

    fn over(&self, text: &str) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(text.as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(secret: &str, purpose: &str) -> SealKey {
        SealKey::of(&secret.into(), purpose).unwrap()
    }

    #[test]
    fn only_the_same_key_text_and_purpose_fit() {
        let ours = key("cli-token-of-acme", "tested");
        let seal = ours.seal("text");
        assert_eq!(seal.len(), 64);
        assert!(ours.fits("text", &seal));
        assert!(key(" cli-token-of-acme\n", "tested").fits("text", &seal), "tokens are often pasted with a line break");
        for (secret, purpose, text) in
            [("another-token", "tested", "text"), ("cli-token-of-acme", "other", "text"), ("cli-token-of-acme", "tested", "Text")]
        {
            assert!(!key(secret, purpose).fits(text, &seal), "{secret} {purpose} {text}");
        }
        for wrong in ["", "00", "no hex", &seal[..62], &format!("{seal}00")] {
            assert!(!ours.fits("text", wrong), "{wrong}");
        }
    }
}
