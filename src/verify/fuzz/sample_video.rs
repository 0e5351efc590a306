//! A second of video in an MP4 file: JPEG images, which every decoder of the format reads (object type 0x6C of ISO/IEC 14496-1). No crate
//! that encodes another codec is worth its weight for one sample.

use image::ImageFormat;

use super::sample_image::{SIDE, encoded, gradient};

const FRAMES: u32 = 10;

/// An MP4 file of ten frames.
pub(super) fn mp4() -> Vec<u8> {
    let frames: Vec<Vec<u8>> = (0..FRAMES).map(|frame| encoded(&gradient(frame), ImageFormat::Jpeg)).collect();
    let head = boxed(b"ftyp", b"isom\0\0\x02\0isomiso2mp41");
    let start = u32::try_from(head.len() + 8).unwrap_or_default();
    [head, boxed(b"mdat", &frames.concat()), movie(&frames, start)].concat()
}

fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 8).unwrap_or_default();
    [&length.to_be_bytes()[..], kind, content].concat()
}

/// A box with a version and flags.
fn full(kind: &[u8; 4], flags: u32, content: &[u8]) -> Vec<u8> {
    boxed(kind, &[&flags.to_be_bytes()[..], content].concat())
}

fn words(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// No rotation, no scaling.
fn matrix() -> Vec<u8> {
    words(&[0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000])
}

fn movie(frames: &[Vec<u8>], start: u32) -> Vec<u8> {
    // Times in tenths of a second.
    let header = [words(&[0, 0, 10, FRAMES, 0x1_0000, 0x0100_0000, 0, 0]), matrix(), words(&[0, 0, 0, 0, 0, 0, 2])].concat();
    let track_header = [words(&[0, 0, 1, 0, FRAMES, 0, 0, 0, 0]), matrix(), words(&[SIDE << 16, SIDE << 16])].concat();
    let handler = [&words(&[0])[..], b"vide", &words(&[0, 0, 0]), b"video\0"].concat();
    // The language is undetermined.
    let media_header = words(&[0, 0, 10, FRAMES, 0x55c4_0000]);
    let data = boxed(b"dinf", &full(b"dref", 0, &[words(&[1]), full(b"url ", 1, &[])].concat()));
    let information = [full(b"vmhd", 1, &[0; 8]), data, boxed(b"stbl", &samples(frames, start))].concat();
    let media = [full(b"mdhd", 0, &media_header), full(b"hdlr", 0, &handler), boxed(b"minf", &information)].concat();
    let track = [full(b"tkhd", 3, &track_header), boxed(b"mdia", &media)].concat();
    boxed(b"moov", &[full(b"mvhd", 0, &header), boxed(b"trak", &track)].concat())
}

fn samples(frames: &[Vec<u8>], start: u32) -> Vec<u8> {
    let side = u16::try_from(SIDE).unwrap_or_default().to_be_bytes();
    let entry = [
        &[0, 0, 0, 0, 0, 0, 0, 1][..],
        &[0; 16],
        &side,
        &side,
        &words(&[0x48_0000, 0x48_0000, 0]),
        &[0, 1],
        &[0; 32],
        &[0, 24, 0xff, 0xff],
        &full(b"esds", 0, &descriptor()),
    ];
    let sizes: Vec<u32> = frames.iter().map(|frame| u32::try_from(frame.len()).unwrap_or_default()).collect();
    [
        full(b"stsd", 0, &[words(&[1]), boxed(b"mp4v", &entry.concat())].concat()),
        full(b"stts", 0, &words(&[1, FRAMES, 1])),
        full(b"stsc", 0, &words(&[1, 1, FRAMES, 1])),
        full(b"stsz", 0, &[words(&[0, FRAMES]), words(&sizes)].concat()),
        full(b"stco", 0, &words(&[1, start])),
    ]
    .concat()
}

/// Says that the samples are JPEG images.
fn descriptor() -> Vec<u8> {
    const JPEG: u8 = 0x6c;
    const VISUAL: u8 = 0x11;
    let decoder = [&[4, 13, JPEG, VISUAL, 0, 0, 0][..], &words(&[0, 0])].concat();
    let inner = [&[0, 1, 0][..], &decoder, &[6, 1, 2]].concat();
    [&[3, u8::try_from(inner.len()).unwrap_or_default()][..], &inner].concat()
}
