//! Reading rows of pixels in any layout, without converting a copy of the whole image.

use image::DynamicImage;

/// Writes a row as it is seen: eight bits each of red, green, blue and alpha, with colors premultiplied by alpha. Colors under full
/// transparency do not count, but the transparency does.
pub(super) fn visible_row(image: &DynamicImage, row: u32, out: &mut [[u8; 4]]) {
    match image {
        DynamicImage::ImageLuma8(buffer) => fill(samples(buffer, row, 1), out, |[gray]: [u8; 1]| [gray, gray, gray, 255]),
        DynamicImage::ImageLumaA8(buffer) => {
            fill(samples(buffer, row, 2), out, |[gray, alpha]: [u8; 2]| premultiplied([gray, gray, gray, alpha]));
        }
        DynamicImage::ImageRgb8(buffer) => fill(samples(buffer, row, 3), out, |[r, g, b]: [u8; 3]| [r, g, b, 255]),
        DynamicImage::ImageRgba8(buffer) => fill(samples(buffer, row, 4), out, premultiplied),
        DynamicImage::ImageLuma16(buffer) => {
            fill(samples(buffer, row, 1), out, |[gray]: [u16; 1]| {
                let gray = narrow(gray);
                [gray, gray, gray, 255]
            });
        }
        DynamicImage::ImageLumaA16(buffer) => {
            fill(samples(buffer, row, 2), out, |[gray, alpha]: [u16; 2]| {
                let gray = narrow(gray);
                premultiplied([gray, gray, gray, narrow(alpha)])
            });
        }
        DynamicImage::ImageRgb16(buffer) => {
            fill(samples(buffer, row, 3), out, |[r, g, b]: [u16; 3]| [narrow(r), narrow(g), narrow(b), 255]);
        }
        DynamicImage::ImageRgba16(buffer) => fill(samples(buffer, row, 4), out, |pixel: [u16; 4]| premultiplied(pixel.map(narrow))),
        DynamicImage::ImageRgb32F(buffer) => {
            fill(samples(buffer, row, 3), out, |[r, g, b]: [f32; 3]| [of_float(r), of_float(g), of_float(b), 255]);
        }
        DynamicImage::ImageRgba32F(buffer) => {
            fill(samples(buffer, row, 4), out, |pixel: [f32; 4]| premultiplied(pixel.map(of_float)));
        }
        // `DynamicImage` is non-exhaustive: future layouts are read pixel by pixel.
        other => {
            use image::GenericImageView;
            for (column, pixel) in (0..).zip(out) {
                *pixel = premultiplied(other.get_pixel(column, row).0);
            }
        }
    }
}

fn samples<P>(buffer: &image::ImageBuffer<P, Vec<P::Subpixel>>, row: u32, channels: usize) -> &[P::Subpixel]
where
    P: image::Pixel,
{
    let length = buffer.width() as usize * channels;
    let start = row as usize * length;
    buffer.as_raw().get(start..start + length).unwrap_or_default()
}

fn fill<T: Copy, const N: usize>(samples: &[T], out: &mut [[u8; 4]], convert: impl Fn([T; N]) -> [u8; 4]) {
    let (pixels, _) = samples.as_chunks::<N>();
    for (pixel, out) in pixels.iter().zip(out) {
        *out = convert(*pixel);
    }
}

fn premultiplied([r, g, b, alpha]: [u8; 4]) -> [u8; 4] {
    if alpha == 255 {
        return [r, g, b, 255];
    }
    let multiply = |color: u8| (u16::from(color) * u16::from(alpha) / 255) as u8;
    [multiply(r), multiply(g), multiply(b), alpha]
}

fn narrow(sample: u16) -> u8 {
    (sample >> 8) as u8
}

fn of_float(sample: f32) -> u8 {
    // NaN becomes 0.
    (sample.clamp(0.0, 1.0) * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use image::{Luma, LumaA, Rgb, Rgb32FImage, RgbImage, Rgba, RgbaImage};

    use super::*;

    #[test]
    fn every_layout_of_a_color_reads_the_same() {
        let wanted = [[100, 100, 100, 255]; 2];
        let layouts: [DynamicImage; 8] = [
            image::GrayImage::from_pixel(2, 1, Luma([100])).into(),
            image::GrayAlphaImage::from_pixel(2, 1, LumaA([100, 255])).into(),
            RgbImage::from_pixel(2, 1, Rgb([100; 3])).into(),
            RgbaImage::from_pixel(2, 1, Rgba([100, 100, 100, 255])).into(),
            image::ImageBuffer::from_pixel(2, 1, Luma([100_u16 * 257])).into(),
            image::ImageBuffer::from_pixel(2, 1, LumaA([100_u16 * 257, u16::MAX])).into(),
            image::ImageBuffer::from_pixel(2, 1, Rgba([100_u16 * 257, 100 * 257, 100 * 257, u16::MAX])).into(),
            Rgb32FImage::from_pixel(2, 1, Rgb([100.0 / 255.0; 3])).into(),
        ];
        for layout in layouts {
            let mut row = [[0; 4]; 2];
            visible_row(&layout, 0, &mut row);
            assert_eq!(row, wanted, "{:?}", layout.color());
        }
    }

    #[test]
    fn colors_under_full_transparency_do_not_count() {
        let mut row = [[9; 4]; 1];
        visible_row(&RgbaImage::from_pixel(1, 1, Rgba([255, 7, 9, 0])).into(), 0, &mut row);
        assert_eq!(row, [[0; 4]]);
        visible_row(&RgbaImage::from_pixel(1, 1, Rgba([200, 100, 0, 128])).into(), 0, &mut row);
        assert_eq!(row, [[100, 50, 0, 128]]);
    }
}
