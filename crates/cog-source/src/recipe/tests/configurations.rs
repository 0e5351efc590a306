//! A table of configurations, with their base images and the order of their instructions.

use super::Registry::{Has, HasNot, IsDown};
use super::*;

/// The build section (with `python_requirements` added if there are requirements), the requirements, the registry's answer; then the base
/// image, CUDA/cuDNN, the folders of the package indexes, and the order of the instructions.
type Row = (&'static str, &'static str, Registry, &'static str, &'static str, &'static str, Order);

/// The order of instructions. Each row has everything that can be ordered: variables, packages, commands, late commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    CogBase,
    CogBaseManaged,
    Slim,
    Cuda,
}

use Order::{CogBase, CogBaseManaged, Cuda, Slim};

impl Order {
    /// How the titles start, from top to bottom.
    fn expected(self, has_requirements: bool) -> Vec<&'static str> {
        let before: &[&str] = match self {
            CogBase => &["start", "prepare", "set", "install system"],
            CogBaseManaged => &["start", "prepare", "set", "install system", "name Python"],
            Slim => {
                &["start", "prepare", "keep", "let Python", "name the", "ask", "install tini", "start", "set", "install system"]
            }
            Cuda => &[
                "start",
                "prepare",
                "keep",
                "let Python",
                "name the",
                "ask",
                "install tini",
                "start",
                "set",
                "install system",
                "install what",
                "install uv",
                "let uv",
                "install Python 3",
                "let uv",
                "let commands",
            ],
        };
        let requirements: &[&str] = if has_requirements { &["install Python requirements"] } else { &[] };
        let linker: &[&str] = if matches!(self, Slim | Cuda) { &["refresh"] } else { &[] };
        let end =
            ["run early", "run late", "name the server's", "name r.py:R", "start the server", "name the time", "copy", "work"];
        let pip: &[&str] = if matches!(self, Cuda | CogBaseManaged) { &["let pip", "let pip"] } else { &[] };
        [before, requirements, &["install the Cog SDK"], linker, pip, &end].concat()
    }
}

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // Without a GPU.
    ("python_version: '3.10'", "", Has, "r8.im/cog-base:python3.10", "", "", CogBase),
    ("python_version: 3.10", "", HasNot, "python:3.10-slim", "", "", Slim),
    ("python_version: '3.11'", "", Has, "r8.im/cog-base:python3.11", "", "", CogBase),
    ("python_version: '3.12'", "numpy", Has, "r8.im/cog-base:python3.12", "", "", CogBase),
    ("python_version: '3.12'", "numpy", HasNot, "python:3.12-slim", "", "", Slim),
    ("python_version: '3.12'", "numpy", IsDown, "python:3.12-slim", "", "", Slim),
    ("python_version: '3.13'", "", Has, "r8.im/cog-base:python3.13", "", "", CogBase),
    ("python_version: '3.14'", "", Has, "r8.im/cog-base:python3.14", "", "", CogBase),
    ("python_version: '3.15'", "", Has, "python:3.15-slim", "", "", Slim),
    ("python_version: '3.12.4'", "", Has, "r8.im/cog-base:python3.12", "", "", CogBase),
    ("python_version: '3.12.4'", "", HasNot, "python:3.12.4-slim", "", "", Slim),
    ("python_version: '3.11'", "torch==2.1.2", Has, "r8.im/cog-base:python3.11-torch2.1.2", "", "cpu", CogBase),
    ("python_version: '3.11'", "torch==2.1.2", HasNot, "python:3.11-slim", "", "cpu", Slim),
    ("python_version: '3.11'", "torch==2.1", Has, "r8.im/cog-base:python3.11-torch2.1.2", "", "", CogBase),
    ("python_version: '3.11'", "torch==2.0.1\ntorchvision==0.15.2", Has, "r8.im/cog-base:python3.11-torch2.0.1", "", "cpu", CogBase),
    ("python_version: '3.10'", "torch==1.13.1", Has, "r8.im/cog-base:python3.10", "", "cpu", CogBase),
    ("python_version: '3.10'", "torch==1.13.0", Has, "r8.im/cog-base:python3.10", "", "cpu", CogBase),
    ("python_version: '3.12'", "torch==2.1.2", Has, "r8.im/cog-base:python3.12", "", "cpu", CogBase),
    ("python_version: '3.12'", "torch>=2.4", Has, "r8.im/cog-base:python3.12-torch2.4.1", "", "", CogBase),
    ("python_version: '3.12'", "torch", Has, "r8.im/cog-base:python3.12", "", "", CogBase),
    ("python_version: '3.12'", "torch==9.9.9", Has, "r8.im/cog-base:python3.12", "", "", CogBase),
    ("python_version: '3.12'", "torch==2.4.0+cpu", Has, "r8.im/cog-base:python3.12-torch2.4.0", "", "cpu", CogBase),
    ("python_version: '3.12'", "tensorflow==2.18.0", HasNot, "python:3.12-slim", "", "", Slim),
    ("python_version: '3.12', gpu: false", "", Has, "r8.im/cog-base:python3.12", "", "", CogBase),
    ("python_version: '3.12', cuda: '12.4'", "", Has, "r8.im/cog-base:python3.12", "", "", CogBase),
    // With a GPU and no framework.
    ("python_version: '3.12', gpu: true", "", Has, "r8.im/cog-base:cuda11.8-python3.12", "11.8/8", "", CogBase),
    ("python_version: '3.12', gpu: true", "numpy", HasNot, "nvidia/cuda:11.8.0-cudnn8-devel-ubuntu22.04", "11.8/8", "", Cuda),
    ("python_version: '3.12', gpu: true, cuda: '12.4'", "", Has, "r8.im/cog-base:cuda12.4-python3.12", "12.4/9", "", CogBase),
    ("python_version: '3.12', gpu: true, cuda: 12.4.1", "", Has, "r8.im/cog-base:cuda12.4-python3.12", "12.4.1/9", "", CogBase),
    ("python_version: '3.12', gpu: true, cuda: '12.4', cudnn: '9'", "", HasNot, "nvidia/cuda:12.4.1-cudnn-devel-ubuntu22.04", "12.4/9", "", Cuda),
    ("python_version: '3.12', gpu: true, cuda: '12.2'", "", Has, "nvidia/cuda:12.2.2-cudnn8-devel-ubuntu22.04", "12.2/8", "", Cuda),
    ("python_version: '3.12', gpu: true, cuda: '12.0'", "", Has, "nvidia/cuda:12.0.1-cudnn8-devel-ubuntu22.04", "12.0/8", "", Cuda),
    ("python_version: '3.12', gpu: true, cuda: '12.3'", "", Has, "nvidia/cuda:12.3.2-cudnn9-devel-ubuntu22.04", "12.3/9", "", Cuda),
    ("python_version: '3.12', gpu: true, cuda: '12.5'", "", Has, "nvidia/cuda:12.5.1-cudnn-devel-ubuntu22.04", "12.5/9", "", Cuda),
    ("python_version: '3.12', gpu: true, cuda: '12.6'", "", HasNot, "nvidia/cuda:12.6.3-cudnn-devel-ubuntu24.04", "12.6/9", "", Cuda),
    ("python_version: '3.12', gpu: true, cuda: '12.6.1'", "", HasNot, "nvidia/cuda:12.6.1-cudnn-devel-ubuntu24.04", "12.6.1/9", "", Cuda),
    ("python_version: '3.12', gpu: true, cuda: '13.0'", "", Has, "r8.im/cog-base:cuda13.0-python3.12", "13.0/9", "", CogBaseManaged),
    ("python_version: '3.12', gpu: true, cuda: '13.0'", "", IsDown, "nvidia/cuda:13.0.3-cudnn-devel-ubuntu24.04", "13.0/9", "", Cuda),
    ("python_version: '3.12', gpu: true, cuda: '13.1'", "", Has, "nvidia/cuda:13.1.2-cudnn-devel-ubuntu24.04", "13.1/9", "", Cuda),
    ("python_version: '3.12', gpu: true, cuda: '13.2'", "", Has, "nvidia/cuda:13.2.1-cudnn-devel-ubuntu24.04", "13.2/9", "", Cuda),
    ("python_version: '3.10', gpu: true, cuda: '11.0'", "", Has, "nvidia/cuda:11.0.3-cudnn8-devel-ubuntu20.04", "11.0/8", "", Cuda),
    ("python_version: '3.10', gpu: true, cuda: '11.6'", "", Has, "nvidia/cuda:11.6.2-cudnn8-devel-ubuntu20.04", "11.6/8", "", Cuda),
    ("python_version: '3.10', gpu: true, cuda: '11.7'", "", Has, "r8.im/cog-base:cuda11.7-python3.10", "11.7/8", "", CogBase),
    // PyTorch with a GPU.
    ("python_version: '3.10', gpu: true", "torch==1.12.1", Has, "nvidia/cuda:11.6.2-cudnn8-devel-ubuntu20.04", "11.6/8", "cu116", Cuda),
    ("python_version: '3.10', gpu: true", "torch==1.13.1", Has, "r8.im/cog-base:cuda11.7-python3.10", "11.7/8", "cu117", CogBase),
    ("python_version: '3.10', gpu: true", "torch==2.0.0", Has, "r8.im/cog-base:cuda11.8-python3.10-torch2.0.0", "11.8/8", "cu118", CogBase),
    ("python_version: '3.11', gpu: true", "torch==2.0.1\ntorchvision==0.15.2", Has, "r8.im/cog-base:cuda11.8-python3.11-torch2.0.1", "11.8/8", "cu118", CogBase),
    ("python_version: '3.11', gpu: true, cuda: '11.7'", "torch==2.0.1", Has, "r8.im/cog-base:cuda11.7-python3.11-torch2.0.1", "11.7/8", "", CogBase),
    ("python_version: '3.11', gpu: true", "torch==2.1.2", Has, "r8.im/cog-base:cuda12.1-python3.11-torch2.1.2", "12.1/8", "cu121", CogBase),
    ("python_version: '3.11', gpu: true", "torch==2.1.2", HasNot, "nvidia/cuda:12.1.1-cudnn8-devel-ubuntu22.04", "12.1/8", "cu121", Cuda),
    ("python_version: '3.11', gpu: true", "torch==2.1.0+cu118", Has, "r8.im/cog-base:cuda11.8-python3.11-torch2.1.0", "11.8/8", "cu118", CogBase),
    ("python_version: '3.11', gpu: true, cuda: '11.8'", "torch==2.1.2\ntorchvision==0.16.2\ntorchaudio==2.1.2", Has, "r8.im/cog-base:cuda11.8-python3.11-torch2.1.2", "11.8/8", "cu118", CogBase),
    ("python_version: '3.12', gpu: true", "torch==2.3.1", Has, "r8.im/cog-base:cuda12.1-python3.12-torch2.3.1", "12.1/8", "cu121", CogBase),
    ("python_version: '3.12', gpu: true", "torch==2.4", Has, "r8.im/cog-base:cuda12.4-python3.12-torch2.4.1", "12.4/9", "cu124", CogBase),
    ("python_version: '3.12', gpu: true", "torch==2.5.1", IsDown, "nvidia/cuda:12.4.1-cudnn-devel-ubuntu22.04", "12.4/9", "cu124", Cuda),
    ("python_version: '3.12', gpu: true", "torch==2.6.0", Has, "r8.im/cog-base:cuda12.6-python3.12-torch2.6.0", "12.6/9", "cu126", CogBase),
    ("python_version: '3.12', gpu: true", "torch==2.7.1", Has, "r8.im/cog-base:cuda12.8-python3.12-torch2.7.1", "12.8/9", "cu128", CogBase),
    ("python_version: '3.13', gpu: true", "torch==2.8.0", Has, "r8.im/cog-base:cuda12.9-python3.13-torch2.8.0", "12.9/9", "cu129", CogBase),
    ("python_version: '3.13', gpu: true, cuda: '12.8'", "torch==2.8.0", Has, "r8.im/cog-base:cuda12.8-python3.13-torch2.8.0", "12.8/9", "cu128", CogBase),
    ("python_version: '3.14', gpu: true", "torch==2.9.1", Has, "r8.im/cog-base:cuda13.0-python3.14-torch2.9.1", "13.0/9", "cu130", CogBaseManaged),
    ("python_version: '3.14', gpu: true", "torch==2.10.0", HasNot, "nvidia/cuda:13.0.3-cudnn-devel-ubuntu24.04", "13.0/9", "cu130", Cuda),
    ("python_version: '3.12', gpu: true", "torch==2.11.0\ntorchvision==0.26.0", Has, "r8.im/cog-base:cuda13.0-python3.12-torch2.11.0", "13.0/9", "cu130", CogBaseManaged),
    // A CUDA that PyTorch was not built for: the newest wheel below it.
    ("python_version: '3.12', gpu: true, cuda: '12.2'", "torch==2.4.0", Has, "nvidia/cuda:12.2.2-cudnn8-devel-ubuntu22.04", "12.2/8", "cu121", Cuda),
    ("python_version: '3.12', gpu: true, cuda: '13.0'", "torch==2.5.0", Has, "r8.im/cog-base:cuda13.0-python3.12", "13.0/9", "cu124", CogBaseManaged),
    ("python_version: '3.12', gpu: true, cuda: '11.8'", "torch==2.9.0", Has, "r8.im/cog-base:cuda11.8-python3.12", "11.8/8", "", CogBase),
    ("python_version: '3.12', gpu: true, cuda: '12.4'", "torch", Has, "r8.im/cog-base:cuda12.4-python3.12", "12.4/9", "", CogBase),
    ("python_version: '3.12', gpu: true, cuda: '12.4'", "torch==9.9.9", Has, "r8.im/cog-base:cuda12.4-python3.12", "12.4/9", "", CogBase),
    ("python_version: '3.12', gpu: true", "torch==2.4.0 --extra-index-url=https://example.com/mine/", Has, "r8.im/cog-base:cuda12.4-python3.12-torch2.4.0", "12.4/9", "mine", CogBase),
    ("python_version: '3.10', gpu: true", "torch @ https://download.pytorch.org/whl/cu118/torch-2.0.1%2Bcu118-cp310-cp310-linux_x86_64.whl", Has, "r8.im/cog-base:cuda11.8-python3.10-torch2.0.1", "11.8/8", "", CogBase),
    // TensorFlow with a GPU.
    ("python_version: '3.10', gpu: true", "tensorflow==2.10.0", Has, "nvidia/cuda:11.2.2-cudnn8-devel-ubuntu20.04", "11.2/8", "", Cuda),
    ("python_version: '3.11', gpu: true", "tensorflow==2.12.0", Has, "r8.im/cog-base:cuda11.8-python3.11", "11.8/8", "", CogBase),
    ("python_version: '3.11', gpu: true", "tensorflow==2.14.0", HasNot, "nvidia/cuda:11.8.0-cudnn8-devel-ubuntu22.04", "11.8/8", "", Cuda),
    ("python_version: '3.11', gpu: true", "tensorflow==2.15.0", Has, "nvidia/cuda:12.2.2-cudnn8-devel-ubuntu22.04", "12.2/8", "", Cuda),
    ("python_version: '3.12', gpu: true", "tensorflow==2.16.1", Has, "nvidia/cuda:12.3.2-cudnn9-devel-ubuntu22.04", "12.3/9", "", Cuda),
    ("python_version: '3.12', gpu: true", "tensorflow==2.17.0", HasNot, "nvidia/cuda:12.3.2-cudnn9-devel-ubuntu22.04", "12.3/9", "", Cuda),
    ("python_version: '3.12', gpu: true", "tensorflow==2.18.0", Has, "nvidia/cuda:12.5.1-cudnn-devel-ubuntu22.04", "12.5/9", "", Cuda),
    ("python_version: '3.13', gpu: true", "tensorflow==2.21.0", Has, "nvidia/cuda:12.5.1-cudnn-devel-ubuntu22.04", "12.5/9", "", Cuda),
    ("python_version: '3.12', gpu: true, cuda: '12.4'", "tensorflow==2.18.0", Has, "r8.im/cog-base:cuda12.4-python3.12", "12.4/9", "", CogBase),
    ("python_version: '3.12', gpu: true", "tensorflow", Has, "r8.im/cog-base:cuda11.8-python3.12", "11.8/8", "", CogBase),
    ("python_version: '3.11', gpu: true", "torch==2.4.0\ntensorflow==2.12.0", Has, "r8.im/cog-base:cuda11.8-python3.11-torch2.4.0", "11.8/8", "cu118", CogBase),
];

