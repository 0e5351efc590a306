//! Any bytes as a picture: every decoder of still and animated pictures, alone and in a comparison with what is left when the end is cut.

#![no_main]

use output_compare::{MediaFile, Tolerance, compare, examine, image_facts};
use libfuzzer_sys::fuzz_target;

/// The signatures of the formats: the first byte of the input picks one, so that none has to be guessed. TGA has none but its name.
const SIGNATURES: [&[u8]; 14] = [
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
    b"qoif\0\0\0\x08\0\0\0\x08\x04\0",
    b"P6\n8 8\n255\n",
    b"P7\nWIDTH 8\nHEIGHT 8\n",
    b"\0\0\x01\0\x01\0",
];

fuzz_target!(|input: &[u8]| {
    let Some((pick, rest)) = input.split_first() else { return };
    let bytes = [SIGNATURES[usize::from(*pick) % SIGNATURES.len()], rest].concat();
    for name in ["output", "output.tga"] {
        let file = MediaFile::named(name, &bytes);
        let _ = examine(&file);
        let _ = image_facts(&file);
        let cut = MediaFile::named(name, &bytes[..bytes.len() - bytes.len() / 4]);
        let _ = compare(&file, &cut, &Tolerance::default());
    }
});
