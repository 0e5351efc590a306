//! How much two files may differ and still count as the same.

/// Thresholds: how much two files may differ and still count as the same.
///
/// Fields and [`Tolerance::NAMES`] carry the names of the measurements they bound.
///
/// ```
/// use output_compare::Tolerance;
///
/// let mut tolerance = Tolerance { ssim: 0.95, ..Tolerance::default() };
/// tolerance.set("shift_secs", 0.0).unwrap();
/// assert_eq!(tolerance.set("sim", 0.5).unwrap_err().to_string(), "unknown threshold 'sim'");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// Mean Euclidean distance of the RGBA colors of two images, 0 to 510. The default is cog-safe-push's threshold. Reports store the
    /// British spelling, so it stays.
    pub mean_color_distance: f64,
    /// Mean color distance within the worst tile of 16 × 16 pixels, 0 to 510. The mean over the
    /// whole image hides local damage: `docs/reference/cog-safe-push.md#comparing-images`.
    pub worst_tile_distance: f64,
    /// Lowest mean structural similarity (SSIM) of the brightness of two images, where 1 is equal. JPEG compression of quality 75 and
    /// slight noise stay above the default; blur and shifts do not.
    pub ssim: f64,
    /// Difference of two JSON numbers relative to the greater one. Integers have to be equal.
    pub relative_number: f64,
    /// Difference of two JSON numbers that is ignored whatever their size.
    pub absolute_number: f64,
    /// Difference in duration of two audio or video files.
    pub duration_difference_secs: f64,
    /// Mean difference in loudness (RMS) of two audio files over time, where full scale is 1.
    pub loudness_difference: f64,
    /// Share of the amplitudes of two audio files, over pitch and time, that they do not have in common: 0 to 1.
    pub spectral_distance: f64,
    /// Delay of one audio file relative to the other.
    pub shift_secs: f64,
    /// Difference in the share of clipped samples of two audio files, in percentage points.
    pub clipped_percent_difference: f64,
    /// Ratio of the sizes of two video files.
    pub size_factor: f64,
}

impl Default for Tolerance {
    fn default() -> Self {
        Self {
            mean_color_distance: 8.0,
            worst_tile_distance: 64.0,
            ssim: 0.9,
            relative_number: 1e-3,
            absolute_number: 1e-6,
            duration_difference_secs: 0.1,
            loudness_difference: 0.02,
            spectral_distance: 0.25,
            shift_secs: 0.05,
            clipped_percent_difference: 1.0,
            size_factor: 10.0,
        }
    }
}

/// A threshold that cannot be set.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ThresholdError {
    /// No threshold has this name.
    #[error("unknown threshold '{name}'")]
    Unknown {
        /// The name as given.
        name: String,
    },
    /// The value is not finite, negative for anything but SSIM, or above 1 for SSIM.
    #[error("the threshold '{name}' cannot be {value}")]
    BadValue {
        /// The name as given.
        name: String,
        /// The value as given.
        value: f64,
    },
}

impl Tolerance {
    /// The names of all thresholds.
    pub const NAMES: [&'static str; 11] = [
        "mean_color_distance",
        "worst_tile_distance",
        "ssim",
        "relative_number",
        "absolute_number",
        "duration_difference_secs",
        "loudness_difference",
        "spectral_distance",
        "shift_secs",
        "clipped_percent_difference",
        "size_factor",
    ];

    pub fn set(&mut self, name: &str, value: f64) -> Result<(), ThresholdError> {
        let threshold = match name {
            "mean_color_distance" => &mut self.mean_color_distance,
            "worst_tile_distance" => &mut self.worst_tile_distance,
            "ssim" => &mut self.ssim,
            "relative_number" => &mut self.relative_number,
            "absolute_number" => &mut self.absolute_number,
            "duration_difference_secs" => &mut self.duration_difference_secs,
            "loudness_difference" => &mut self.loudness_difference,
            "spectral_distance" => &mut self.spectral_distance,
            "shift_secs" => &mut self.shift_secs,
            "clipped_percent_difference" => &mut self.clipped_percent_difference,
            "size_factor" => &mut self.size_factor,
            _ => return Err(ThresholdError::Unknown { name: name.to_owned() }),
        };
        // SSIM ranges from -1 to 1; a negative threshold turns the check off, and one above 1 could not be met.
        let is_in_range = if name == "ssim" { value <= 1.0 } else { value >= 0.0 };
        if !value.is_finite() || !is_in_range {
            return Err(ThresholdError::BadValue { name: name.to_owned(), value });
        }
        *threshold = value;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_threshold_can_be_set_by_its_name() {
        for name in Tolerance::NAMES {
            let mut tolerance = Tolerance::default();
            tolerance.set(name, 0.123).unwrap();
            assert_ne!(tolerance, Tolerance::default(), "{name}");
            assert!(tolerance.set(name, f64::NAN).is_err(), "{name}");
        }
    }

    #[test]
    fn unknown_names_and_negative_values_are_rejected() {
        let found = Tolerance::default().set("sim", 0.5).unwrap_err();
        assert_eq!(found, ThresholdError::Unknown { name: "sim".to_owned() });
        assert!(Tolerance::default().set("size_factor", -1.0).is_err());
        assert!(Tolerance::default().set("ssim", -1.0).is_ok());
        assert!(Tolerance::default().set("ssim", 1.0).is_ok() && Tolerance::default().set("ssim", 1.1).is_err());
    }
}
