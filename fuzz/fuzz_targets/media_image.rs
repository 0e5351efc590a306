//! Any bytes as an image: every decoder of still and animated images, alone and compared with a truncated copy.

#![no_main]

use libfuzzer_sys::fuzz_target;
use output_compare::{MediaFile, Tolerance, compare, examine, image_facts};

/// The signatures of the formats. The first byte of the input picks one, so that none has to be guessed.
const SIGNATURES: [&[u8]; 10] = [
    b"",
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x08\0\0\0\x08\x08\x06\0\0\0",
    b"\xff\xd8\xff\xe0",
    b"GIF89a\x08\0\x08\0",
    b"RIFF\x40\0\0\0WEBPVP8 ",
    b"RIFF\x40\0\0\0WEBPVP8L",
    b"RIFF\xff\0\0\0WEBPVP8X",
    b"BM",
    b"II\x2a\0\x08\0\0\0",
    b"MM\0\x2a",
];

fuzz_target!(|input: &[u8]| {
    let Some((pick, rest)) = input.split_first() else { return };
    let bytes = [SIGNATURES[usize::from(*pick) % SIGNATURES.len()], rest].concat();
    let file = MediaFile::named("output.png", &bytes);
    let _ = examine(&file);
    let _ = image_facts(&file);
    let cut = MediaFile::named("output.png", &bytes[..bytes.len() - bytes.len() / 4]);
    let _ = compare(&file, &cut, &Tolerance::default());
});
