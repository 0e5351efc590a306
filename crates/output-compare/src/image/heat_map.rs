//! A small image of where two images differ.

use std::io::Cursor;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

use crate::Preview;

/// The longer side of a heat map, in pixels.
const SIDE: u32 = 256;

/// The color distance that is shown white.
const BRIGHTEST: f32 = 255.0;

/// The greatest color distance in each cell of a grid.
#[derive(Debug, Clone)]
pub(super) struct HeatMap {
    /// Side of a cell in pixels of the image.
    cell: u32,
    columns: u32,
    cells: Vec<f32>,
}

impl HeatMap {
    pub(super) fn new(width: u32, height: u32) -> Self {
        let cell = width.max(height).div_ceil(SIDE).max(1);
        let (columns, rows) = (width.div_ceil(cell), height.div_ceil(cell));
        Self { cell, columns, cells: vec![0.0; columns as usize * rows as usize] }
    }

    /// Adds the distances of one row of pixels.
    pub(super) fn add_row(&mut self, row: u32, distances: &[f32]) {
        let start = (row / self.cell) as usize * self.columns as usize;
        let cells = self.cells.iter_mut().skip(start);
        for (cell, distances) in cells.zip(distances.chunks(self.cell as usize)) {
            *cell = distances.iter().fold(*cell, |greatest, distance| greatest.max(*distance));
        }
    }

    /// Adds the distances of another map of the same size.
    pub(super) fn join(&mut self, other: &Self) {
        for (cell, other) in self.cells.iter_mut().zip(&other.cells) {
            *cell = cell.max(*other);
        }
    }

    /// Renders the map: black where nothing differs, then red, yellow and white.
    pub(super) fn preview(&self) -> Option<Preview> {
        let rows = (self.cells.len() as u32).checked_div(self.columns)?;
        let pixels: Vec<u8> = self.cells.iter().flat_map(|distance| color(*distance)).collect();
        let mut bytes = Cursor::new(Vec::new());
        let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, FilterType::Adaptive);
        encoder.write_image(&pixels, self.columns, rows, ExtendedColorType::Rgb8).ok()?;
        Some(Preview { media_type: "image/png", bytes: bytes.into_inner() })
    }
}

/// The square root makes small differences visible.
fn color(distance: f32) -> [u8; 3] {
    let heat = (distance / BRIGHTEST).clamp(0.0, 1.0).sqrt() * 3.0;
    [heat, heat - 1.0, heat - 2.0].map(|part| (part.clamp(0.0, 1.0) * 255.0) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_small_and_bright_where_rows_differ() {
        let mut heat_map = HeatMap::new(1000, 500);
        let mut row = vec![0.0; 1000];
        row[999] = 400.0;
        heat_map.add_row(499, &row);
        let map = image::load_from_memory(&heat_map.preview().unwrap().bytes).unwrap().into_rgb8();
        assert_eq!(map.dimensions(), (250, 125));
        assert_eq!(map.get_pixel(249, 124).0, [255, 255, 255]);
        assert_eq!(map.get_pixel(248, 124).0, [0, 0, 0]);
    }

    #[test]
    fn small_images_keep_their_size() {
        let map = image::load_from_memory(&HeatMap::new(3, 2).preview().unwrap().bytes).unwrap();
        assert_eq!((map.width(), map.height()), (3, 2));
    }
}
