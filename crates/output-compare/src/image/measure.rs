//! Measures how far apart two decoded images of one size are.
//!
//! A few threads measure bands of rows. A band holds two rows of pixels and running sums, so measuring takes hardly any memory beside the
//! decoded images.

use std::num::NonZero;
use std::thread;

use image::DynamicImage;

use super::heat_map::HeatMap;
use super::rows::visible_row;
use super::similarity::{self, BLOCK, Block};

/// The side of the tiles in which local damage is looked for. A multiple of [`BLOCK`].
const TILE: u32 = 16;

/// Fewer pixels are not worth a thread.
const PIXELS_PER_THREAD: u64 = 1 << 19;

/// More threads would take CPU time from other cases.
const THREAD_LIMIT: u64 = 4;

/// How far apart two images are.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    /// Mean Euclidean distance of the RGBA colors, 0 to 510.
    pub(super) mean_distance: f64,
    /// The greatest mean color distance within a tile.
    pub(super) worst_tile: f64,
    /// The greatest difference in one channel of one pixel.
    pub(super) greatest: u8,
    /// Percentage of pixels that are not equal.
    pub(super) differing_percent: f64,
    /// Mean structural similarity of brightness: 1 for equal images.
    pub(super) ssim: f64,
    /// Peak signal-to-noise ratio; `None` for equal images.
    pub(super) psnr_db: Option<f64>,
    pub(super) heat_map: HeatMap,
}

/// Measures two images of one size.
pub(super) fn measure(left: &DynamicImage, right: &DynamicImage) -> Measured {
    let (width, height) = (left.width(), left.height());
    let tile_rows = height.div_ceil(TILE);
    let pixels = u64::from(width) * u64::from(height);
    let cores = thread::available_parallelism().map_or(1, NonZero::get) as u64;
    let threads = (pixels / PIXELS_PER_THREAD).clamp(1, cores.min(THREAD_LIMIT)) as u32;
    let rows_each = tile_rows.div_ceil(threads).max(1) * TILE;
    let bands = (0..threads).map(|number| (number * rows_each, ((number + 1) * rows_each).min(height)));
    let bands = bands.filter(|(start, end)| start < end);
    let measured: Vec<Band> = match threads {
        1 => bands.map(|(start, end)| Band::measure(left, right, start, end)).collect(),
        _ => thread::scope(|scope| {
            let running: Vec<_> =
                bands.map(|(start, end)| (start, end, scope.spawn(move || Band::measure(left, right, start, end)))).collect();
            // The rows of a thread that panicked are measured again here, where the panic propagates.
            let joined = running.into_iter();
            joined.map(|(start, end, running)| running.join().unwrap_or_else(|_| Band::measure(left, right, start, end))).collect()
        }),
    };
    let mut whole = Band::new(width, height);
    for band in &measured {
        whole.join(band);
    }
    whole.finish(pixels)
}

/// Sums over a band of rows.
struct Band {
    total: f64,
    squares: u64,
    differing: u64,
    greatest: u8,
    worst_tile: f64,
    similarity: f64,
    windows: u64,
    heat_map: HeatMap,
}

impl Band {
    fn new(width: u32, height: u32) -> Self {
        Self {
            total: 0.0,
            squares: 0,
            differing: 0,
            greatest: 0,
            worst_tile: 0.0,
            similarity: 0.0,
            windows: 0,
            heat_map: HeatMap::new(width, height),
        }
    }

