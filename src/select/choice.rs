//! What a request means: all models, or those that it names.

use cog_findings::text::{nearest, shorten};
use cog_findings::{Finding, Location};

use crate::domain::model_name::{ModelName, meant, split_request};
use crate::select::rules;
use crate::select::script::ScriptNames;

/// Longer lists of names are cut.
const MAX_NAMES_BYTES: usize = 600;

/// A request that names no valid choice of models.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// A name that no model has.
    #[error("model '{name}' not found")]
    Unknown {
        name: String,
        /// The nearest one.
        near: Option<String>,
        /// All known names.
        known: Vec<ModelName>,
    },
    /// A name that the select script knows, and no configuration has.
    #[error("the model '{name}' has no configuration in {folder}")]
    WithoutConfiguration {
        name: String,
        /// Where configurations are.
        folder: String,
        /// A file that may be its configuration.
        candidate: Option<String>,
    },
    /// A request without a name.
    #[error("'{request}' does not name a model")]
    Nothing { request: String },
    /// A keyword for several models, among names.
    #[error("'{word}' cannot be combined with other names")]
    NotAlone { word: String },
}

impl SelectError {
    /// The fix, as an imperative.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unknown { name, .. } if name.contains('/') => {
                "write names of configurations; a model without one is only tested by the action itself, with `verify: live`"
                    .to_owned()
            }
            Self::Unknown { near: Some(near), .. } => format!("did you mean '{near}'?"),
            Self::Unknown { known, .. } if known.is_empty() => "the configuration folder is empty or missing".to_owned(),
            Self::Unknown { known, .. } => {
                let names: Vec<&str> = known.iter().map(ModelName::as_str).collect();
                format!("there are {}", shorten(&names.join(", "), MAX_NAMES_BYTES))
            }
            Self::WithoutConfiguration { candidate: Some(file), .. } => {
                let folder = file.rsplit_once('/').map_or(".", |(folder, _)| folder);
                format!("there is {file}: if that is it, set `config_dir: {folder}` in .safe-push.yaml")
            }
            Self::WithoutConfiguration { name, folder, .. } => format!("write {folder}/{name}.yaml"),
            Self::Nothing { .. } => "write `all`, `changed`, or comma-separated names".to_owned(),
            Self::NotAlone { word } => format!("use `{word}` alone, or list names"),
        })
    }
}

/// The models of a request: `all`, or names separated by commas, in the order of the request and each once. What `changed` means is for
/// [`changed`](crate::select::changed::changed) to say.
pub fn choose(request: &str, known: &[ModelName]) -> Result<Vec<ModelName>, SelectError> {
    let words = split_request(request);
    if words.as_slice() == ["all"] {
        return Ok(known.to_vec());
    }
    if words.is_empty() {
        return Err(SelectError::Nothing { request: shorten(request, 100) });
    }
    let mut chosen: Vec<ModelName> = Vec::new();
    for word in words {
        let meant: Vec<ModelName> = meant(word, known).into_iter().cloned().collect();
        let names = if meant.is_empty() { vec![find(word, known)?] } else { meant };
        chosen.extend(names.into_iter().filter(|name| !chosen.contains(name)).collect::<Vec<_>>());
    }
    Ok(chosen)
}

fn find(word: &str, known: &[ModelName]) -> Result<ModelName, SelectError> {
    if matches!(word, "all" | "changed") {
        return Err(SelectError::NotAlone { word: word.to_owned() });
    }
    known.iter().find(|known| known.as_str() == word).cloned().ok_or_else(|| {
        let near = nearest(word, known.iter().map(ModelName::as_str)).map(str::to_owned);
        SelectError::Unknown { name: shorten(word, 100), near, known: known.to_vec() }
    })
}

