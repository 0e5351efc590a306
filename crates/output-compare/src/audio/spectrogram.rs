//! An image of an audio file: its spectrogram.

use std::io::Cursor;

use image::{GrayImage, ImageFormat, Luma};

use super::facts::measure;
use crate::{MediaFile, Preview};

/// The largest width of the image in pixels.
const WIDTH: usize = 1200;

/// Height of a band in pixels.
const BAND: u32 = 6;

/// The loudness range that is shown.
const DECIBELS: f32 = 70.0;

/// A spectrogram as PNG: time from left to right, pitch from bottom to top, loud is bright. `None` for a file that does not decode, or is
/// silent.
pub fn spectrogram(file: &MediaFile<'_>) -> Option<Preview> {
    let (_facts, spectra) = measure(file, true).ok()?;
    let rows: Vec<&[f32]> = spectra.rows().collect();
    let (bands, columns) = (rows.first()?.len(), rows.len().min(WIDTH));
    let loudest = rows.iter().flat_map(|row| row.iter().copied()).fold(0.0_f32, f32::max);
    if loudest <= 0.0 || bands == 0 {
        return None;
    }
    let (width, height) = (u32::try_from(columns).ok()?, u32::try_from(bands).ok()? * BAND);
    let image = GrayImage::from_fn(width, height, |x, y| {
        // Every column stands for as many moments as it takes to fit.
        let (from, to) = (x as usize * rows.len() / columns, (x as usize + 1) * rows.len() / columns);
        let band = bands - 1 - (y / BAND) as usize;
        let amplitude = rows[from..to.max(from + 1)].iter().map(|row| row[band]).fold(0.0_f32, f32::max);
        let decibels = 20.0 * (amplitude / loudest).max(1e-6).log10();
        Luma([((1.0 + decibels / DECIBELS).clamp(0.0, 1.0) * 255.0) as u8])
    });
    let mut png = Cursor::new(Vec::new());
    image.write_to(&mut png, ImageFormat::Png).ok()?;
    Some(Preview { media_type: "image/png", bytes: png.into_inner() })
}
