//! The configuration files of a repository, and those that a request selects.

use std::fs;
use std::path::{Component, Path};

use cog_findings::text::{nearest, shorten};
use cog_findings::{Finding, Location};
use repository_files::FileError;

use crate::config::loaded::ConfiguredModel;
use crate::config::{ConfigError, model_file, rules};
use crate::domain::identity::ModelRef;
use crate::domain::model_name::{self, ModelName, ModelNameError, split_request};

/// The file of cog-safe-push. It takes precedence over the configuration folder.
pub(super) const DEFAULT_CONFIG: &str = "cog-safe-push.yaml";

/// The most bytes of names in a message.
const MAX_NAMES_BYTES: usize = 600;

/// Larger files are not configurations.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// Reads a configuration. One that the user names outside the repository is the user's own choice.
pub(super) fn read_text(root: &Path, path: &str) -> Result<String, FileError> {
    let named = Path::new(path);
    let full = root.join(named);
    let is_outside = named.is_absolute() || named.components().any(|part| part == Component::ParentDir);
    let folder = full.parent().filter(|_| is_outside).unwrap_or(root);
    let within = full.file_name().filter(|_| is_outside).map_or(named, Path::new);
    repository_files::read_text(folder, within, MAX_BYTES)
}

/// A model's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ConfigFile {
    pub(super) name: ModelName,
    /// Relative to the repository.
    pub(super) path: String,
}

/// The configurations of a repository, by their names.
#[derive(Debug, Default)]
pub(super) struct ConfigFiles {
    folder: String,
    files: Vec<ConfigFile>,
    /// Files that cannot be used, with the name that they share with another file.
    unusable: Vec<(Option<ModelName>, Finding)>,
}

/// The configurations that a request selects.
#[derive(Debug, Default)]
pub(super) struct SelectedFiles {
    pub(super) paths: Vec<String>,
    /// Live models that were named as OWNER/NAME, and have no configuration.
    pub(super) without_file: Vec<String>,
    pub(super) findings: Vec<Finding>,
}

