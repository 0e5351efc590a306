//! Where two pictures differ, as a small picture of its own.

use std::io::Cursor;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

use crate::Preview;

/// The longer side of a heat map.
const SIDE: u32 = 256;

/// The distance that is shown brightest. Greater ones are seen anyway.
const BRIGHTEST: f32 = 255.0;

/// The greatest distance in each cell of a grid.
#[derive(Debug, Clone)]
pub(super) struct Heat {
    /// Pixels that one cell is wide and high.
    cell: u32,
    columns: u32,
    cells: Vec<f32>,
}

impl Heat {
    pub(super) fn new(width: u32, height: u32) -> Self {
        let cell = width.max(height).div_ceil(SIDE).max(1);
        let (columns, rows) = (width.div_ceil(cell), height.div_ceil(cell));
        Self { cell, columns, cells: vec![0.0; columns as usize * rows as usize] }
    }

    /// Takes the distances of one row of pixels.
    pub(super) fn add_row(&mut self, row: u32, distances: &[f32]) {
        let start = (row / self.cell) as usize * self.columns as usize;
        let cells = self.cells.iter_mut().skip(start);
        for (cell, distances) in cells.zip(distances.chunks(self.cell as usize)) {
            *cell = distances.iter().fold(*cell, |greatest, distance| greatest.max(*distance));
        }
    }

    /// Joins what was found of other rows.
    pub(super) fn join(&mut self, other: &Self) {
        for (cell, other) in self.cells.iter_mut().zip(&other.cells) {
            *cell = cell.max(*other);
        }
    }

    /// The picture: black where nothing differs, over red and yellow to white.
    pub(super) fn picture(&self) -> Option<Preview> {
        let rows = (self.cells.len() as u32).checked_div(self.columns)?;
        let pixels: Vec<u8> = self.cells.iter().flat_map(|distance| colour(*distance)).collect();
        let mut bytes = Cursor::new(Vec::new());
        let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, FilterType::Adaptive);
        encoder.write_image(&pixels, self.columns, rows, ExtendedColorType::Rgb8).ok()?;
        Some(Preview { media_type: "image/png", bytes: bytes.into_inner() })
    }
}

/// Small differences are raised, so that they are seen at all.
fn colour(distance: f32) -> [u8; 3] {
    let heat = (distance / BRIGHTEST).clamp(0.0, 1.0).sqrt() * 3.0;
    [heat, heat - 1.0, heat - 2.0].map(|part| (part.clamp(0.0, 1.0) * 255.0) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_small_and_hot_where_rows_differ() {
        let mut heat = Heat::new(1000, 500);
        let mut row = vec![0.0; 1000];
        row[999] = 400.0;
        heat.add_row(499, &row);
        let map = image::load_from_memory(&heat.picture().unwrap().bytes).unwrap().into_rgb8();
        assert_eq!(map.dimensions(), (250, 125));
        assert_eq!(map.get_pixel(249, 124).0, [255, 255, 255]);
        assert_eq!(map.get_pixel(248, 124).0, [0, 0, 0]);
    }

    #[test]
    fn small_pictures_keep_their_size() {
        let map = image::load_from_memory(&Heat::new(3, 2).picture().unwrap().bytes).unwrap();
        assert_eq!((map.width(), map.height()), (3, 2));
    }
}
