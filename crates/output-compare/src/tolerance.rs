//! How much two files may differ and still count as the same.

/// How much two files may differ and still count as the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// Mean distance of two pictures' colours, 0 to 510. The default is the peer's threshold.
    pub mean_colour_distance: f64,
    /// The same within the worst tile of 16 × 16 pixels, because the mean hides local damage:
    /// `docs/reference/cog-safe-push.md#comparing-images`.
    pub worst_tile_distance: f64,
    /// The least mean structural similarity of two pictures' brightness, where 1 is equal. JPEG of quality 75 and slight noise stay above the
    /// default, blur and shifts do not.
    pub ssim: f64,
    /// Difference of two numbers relative to the greater one. Whole numbers have to be equal.
    pub relative_number: f64,
    /// Difference of two numbers that counts as none, whatever their size.
    pub absolute_number: f64,
    /// Difference of two durations in seconds.
    pub duration_difference_secs: f64,
    /// Mean difference of two sounds' loudness over time, where full scale is 1.
    pub loudness_difference: f64,
    /// Share of two sounds' amplitudes over pitch and time that they do not have in common, 0 to 1.
    pub spectral_distance: f64,
    /// Seconds by which one sound may come later than the other.
    pub shift_secs: f64,
    /// Difference of the parts of two sounds that are clipped, in percent of their samples.
    pub clipped_percent_difference: f64,
    /// How many times the size of one video may be that of the other.
    pub size_factor: f64,
}

impl Default for Tolerance {
    fn default() -> Self {
        Self {
            mean_colour_distance: 8.0,
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
    /// Nothing has this name.
    #[error("no threshold is named '{name}'")]
    Unknown {
        /// The name.
        name: String,
    },
    /// The value is no number that makes sense.
    #[error("the threshold {name} cannot be {value}")]
    BadValue {
        /// The name.
        name: String,
        /// The value.
        value: f64,
    },
}

impl Tolerance {
    /// The names of the thresholds: those of the measurements that they are for.
    pub const NAMES: [&'static str; 11] = [
        "mean_colour_distance",
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

    /// Sets the threshold of this name.
    pub fn set(&mut self, name: &str, value: f64) -> Result<(), ThresholdError> {
        let threshold = match name {
            "mean_colour_distance" => &mut self.mean_colour_distance,
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
        // SSIM alone can be less than nothing, and to ask for that means not to ask.
        if !value.is_finite() || (value < 0.0 && name != "ssim") {
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
    fn a_name_or_a_value_that_makes_no_sense_is_rejected() {
        let found = Tolerance::default().set("sim", 0.5).unwrap_err();
        assert_eq!(found, ThresholdError::Unknown { name: "sim".to_owned() });
        assert!(Tolerance::default().set("size_factor", -1.0).is_err());
        assert!(Tolerance::default().set("ssim", -1.0).is_ok());
    }
}