    /// Measures the rows `start..end`. `start` has to be a multiple of [`TILE`].
    fn measure(left: &DynamicImage, right: &DynamicImage, start: u32, end: u32) -> Self {
        let (width, height) = (left.width(), left.height());
        let mut band = Self::new(width, height);
        let mut rows = Rows::new(width as usize);
        let mut tiles = vec![0.0_f64; width.div_ceil(TILE) as usize];
        let no_blocks = vec![Block::default(); (width as usize).div_ceil(BLOCK)];
        let (mut upper, mut lower) = (no_blocks.clone(), no_blocks.clone());
        let block = BLOCK as u32;
        // Windows that reach into the rows above belong to this band, so it needs the last row of blocks there.
        if start > 0 {
            for row in start - block..start {
                rows.read(left, right, row);
                similarity::add_row(&mut upper, &rows.left_luma, &rows.right_luma);
            }
        }
        for row in start..end {
            rows.read(left, right, row);
            similarity::add_row(&mut lower, &rows.left_luma, &rows.right_luma);
            if !rows.are_equal {
                band.add_distances(&mut rows, row, &mut tiles);
            }
            if (row + 1) % block == 0 || row + 1 == height {
                let is_first = row < block;
                let (sum, count) = match is_first {
                    false => similarity::windows(&upper, Some(&lower)),
                    true if height <= block => similarity::windows(&lower, None),
                    true => (0.0, 0),
                };
                band.similarity += sum;
                band.windows += count;
                std::mem::swap(&mut upper, &mut lower);
                lower.clone_from(&no_blocks);
            }
            if (row + 1) % TILE == 0 || row + 1 == end {
                band.close_tiles(&mut tiles, width, row % TILE + 1);
            }
        }
        band
    }

    fn add_distances(&mut self, rows: &mut Rows, row: u32, tiles: &mut [f64]) {
        let (mut squares, mut greatest, mut differing) = (0_u64, 0_u8, 0_u32);
        let pairs = rows.left.iter().zip(&rows.right);
        for ((left, right), distance) in pairs.zip(&mut rows.distances) {
            let parts: [u8; 4] = std::array::from_fn(|channel| left[channel].abs_diff(right[channel]));
            let square: u32 = parts.iter().map(|part| u32::from(*part) * u32::from(*part)).sum();
            greatest = parts.iter().fold(greatest, |greatest, part| greatest.max(*part));
            squares += u64::from(square);
            differing += u32::from(square > 0);
            *distance = (square as f32).sqrt();
        }
        self.squares += squares;
        self.greatest = self.greatest.max(greatest);
        self.differing += u64::from(differing);
        for (tile, distances) in tiles.iter_mut().zip(rows.distances.chunks(TILE as usize)) {
            *tile += f64::from(distances.iter().sum::<f32>());
        }
        self.heat_map.add_row(row, &rows.distances);
    }

    fn close_tiles(&mut self, tiles: &mut [f64], width: u32, rows: u32) {
        for (number, tile) in (0_u32..).zip(tiles) {
            let columns = (width - number * TILE).min(TILE);
            self.worst_tile = self.worst_tile.max(*tile / f64::from(columns * rows));
            self.total += *tile;
            *tile = 0.0;
        }
    }

    fn join(&mut self, other: &Self) {
        self.total += other.total;
        self.squares += other.squares;
        self.differing += other.differing;
        self.greatest = self.greatest.max(other.greatest);
        self.worst_tile = self.worst_tile.max(other.worst_tile);
        self.similarity += other.similarity;
        self.windows += other.windows;
        self.heat_map.join(&other.heat_map);
    }

    fn finish(self, pixels: u64) -> Measured {
        let count = pixels.max(1) as f64;
        let mean_square = self.squares as f64 / (count * 4.0);
        Measured {
            mean_distance: self.total / count,
            worst_tile: self.worst_tile,
            greatest: self.greatest,
            differing_percent: 100.0 * self.differing as f64 / count,
            ssim: self.similarity / self.windows.max(1) as f64,
            psnr_db: (self.squares > 0).then(|| 10.0 * (255.0 * 255.0 / mean_square).log10()),
            heat_map: self.heat_map,
        }
    }
}

/// One row of each image.
struct Rows {
    left: Vec<[u8; 4]>,
    right: Vec<[u8; 4]>,
    left_luma: Vec<u8>,
    right_luma: Vec<u8>,
    distances: Vec<f32>,
    are_equal: bool,
}

