//! The project itself: commands of `build.run`, weights, files, and how the model starts.

use super::quote::{copy_words, env_literal, shell_word};
use super::{BUILD_FOLDER, Writer};
use crate::cog::config::{RunCommand, Target};
use crate::cog::weights::WeightSelection;
use crate::domain::finding::Location;
use crate::support::text::shorten;

/// Longest command in a step's title.
const MAX_TITLE_BYTES: usize = 100;

/// The name of the stage that weights are copied from.
pub(crate) const WEIGHTS_STAGE: &str = "weights";

/// The commands of `build.run` and, after them, of `build.pre_install`.
pub(crate) fn commands<'a>(writer: &mut Writer, commands: impl IntoIterator<Item = &'a RunCommand>) {
    for command in commands {
        let mounts: String =
            command.mounts.iter().map(|mount| format!("--mount=type=secret,id={},target={} ", mount.id, mount.target)).collect();
        let title = shorten(&format!("run {}", command.command), MAX_TITLE_BYTES);
        writer.instruction(&format!("RUN {mounts}{}", command.command), Some(&command.location), title);
    }
}

/// Takes the weights from their own image, so that a change of code leaves their layers alone.
pub(crate) fn weights(writer: &mut Writer, selection: &WeightSelection, with_link: bool) {
    let link = if with_link { " --link" } else { "" };
    for path in selection.paths() {
        let path_in_image = format!("/src/{path}");
        let words = copy_words(&path_in_image, &path_in_image);
        writer.standard(&format!("COPY --from={WEIGHTS_STAGE}{link} {words}"), format!("copy the weights {path}"));
    }
}

/// The Dockerfile of the image that holds nothing but weights.
pub(crate) fn weights_dockerfile(selection: &WeightSelection) -> String {
    let copies = selection.paths().map(|path| format!("COPY {}\n", copy_words(path, &format!("/src/{path}"))));
    std::iter::once("FROM scratch\n".to_owned()).chain(copies).collect()
}

/// How the model starts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start<'a> {
    pub(crate) predict: Option<&'a Target>,
    pub(crate) train: Option<&'a Target>,
    pub(crate) concurrency: Option<(u32, Option<&'a Location>)>,
}

/// Working folder, port, variables of the server, and its command.
pub(crate) fn start(writer: &mut Writer, start: &Start<'_>) {
    writer.standard("WORKDIR /src", "work in /src");
    writer.standard("EXPOSE 5000", "name the server's port");
    for (variable, target) in [("COG_PREDICT_TYPE_STUB", start.predict), ("COG_TRAIN_TYPE_STUB", start.train)] {
        if let Some(target) = target {
            let value = env_literal(&target.to_string());
            writer.instruction(&format!("ENV {variable}={value}"), Some(&target.location), format!("name {target} to the server"));
        }
    }
    if let Some((max, origin)) = start.concurrency {
        writer.instruction(&format!("ENV COG_MAX_CONCURRENCY={max}"), origin, "name the concurrency to the server");
    }
    writer.standard("CMD [\"python\", \"-m\", \"cog.server.http\"]", "start the server");
}

/// The project's files, without those that were generated for the build.
pub(crate) fn copy(writer: &mut Writer, config_name: &str, can_exclude: bool) {
    if can_exclude {
        writer.standard(&format!("COPY --exclude={BUILD_FOLDER} . /src"), "copy the project");
    } else {
        writer.standard("COPY . /src", "copy the project");
        writer.standard(
            &format!("RUN rm -rf /src/{BUILD_FOLDER} && (rmdir /src/.cog 2>/dev/null || true)"),
            "remove files that only the build needed",
        );
    }
    if config_name != "cog.yaml" {
        let source = shell_word(&format!("/src/{config_name}"));
        writer.standard(&format!("RUN cp {source} /src/cog.yaml"), format!("use {config_name} as cog.yaml"));
    }
}
