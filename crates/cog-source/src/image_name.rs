//! The default name of the local image: `docs/reference/cog.md#image-name`.

/// Docker's limit as Cog applies it: prefix and name together.
const MAX_CHARACTERS: usize = 30;

const PREFIX: &str = "cog-";

/// The default image name of a project in a folder: `cog-` and the folder's name, lowercase, blanks as dashes, nothing else.
fn default_image_name(folder: &str) -> String {
    let name = folder.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let name: String = name
        .to_lowercase()
        .chars()
        .map(|character| if character == ' ' { '-' } else { character })
        .filter(|character| character.is_ascii_lowercase() || character.is_ascii_digit() || *character == '-')
        .take(MAX_CHARACTERS - PREFIX.len())
        .collect();
    if name.starts_with(PREFIX) { name } else { format!("{PREFIX}{name}") }
}

/// The name of the image to build: the requested one, else `image`, else `model`, else a default from the name of the folder.
///
/// ```
/// use cog_source::image_name::image_name;
///
/// assert_eq!(image_name(None, None, None, "/models/My Model"), "cog-my-model");
/// assert_eq!(image_name(None, Some("r8.im/acme/upscale"), None, "/models/x"), "r8.im/acme/upscale");
/// ```
pub fn image_name(asked: Option<&str>, image: Option<&str>, model: Option<&str>, folder: &str) -> String {
    [asked, image, model]
        .into_iter()
        .flatten()
        .map(str::trim)
        .find(|name| !name.is_empty())
        .map_or_else(|| default_image_name(folder), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_name_comes_from_the_folder() {
        for (folder, name) in [
            ("/home/me/My Model", "cog-my-model"),
            ("upscale/", "cog-upscale"),
            ("cog-upscale", "cog-upscale"),
            ("sd_xl.v2", "cog-sdxlv2"),
            ("Größe", "cog-gre"),
            ("a-very-long-name-of-a-very-long-model", "cog-a-very-long-name-of-a-very"),
            ("", "cog-"),
        ] {
            assert_eq!(default_image_name(folder), name, "{folder}");
            assert!(default_image_name(folder).len() <= 30);
        }
    }

    #[test]
    fn the_requested_name_comes_first() {
        assert_eq!(image_name(Some("mine"), Some("image"), Some("model"), "dir"), "mine");
        assert_eq!(image_name(None, Some("image"), Some("model"), "dir"), "image");
        assert_eq!(image_name(Some(" "), None, Some("model"), "dir"), "model");
        assert_eq!(image_name(None, None, None, "dir"), "cog-dir");
    }
}
