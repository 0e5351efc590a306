//! The user's configuration of Docker, as far as it concerns builds and logins.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cli::environment::Environment;

/// A larger file is ignored.
const CONFIG_BYTES: u64 = 1024 * 1024;

/// `config.json`, if it exists and can be read.
pub(super) fn docker_config(environment: &Environment) -> Option<Value> {
    let folder = environment.get("DOCKER_CONFIG").map(PathBuf::from);
    let folder = folder.or_else(|| Some(Path::new(environment.get("HOME")?).join(".docker")))?;
    let text = repository_files::read_text(&folder, Path::new("config.json"), CONFIG_BYTES).ok()?;
    serde_json::from_str(&text).ok()
}
