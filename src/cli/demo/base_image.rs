//! The demo's base image, also where no registry can be reached.

use std::process::Stdio;

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::cli::failure::Failure;
use crate::cli::printer::Printer;
use crate::clients::docker::InspectImages;
use crate::domain::verdict::Verdict;
use crate::report::escape;

/// What the examples are built on.
const IMAGE: &str = "python:3.11-slim";

/// Pulls the image, or makes a stand-in from Debian packages.
const SCRIPT: &str = include_str!("../../../script/make-base-image");

/// Makes sure that the image is there.
pub(super) async fn provide(images: &dyn InspectImages, printer: &Printer) -> Result<(), Failure> {
    let present = images.image_exists(IMAGE).await;
    if present.map_err(|error| Failure::new(Verdict::ServiceError, error))? {
        return Ok(());
    }
    let status = run_script(printer).await?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(Verdict::ServiceError, anyhow::anyhow!("the base image {IMAGE} could not be made"))
        .hint(format!("pull or load {IMAGE} yourself, then run the demo again")))
}

async fn run_script(printer: &Printer) -> anyhow::Result<std::process::ExitStatus> {
    let mut child = Command::new("bash")
        .args(["-c", SCRIPT, "make-base-image", IMAGE])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .context("failed to start bash for the base image")?;
    if let Some(stdout) = child.stdout.take() {
        let mut lines = BufReader::new(stdout).lines();
        while let Some(line) = lines.next_line().await.context("failed to read what the base image's script says")? {
            printer.say(&escape::printable(&line));
        }
    }
    child.wait().await.context("failed to wait for the base image's script")
}
