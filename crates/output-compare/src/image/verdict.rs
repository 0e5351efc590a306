//! Holds the measurements of two images to the thresholds.

use super::measure::Measured;
use crate::{Comparison, MediaKind, Tolerance};

/// Whether two images of one size count as the same.
pub(super) fn verdict(measured: &Measured, (width, height): (u32, u32), tolerance: &Tolerance) -> Comparison {
    let Measured { mean_distance, worst_tile, ssim, .. } = *measured;
    let mut comparison = Comparison::new(MediaKind::Image, true)
        .measured("width", f64::from(width))
        .measured("height", f64::from(height))
        // Reports store this name: the British spelling stays.
        .at_most("mean_color_distance", mean_distance, tolerance.mean_color_distance)
        .at_most("worst_tile_distance", worst_tile, tolerance.worst_tile_distance)
        .at_least("ssim", ssim, tolerance.ssim)
        .measured("greatest_channel_difference", f64::from(measured.greatest))
        .measured("differing_pixels_percent", measured.differing_percent);
    if let Some(psnr_db) = measured.psnr_db {
        comparison = comparison.measured("psnr_db", psnr_db);
        comparison.heat_map = measured.heat_map.preview();
    }
    if mean_distance > tolerance.mean_color_distance {
        let limit = tolerance.mean_color_distance;
        comparison = comparison.differs(format!("the mean color distance is {mean_distance:.1}, above {limit:.1}"));
    }
    if worst_tile > tolerance.worst_tile_distance {
        let limit = tolerance.worst_tile_distance;
        comparison = comparison
            .differs(format!("a part of the image differs: the worst tile's color distance is {worst_tile:.1}, above {limit:.1}"));
    }
    if ssim < tolerance.ssim {
        let limit = tolerance.ssim;
        comparison = comparison.differs(format!("the structure differs: the structural similarity is {ssim:.3}, below {limit:.3}"));
    }
    comparison
}

/// The failure of two images that differ in size.
pub(super) fn sizes_differ(first: (u32, u32), second: (u32, u32)) -> Comparison {
    Comparison::new(MediaKind::Image, true)
        .measured("width", f64::from(first.0))
        .measured("height", f64::from(first.1))
        .measured("other_width", f64::from(second.0))
        .measured("other_height", f64::from(second.1))
        .differs(format!("the first image is {} x {} pixels, the second {} x {}", first.0, first.1, second.0, second.1))
}
