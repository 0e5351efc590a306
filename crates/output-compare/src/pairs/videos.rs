//! Generated videos: containers as muxers write them, around frames that do not decode.

/// How a video is generated.
#[derive(Clone, Copy)]
pub(crate) struct Video {
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) frames: u32,
    pub(crate) frame_rate: u32,
    pub(crate) frame_bytes: usize,
    pub(crate) has_audio: bool,
    /// The byte that frames are filled with.
    pub(crate) filling: u8,
    /// `avc1` and `hvc1` have different configurations; here only their names differ.
    pub(crate) codec: Codec,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Codec {
    One,
    Other,
}

impl Default for Video {
    fn default() -> Self {
        Self {
            width: 640,
            height: 360,
            frames: 50,
            frame_rate: 25,
            frame_bytes: 2000,
            has_audio: true,
            filling: 7,
            codec: Codec::One,
        }
    }
}

fn a_box(kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    [&(content.len() as u32 + 8).to_be_bytes()[..], kind, &content].concat()
}

/// A box with version 0 and no flags.
fn full_box(kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    a_box(kind, &[&[&[0; 4][..]], parts].concat())
}

fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

const MATRIX: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

impl Video {
    /// The length of a frame in ticks of a thousandth of a second.
    fn ticks(self) -> u32 {
        1000 / self.frame_rate
    }

    /// MP4, with the index before the frames.
    pub(crate) fn mp4(self) -> Vec<u8> {
        let start = a_box(b"ftyp", &[b"isom", &numbers(&[512]), b"isomiso2avc1mp41"]);
        // The index has the same length for any frame offset, so it is built twice.
        let length = self.index(0).len() + start.len() + 8;
        let audio = if self.has_audio { vec![1; 40] } else { Vec::new() };
        let frames = vec![self.filling; self.frame_bytes * self.frames as usize];
        [start, self.index(length as u32), a_box(b"mdat", &[&frames, &audio])].concat()
    }

    fn index(self, offset: u32) -> Vec<u8> {
        let duration = self.frames * self.ticks();
        let header = full_box(
            b"mvhd",
            &[&numbers(&[0, 0, 1000, duration, 0x1_0000, 0x100_0000, 0, 0]), &numbers(&MATRIX), &[0; 24], &numbers(&[3])],
        );
        let size = [u32::from(self.width) << 16, u32::from(self.height) << 16];
        let entry = match self.codec {
            Codec::One => self.image_entry(
                b"avc1",
                &a_box(b"avcC", &[&[1, 0x42, 0, 0x1e, 0xff, 0xe1, 0, 4, 0x67, 0x42, 0, 0x1e, 1, 0, 2, 0x68, 0xce]]),
            ),
            Codec::Other => self.image_entry(b"mp4v", &elementary(0x20, &[0, 0, 1, 0xb0])),
        };
        let sizes = numbers(&[self.frame_bytes as u32, self.frames]);
        let frames = self.track(1, size, b"vide", &entry, self.frames, self.ticks(), &sizes, offset);
        let after = offset + self.frame_bytes as u32 * self.frames;
        let audio = if self.has_audio {
            let entry = a_box(
                b"mp4a",
                &[
                    &[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 16, 0, 0, 0, 0, 0xac, 0x44, 0, 0],
                    &elementary(0x40, &[0x12, 0x10]),
                ],
            );
            self.track(2, [0, 0], b"soun", &entry, 4, duration / 4, &numbers(&[10, 4]), after)
        } else {
            Vec::new()
        };
        a_box(b"moov", &[&header, &frames, &audio])
    }

    fn image_entry(self, kind: &[u8; 4], configuration: &[u8]) -> Vec<u8> {
        let mut head = vec![0, 0, 0, 0, 0, 0, 0, 1];
        head.extend([0; 16]);
        head.extend(self.width.to_be_bytes());
        head.extend(self.height.to_be_bytes());
        head.extend(numbers(&[0x48_0000, 0x48_0000, 0]));
        head.extend([0, 1]);
        head.extend([0; 32]);
        head.extend([0, 24, 0xff, 0xff]);
        a_box(kind, &[&head, configuration])
    }

