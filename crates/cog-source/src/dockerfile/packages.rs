//! Packages that pip installs: the requirements of the model and the SDK.

use cog_findings::Location;

use super::context_file::RecipeFile;
use super::quote::shell_word;
use super::{BUILD_FOLDER, PIP_CACHE, Writer, bind_mount};
use crate::requirements::Prepared;
use crate::sdk::{Release, SdkVersion};

const REQUIREMENTS: &str = "requirements.txt";

/// Flags for packages that are compiled: those of Cog without `-S`, which stops gcc from compiling.
const C_FLAGS: &str = "-O3 -funroll-loops -fno-strict-aliasing -flto";

/// Removes debug symbols from what was just installed (`--strip`).
const STRIP: &str = "find / -xdev -type f -name \"*python*.so\" -not -name \"*cpython*.so\" -exec strip -S {} \\;";

/// How pip is called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pip {
    /// Whether Python is marked as managed by uv, so that pip needs `--break-system-packages`.
    pub(crate) breaks_system_packages: bool,
    /// Whether debug symbols are removed.
    pub(crate) strips: bool,
}

impl Pip {
    /// `RUN … pip install …` with the cache and more mounts.
    fn install(self, mounts: &[String], arguments: &str) -> String {
        let mounts: String = mounts.iter().map(|mount| format!(" {mount}")).collect();
        let system = if self.breaks_system_packages { " --break-system-packages" } else { "" };
        let strip = if self.strips { format!(" && {STRIP}") } else { String::new() };
        // Variables, because an old pip would fail on options that it does not know.
        let quiet = "PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1";
        format!(
            "RUN {PIP_CACHE}{mounts} CFLAGS=\"{C_FLAGS}\" {quiet} python -m pip install --cache-dir /root/.cache/pip{system} {arguments}{strip}"
        )
    }
}

/// Installs the requirements, if any.
pub(crate) fn requirements(writer: &mut Writer, pip: Pip, prepared: &Prepared, origin: Option<&Location>) -> Option<RecipeFile> {
    if prepared.is_empty() {
        return None;
    }
    let target = format!("/tmp/{REQUIREMENTS}");
    let mut mounts = vec![bind_mount(REQUIREMENTS, &target)];
    for artifact in &prepared.artifacts {
        mounts.push(format!("--mount=type=bind,source={},target={}", artifact.project_path, artifact.build_path));
    }
    writer.instruction(&pip.install(&mounts, &format!("-r {target}")), origin, "install Python requirements");
    if !prepared.artifacts.is_empty() {
        // A local wheel may have installed an SDK as a dependency.
        let system = if pip.breaks_system_packages { " --break-system-packages" } else { "" };
        writer.standard(
            &format!("RUN python -m pip uninstall --yes{system} cog coglet"),
            "remove any SDK that a local package installed",
        );
    }
    Some(RecipeFile { path: format!("{BUILD_FOLDER}/{REQUIREMENTS}"), contents: prepared.text().into_bytes() })
}

/// Installs the SDK, before 0.17 with the pydantic versions it supports.
pub(crate) fn sdk(writer: &mut Writer, pip: Pip, sdk: &SdkVersion, newest: &Release, origin: Option<&Location>) {
    let requirement = sdk.pip_requirement(newest);
    let mut arguments = if sdk.allows_prereleases() { "--pre ".to_owned() } else { String::new() };
    arguments.push_str(&shell_word(&requirement));
    if let Some(server) = sdk.pip_server_requirement(newest) {
        arguments.push(' ');
        arguments.push_str(&shell_word(&server));
    }
    if sdk.is_legacy() {
        arguments.push_str(" 'pydantic>=1.9,<3'");
    }
    writer.instruction(&pip.install(&[], &arguments), origin, format!("install the Cog SDK ({requirement})"));
}

/// Compiles all Python files ahead of time (`--precompile`).
///
/// For plain `python` and, as Cog does, for `python -OO`. Most images contain files of other Python versions that do not compile, which
/// is not an error.
pub(crate) fn precompile(writer: &mut Writer) {
    // Without folders, compileall compiles the files directly in those of sys.path, but no package.
    writer.standard(
        "RUN find / -xdev -type f -name \"*.py[co]\" -delete \\\n    \
         && find / -xdev -type f -name \"*.py\" -exec touch -t 197001010000 {} + \\\n    \
         && (python -m compileall -q --invalidation-mode timestamp -o 0 -o 2 -j 0 \
            $(python -c \"import os, sys; print(*filter(os.path.isdir, sys.path[1:]))\") || true)",
        "compile Python files ahead of time",
    );
}
