//! Any bytes as a video: the containers, alone and compared with a truncated copy.

#![no_main]

use libfuzzer_sys::fuzz_target;
use output_compare::{MediaFile, Tolerance, compare, examine, video_facts};

/// The signatures of the containers. The first byte of the input picks one, so that none has to be guessed.
const SIGNATURES: [&[u8]; 5] = [
    b"",
    b"\0\0\0\x18ftypisom\0\0\x02\0isommp41",
    b"\0\0\0\x14ftypqt  \0\0\0\0qt  ",
    b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff",
    b"\x1a\x45\xdf\xa3\x8b\x42\x82\x88matroska\x18\x53\x80\x67",
];

fuzz_target!(|input: &[u8]| {
    let Some((pick, rest)) = input.split_first() else { return };
    let bytes = [SIGNATURES[usize::from(*pick) % SIGNATURES.len()], rest].concat();
    let file = MediaFile::named("output.mp4", &bytes);
    let _ = examine(&file);
    let _ = video_facts(&file);
    let cut = MediaFile::named("output.mp4", &bytes[..bytes.len() - bytes.len() / 4]);
    let _ = compare(&file, &cut, &Tolerance::default());
});
