//! What pip installs: the model's requirements and the SDK.

use cog_findings::Location;

use super::quote::shell_word;
use super::{BUILD_FOLDER, PIP_CACHE, Writer, bind_mount};
use crate::recipe::RecipeFile;
use crate::requirements::Prepared;
use crate::sdk::{Release, SdkVersion};

const REQUIREMENTS: &str = "requirements.txt";

/// For packages that are compiled; Cog's, without the `-S` that stops gcc from compiling.
const C_FLAGS: &str = "-O3 -funroll-loops -fno-strict-aliasing -flto";

/// Removes debug symbols from what was just installed (`--strip`).
const STRIP: &str = "find / -xdev -type f -name \"*python*.so\" -not -name \"*cpython*.so\" -exec strip -S {} \\;";

/// How pip is called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pip {
    /// Whether the Python is marked as managed by uv, so that pip must be told to go on.
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
        // As variables, because a pip that is too old to know the options would stop at them.
        let quiet = "PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1";
        format!(
            "RUN {PIP_CACHE}{mounts} CFLAGS=\"{C_FLAGS}\" {quiet} python -m pip install --cache-dir /root/.cache/pip{system} {arguments}{strip}"
        )
    }
}

/// Installs the requirements; nothing for none.
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
        // A local wheel may have brought an SDK of its own along.
        let system = if pip.breaks_system_packages { " --break-system-packages" } else { "" };
        writer.standard(
            &format!("RUN python -m pip uninstall --yes{system} cog coglet"),
            "remove any SDK that a local package brought",
        );
    }
    Some(RecipeFile { path: format!("{BUILD_FOLDER}/{REQUIREMENTS}"), contents: prepared.text().into_bytes() })
}

/// Installs the SDK. The old one gets the range of pydantic that it was made for.
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
/// For `python` as it is started and, as Cog does, for `python -OO`. Files of other Python versions lie around in most images and do not
/// compile, which is no reason to stop.
pub(crate) fn precompile(writer: &mut Writer) {
    // Without folders, compileall looks at the files right in those of sys.path and at no package.
    writer.standard(
        "RUN find / -xdev -type f -name \"*.py[co]\" -delete \\\n    \
         && find / -xdev -type f -name \"*.py\" -exec touch -t 197001010000 {} + \\\n    \
         && (python -m compileall -q --invalidation-mode timestamp -o 0 -o 2 -j 0 \
            $(python -c \"import os, sys; print(*filter(os.path.isdir, sys.path[1:]))\") || true)",
        "compile Python files ahead of time",
    );
}