impl ConfigFiles {
    /// Lists the folder. If it has no configuration, `cog-safe-push.yaml` is the only one; without that, each project has its own.
    pub(super) fn find<'p>(root: &Path, folder: &str, projects: impl Iterator<Item = &'p str>) -> Self {
        let mut found = Self { folder: folder.to_owned(), ..Self::default() };
        let entries = fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        for file in names {
            let name = ModelName::of_file(&file);
            found.add(name, format!("{folder}/{file}"));
        }
        if found.files.is_empty() && found.unusable.is_empty() {
            found.files.extend(root_config(root));
        }
        if found.files.is_empty() && found.unusable.is_empty() {
            let beside = projects.filter(|project| root.join(project).join(DEFAULT_CONFIG).is_file());
            for project in beside {
                let name = project.rsplit('/').next().map(str::parse);
                found.add(name, format!("{project}/{DEFAULT_CONFIG}"));
            }
        }
        found.files.sort_by(|one, other| one.name.cmp(&other.name));
        found
    }

    fn add(&mut self, name: Option<Result<ModelName, ModelNameError>>, path: String) {
        match name {
            None => {}
            Some(Err(problem)) => {
                let (folder, file) = path.rsplit_once('/').unwrap_or(("", &path));
                // Beside a project, the folder is what names the model.
                let (named, what) = if file == DEFAULT_CONFIG { (folder, "folder") } else { (file, "file") };
                let shown = shorten(named.rsplit('/').next().unwrap_or(named), 120);
                let message = format!("'{shown}' cannot be a model's name: {problem}");
                let hint = format!("rename the {what} with ASCII letters, digits, '.', '_' and '-'");
                self.unusable.push((None, Finding::new(&rules::BAD_FILE_NAME, message).at(Location::file(path)).hint(hint)));
            }
            Some(Ok(name)) => match self.files.iter().find(|other| other.name == name) {
                Some(other) => {
                    let message = format!("'{name}' already has a configuration, {}", other.path);
                    let finding = Finding::new(&rules::TWO_FILES, message).at(Location::file(path)).hint("remove one of the two");
                    self.unusable.push((Some(name), finding));
                }
                None => self.files.push(ConfigFile { name, path }),
            },
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &ModelName> {
        self.files.iter().map(|file| &file.name)
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.path.as_str())
    }

    pub(super) fn into_models(self) -> Vec<ConfiguredModel> {
        let model = |file: ConfigFile| ConfiguredModel { name: file.name, file: file.path, context: String::new() };
        self.files.into_iter().map(model).collect()
    }

    pub(super) fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.unusable.iter().map(|(_, finding)| finding)
    }

    /// All configurations.
    pub(super) fn all(&self) -> SelectedFiles {
        let paths = self.files.iter().map(|file| file.path.clone()).collect();
        SelectedFiles { paths, findings: self.findings().cloned().collect(), ..SelectedFiles::default() }
    }

    /// The configurations of these names.
    pub(super) fn named<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<SelectedFiles, ConfigError> {
        let mut chosen = SelectedFiles::default();
        for name in names {
            let file = self.files.iter().find(|file| file.name.as_str() == name).ok_or_else(|| self.unknown(name))?;
            chosen.paths.push(file.path.clone());
            let doubts = self.unusable.iter().filter(|(other, _)| other.as_ref() == Some(&file.name));
            chosen.findings.extend(doubts.map(|(_, finding)| finding.clone()));
        }
        Ok(chosen)
    }

    /// The configurations that a request names.
    pub(super) fn requested(&self, request: &str) -> Result<SelectedFiles, ConfigError> {
        match split_request(request).as_slice() {
            // What has changed is not known here. `Sources::selected` says it.
            ["all" | "changed"] => Ok(self.all()),
            [] => Err(self.unknown(request)),
            words => self.named(self.expanded(words)),
        }
    }

    /// What a request for tests of live versions names: configurations, and models as OWNER/NAME. Such a model is tested as its
    /// configuration says, if it has one.
    pub(super) fn requested_live(&self, root: &Path, request: &str) -> Result<SelectedFiles, ConfigError> {
        let (models, words): (Vec<&str>, Vec<&str>) = split_request(request).into_iter().partition(|word| word.contains('/'));
        if models.is_empty() {
            return self.requested(request);
        }
        let mut chosen = self.named(self.expanded(&words))?;
        let at_the_top = Some(DEFAULT_CONFIG).filter(|file| root.join(file).is_file());
        for model in models {
            let is_for_it = |file: &&str| {
                let text = read_text(root, file).unwrap_or_default();
                let live = model_file::parse(&text, file).0.model;
                live.zip(model.parse::<ModelRef>().ok()).is_some_and(|(live, model)| live == model)
            };
            match self.paths().chain(at_the_top).find(is_for_it) {
                Some(path) if chosen.paths.iter().any(|chosen| chosen == path) => {}
                Some(path) => chosen.paths.push(path.to_owned()),
                None => chosen.without_file.push(model.to_owned()),
            }
        }
        Ok(chosen)
    }

    /// The words of a request, with its patterns replaced by the names that match, each once.
    fn expanded<'a>(&'a self, words: &[&'a str]) -> Vec<&'a str> {
        let known: Vec<&str> = self.names().map(ModelName::as_str).collect();
        let mut names: Vec<&str> = Vec::new();
        for word in words {
            let meant: Vec<&str> = known.iter().copied().filter(|name| !model_name::meant(word, &[*name]).is_empty()).collect();
            // What fits nothing is reported as unknown.
            let meant = if meant.is_empty() { vec![*word] } else { meant };
            names.extend(meant.into_iter().filter(|name| !names.contains(name)).collect::<Vec<_>>());
        }
        names
    }

    /// The configuration for a model: the only one, else the one that names the model, else the one with its name. Empty without any
    /// configuration; an error if none of several fits.
    pub(super) fn of_model(&self, root: &Path, model: &str) -> Result<SelectedFiles, ConfigError> {
        let names_it = |file: &&ConfigFile| {
            let text = read_text(root, &file.path).unwrap_or_default();
            let config = model_file::parse(&text, &file.path).0;
            let derived = config.model.as_ref().map(|live| live.with_suffix("-test"));
            let names = [config.model, config.test_model.or(derived), config.official_model];
            names.into_iter().flatten().any(|named| named.to_string() == model)
        };
        let stem = model.rsplit('/').next().unwrap_or(model);
        let file = match self.files.as_slice() {
            [] => return Ok(SelectedFiles::default()),
            [only] => Some(only),
            files => files.iter().find(names_it).or_else(|| files.iter().find(|file| file.name.as_str() == stem)),
        };
        match file {
            Some(file) => self.named([file.name.as_str()]),
            None => Err(ConfigError::ModelNotConfigured {
                model: shorten(model, 100),
                names: self.names().map(ToString::to_string).collect(),
            }),
        }
    }

    /// The only configuration. Several are an error.
    pub(super) fn only(&self) -> Result<SelectedFiles, ConfigError> {
        match self.files.len() {
            0 | 1 => Ok(self.all()),
            _ => {
                let names = self.names().map(ToString::to_string).collect();
                Err(ConfigError::SeveralModels { names })
            }
        }
    }

    fn unknown(&self, name: &str) -> ConfigError {
        let names = || self.names().map(ModelName::as_str);
        let hint = match nearest(name, names()) {
            _ if name.contains('/') => "write the name of its configuration; only `verify: live` takes OWNER/NAME".to_owned(),
            _ if matches!(name, "all" | "changed") => format!("use '{name}' alone: --models {name}"),
            _ if split_request(name).is_empty() => "write all, changed, or comma-separated names".to_owned(),
            Some(near) => format!("did you mean '{near}'?"),
            None if self.files.is_empty() => format!("write its configuration, {}/{}.yaml", self.folder, shorten(name, 100)),
            None => format!("choose from {}", shorten(&names().collect::<Vec<_>>().join(", "), MAX_NAMES_BYTES)),
        };
        ConfigError::UnknownModel { name: shorten(name, 100), folder: self.folder.clone(), hint }
    }
}

