//! Files made by the tests themselves: pictures, sounds and videos, whole and not.

pub(crate) mod pictures;
pub(crate) mod sounds;
pub(crate) mod videos;

/// The checksum of PNG.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 })
    })
}
