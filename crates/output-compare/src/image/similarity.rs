//! Structural similarity (SSIM) of brightness, computed from sums over blocks, row by row.
//!
//! Windows are 8 × 8 pixels and overlap by half, so each consists of four blocks of 4 × 4, and no plane of the image is kept. Blocks and
//! windows are smaller at the edges. An image smaller than a window is one window.
//!
//! Source: Wang et al., "Image quality assessment: from error visibility to structural similarity", 2004.

/// The side of a block, in pixels.
pub(super) const BLOCK: usize = 4;

/// The constants of the paper that stabilize the division in flat windows: (0.01 · 255)² and (0.03 · 255)².
const MEANS: f64 = 6.5025;
const VARIANCES: f64 = 58.5225;

/// Sums over the same block of two images.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Block {
    count: u32,
    left: u32,
    right: u32,
    /// Sum of the squares of both.
    squares: u32,
    products: u32,
}

impl Block {
    fn plus(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            left: self.left + other.left,
            right: self.right + other.right,
            squares: self.squares + other.squares,
            products: self.products + other.products,
        }
    }

    fn similarity(self) -> f64 {
        let count = f64::from(self.count.max(1));
        let (left, right) = (f64::from(self.left) / count, f64::from(self.right) / count);
        let variances = f64::from(self.squares) / count - left * left - right * right;
        let covariance = f64::from(self.products) / count - left * right;
        let means = left * right;
        ((2.0 * means + MEANS) * (2.0 * covariance + VARIANCES)) / ((left * left + right * right + MEANS) * (variances + VARIANCES))
    }
}

/// Adds a row of brightness values to the row of blocks it crosses.
pub(super) fn add_row(blocks: &mut [Block], left: &[u8], right: &[u8]) {
    for (block, (left, right)) in blocks.iter_mut().zip(left.chunks(BLOCK).zip(right.chunks(BLOCK))) {
        for (left, right) in left.iter().zip(right) {
            let (left, right) = (u32::from(*left), u32::from(*right));
            block.left += left;
            block.right += right;
            block.squares += left * left + right * right;
            block.products += left * right;
        }
        block.count += left.len() as u32;
    }
}

/// The sum of the similarities of the windows formed by two rows of blocks, and the number of windows. `lower` is `None` for an image of
/// one row of blocks.
pub(super) fn windows(upper: &[Block], lower: Option<&[Block]>) -> (f64, u64) {
    let column = |at: usize| {
        let below = lower.and_then(|lower| lower.get(at)).copied().unwrap_or_default();
        upper.get(at).copied().unwrap_or_default().plus(below)
    };
    if upper.len() < 2 {
        return (column(0).similarity(), 1);
    }
    let (mut sum, mut before) = (0.0, column(0));
    for at in 1..upper.len() {
        let this = column(at);
        sum += before.plus(this).similarity();
        before = this;
    }
    (sum, upper.len() as u64 - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(left: &[u8], right: &[u8]) -> f64 {
        let mut blocks = vec![Block::default(); left.len().div_ceil(BLOCK)];
        add_row(&mut blocks, left, right);
        let (sum, count) = windows(&blocks, None);
        sum / count as f64
    }

    #[test]
    fn equal_rows_have_full_similarity_and_others_less() {
        let wave: Vec<u8> = (0..32).map(|x| if x % 4 < 2 { 20 } else { 200 }).collect();
        let inverted: Vec<u8> = wave.iter().map(|x| 220 - x).collect();
        assert!((of(&wave, &wave) - 1.0).abs() < 1e-12);
        assert!(of(&wave, &inverted) < -0.9, "{}", of(&wave, &inverted));
        assert!(of(&wave, &[110; 32]) < 0.1);
        assert!(of(&[7], &[7]) > 0.999);
    }

    #[test]
    fn a_window_follows_the_formula() {
        // Means 1 and 2, variances 1 and 4, covariance 2, by hand.
        let found = of(&[0, 2, 0, 2, 0, 2, 0, 2], &[0, 4, 0, 4, 0, 4, 0, 4]);
        let wanted = ((4.0 + MEANS) * (4.0 + VARIANCES)) / ((5.0 + MEANS) * (5.0 + VARIANCES));
        assert!((found - wanted).abs() < 1e-12, "{found} {wanted}");
    }
}