impl Rows {
    fn new(width: usize) -> Self {
        let (pixels, luma) = (vec![[0; 4]; width], vec![0; width]);
        Self {
            left: pixels.clone(),
            right: pixels,
            left_luma: luma.clone(),
            right_luma: luma,
            distances: vec![0.0; width],
            are_equal: false,
        }
    }

    fn read(&mut self, left: &DynamicImage, right: &DynamicImage, row: u32) {
        visible_row(left, row, &mut self.left);
        visible_row(right, row, &mut self.right);
        self.are_equal = self.left == self.right;
        brightness(&self.left, &mut self.left_luma);
        if self.are_equal {
            self.right_luma.clone_from(&self.left_luma);
        } else {
            brightness(&self.right, &mut self.right_luma);
        }
    }
}

/// The brightness (luma) of colors by the weights of BT.601.
fn brightness(pixels: &[[u8; 4]], out: &mut [u8]) {
    for ([red, green, blue, _], out) in pixels.iter().zip(out) {
        *out = ((77 * u32::from(*red) + 150 * u32::from(*green) + 29 * u32::from(*blue)) >> 8) as u8;
    }
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;

    fn waves(width: u32, height: u32, add: u8) -> DynamicImage {
        RgbImage::from_fn(width, height, |x, y| {
            let shade = ((f64::from(x) / 5.0).sin() * 50.0 + (f64::from(y) / 7.0).cos() * 50.0 + 110.0) as u8;
            Rgb([shade.saturating_add(add), shade, 255 - shade])
        })
        .into()
    }

    #[test]
    fn bands_add_up_to_the_whole() {
        let (left, right) = (waves(70, 200, 0), waves(70, 200, 9));
        let mut whole = Band::new(70, 200);
        whole.join(&Band::measure(&left, &right, 0, 200));
        let mut parts = Band::new(70, 200);
        for (start, end) in [(0, 64), (64, 80), (80, 200)] {
            parts.join(&Band::measure(&left, &right, start, end));
        }
        let (whole, parts) = (whole.finish(70 * 200), parts.finish(70 * 200));
        assert!((whole.ssim - parts.ssim).abs() < 1e-9, "{} {}", whole.ssim, parts.ssim);
        assert!((whole.mean_distance - parts.mean_distance).abs() < 1e-9);
        assert_eq!((whole.worst_tile, whole.greatest), (parts.worst_tile, parts.greatest));
    }

    #[test]
    fn several_threads_measure_the_same_as_one() {
        let (left, right) = (waves(1100, 1000, 0), waves(1100, 1000, 3));
        let measured = measure(&left, &right);
        let alone = {
            let mut whole = Band::new(1100, 1000);
            whole.join(&Band::measure(&left, &right, 0, 1000));
            whole.finish(1_100_000)
        };
        assert!((measured.ssim - alone.ssim).abs() < 1e-9);
        assert!((measured.mean_distance - alone.mean_distance).abs() < 1e-9);
        assert_eq!(measured.greatest, 3);
    }

    #[test]
    fn equal_images_of_every_size_have_full_similarity() {
        for (width, height) in [(1, 1), (3, 4), (4, 5), (5, 3), (8, 8), (9, 17), (33, 20)] {
            let image = waves(width, height, 0);
            let measured = measure(&image, &image);
            assert!((measured.ssim - 1.0).abs() < 1e-9, "{width} x {height}: {measured:?}");
            assert_eq!((measured.mean_distance, measured.worst_tile, measured.psnr_db), (0.0, 0.0, None));
        }
    }

    #[test]
    fn the_last_rows_and_columns_count() {
        for (x, y) in [(0, 0), (32, 0), (0, 18), (32, 18)] {
            let left = RgbImage::from_pixel(33, 19, Rgb([0; 3]));
            let mut right = left.clone();
            right.put_pixel(x, y, Rgb([255; 3]));
            let measured = measure(&left.into(), &right.into());
            assert!(measured.worst_tile > 1.0 && measured.ssim < 1.0 && measured.greatest == 255, "{x} {y}: {measured:?}");
        }
    }
}