/// The name of a file without its extension.
pub(super) fn stem(file: &str) -> &str {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")).unwrap_or(name)
}

/// `cog-safe-push.yaml`, named after its model.
fn root_config(root: &Path) -> Option<ConfigFile> {
    let text = read_text(root, DEFAULT_CONFIG).ok()?;
    let model = model_file::parse(&text, DEFAULT_CONFIG).0.model;
    let name = model.and_then(|model| model.name().parse().ok()).or_else(|| "cog-safe-push".parse().ok())?;
    Some(ConfigFile { name, path: DEFAULT_CONFIG.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(files: &[&str]) -> (tempfile::TempDir, ConfigFiles) {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let stem = path.file_stem().unwrap().to_string_lossy();
            fs::write(&path, format!("model: acme/flux-{stem}\n")).unwrap();
        }
        let found = ConfigFiles::find(folder.path(), "c", std::iter::empty());
        (folder, found)
    }

    fn names(found: &ConfigFiles) -> Vec<&str> {
        found.names().map(ModelName::as_str).collect()
    }

    fn said(findings: &[Finding]) -> Vec<String> {
        findings.iter().map(|finding| format!("{} {}", finding.code, finding.location.as_ref().unwrap().file)).collect()
    }

    #[test]
    fn names_are_the_stems_of_configurations() {
        let (_folder, found) = repository(&["c/b.yaml", "c/a.yml", "c/.hidden.yaml", "c/README.md", "cog-safe-push.yaml"]);
        assert_eq!(names(&found), ["a", "b"]);
        assert_eq!(found.requested("all").unwrap().paths, ["c/a.yml", "c/b.yaml"]);
    }

    #[test]
    fn cog_safe_pushs_own_file_is_named_after_its_model() {
        let (_folder, found) = repository(&["cog-safe-push.yaml"]);
        assert_eq!(names(&found), ["flux-cog-safe-push"]);
        assert_eq!(found.requested("flux-cog-safe-push").unwrap().paths, ["cog-safe-push.yaml"]);
    }

    #[test]
    fn a_file_that_cannot_name_a_model_matters_when_all_are_wanted() {
        let (_folder, found) = repository(&["c/a.yaml", "c/two words.yaml", "c/all.yaml", "c/-x.yaml"]);
        assert_eq!(names(&found), ["a"]);
        assert_eq!(said(&found.all().findings), ["SP015 c/-x.yaml", "SP015 c/all.yaml", "SP015 c/two words.yaml"]);
        assert!(found.requested("a").unwrap().findings.is_empty());
    }

    #[test]
    fn two_files_of_one_name_matter_when_it_is_wanted() {
        let (_folder, found) = repository(&["c/a.yaml", "c/a.yml", "c/b.yaml"]);
        assert_eq!(said(&found.requested("a").unwrap().findings), ["SP016 c/a.yml"]);
        assert!(found.requested("b").unwrap().findings.is_empty());
        assert_eq!(found.all().paths, ["c/a.yaml", "c/b.yaml"]);
    }

    #[test]
    fn a_request_names_each_model_once_and_in_its_order() {
        let (_folder, found) = repository(&["c/a.yaml", "c/b.yaml"]);
        assert_eq!(found.requested("b, a,b").unwrap().paths, ["c/b.yaml", "c/a.yaml"]);
    }

    #[test]
    fn a_pattern_means_the_names_that_it_fits() {
        let (_folder, found) = repository(&["c/flux-dev.yaml", "c/flux-pro.yaml", "c/schnell.yaml"]);
        assert_eq!(found.requested("flux-*").unwrap().paths, ["c/flux-dev.yaml", "c/flux-pro.yaml"]);
        assert_eq!(found.requested("schnell,*").unwrap().paths, ["c/schnell.yaml", "c/flux-dev.yaml", "c/flux-pro.yaml"]);
        assert!(found.requested("sdxl-*").is_err());
    }

    #[test]
    fn an_unknown_name_has_a_hint() {
        let hint = |files: &[&str], name: &str| repository(files).1.requested(name).unwrap_err().hint().unwrap();
        assert_eq!(hint(&["c/schnell.yaml"], "schnel"), "did you mean 'schnell'?");
        assert_eq!(hint(&["c/a.yaml", "c/b.yaml"], "pro-ultra"), "choose from a, b");
        assert_eq!(hint(&[], "pro"), "write its configuration, c/pro.yaml");
        assert_eq!(hint(&["c/a.yaml"], " ,"), "write all, changed, or comma-separated names");
        assert_eq!(hint(&["c/a.yaml"], "a,all"), "use 'all' alone: --models all");
    }

    #[test]
    fn the_only_one_is_taken_and_several_have_to_be_chosen_from() {
        assert_eq!(repository(&["c/a.yaml"]).1.only().unwrap().paths, ["c/a.yaml"]);
        assert!(repository(&[]).1.only().unwrap().paths.is_empty());
        let error = repository(&["c/a.yaml", "c/b.yaml"]).1.only().unwrap_err();
        assert_eq!(error.to_string(), "no model given, and 2 are configured: a, b");
        assert_eq!(error.hint().unwrap(), "choose all of them with `--models all`, or one with `--models a`");
    }

    #[test]
    fn a_model_is_looked_up_by_what_files_say_before_their_names() {
        let of = |files: &[&str], model: &str| {
            let (folder, found) = repository(files);
            found.of_model(folder.path(), model).map(|chosen| chosen.paths.join(" "))
        };
        assert_eq!(of(&["c/a.yaml", "c/b.yaml"], "acme/flux-b").unwrap(), "c/b.yaml");
        assert_eq!(of(&["c/a.yaml", "c/b.yaml"], "other/a").unwrap(), "c/a.yaml");
        assert_eq!(of(&["c/a.yaml"], "other/c").unwrap(), "c/a.yaml");
        assert_eq!(of(&[], "other/c").unwrap(), "");
        let error = of(&["c/a.yaml", "c/b.yaml"], "other/c").unwrap_err();
        assert_eq!(error.to_string(), "none of the 2 configurations is for other/c: a, b");
        assert_eq!(error.hint().unwrap(), "choose a configuration with `--models a`, or write one for the model");
    }
}
