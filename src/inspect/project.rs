//! Reads a project's folder.

use std::fs;
use std::path::Path;

use cog_findings::Finding;
use cog_findings::text::nearest;
use cog_source::config;
use cog_source::project::Project;
use cog_source::recipe::SourceText;
use cog_source::sdk::{self, SdkVersion};
use repository_files::{FileError, read_text};

use crate::domain::project_place::{COG_YAML, ProjectPlace};
use crate::inspect::InspectError;

/// Larger configuration and requirements files are rejected.
const TEXT_BYTES: u64 = 4 * 1024 * 1024;

/// Reads the project in `folder`, which is at `place` in its repository; findings name files relative to that. `cog_version` overrides the
/// configuration.
///
/// A configuration with mistakes still yields a project, with findings, so that all mistakes are reported at once.
pub(crate) async fn load_project(
    folder: &Path,
    place: &ProjectPlace,
    cog_version: Option<&str>,
) -> Result<(Project, Vec<Finding>), InspectError> {
    let setting = cog_version.map(|text| SdkVersion::parse(text).ok_or_else(|| InspectError::BadVersion { text: text.to_owned() }));
    let setting = setting.transpose()?;
    let name = place.config_name();
    let text = match read_text(folder, Path::new(&name), TEXT_BYTES) {
        Ok(text) => text,
        Err(error) if error.is_missing() => {
            let folder = folder.join(&place.config_folder);
            return Err(InspectError::NoConfig { near: near(&folder), folder });
        }
        Err(error @ FileError::NotText { .. }) => {
            let file = place.config_file();
            return Err(InspectError::Unusable { findings: vec![config::not_text(&error, &file)], file });
        }
        Err(error) => return Err(InspectError::Unreadable { path: folder.join(name), source: error.into() }),
    };
    let config_file = place.config_file();
    let parsed = config::parse_for(&text, &config_file, setting.as_ref());
    let Some(config) = parsed.config else {
        return Err(InspectError::Unusable { file: config_file, findings: parsed.findings });
    };
    let (sdk, sdk_decision) = sdk::choose(setting.as_ref(), config.build.sdk_version.as_ref().map(|written| &written.value));
    let requirements = match &config.build.python_requirements {
        Some(named) => requirements(folder, &named.value)?,
        None => None,
    };
    let project = Project {
        folder: folder.to_owned(),
        path: place.context.clone(),
        config_file,
        config_text: text,
        config,
        sdk,
        sdk_decision,
        requirements,
    };
    Ok((project, parsed.findings))
}

/// Reads the requirements. A missing file is reported by `build_plan`, with the line that names it.
fn requirements(folder: &Path, named: &str) -> Result<Option<SourceText>, InspectError> {
    match read_text(folder, Path::new(named), TEXT_BYTES) {
        Ok(text) => Ok(Some(SourceText { file: named.to_owned(), text })),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(InspectError::Unreadable { path: folder.join(named), source: error.into() }),
    }
}

fn near(folder: &Path) -> Option<String> {
    let names: Vec<String> = fs::read_dir(folder).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    nearest(COG_YAML, names.iter().map(String::as_str)).map(str::to_owned)
}
