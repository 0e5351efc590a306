//! A video as one image: some of its frames, side by side. An `ffmpeg` on `PATH` decodes them, because common codecs have no decoder in
//! pure Rust.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use output_compare::{MediaFile, video_facts};

use crate::support::process::Bounds;
use crate::support::untrusted::{Launcher, ProgramKind, UntrustedProgram};

/// The program that decodes videos.
pub(in crate::cli) const VIDEO_DECODER: &str = "ffmpeg";

/// How long decoding may take.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Largest image, in bytes.
const SHEET_BYTES: usize = 8 * 1024 * 1024;

/// Frames in the image: four columns and three rows.
const FRAMES: f64 = 12.0;

/// The decoder of videos, if it is installed.
#[derive(Debug, Clone)]
pub(super) struct VideoTool {
    pub(super) ffmpeg: Option<PathBuf>,
    pub(super) path: Option<String>,
    pub(super) launcher: Launcher,
}

impl VideoTool {
    /// Frames of a video in one image, or why there are none. Blocks.
    pub(super) fn contact_sheet(&self, video: &Bytes) -> Result<Bytes, String> {
        let Some(ffmpeg) = &self.ffmpeg else { return Err("a video takes ffmpeg, which is not on PATH".to_owned()) };
        let failed = |problem: String| format!("ffmpeg could not decode the video: {problem}");
        let folder = tempfile::Builder::new().prefix("safe-push-video-").tempdir().map_err(|error| failed(error.to_string()))?;
        let file = folder.path().join("video");
        std::fs::write(&file, video).map_err(|error| failed(error.to_string()))?;
        let seconds = video_facts(&MediaFile::named("video", video)).map_or(FRAMES, |facts| facts.duration_secs.max(0.1));
        let filter = format!("fps={:.4},scale=384:-2,tile=4x3:padding=4", FRAMES / seconds);
        let program = UntrustedProgram::new(ProgramKind::Reader, ffmpeg, folder.path())
            .arguments(["-v", "error", "-nostdin", "-protocol_whitelist", "file,pipe", "-i"])
            .arguments([&file])
            .arguments(["-vf", &filter, "-frames:v", "1", "-f", "image2pipe", "-c:v", "png", "-"])
            .variables(self.path.iter().map(|path| ("PATH".to_owned(), path.as_str().into())));
        let bounds = Bounds { time: TIME_LIMIT, bytes: SHEET_BYTES, cancelled: &|| false };
        let ended = self.launcher.run(&program, bounds).map_err(|error| failed(error.to_string()))?;
        let sheet = ended.stdout.bytes;
        if !ended.status.success() || ended.stdout.cut || sheet.is_empty() {
            let why = String::from_utf8_lossy(&ended.stderr.bytes).lines().next().unwrap_or("it wrote no image").to_owned();
            return Err(failed(why));
        }
        Ok(Bytes::from(sheet))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn tool(script: &str) -> (tempfile::TempDir, VideoTool) {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("ffmpeg");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = Some("/usr/local/bin:/usr/bin:/bin".to_owned());
        (folder, VideoTool { ffmpeg: Some(program), path, launcher: Launcher::without_isolator() })
    }

    #[test]
    fn the_picture_is_what_ffmpeg_writes_for_the_video() {
        let (_folder, tool) = tool("while [ \"$1\" != -i ]; do shift; done; cat \"$2\"");
        assert_eq!(tool.contact_sheet(&Bytes::from_static(b"frames")).unwrap(), Bytes::from_static(b"frames"));
    }

    #[test]
    fn a_video_that_cannot_be_decoded_has_a_reason() {
        let video = Bytes::from_static(b"x");
        let (_folder, failing) = tool("echo 'moov atom not found' >&2; exit 1");
        assert_eq!(failing.contact_sheet(&video).unwrap_err(), "ffmpeg could not decode the video: moov atom not found");
        let missing = VideoTool { ffmpeg: None, ..failing };
        assert_eq!(missing.contact_sheet(&video).unwrap_err(), "a video takes ffmpeg, which is not on PATH");
    }
}
