//! The Cog CLI's instructions in their order, for comparison with ours: `docs/reference/cog.md#instructions`.
//!
//! Nothing is built from this text: it needs contexts that only the Cog CLI makes, images of other registries, and files from GitHub.
//! Its faults are kept: values of variables are unquoted, and a list of packages may be empty.

use cog_findings::Location;

use super::choices::Choices;
use super::{RecipeFacts, RecipeStep, concurrency};
use crate::base_image::{BaseImageKind, PACKAGES_IN_COG_BASE};
use crate::config::CogConfig;
use crate::dockerfile::system::UV_VERSION;
use crate::dockerfile::{Writer, project, system};
use crate::sdk::SdkVersion;

const APT_CACHE: &str = "--mount=type=cache,target=/var/cache/apt,sharing=locked";
const FLAGS: &str = "ENV CFLAGS=\"-O3 -funroll-loops -fno-strict-aliasing -flto -S\"";
const BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The text and its steps, for SDKs since 0.17.
pub(super) fn write(config: &CogConfig, facts: &RecipeFacts, choices: &Choices) -> (String, Vec<RecipeStep>) {
    let mut writer = Writer::default();
    let kind = choices.base.kind;
    let is_cog_base = kind == BaseImageKind::CogBase;
    writer.comment("#syntax=docker/dockerfile:1.4");
    if let Some(weights) = &facts.weights {
        writer.standard(&format!("FROM {} AS {}", weights.image, project::WEIGHTS_STAGE), "take the weights from their own image");
    }
    let base = &choices.base.reference;
    writer.instruction(&format!("FROM {base}"), choices.base_origin(config), format!("start from {base}"));
    if !is_cog_base {
        system::preamble(&mut writer);
    }
    if facts.ca_certificate.is_some() {
        certificate(&mut writer);
    }
    if !is_cog_base {
        tini(&mut writer);
    }
    variables(&mut writer, config);
    packages(&mut writer, config, is_cog_base);
    match kind {
        BaseImageKind::Cuda => python(&mut writer, &choices.python),
        BaseImageKind::CogBase | BaseImageKind::PythonSlim => uv(&mut writer),
    }
    if choices.has_managed_python() {
        writer.standard("RUN ln -sf /usr/bin/python3 /usr/local/bin/python", "name Python `python`");
    }
    let system = if kind == BaseImageKind::Cuda || choices.has_managed_python() { " --break-system-packages" } else { "" };
    requirements(&mut writer, choices, system, choices.requirements_origin(config).as_ref());
    sdk(&mut writer, config, &facts.sdk, system);
    if facts.precompile {
        writer
            .standard("RUN find / -type f -name \"*.py[co]\" -delete && python3 -m compileall -o 2 -j 0 /", "compile Python files");
    }
    if !is_cog_base {
        system::linker_cache(&mut writer);
    }
    project::commands(&mut writer, config.build.run.iter().chain(&config.build.pre_install));
    if let Some(weights) = &facts.weights {
        project::weights(&mut writer, &weights.selection, true);
    }
    let concurrency = concurrency(config, facts);
    writer.standard("WORKDIR /src", "work in /src");
    project::start(&mut writer, &project::Start { predict: config.predict.as_ref(), train: config.train.as_ref(), concurrency });
    writer.standard("COPY . /src", "copy the project");
    if facts.config_name != "cog.yaml" {
        let name = &facts.config_name;
        writer.standard(&format!("RUN cp /src/{name} /src/cog.yaml"), format!("use {name} as cog.yaml"));
    }
    writer.finish()
}

fn certificate(writer: &mut Writer) {
    let installed = "/usr/local/share/ca-certificates/cog-ca-cert.crt";
    writer.standard(&format!("COPY --from=cog_build cog-ca-cert.crt {installed}"), "copy the CA certificate");
    writer.standard(&format!("RUN update-ca-certificates && cat {installed} >> {BUNDLE}"), "trust the CA certificate");
    writer.standard(&format!("ENV SSL_CERT_FILE={BUNDLE}\nENV REQUESTS_CA_BUNDLE={BUNDLE}"), "name the certificates");
}

