//! Images of ours that the daemon has lost, and how often they are made again.
//!
//! Runs of the same files make the same image, each under a name of its own. A daemon without the containerd store removes an image with
//! its last name, and takes a name with it that another run gives the image at that moment. So whoever has just made or named an image
//! starts again if it is gone.

use crate::clients::docker::DockerError;

/// How often that happens to one run at most, before it counts as an error.
const RETRIES: usize = 2;

/// Counts how often an image was lost.
#[derive(Debug, Default)]
pub struct LostImages {
    lost: usize,
}

impl LostImages {
    /// Whether a call failed because an image of ours is gone, and should be repeated with a new one.
    pub fn try_again(&mut self, error: &DockerError) -> bool {
        let DockerError::NoSuchImage { image } = error else { return false };
        self.lost += 1;
        let again = self.lost <= RETRIES;
        if again {
            tracing::info!(image, "the Docker daemon removed an image that was just made; it is made again");
        }
        again
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_lost_image_is_made_again_and_not_for_ever() {
        let mut images = LostImages::default();
        assert!(!images.try_again(&DockerError::Cancelled));
        let lost = DockerError::NoSuchImage { image: "safe-push-run:x".to_owned() };
        assert_eq!([(); 4].map(|()| images.try_again(&lost)), [true, true, false, false]);
    }
}
