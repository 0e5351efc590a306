//! Checks that PyTorch has kernels for the hardware that the configuration names. A wheel is built for the GPUs that its CUDA supports. On
//! newer ones, every operation fails with "no kernel image is available", after a build and a boot.

use cog_findings::Finding;
use cog_source::project::Project;
use cog_source::recipe::Recipe;

use super::build_plan::planned;
use super::hardware::{located, named};
use super::rules;
use crate::domain::plan::ModelPlan;

/// GPUs by the start of their names on Replicate, with their architecture and the first CUDA whose wheels of PyTorch have kernels for it:
/// newer GPUs of one generation run the kernels of older ones. See `docs/reference/cog.md#compatibility-tables`.
const GPUS: [(&str, &str, (u32, u32)); 4] =
    [("gpu-t4", "sm_75", (10, 0)), ("gpu-a100", "sm_80", (11, 0)), ("gpu-l40s", "sm_89", (11, 0)), ("gpu-h100", "sm_90", (11, 8))];

/// Findings about the hardware of a plan.
pub(super) fn check(plan: &ModelPlan, project: &Project) -> Vec<Finding> {
    let build = &plan.build;
    if build.dockerfile.is_some() || build.image.is_some() || !project.config.build.gpu {
        return Vec::new();
    }
    let Ok(recipe) = planned(project, build) else { return Vec::new() };
    let Some((torch, cuda)) = wheel(&recipe) else { return Vec::new() };
    let findings = named(plan).into_iter().filter_map(|(key, hardware, place)| {
        let (_, architecture, first) = GPUS.iter().find(|(name, ..)| hardware.starts_with(name))?;
        if cuda >= *first {
            return None;
        }
        let message = format!(
            "PyTorch {torch} for CUDA {}.{} has no kernels for {key} '{hardware}' ({architecture}), which needs CUDA {}.{} or newer",
            cuda.0, cuda.1, first.0, first.1
        );
        let finding = Finding::new(&rules::HARDWARE_WITHOUT_KERNELS, message);
        Some(located(finding.hint("use a newer torch, or older hardware"), place, plan))
    });
    findings.collect()
}

/// The version of PyTorch that is installed, and the CUDA it was built for.
fn wheel(recipe: &Recipe) -> Option<(&str, (u32, u32))> {
    let versions = recipe.requirements.iter().filter_map(|(line, _)| line.strip_prefix("torch=="));
    let version = versions.map(|rest| rest.split([' ', ';']).next().unwrap_or(rest)).next()?;
    let (release, local) = version.split_once('+').unwrap_or((version, ""));
    let of_wheel = local.strip_prefix("cu").and_then(|digits| {
        let (major, minor) = digits.split_at_checked(digits.len().checked_sub(1)?)?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    });
    let of_image = || {
        let mut parts = recipe.cuda.as_ref()?.0.split('.').map(|part| part.parse().ok());
        Some((parts.next()??, parts.next()??))
    };
    Some((release, of_wheel.or_else(of_image)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wheel_says_its_cuda_and_else_the_image_does() {
        let of = |line: &str, cuda: Option<&str>| {
            let recipe = Recipe {
                requirements: vec![("six==1.17.0".to_owned(), None), (line.to_owned(), None)],
                cuda: cuda.map(|cuda| (cuda.to_owned(), "9".to_owned())),
                ..Recipe::default()
            };
            wheel(&recipe).map(|(torch, cuda)| (torch.to_owned(), cuda))
        };
        let some = |torch: &str, cuda| Some((torch.to_owned(), cuda));
        assert_eq!(of("torch==1.12.1+cu102", Some("11.8")), some("1.12.1", (10, 2)));
        assert_eq!(of("torch==2.4.1", Some("12.4")), some("2.4.1", (12, 4)));
        assert_eq!(of("torch==2.4.1 ; python_version < '3.13'", Some("12.4.1")), some("2.4.1", (12, 4)));
        assert_eq!(of("torch==2.4.1+cpu", None), None);
        assert_eq!(of("torchvision==0.19.1", Some("12.4")), None);
    }
}
