//! Measurements of one image.

use image::DynamicImage;

use super::animation::{Animation, is_animated};
use super::decode::decode_alone;
use super::rows::visible_row;
use crate::decode_budget::BUDGET;
use crate::{DecodeError, MediaFile};

/// Measurements of one image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImageFacts {
    /// In pixels, after the rotation that EXIF asks for.
    pub width: u32,
    /// In pixels, after the rotation that EXIF asks for.
    pub height: u32,
    /// Number of frames: 1 unless the image is animated. For a long animation, the number of decoded frames.
    pub frames: u32,
    /// Whether all pixels of all frames have the same color.
    pub is_single_color: bool,
    /// Whether all pixels of all frames are fully transparent.
    pub is_transparent: bool,
}

/// Decodes and measures an image, all frames of an animation.
pub fn image_facts(file: &MediaFile<'_>) -> Result<ImageFacts, DecodeError> {
    let mut survey = Survey::default();
    if is_animated(file) {
        let mut animation = Animation::open(file)?;
        let _share = BUDGET.take(animation.memory_bytes());
        while let Some(frame) = animation.next_frame() {
            survey.add(&frame?);
        }
    } else {
        let (image, _share) = decode_alone(file)?;
        survey.add(&image);
    }
    Ok(survey.facts())
}

/// Collects facts over all frames.
#[derive(Default)]
struct Survey {
    size: (u32, u32),
    frames: u32,
    first_pixel: Option<[u8; 4]>,
    has_colors: bool,
    is_visible: bool,
}

impl Survey {
    fn add(&mut self, frame: &DynamicImage) {
        self.size = (frame.width(), frame.height());
        self.frames += 1;
        let mut row = vec![[0; 4]; frame.width() as usize];
        for number in 0..frame.height() {
            visible_row(frame, number, &mut row);
            for pixel in &row {
                self.has_colors |= *self.first_pixel.get_or_insert(*pixel) != *pixel;
                self.is_visible |= pixel[3] > 0;
            }
        }
    }

    fn facts(self) -> ImageFacts {
        ImageFacts {
            width: self.size.0,
            height: self.size.1,
            frames: self.frames,
            is_single_color: !self.has_colors,
            is_transparent: !self.is_visible,
        }
    }
}
