//! Files of this repository that follow from the code, rendered from [`safe_push::reference`].
//!
//! Each file has one function that yields its text. [`generate_all`] lists them; writing and comparing is left to [`GeneratedFile`].

mod action_page;
mod actions;
mod cli;
mod configuration;
mod documents;
mod file;
mod json_type;
mod markdown;
mod run_json;
mod schemas;
mod section;
mod settings;
mod workflow;

use std::path::{Path, PathBuf};

use anyhow::Result;
use safe_push::reference::{self, Action, rules};

pub use file::{GeneratedFile, Outcome};

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every generated file. For partly generated files, the rest is taken from the repository.
pub fn generate_all(root: &Path) -> Result<Vec<GeneratedFile>> {
    let action = |path, action| GeneratedFile::edited(root, path, |text| actions::with_inputs(text, action));
    let push = action("action.yml", Action::Push)?;
    let push_by_path = action("push/action.yml", Action::Push)?;
    let select = action("select-model/action.yml", Action::Select)?;
    let report = action("report/action.yml", Action::Report)?;
    let described: [action_page::Described<'_>; 3] = [
        (Action::Push, "safe-push", &push.text),
        (Action::Select, "select-model", &select.text),
        (Action::Report, "report", &report.text),
    ];
    let page = GeneratedFile::edited(root, "docs/action.md", |text| action_page::with_tables(text, &described))?;
    let mut files = vec![
        GeneratedFile::whole(root, "docs/rules.md", rules()),
        GeneratedFile::whole(root, "docs/settings.md", settings::page()),
        GeneratedFile::whole(root, "docs/cli.md", cli::page()),
        GeneratedFile::whole(root, "docs/configuration.md", configuration::model_page()),
        GeneratedFile::whole(root, "docs/repository-file.md", configuration::repository_page()),
        GeneratedFile::whole(root, "docs/run-json.md", run_json::page()),
        GeneratedFile::whole(root, "schemas/safe-push.schema.json", schemas::repository()?),
        GeneratedFile::whole(root, "schemas/cog-safe-push.schema.json", schemas::model()?),
        GeneratedFile::whole(root, "schemas/run.schema.json", schemas::run()?),
        select,
        report,
        GeneratedFile::edited(root, ".github/workflows/model-ci.yaml", workflow::with_inputs)?,
        push,
        push_by_path,
        page,
        GeneratedFile::whole(root, "docs/json-output.md", documents::page()),
    ];
    for document in reference::documents() {
        files.push(GeneratedFile::whole(root, document.path, schemas::document(document)?));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_files_are_current() -> Result<()> {
        for file in generate_all(&repository())? {
            assert_eq!(file.outcome(), Outcome::Current, "{} is stale: run `cargo dev generate-all`", file.path);
        }
        Ok(())
    }
}
