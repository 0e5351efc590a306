//! Several images as one.

use image::{DynamicImage, Rgba, RgbaImage, imageops};

use crate::image::decode_alone;
use crate::thumbnail::encoded;
use crate::{MediaFile, Preview};

/// The longest side of each image, in pixels. Three fit into the text of a page.
const SIDE: u32 = 236;

/// The space between two images, in pixels.
const GAP: u32 = 8;

/// Images in one row. Further ones are left out.
const IMAGES: usize = 4;

/// A gray that can be seen on a light and on a dark page. Transparent parts of images show it, too.
const GROUND: Rgba<u8> = Rgba([128, 128, 128, 255]);

/// Small copies of images in one row, from left to right, as one PNG or JPEG. `None` if one of them does not decode.
///
/// ```
/// use output_compare::{MediaFile, side_by_side, thumbnail};
///
/// let pixel = b"P6 1 1 255 abc";
/// assert!(side_by_side(&[MediaFile::named("a.ppm", pixel)]).is_none());
/// assert!(side_by_side(&[]).is_none());
/// ```
pub fn side_by_side(files: &[MediaFile<'_>]) -> Option<Preview> {
    let mut images = Vec::new();
    for file in files.iter().take(IMAGES) {
        // Its share of the memory is free again when it is small.
        let (image, _share) = decode_alone(file).ok()?;
        images.push(small(&image).into_rgba8());
    }
    let height = images.iter().map(RgbaImage::height).max()?;
    let width = images.iter().map(RgbaImage::width).sum::<u32>() + GAP * (images.len() as u32 - 1);
    let mut row = RgbaImage::from_pixel(width, height, GROUND);
    let mut left = 0;
    for image in &images {
        imageops::overlay(&mut row, image, i64::from(left), 0);
        left += image.width() + GAP;
    }
    encoded(DynamicImage::from(row).into_rgb8().into())
}

fn small(image: &DynamicImage) -> DynamicImage {
    if image.width().max(image.height()) > SIDE { image.thumbnail(SIDE, SIDE) } else { image.clone() }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{ImageFormat, Rgb, RgbImage};

    use super::*;

    fn png(width: u32, height: u32, color: [u8; 4]) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::from(RgbaImage::from_pixel(width, height, Rgba(color))).write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    fn row(images: &[Vec<u8>]) -> Option<RgbImage> {
        let files: Vec<MediaFile<'_>> = images.iter().map(|bytes| MediaFile::named("output", bytes)).collect();
        Some(image::load_from_memory(&side_by_side(&files)?.bytes).unwrap().into_rgb8())
    }

    #[test]
    fn images_are_side_by_side_in_their_order() {
        let row = row(&[png(10, 20, [255, 0, 0, 255]), png(30, 5, [0, 255, 0, 255])]).unwrap();
        assert_eq!(row.dimensions(), (10 + 8 + 30, 20));
        let at = |x, y| row.get_pixel(x, y).0;
        assert_eq!([at(0, 19), at(20, 0), at(47, 4)], [[255, 0, 0], [0, 255, 0], [0, 255, 0]]);
        assert_eq!([at(12, 0), at(47, 19)], [[128; 3], [128; 3]], "the ground is between and below them");
    }

    #[test]
    fn large_images_become_small_and_transparent_ones_show_the_ground() {
        let row = row(&[png(1000, 500, [0, 0, 255, 255]), png(4, 4, [9, 9, 9, 0])]).unwrap();
        assert_eq!(row.dimensions(), (236 + 8 + 4, 118));
        assert_eq!(row.get_pixel(245, 1), &Rgb([128; 3]));
    }

    #[test]
    fn one_that_does_not_decode_leaves_nothing() {
        assert_eq!(row(&[png(4, 4, [0; 4]), b"<svg/>".to_vec()]), None);
        assert_eq!(row(&[]), None);
    }

    #[test]
    fn four_photographs_are_a_small_file() {
        let noise = RgbImage::from_fn(800, 800, |x, y| {
            let seed = x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503);
            Rgb([(seed >> 8) as u8, (seed >> 16) as u8, (seed >> 24) as u8])
        });
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::from(noise).write_to(&mut bytes, ImageFormat::Png).unwrap();
        let photograph = bytes.into_inner();
        let files = [MediaFile::named("a", &photograph); 5];
        let preview = side_by_side(&files).unwrap();
        assert_eq!(preview.media_type, "image/jpeg");
        assert!(preview.bytes.len() < 300_000, "{}", preview.bytes.len());
    }
}