    #[expect(clippy::too_many_arguments, reason = "a track is what its boxes say")]
    fn track(
        self,
        id: u32,
        size: [u32; 2],
        kind: &[u8; 4],
        entry: &[u8],
        count: u32,
        ticks: u32,
        sizes: &[u8],
        at: u32,
    ) -> Vec<u8> {
        let duration = count * ticks;
        let header = full_box(b"tkhd", &[&numbers(&[0, 0, id, 0, duration, 0, 0, 0, 0]), &numbers(&MATRIX), &numbers(&size)]);
        let media_header = full_box(b"mdhd", &[&numbers(&[0, 0, 1000, duration, 0x55c4_0000])]);
        let handler = full_box(b"hdlr", &[&[0; 4], kind, &[0; 12], b"handler\0"]);
        let about = match kind {
            b"vide" => a_box(b"vmhd", &[&[0, 0, 0, 1], &[0; 8]]),
            _ => full_box(b"smhd", &[&[0; 4]]),
        };
        let place = full_box(b"dref", &[&numbers(&[1]), &a_box(b"url ", &[&[0, 0, 0, 1]])]);
        let table = a_box(
            b"stbl",
            &[
                &full_box(b"stsd", &[&numbers(&[1]), entry]),
                &full_box(b"stts", &[&numbers(&[1, count, ticks])]),
                &full_box(b"stsc", &[&numbers(&[1, 1, count, 1])]),
                &full_box(b"stsz", &[sizes]),
                &full_box(b"stco", &[&numbers(&[1, at])]),
            ],
        );
        let information = a_box(b"minf", &[&about, &a_box(b"dinf", &[&place]), &table]);
        a_box(b"trak", &[&header, &a_box(b"mdia", &[&media_header, &handler, &information])])
    }

    /// WebM.
    pub(crate) fn webm(self) -> Vec<u8> {
        let start = element(
            &[0x1a, 0x45, 0xdf, 0xa3],
            &[
                element(&[0x42, 0x86], &[1]),
                element(&[0x42, 0xf7], &[1]),
                element(&[0x42, 0xf2], &[4]),
                element(&[0x42, 0xf3], &[8]),
                element(&[0x42, 0x82], b"webm"),
                element(&[0x42, 0x87], &[4]),
                element(&[0x42, 0x85], &[2]),
            ]
            .concat(),
        );
        let duration = f64::from(self.frames * self.ticks());
        let info = element(
            &[0x15, 0x49, 0xa9, 0x66],
            &[
                element(&[0x2a, 0xd7, 0xb1], &1_000_000_u32.to_be_bytes()),
                element(&[0x44, 0x89], &duration.to_be_bytes()),
                element(&[0x4d, 0x80], b"test"),
                element(&[0x57, 0x41], b"test"),
            ]
            .concat(),
        );
        let codec: &[u8] = if self.codec == Codec::One { b"V_VP9" } else { b"V_VP8" };
        let images = element(
            &[0xae],
            &[
                element(&[0xd7], &[1]),
                element(&[0x73, 0xc5], &[1]),
                element(&[0x83], &[1]),
                element(&[0x86], codec),
                element(&[0x23, 0xe3, 0x83], &(self.ticks() * 1_000_000).to_be_bytes()),
                element(
                    &[0xe0],
                    &[element(&[0xb0], &self.width.to_be_bytes()), element(&[0xba], &self.height.to_be_bytes())].concat(),
                ),
            ]
            .concat(),
        );
        let audio = element(
            &[0xae],
            &[
                element(&[0xd7], &[2]),
                element(&[0x73, 0xc5], &[2]),
                element(&[0x83], &[2]),
                element(&[0x86], b"A_OPUS"),
                element(&[0xe1], &[element(&[0xb5], &48_000_f64.to_be_bytes()), element(&[0x9f], &[2])].concat()),
            ]
            .concat(),
        );
        let tracks = if self.has_audio { [images, audio].concat() } else { images };
        let tracks = element(&[0x16, 0x54, 0xae, 0x6b], &tracks);
        let mut blocks = element(&[0xe7], &[0]);
        for number in 0..self.frames {
            let at = (number * self.ticks()) as u16;
            let block = [&[0x81][..], &at.to_be_bytes(), &[0x80], &vec![self.filling; self.frame_bytes]].concat();
            blocks.extend(element(&[0xa3], &block));
            if self.has_audio && number % 5 == 0 {
                blocks.extend(element(&[0xa3], &[&[0x82][..], &at.to_be_bytes(), &[0x80, 1, 2, 3]].concat()));
            }
        }
        let cluster = element(&[0x1f, 0x43, 0xb6, 0x75], &blocks);
        [start, element(&[0x18, 0x53, 0x80, 0x67], &[info, tracks, cluster].concat())].concat()
    }
}

/// An elementary stream descriptor with a decoder configuration.
fn elementary(kind: u8, configuration: &[u8]) -> Vec<u8> {
    let specific = [&[5, configuration.len() as u8][..], configuration].concat();
    let stream = if kind == 0x40 { 0x15 } else { 0x11 };
    let decoder = [&[4, 13 + specific.len() as u8, kind, stream][..], &[0; 11], &specific].concat();
    let whole = [&[3, 3 + decoder.len() as u8 + 3, 0, 1, 0][..], &decoder, &[6, 1, 2]].concat();
    full_box(b"esds", &[&whole])
}

/// An EBML element with a size of eight bytes.
fn element(id: &[u8], content: &[u8]) -> Vec<u8> {
    [id, &(content.len() as u64 | 1 << 56).to_be_bytes(), content].concat()
}