fn facts_of(requirements: &str, registry: Registry) -> RecipeFacts {
    match requirements {
        "" => facts(registry),
        text => with_requirements(facts(registry), text),
    }
}

fn text_of(build: &str, requirements: &str) -> String {
    let file = if requirements.is_empty() { "" } else { ", python_requirements: requirements.txt" };
    let lists = "system_packages: [libfoo], run: [early], pre_install: [late]";
    format!("build: {{{build}{file}, {lists}}}\nrun: r.py:R\nenvironment: [A=1]\n")
}

/// The last folder of each package index at the top of the requirements.
fn indexes(recipe: &Recipe) -> String {
    let folder = |line: &str| {
        let index = line.strip_prefix("--extra-index-url ")?;
        index.trim_end_matches('/').rsplit('/').next().map(str::to_owned)
    };
    recipe.requirements.iter().filter_map(|(line, _)| folder(line)).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_configuration_gets_its_image_its_cuda_and_its_wheels() {
    assert!(ROWS.len() >= 60);
    for (build, requirements, registry, base_image, cuda, index, _) in ROWS {
        let facts = facts_of(requirements, *registry);
        let recipe = plan_text(&text_of(build, requirements), &facts);
        let found = recipe.cuda.as_ref().map(|(cuda, cudnn)| format!("{cuda}/{cudnn}")).unwrap_or_default();
        let row = format!("{build} | {requirements} | {registry:?}");
        assert_eq!(recipe.base_image, *base_image, "{row}");
        assert_eq!(found, *cuda, "{row}");
        assert_eq!(indexes(&recipe), *index, "{row}");
    }
}

#[test]
fn every_configuration_has_its_instructions_in_order() {
    for (build, requirements, registry, _, _, _, order) in ROWS {
        let recipe = plan_text(&text_of(build, requirements), &facts_of(requirements, *registry));
        let expected = order.expected(!requirements.is_empty());
        let titles: Vec<&str> = recipe.steps.iter().map(|step| step.title.as_str()).collect();
        let row = format!("{build} | {requirements} | {registry:?}\n{titles:#?}");
        assert_eq!(titles.len(), expected.len(), "{row}");
        for (title, start) in titles.iter().zip(expected) {
            assert!(title.starts_with(start), "{title} should start with {start}: {row}");
        }
    }
}

#[test]
fn pip_gets_the_flag_for_managed_pythons() {
    for (build, requirements, registry, _, _, _, order) in ROWS {
        let recipe = plan_text(&text_of(build, requirements), &facts_of(requirements, *registry));
        let is_told = recipe.dockerfile.contains("pip install --cache-dir /root/.cache/pip --break-system-packages");
        assert_eq!(is_told, matches!(order, Cuda | CogBaseManaged), "{build}");
    }
}

#[test]
fn every_configuration_explains_itself() {
    for (build, requirements, registry, base_image, ..) in ROWS {
        let recipe = plan_text(&text_of(build, requirements), &facts_of(requirements, *registry));
        let base = recipe.decisions.iter().find(|decision| decision.what == "base image").unwrap();
        assert_eq!(base.chosen, *base_image, "{build}");
        assert!(recipe.decisions.iter().all(|decision| !decision.because.is_empty()), "{build}");
        assert!(recipe.findings.iter().all(|finding| !finding.is_error()), "{build}");
    }
}
