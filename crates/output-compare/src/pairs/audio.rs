//! Generated audio.

/// How an audio file is generated.
#[derive(Clone, Copy)]
pub(crate) struct Audio {
    pub(crate) rate: u32,
    pub(crate) seconds: f64,
    pub(crate) volume: f64,
    /// The factor by which all notes are higher.
    pub(crate) pitch: f64,
    /// Silence before it; the end is cut by the same time.
    pub(crate) delay: f64,
    /// Samples above this are clipped.
    pub(crate) ceiling: f64,
    pub(crate) channels: u16,
}

impl Default for Audio {
    fn default() -> Self {
        Self { rate: 22_050, seconds: 2.0, volume: 0.5, pitch: 1.0, delay: 0.0, ceiling: 1.0, channels: 1 }
    }
}

impl Audio {
    /// A short tune: a note every quarter of a second, each fading out.
    pub(crate) fn samples(self) -> Vec<f64> {
        let notes = [262.0, 330.0, 392.0, 523.0, 440.0, 349.0, 294.0, 247.0];
        let count = (self.seconds * f64::from(self.rate)) as u32;
        let at = |index: u32| {
            let time = f64::from(index) / f64::from(self.rate) - self.delay;
            if time < 0.0 {
                return 0.0;
            }
            let note = notes[(time * 4.0) as usize % notes.len()] * self.pitch;
            let fading = (-(time * 4.0).fract() * 1.5).exp();
            let phase = time * note * std::f64::consts::TAU;
            let wave = phase.sin() + 0.4 * (2.0 * phase).sin() + 0.2 * (3.0 * phase).sin();
            (wave / 1.6 * fading * self.volume).clamp(-self.ceiling, self.ceiling)
        };
        (0..count).map(at).collect()
    }

    fn bytes(self, of_sample: impl Fn(f64) -> Vec<u8>) -> Vec<u8> {
        self.samples().into_iter().flat_map(|sample| of_sample(sample).repeat(self.channels.into())).collect()
    }

    /// WAV with 16 bits.
    pub(crate) fn wav(self) -> Vec<u8> {
        wav(1, self.channels, self.rate, 16, &self.bytes(|sample| ((sample * 32_767.0) as i16).to_le_bytes().to_vec()))
    }

    /// WAV with floating point numbers.
    pub(crate) fn wav_of_floats(self) -> Vec<u8> {
        wav(3, self.channels, self.rate, 32, &self.bytes(|sample| (sample as f32).to_le_bytes().to_vec()))
    }

    /// AIFF with 16 bits.
    pub(crate) fn aiff(self) -> Vec<u8> {
        let data = self.bytes(|sample| ((sample * 32_767.0) as i16).to_be_bytes().to_vec());
        let frames = data.len() as u32 / 2 / u32::from(self.channels);
        // The rate as an 80-bit float.
        let shift = self.rate.leading_zeros();
        let mantissa = (u64::from(self.rate) << 32) << shift;
        let exponent = 16_383 + 31 - shift as u16;
        let common = [
            &self.channels.to_be_bytes()[..],
            &frames.to_be_bytes(),
            &16_u16.to_be_bytes(),
            &exponent.to_be_bytes(),
            &mantissa.to_be_bytes(),
        ]
        .concat();
        let part = |kind: &[u8; 4], content: &[u8]| [&kind[..], &(content.len() as u32).to_be_bytes(), content].concat();
        let audio = [&[0; 8][..], &data].concat();
        part(b"FORM", &[&b"AIFF"[..], &part(b"COMM", &common), &part(b"SSND", &audio)].concat())
    }

    /// FLAC with 16 bits and without prediction: samples are stored unchanged (RFC 9639, verbatim subframes).
    pub(crate) fn flac(self) -> Vec<u8> {
        let samples: Vec<i16> = self.samples().into_iter().map(|sample| (sample * 32_767.0) as i16).collect();
        // The rate in 20 bits, channels in 3, bits in 5, the number of samples in 36; no MD5.
        let channels = u64::from(self.channels - 1);
        let facts = u64::from(self.rate) << 44 | channels << 41 | 15 << 36 | samples.len() as u64;
        let block = (FLAC_BLOCK as u16).to_be_bytes();
        let mut flac = [&b"fLaC\x80\0\0\x22"[..], &block, &block, &[0; 6], &facts.to_be_bytes(), &[0; 16]].concat();
        for (number, samples) in samples.chunks(FLAC_BLOCK).enumerate() {
            let last = (samples.len() - 1) as u16;
            // Sync; the block's size at the end, the rate as above; channels, 16 bits; the frame's number, below 128.
            let mut frame = vec![0xff, 0xf8, 0x70, (channels as u8) << 4 | 0b1000, number as u8];
            frame.extend(last.to_be_bytes());
            frame.push(checksum(&frame, 8, 0x07) as u8);
            for _channel in 0..self.channels {
                frame.push(0b10);
                frame.extend(samples.iter().flat_map(|sample| sample.to_be_bytes()));
            }
            frame.extend(checksum(&frame, 16, 0x8005).to_be_bytes());
            flac.extend(frame);
        }
        flac
    }
}

/// Samples of one FLAC frame.
const FLAC_BLOCK: usize = 4096;

/// A cyclic redundancy check of 8 or 16 bits with the initial value zero.
fn checksum(bytes: &[u8], bits: u32, polynomial: u16) -> u16 {
    let (top, mask) = (1 << (bits - 1), u16::MAX >> (16 - bits));
    bytes.iter().fold(0, |sum, byte| {
        (0..8).fold(sum ^ u16::from(*byte) << (bits - 8), |sum: u16, _bit| {
            (sum << 1 ^ if sum & top == 0 { 0 } else { polynomial }) & mask
        })
    })
}

fn wav(format: u16, channels: u16, rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
    let frame = channels * bits / 8;
    let header = [
        &format.to_le_bytes()[..],
        &channels.to_le_bytes(),
        &rate.to_le_bytes(),
        &(rate * u32::from(frame)).to_le_bytes(),
        &frame.to_le_bytes(),
        &bits.to_le_bytes(),
    ]
    .concat();
    let part = |kind: &[u8; 4], content: &[u8]| [&kind[..], &(content.len() as u32).to_le_bytes(), content].concat();
    part(b"RIFF", &[&b"WAVE"[..], &part(b"fmt ", &header), &part(b"data", data)].concat())
}
