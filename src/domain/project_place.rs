//! Where a model's project is in its repository.

/// The name of Cog's configuration.
pub const COG_YAML: &str = "cog.yaml";

/// Where a select script is when no setting says so: `script/select-model`, `script/select.sh`.
pub const SELECT_SCRIPTS: [&str; 2] = ["script/select-model", "script/select.sh"];

/// Where a model's project is in its repository. By default it is the repository itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProjectPlace {
    /// The folder that is built, relative to the repository with `/`; empty for the repository itself. Paths in `cog.yaml` are relative to
    /// it.
    pub context: String,
    /// The folder of `cog.yaml`, relative to the folder that is built; empty when that is the same.
    pub config_folder: String,
}

impl ProjectPlace {
    /// A folder that has its own `cog.yaml` and needs no files of other folders.
    pub fn of_folder(folder: &str) -> Self {
        Self { context: joined([folder]), config_folder: String::new() }
    }

    /// `cog.yaml` relative to the folder that is built.
    pub fn config_name(&self) -> String {
        joined([&self.config_folder, COG_YAML])
    }

    /// `cog.yaml` relative to the repository.
    pub fn config_file(&self) -> String {
        joined([&self.context, &self.config_folder, COG_YAML])
    }
}

/// A path of these parts, with `/` and without `.` parts.
fn joined<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let parts = parts.into_iter().flat_map(|part| part.split('/')).filter(|part| !matches!(*part, "" | "."));
    parts.collect::<Vec<_>>().join("/")
}

/// A folder as a setting names it, relative to the repository with `/`; `None` when it is not inside the repository.
pub fn folder_in_repository(named: &str) -> Option<String> {
    let is_inside = !named.starts_with('/') && named.split('/').all(|part| part != "..") && !named.contains('\0');
    is_inside.then(|| joined([named]))
}

/// A folder relative to one that contains it: `models/a` below `models` is `a`.
pub fn below<'f>(folder: &'f str, context: &str) -> Option<&'f str> {
    if context.is_empty() || folder == context {
        return Some(folder.strip_prefix(context).unwrap_or(folder));
    }
    folder.strip_prefix(context)?.strip_prefix('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_paths() {
        let place = ProjectPlace { context: "models".to_owned(), config_folder: "a".to_owned() };
        assert_eq!((place.config_name(), place.config_file()), ("a/cog.yaml".to_owned(), "models/a/cog.yaml".to_owned()));
        for root in [ProjectPlace::default(), ProjectPlace::of_folder("."), ProjectPlace::of_folder("./")] {
            assert_eq!((root.config_name(), root.config_file()), ("cog.yaml".to_owned(), "cog.yaml".to_owned()));
        }
        assert_eq!(ProjectPlace::of_folder("./models//a/").config_file(), "models/a/cog.yaml");
    }

    #[test]
    fn a_folder_is_inside_of_the_repository() {
        assert_eq!(folder_in_repository("./a/b/"), Some("a/b".to_owned()));
        assert_eq!(folder_in_repository("."), Some(String::new()));
        for outside in ["/a", "..", "a/../..", "a\0b"] {
            assert_eq!(folder_in_repository(outside), None, "{outside}");
        }
    }

    #[test]
    fn a_folder_is_below_its_parents_and_itself() {
        for (folder, context, rest) in [
            ("models/a", "", Some("models/a")),
            ("models/a", "models", Some("a")),
            ("models/a", "models/a", Some("")),
            ("", "", Some("")),
            ("models/ab", "models/a", None),
            ("models", "models/a", None),
        ] {
            assert_eq!(below(folder, context), rest, "{folder} below {context}");
        }
    }
}
