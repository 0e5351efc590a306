//! The layers below the Python packages: environment, init, Debian packages, Python and uv.

use std::collections::BTreeMap;

use cog_findings::Location;
use cog_findings::text::{count, shorten};

use super::context_file::RecipeFile;
use super::quote::{env_value, shell_word};
use super::{APT_CACHE, BUILD_FOLDER, PIP_CACHE, Writer};
use crate::base_image::PACKAGES_IN_COG_BASE;
use crate::environment::Variable;
use crate::yaml::Located;

/// The release of uv that Cog 0.22 uses.
pub(crate) const UV_VERSION: &str = "0.9.26";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UvSource {
    /// Its own image at `ghcr.io`, as in Cog.
    Image,
    /// PyPI.
    Pypi,
    /// None, unless something needs uv.
    #[default]
    None,
}

/// Longest list of names in a step's title.
const MAX_TITLE_BYTES: usize = 100;

/// The files in `/etc` that BuildKit mounts its own over while a step runs.
const MOUNTED: [&str; 2] = ["hosts", "resolv.conf"];

/// Adds the files that BuildKit mounts its own over, empty.
///
/// Debian's images do not have them. Then BuildKit adds them for each step and removes them again, and a daemon with overlay2 finds `/etc`
/// in the layer of each step, with the time of the build: the weights and the project would have new digests after every build without a
/// cache, and would be pushed again [buildkit#3148](https://github.com/moby/buildkit/issues/3148). No container sees the empty files,
/// because its runtime mounts over them too.
pub(crate) fn mount_points(writer: &mut Writer) -> [RecipeFile; 2] {
    let files = MOUNTED.map(|name| RecipeFile { path: format!("{BUILD_FOLDER}/{name}"), contents: Vec::new() });
    let [hosts, resolver] = &files;
    writer.standard(&format!("COPY {} {} /etc/", hosts.path, resolver.path), "prepare the files that Docker mounts");
    files
}

/// The environment that `cog-base` images already have.
pub(crate) fn preamble(writer: &mut Writer) {
    for (variable, title) in [
        ("DEBIAN_FRONTEND=noninteractive", "keep apt from asking"),
        ("PYTHONUNBUFFERED=1", "let Python write its output at once"),
        (
            "LD_LIBRARY_PATH=$LD_LIBRARY_PATH:/usr/lib/x86_64-linux-gnu:/usr/local/nvidia/lib64:/usr/local/nvidia/bin",
            "name the places of the GPU's libraries",
        ),
        ("NVIDIA_DRIVER_CAPABILITIES=all", "ask for all of the GPU's capabilities"),
    ] {
        writer.standard(&format!("ENV {variable}"), title);
    }
}

/// An init process that forwards signals and reaps children; from Debian unless the image has one.
pub(crate) fn tini(writer: &mut Writer) {
    writer.standard(
        &format!(
            "RUN {APT_CACHE} set -eu; \\\n    \
             if ! command -v tini >/dev/null; then \\\n        \
             apt-get update -qq && apt-get install -qqy --no-install-recommends tini && rm -rf /var/lib/apt/lists/*; \\\n    \
             fi; \\\n    \
             if [ ! -e /sbin/tini ]; then ln -s \"$(command -v tini)\" /sbin/tini; fi"
        ),
        "install tini",
    );
    writer.standard("ENTRYPOINT [\"/sbin/tini\", \"--\"]", "start through tini");
}

/// The variables of `environment`: sorted, and in one instruction, so that values cannot refer to each other.
pub(crate) fn environment(writer: &mut Writer, variables: &[Located<Variable>]) {
    let Some(first) = variables.first() else { return };
    let sorted: BTreeMap<&str, &str> =
        variables.iter().map(|variable| (variable.value.name.as_str(), variable.value.value.as_str())).collect();
    let pairs: Vec<String> = sorted.iter().map(|(name, value)| format!("{name}={}", env_value(value))).collect();
    let title = format!("set {}", count(pairs.len(), "variable"));
    writer.instruction(&format!("ENV {}", pairs.join(" ")), Some(&first.location), title);
}

