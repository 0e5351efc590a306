//! The GPUs of a sandbox.

use std::path::Path;

use replicate_sandbox::Gpus;

use crate::cli::failure::Failure;
use crate::clients::docker::{DescribeDaemon as _, RealDocker};
use crate::config::RunSettings;
use crate::domain::plan::ModelPlan;
use crate::domain::verdict::Verdict;

/// A larger `cog.yaml` is not a configuration.
const CONFIG_BYTES: u64 = 4 * 1024 * 1024;

/// Whether a model's `cog.yaml` asks for a GPU. An unreadable one counts as asking for it, so that the model is only checked on machines
/// without a GPU.
pub(in crate::cli) fn uses_gpu(plan: &ModelPlan) -> bool {
    let text =
        repository_files::read_text(plan.repository(), Path::new(&plan.place.config_file()), CONFIG_BYTES).unwrap_or_default();
    cog_source::config::parse(&text, "cog.yaml").config.is_none_or(|config| config.build.gpu)
}

/// The GPUs of a sandbox: those that were asked for, or all if a model needs one and the daemon has them. Also returns what to say about
/// it.
pub(super) async fn gpus(
    run: &RunSettings,
    models: &[ModelPlan],
    docker: &RealDocker,
) -> Result<(Option<Gpus>, Option<String>), Failure> {
    let wanted = run.settings.gpus.as_deref().map(str::parse::<Gpus>).transpose();
    let wanted = wanted.map_err(|error| Failure::new(Verdict::Misconfigured, error).hint("write --gpus all, or --gpus 0,1"))?;
    let needed = models.iter().any(uses_gpu);
    if wanted.is_none() && !needed {
        return Ok((None, None));
    }
    let has_runtime = docker.version().await?.has_nvidia_runtime;
    let missing = "the Docker daemon has no NVIDIA runtime";
    Ok(match (wanted, has_runtime) {
        (Some(gpus), true) => (Some(gpus), None),
        (Some(gpus), false) => (Some(gpus), Some(format!("GPUs were asked for, but {missing}: containers may not start."))),
        (None, true) => (Some(Gpus::All), Some("Models got all GPUs of this machine, because cog.yaml asks for one.".to_owned())),
        (None, false) => (None, Some(format!("cog.yaml asks for a GPU, but {missing}: models ran without one."))),
    })
}
