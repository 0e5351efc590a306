//! The project itself: commands of `build.run`, weights, files, and how the model starts.

use cog_findings::Location;
use cog_findings::text::{double_quoted, shorten};

use super::context_file::SecretMark;
use super::quote::{copy_words, shell_word};
use super::{BUILD_FOLDER, Writer, bind_mount};
use crate::config::RunCommand;
use crate::target::Target;
use crate::weights::WeightSelection;
use crate::yaml::Located;

/// Longest command in a step's title.
const MAX_TITLE_BYTES: usize = 100;

/// The mount point of copies. Every base image has this folder, so that mounting leaves no trace.
const MOUNT: &str = "/mnt";

/// The default time of files in the image: 1 January 1980, the earliest in a zip archive.
const FILE_TIME: u64 = 315_532_800;

/// The name of the stage that weights are copied from.
pub(crate) const WEIGHTS_STAGE: &str = "weights";

/// The commands of `build.run` and, after them, of `build.pre_install`.
///
/// BuildKit's cache does not know what a secret contains. So a command that mounts one also mounts its [mark](SecretMark): a file that
/// changes with the secret, and the command runs again.
pub(crate) fn commands<'a>(writer: &mut Writer, commands: impl IntoIterator<Item = &'a RunCommand>) -> Vec<SecretMark> {
    let mut marks: Vec<SecretMark> = Vec::new();
    for command in commands {
        let mut mounts = String::new();
        for mount in &command.mounts {
            let known = marks.iter().position(|mark| mark.secret == mount.id);
            let index = known.unwrap_or_else(|| {
                marks.push(SecretMark { secret: mount.id.clone(), path: format!("{BUILD_FOLDER}/secret-{}", marks.len()) });
                marks.len() - 1
            });
            let file = format!("secret-{index}");
            let mark = bind_mount(&file, &format!("/tmp/.{file}"));
            mounts.push_str(&format!("--mount=type=secret,id={},target={} {mark} ", mount.id, mount.target));
        }
        let title = shorten(&format!("run {}", command.command), MAX_TITLE_BYTES);
        writer.instruction(&format!("RUN {mounts}{}", command.command), Some(&command.location), title);
    }
    marks
}

/// Lets `pip` and `uv pip` in commands install into a Python that is marked as managed by uv. Build arguments, because they reach every
/// kind of command and do not stay in the image.
pub(crate) fn allow_pip(writer: &mut Writer) {
    for variable in ["PIP_BREAK_SYSTEM_PACKAGES", "UV_BREAK_SYSTEM_PACKAGES"] {
        writer.standard(&format!("ARG {variable}=1"), "let pip install into the managed Python");
    }
}

/// Copies the weights from their own image, so that a change of code does not change their layers.
///
/// Without `--link`, a `COPY` gives folders the time of the build. Repeated because a package changed, it would make a new layer that
/// differs only in these times, and all weights would be pushed again. So tar writes them, with one time for everything.
pub(crate) fn weights(writer: &mut Writer, selection: &WeightSelection, with_link: bool) {
    if with_link {
        for path in selection.paths() {
            let path_in_image = format!("/src/{path}");
            let words = copy_words(&path_in_image, &path_in_image);
            writer.standard(&format!("COPY --from={WEIGHTS_STAGE} --link {words}"), format!("copy the weights {path}"));
        }
        return;
    }
    let mount = format!("--mount=type=bind,from={WEIGHTS_STAGE},source=/src,target={MOUNT}");
    let copy = copy_by_tar(&format!("--mtime=@{FILE_TIME}"));
    writer.standard(&format!("RUN {mount} mkdir -p /src && {copy}"), format!("copy the weights {}", list(selection)));
}

fn list(selection: &WeightSelection) -> String {
    shorten(&selection.paths().collect::<Vec<_>>().join(", "), MAX_TITLE_BYTES)
}

