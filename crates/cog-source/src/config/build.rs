//! The `build` section.

use super::keys;
use super::reader::ConfigReader;
use super::types::{Build, RunCommand, SecretMount};
use crate::rules;
use crate::sdk::SdkVersion;
use crate::yaml::{Entry, Located, Mapping, Value};

pub(super) fn read(reader: &mut ConfigReader, entry: &Entry<'_>) -> Build {
    let Some(build) = reader.section(entry, &keys::BUILD) else { return Build::default() };
    let legacy_keys = build.keys().filter(|key| keys::BUILD.legacy.contains(&key.name.as_str()));
    let legacy_keys = legacy_keys.map(|key| Located::new(key.name.clone(), key.location.clone())).collect();
    let python_packages = reader.texts(build.get("python_packages").as_ref());
    if let (Some(key), Some(_)) = (build.key("python_packages"), python_packages.first()) {
        reader.deprecated(key, "build.python_packages", "list them in a file for `build.python_requirements`");
    }
    let pre_install = commands(reader, &build, "pre_install");
    if let (Some(key), Some(_)) = (build.key("pre_install"), pre_install.first()) {
        reader.deprecated(key, "build.pre_install", "move the commands to the end of `build.run`, where they run today");
    }
    Build {
        gpu: reader.yaml.boolean(build.get("gpu").as_ref()).unwrap_or(false),
        python_version: reader.text(build.get("python_version").as_ref()),
        python_requirements: reader.text(build.get("python_requirements").as_ref()),
        python_packages,
        system_packages: reader.texts(build.get("system_packages").as_ref()),
        run: commands(reader, &build, "run"),
        pre_install,
        cuda: reader.text(build.get("cuda").as_ref()),
        cudnn: reader.text(build.get("cudnn").as_ref()),
        sdk_version: sdk_version(reader, &build),
        legacy_keys,
    }
}

fn sdk_version(reader: &mut ConfigReader, build: &Mapping<'_>) -> Option<Located<SdkVersion>> {
    let text = reader.text(build.get("sdk_version").as_ref())?;
    if let Some(version) = SdkVersion::parse(&text.value) {
        return Some(Located::new(version, text.location));
    }
    let message = format!("`{}` is not a version of the Cog SDK", text.value);
    let hint = "write an exact release such as \"0.22.0\", or leave it out for the newest";
    reader.report_with_hint(&rules::SDK_VERSION_INVALID, message, hint, &text.location);
    None
}

fn commands(reader: &mut ConfigReader, build: &Mapping<'_>, key: &str) -> Vec<RunCommand> {
    let items = reader.yaml.list(build.get(key).as_ref());
    items.iter().filter_map(|item| command(reader, &format!("build.{key}"), item)).collect()
}

/// A shell line, or a mapping with one and its mounts.
fn command(reader: &mut ConfigReader, path: &str, item: &Entry<'_>) -> Option<RunCommand> {
    let (command, mounts) = match &item.node().value {
        Value::Null => return None,
        Value::Map(_) => {
            let item_keys = reader.section(item, &keys::RUN)?;
            let command = reader.yaml.located_text(item_keys.get("command").as_ref());
            let mounts = reader.yaml.list(item_keys.get("mounts").as_ref());
            let mounts = mounts.iter().filter_map(|entry| mount(reader, entry)).collect();
            (command.unwrap_or_else(|| Located::new(String::new(), item.location().clone())), mounts)
        }
        _ => (reader.yaml.located_text(Some(item))?, Vec::new()),
    };
    let text = command.value.trim().to_owned();
    let (problem, hint) = if text.is_empty() {
        ("a command is empty", "remove the item")
    } else if text.contains('\n') {
        ("a command has more than one line", "make each line its own item, or join them with `&&`")
    } else if text.ends_with('\\') {
        ("a command ends with a backslash", "remove it: the command would swallow the next instruction")
    } else {
        return Some(RunCommand { command: text, mounts, location: command.location });
    };
    reader.report_with_hint(&rules::RUN_COMMAND_INVALID, format!("{problem} in `{path}`"), hint, &command.location);
    None
}

fn mount(reader: &mut ConfigReader, entry: &Entry<'_>) -> Option<SecretMount> {
    let keys = reader.section(entry, &keys::MOUNT)?;
    let kind = reader.text(keys.get("type").as_ref());
    let id = reader.text(keys.get("id").as_ref());
    let target = reader.text(keys.get("target").as_ref());
    let problem = match (&kind, &id, &target) {
        (Some(kind), _, _) if kind.value != "secret" => format!("mounts of type `{}` are not supported", kind.value),
        (Some(_), Some(id), Some(target)) if [id, target].iter().all(|text| is_plain(&text.value)) => {
            return Some(SecretMount { id: id.value.clone(), target: target.value.clone() });
        }
        (Some(_), Some(_), Some(_)) => "the `id` or `target` of a mount has a comma, a blank or a quote".to_owned(),
        _ => "a mount needs `type`, `id` and `target`".to_owned(),
    };
    let hint = "write {type: secret, id: NAME, target: /path/in/the/build}";
    reader.report_with_hint(&rules::MOUNT_INVALID, problem, hint, entry.location());
    None
}

/// Whether a value can be part of `--mount=…` as it is.
fn is_plain(text: &str) -> bool {
    !text.chars().any(|character| character.is_whitespace() || character.is_control() || ",\"'\\$".contains(character))
}