/// Where the names of configurations and those of the select script differ. A model needs a configuration; whether it needs the script,
/// only the script knows.
pub fn differences(configured: &[(ModelName, String)], script: &ScriptNames, path: &str, folder: &str) -> Vec<Finding> {
    let Some(scripted) = &script.names else { return Vec::new() };
    let without = scripted.iter().filter(|name| !configured.iter().any(|(configured, _)| configured == *name));
    let without = without.map(|name| {
        let message = format!("{path} knows the model '{name}', which has no configuration in {folder}");
        let finding = Finding::new(&rules::WITHOUT_CONFIGURATION, message).at(Location::file(path));
        finding.hint(format!("write {folder}/{name}.yaml, or take the name out of the script"))
    });
    let unknown = configured.iter().filter(|(name, _)| !scripted.contains(name));
    let unknown = unknown.map(|(name, file)| {
        let finding = Finding::new(&rules::UNKNOWN_TO_SCRIPT, format!("{path} does not seem to know the model '{name}'"));
        let finding = finding.at(Location::file(file));
        match nearest(name.as_str(), scripted.iter().map(ModelName::as_str)) {
            Some(near) => finding.hint(format!("did you mean '{near}'?")),
            None => finding.hint(format!("teach {path} the name")),
        }
    });
    without.chain(unknown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<ModelName> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    fn known() -> Vec<ModelName> {
        names(&["dev", "schnell"])
    }

    fn hint(request: &str, known: &[ModelName]) -> String {
        choose(request, known).unwrap_err().hint().unwrap()
    }

    #[test]
    fn a_live_model_is_not_a_name() {
        assert!(hint("acme/dev", &known()).contains("names of configurations"));
    }

    #[test]
    fn requests_name_models() {
        assert_eq!(choose("all", &known()).unwrap(), known());
        assert_eq!(choose(" schnell, dev,schnell ", &known()).unwrap(), names(&["schnell", "dev"]));
        assert_eq!(choose("dev\nschnell\n", &known()).unwrap(), known());
        assert_eq!(choose(" ,", &known()).unwrap_err().to_string(), "' ,' does not name a model");
    }

    #[test]
    fn an_unknown_name_has_a_neighbour_or_a_list() {
        assert_eq!(hint("schnel", &known()), "did you mean 'schnell'?");
        assert_eq!(hint("pro-ultra", &known()), "there are dev, schnell");
        assert_eq!(hint("x", &[]), "the configuration folder is empty or missing");
    }

    #[test]
    fn a_word_for_several_models_is_used_alone() {
        assert_eq!(choose("dev,all", &known()).unwrap_err().to_string(), "'all' cannot be combined with other names");
        assert_eq!(hint("changed,dev", &known()), "use `changed` alone, or list names");
    }

    #[test]
    fn a_long_list_of_names_is_cut() {
        let many: Vec<ModelName> = (0..1000).map(|number| format!("model-{number}").parse().unwrap()).collect();
        assert!(hint("nothing-like-it", &many).len() < 700);
    }

    #[test]
    fn a_missing_configuration_may_lie_elsewhere() {
        let error = |candidate: Option<&str>| SelectError::WithoutConfiguration {
            name: "dev".to_owned(),
            folder: "cog-safe-push-configs".to_owned(),
            candidate: candidate.map(str::to_owned),
        };
        assert_eq!(error(None).hint().unwrap(), "write cog-safe-push-configs/dev.yaml");
        assert_eq!(
            error(Some("safe-push-configs/dev.yaml")).hint().unwrap(),
            "there is safe-push-configs/dev.yaml: if that is it, set `config_dir: safe-push-configs` in .safe-push.yaml"
        );
    }

    #[test]
    fn differences_with_the_script_are_reported_on_both_sides() {
        let configured: Vec<(ModelName, String)> =
            names(&["dev", "shnell"]).into_iter().map(|name| (name.clone(), format!("c/{name}.yaml"))).collect();
        let script = ScriptNames { names: Some(names(&["dev", "schnell", "pro"])), findings: Vec::new() };
        let said: Vec<String> = differences(&configured, &script, "script/select-model", "c")
            .iter()
            .map(|finding| {
                format!("{} {} [{}]", finding.code, finding.location.as_ref().unwrap(), finding.hint.as_deref().unwrap())
            })
            .collect();
        assert_eq!(
            said,
            [
                "SP801 script/select-model [write c/schnell.yaml, or take the name out of the script]",
                "SP801 script/select-model [write c/pro.yaml, or take the name out of the script]",
                "SP802 c/shnell.yaml [did you mean 'schnell'?]",
            ]
        );
    }

    #[test]
    fn a_script_that_prints_nothing_differs_in_nothing() {
        let configured = vec![(names(&["dev"]).remove(0), "c/dev.yaml".to_owned())];
        assert!(differences(&configured, &ScriptNames::default(), "s", "c").is_empty());
    }
}