/// Copies the mounted files to /src: sorted by name, owned by root, with the times from the options.
fn copy_by_tar(options: &str) -> String {
    format!("tar -C {MOUNT} --sort=name --owner=0 --group=0 --numeric-owner {options} -cf - . | tar -C /src -xpf -")
}

/// The Dockerfile of the image that holds nothing but weights.
pub(crate) fn weights_dockerfile(selection: &WeightSelection) -> String {
    let copies = selection.paths().map(|path| format!("COPY {}\n", copy_words(path, &format!("/src/{path}"))));
    std::iter::once("FROM scratch\n".to_owned()).chain(copies).collect()
}

/// The variables of the model server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start<'a> {
    pub(crate) predict: Option<&'a Located<Target>>,
    pub(crate) train: Option<&'a Located<Target>>,
    pub(crate) concurrency: Option<(u32, Option<&'a Location>)>,
}

/// Variables of the model server that depend on the predictor.
pub(crate) const SERVER_VARIABLES: [&str; 3] = ["COG_PREDICT_TYPE_STUB", "COG_TRAIN_TYPE_STUB", "COG_MAX_CONCURRENCY"];

/// Port, variables and command of the model server. Returns the variables.
pub(crate) fn start(writer: &mut Writer, start: &Start<'_>) -> Vec<(String, String)> {
    writer.standard("EXPOSE 5000", "name the server's port");
    let [predict, train, concurrency] = SERVER_VARIABLES;
    let mut variables = Vec::new();
    for (variable, target) in [(predict, start.predict), (train, start.train)] {
        if let Some(target) = target {
            let text = format!("ENV {variable}={}", double_quoted(&target.value.to_string()));
            writer.of_source(&text, Some(&target.location), format!("name {} to the server", target.value));
            variables.push((variable.to_owned(), target.value.to_string()));
        }
    }
    if let Some((max, origin)) = start.concurrency {
        writer.of_source(&format!("ENV {concurrency}={max}"), origin, "name the concurrency to the server");
        variables.push((concurrency.to_owned(), max.to_string()));
    }
    writer.standard("CMD [\"python\", \"-m\", \"cog.server.http\"]", "start the server");
    variables
}

/// Copies the files of the project, without those that are generated for the build, and returns the shell command that does it, if any.
///
/// `COPY` before frontend 1.19 cannot exclude files, and it gives folders the time of the build. With tar, the same project makes the
/// same layer on every machine. `WORKDIR` gives the folder that it makes the time of the build too, so it comes last, when `/src` exists.
pub(crate) fn copy(writer: &mut Writer, config_name: &str, can_exclude: bool) -> Option<String> {
    let renamed = (config_name != "cog.yaml").then(|| shell_word(&format!("/src/{config_name}")));
    let command = if can_exclude {
        writer.of_source(&format!("COPY --exclude={BUILD_FOLDER} . /src"), None, "copy the project");
        if let Some(source) = renamed {
            writer.of_source(&format!("RUN cp {source} /src/cog.yaml"), None, format!("use {config_name} as cog.yaml"));
        }
        None
    } else {
        writer.of_source(&format!("ARG SOURCE_DATE_EPOCH={FILE_TIME}"), None, "name the time of the files");
        let copy = copy_by_tar("--mtime=@$SOURCE_DATE_EPOCH --exclude=./.cog");
        let (rename, title) = match renamed {
            Some(source) => (
                format!(" && cp -p --remove-destination {source} /src/cog.yaml && touch -d @$SOURCE_DATE_EPOCH /src"),
                format!("copy the project, with {config_name} as cog.yaml"),
            ),
            None => (String::new(), "copy the project".to_owned()),
        };
        let command = format!("mkdir -p /src && {copy}{rename}");
        writer.of_source(&format!("RUN --mount=type=bind,target={MOUNT} {command}"), None, title);
        Some(command)
    };
    writer.standard("WORKDIR /src", "work in /src");
    command
}
