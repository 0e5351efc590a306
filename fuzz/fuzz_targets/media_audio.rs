//! Any bytes as audio: every container and codec, alone and compared with a truncated copy.

#![no_main]

use libfuzzer_sys::fuzz_target;
use output_compare::{MediaFile, Tolerance, audio_facts, compare, examine};

/// The signatures of the formats. The first byte of the input picks one, so that none has to be guessed.
const SIGNATURES: [&[u8]; 8] = [
    b"",
    b"RIFF\xff\xff\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data",
    b"RIFF\xff\xff\0\0WAVE",
    b"fLaC\0\0\0\x22",
    b"OggS\0\x02\0\0\0\0\0\0\0\0",
    b"ID3\x04\0\0\0\0\0\0\xff\xfb\x90\0",
    b"\xff\xf1\x50\x80",
    b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42",
];

fuzz_target!(|input: &[u8]| {
    let Some((pick, rest)) = input.split_first() else { return };
    let bytes = [SIGNATURES[usize::from(*pick) % SIGNATURES.len()], rest].concat();
    let file = MediaFile::named("output.wav", &bytes);
    let _ = examine(&file);
    let _ = audio_facts(&file);
    let cut = MediaFile::named("output.wav", &bytes[..bytes.len() - bytes.len() / 4]);
    let _ = compare(&file, &cut, &Tolerance::default());
});