/// The Debian packages of `build.system_packages`, without those that `cog-base` has.
pub(crate) fn packages(writer: &mut Writer, packages: &[Located<String>], is_cog_base: bool) {
    let missing: Vec<(&str, &Location)> = packages
        .iter()
        .flat_map(|package| package.value.split_whitespace().map(|name| (name, &package.location)))
        .filter(|(name, _)| !is_cog_base || !PACKAGES_IN_COG_BASE.contains(name))
        .collect();
    let Some((_, origin)) = missing.first() else { return };
    let names: Vec<String> = missing.iter().map(|(name, _)| shell_word(name)).collect();
    writer.instruction(
        &format!("RUN {APT_CACHE} apt-get update -qq && apt-get install -qqy {} && rm -rf /var/lib/apt/lists/*", names.join(" ")),
        Some(origin),
        shorten(&format!("install system packages {}", names.join(", ")), MAX_TITLE_BYTES),
    );
}

/// uv for an image that has pip.
pub(crate) fn uv(writer: &mut Writer, source: UvSource) {
    match source {
        UvSource::None => return,
        UvSource::Image => uv_from_image(writer),
        UvSource::Pypi => {
            writer.standard(
                &format!("RUN {PIP_CACHE} PIP_BREAK_SYSTEM_PACKAGES=1 python -m pip install uv=={UV_VERSION}"),
                "install uv",
            );
        }
    }
    writer.standard("ENV UV_SYSTEM_PYTHON=true", "let uv use the image's Python");
}

fn uv_from_image(writer: &mut Writer) {
    writer.standard(&format!("COPY --from=ghcr.io/astral-sh/uv:{UV_VERSION} /uv /uvx /usr/local/bin/"), "install uv");
}

/// Installs a prebuilt Python with uv, for nvidia's images.
///
/// The pip of Ubuntu installs uv unless it comes from `ghcr.io`. An old pip ignores `PIP_BREAK_SYSTEM_PACKAGES`.
pub(crate) fn python_by_uv(writer: &mut Writer, python: &str, source: UvSource, origin: Option<&Location>) {
    let mut names = vec!["ca-certificates", "curl", "git", "wget", "xz-utils"];
    if source != UvSource::Image {
        names.push("python3-pip");
    }
    writer.standard(
        &format!(
            "RUN {APT_CACHE} apt-get update -qq && apt-get install -qqy --no-install-recommends {} && rm -rf /var/lib/apt/lists/*",
            names.join(" ")
        ),
        "install what uv needs",
    );
    if source == UvSource::Image {
        uv_from_image(writer);
    } else {
        writer.standard(
            &format!("RUN {PIP_CACHE} PIP_BREAK_SYSTEM_PACKAGES=1 python3 -m pip install uv=={UV_VERSION}"),
            "install uv",
        );
    }
    writer.standard("ENV UV_SYSTEM_PYTHON=true", "let uv use the image's Python");
    let python = shell_word(python);
    writer.instruction(
        &format!(
            "RUN uv python install {python} \\\n    \
             && ln -sf \"$(uv python find --managed-python {python})\" /usr/local/bin/python \\\n    \
             && ln -sf /usr/local/bin/python /usr/bin/python3"
        ),
        origin,
        format!("install Python {python}"),
    );
    writer.standard(&format!("ENV UV_PYTHON={python}"), "let uv use this Python");
    writer.standard("ENV PATH=\"/usr/local/bin:$PATH\"", "let commands find this Python");
}

/// Adds the name `python` to `cog-base` images with CUDA 13 and later, which only have `python3`.
pub(crate) fn python_alias(writer: &mut Writer) {
    writer.standard("RUN ln -sf /usr/bin/python3 /usr/local/bin/python", "name Python `python`");
}

/// Lets the linker find the libraries in Python packages.
pub(crate) fn linker_cache(writer: &mut Writer) {
    writer.standard(
        "RUN find / -xdev -type f -name \"*python*.so\" -printf \"%h\\n\" | sort -u > /etc/ld.so.conf.d/cog.conf && ldconfig",
        "refresh the linker's cache",
    );
}