fn tini(writer: &mut Writer) {
    writer.standard(
        &format!(
            "RUN {APT_CACHE} apt-get update -qq && apt-get install -qqy --no-install-recommends curl && rm -rf /var/lib/apt/lists/* && \
             curl -sSL -o /sbin/tini \"https://github.com/krallin/tini/releases/download/v0.19.0/tini-$(dpkg --print-architecture)\" && \
             chmod +x /sbin/tini"
        ),
        "install tini",
    );
    writer.standard("ENTRYPOINT [\"/sbin/tini\", \"--\"]", "start through tini");
}

fn variables(writer: &mut Writer, config: &CogConfig) {
    let Some(first) = config.environment.first() else { return };
    let mut pairs: Vec<String> = config.environment.iter().map(|variable| variable.value.to_string()).collect();
    pairs.sort();
    writer.instruction(&format!("ENV {}", pairs.join(" ")), Some(&first.location), "set the variables of `environment`");
}

fn packages(writer: &mut Writer, config: &CogConfig, is_cog_base: bool) {
    let Some(first) = config.build.system_packages.first() else { return };
    let requested = config.build.system_packages.iter().map(|package| package.value.as_str());
    let names: Vec<&str> = requested.filter(|name| !is_cog_base || !PACKAGES_IN_COG_BASE.contains(name)).collect();
    let install = format!("apt-get update -qq && apt-get install -qqy {} && rm -rf /var/lib/apt/lists/*", names.join(" "));
    writer.instruction(&format!("RUN {APT_CACHE} {install}"), Some(&first.location), "install system packages");
}

fn uv(writer: &mut Writer) {
    writer.standard(&format!("COPY --from=ghcr.io/astral-sh/uv:{UV_VERSION} /uv /uvx /usr/local/bin/"), "install uv");
    writer.standard("ENV UV_SYSTEM_PYTHON=true", "let uv use the image's Python");
}

fn python(writer: &mut Writer, python: &str) {
    let names = "wget curl xz-utils git ca-certificates";
    let install = format!("apt-get install -qqy --no-install-recommends {names} && rm -rf /var/lib/apt/lists/*");
    writer.standard(&format!("RUN {APT_CACHE} apt-get update -qq && {install}"), "install what uv needs");
    uv(writer);
    let links = ["/usr/bin/python3", "/usr/local/bin/python"].map(|path| format!("ln -sf $(uv python find {python}) {path}"));
    writer.standard(&format!("RUN uv python install {python} && {}", links.join(" && ")), format!("install Python {python}"));
    writer.standard(&format!("ENV UV_PYTHON={python}"), "let uv use this Python");
    writer.standard("ENV PATH=\"/usr/local/bin:$PATH\"", "let commands find this Python");
}

fn requirements(writer: &mut Writer, choices: &Choices, system: &str, origin: Option<&Location>) {
    if choices.prepared.is_empty() {
        return;
    }
    if !choices.prepared.artifacts.is_empty() {
        writer.standard("COPY --from=cog_build local_package_artifacts/ /tmp/local_package_artifacts/", "copy local packages");
    }
    writer.instruction("COPY --from=cog_build requirements.txt /tmp/requirements.txt", origin, "copy the requirements");
    let install = format!("uv run pip install{system} --cache-dir /root/.cache/pip -r /tmp/requirements.txt");
    with_flags(writer, &format!("RUN --mount=type=cache,target=/root/.cache/pip {install}"), origin, "install Python requirements");
    if !choices.prepared.artifacts.is_empty() {
        writer.standard(&format!("RUN uv pip uninstall{system} cog coglet"), "remove any SDK that a local package installed");
    }
}

/// Not pinned unless a release was requested.
fn sdk(writer: &mut Writer, config: &CogConfig, sdk: &SdkVersion, system: &str) {
    let requirement = match sdk {
        SdkVersion::Latest | SdkVersion::Prerelease => "cog".to_owned(),
        SdkVersion::Exact(release) => format!("cog=={release}"),
    };
    let pre = if sdk.allows_prereleases() { " --pre" } else { "" };
    let install = format!("uv pip install{system}{pre} --no-cache {requirement}");
    let origin = config.build.sdk_version.as_ref().map(|sdk| &sdk.location);
    with_flags(writer, &format!("RUN --mount=type=cache,target=/root/.cache/uv {install}"), origin, "install the Cog SDK");
}

fn with_flags(writer: &mut Writer, run: &str, origin: Option<&Location>, title: &str) {
    writer.standard(FLAGS, "set the flags for compilers");
    writer.instruction(run, origin, title);
    writer.standard("ENV CFLAGS=", "reset the flags");
}
