//! The rules for `cog.yaml` (SP501 to SP549) and for the choices of a build (SP550 to SP579).

use cog_findings::Rule;
use cog_findings::Severity::{Error, Note, Warning};

pub(crate) const UNREADABLE: Rule = Rule {
    code: "SP501",
    name: "cog-yaml-unreadable",
    severity: Error,
    summary: "`cog.yaml` cannot be read as a YAML mapping.",
    why: "Nothing is known about the model without it. Duplicate keys, several documents and excessive nesting or aliases are rejected too.",
    example: "```yaml\nimage: r8.im/acme/a\nimage: r8.im/acme/b   # the same key twice\n```",
};

pub(crate) const UNKNOWN_KEY: Rule = Rule {
    code: "SP502",
    name: "cog-yaml-unknown-key",
    severity: Warning,
    summary: "A key in `cog.yaml` is unknown to Cog.",
    why: "Cog 0.17 and later ignore unknown keys silently, so a misspelled setting has no effect.",
    example: "```yaml\nbuild:\n  system_pakages: [ffmpeg]   # nothing is installed\n```",
};

pub(crate) const WRONG_TYPE: Rule = Rule {
    code: "SP503",
    name: "cog-yaml-wrong-type",
    severity: Error,
    summary: "A value in `cog.yaml` has the wrong type.",
    why: "Cog rejects the file.",
    example: "```yaml\nbuild:\n  gpu: \"true\"   # text; write gpu: true\n```",
};

pub(crate) const PYTHON_VERSION_MISSING: Rule = Rule {
    code: "SP504",
    name: "python-version-missing",
    severity: Error,
    summary: "`build.python_version` is not set.",
    why: "It has no default since Cog 0.17, and the base image depends on it.",
    example: "```yaml\nbuild:\n  python_version: \"3.12\"\n```",
};

pub(crate) const PYTHON_VERSION_INVALID: Rule = Rule {
    code: "SP505",
    name: "python-version-invalid",
    severity: Error,
    summary: "`build.python_version` is not `major.minor` or `major.minor.patch`.",
    why: "The base image is named after it.",
    example: "```yaml\nbuild:\n  python_version: \"3\"   # write \"3.12\"\n```",
};

pub(crate) const PYTHON_VERSION_UNSUPPORTED: Rule = Rule {
    code: "SP506",
    name: "python-version-unsupported",
    severity: Error,
    summary: "The Cog SDK does not run on this Python.",
    why: "SDK 0.17 and later need Python 3.10; older ones need 3.8.",
    example: "```yaml\nbuild:\n  python_version: \"3.9\"   # with SDK 0.22\n```",
};

pub(crate) const PYTHON_VERSION_UNKNOWN: Rule = Rule {
    code: "SP507",
    name: "python-version-unknown",
    severity: Warning,
    summary: "`build.python_version` is newer than any Python known to work with Cog.",
    why: "It may have no base image and no wheels, and the build then fails late.",
    example: "```yaml\nbuild:\n  python_version: \"3.31\"   # meant 3.13?\n```",
};

pub(crate) const CUDA_VERSION_INVALID: Rule = Rule {
    code: "SP508",
    name: "cuda-version-invalid",
    severity: Error,
    summary: "`build.cuda` is not a CUDA version of 11 or later.",
    why: "Cog rejects the file, even when `gpu` is off.",
    example: "```yaml\nbuild:\n  cuda: \"12\"   # write \"12.4\"\n```",
};

pub(crate) const CUDNN_MISMATCH: Rule = Rule {
    code: "SP509",
    name: "cudnn-mismatch",
    severity: Error,
    summary: "No image has this pair of CUDA and cuDNN.",
    why: "nvidia publishes one cuDNN per CUDA release, so the build has no image to start from.",
    example: "```yaml\nbuild:\n  cuda: \"11.8\"\n  cudnn: \"9\"   # 11.8 comes with 8\n```",
};

pub(crate) const CUDA_WITHOUT_GPU: Rule = Rule {
    code: "SP510",
    name: "cuda-without-gpu",
    severity: Warning,
    summary: "`build.cuda` or `build.cudnn` is set but `build.gpu` is not true.",
    why: "Both are ignored, and the image has no CUDA.",
    example: "```yaml\nbuild:\n  cuda: \"12.4\"   # add gpu: true\n```",
};

pub(crate) const REQUIREMENTS_TWICE: Rule = Rule {
    code: "SP511",
    name: "requirements-twice",
    severity: Error,
    summary: "`python_packages` and `python_requirements` are both set.",
    why: "Cog accepts only one of them.",
    example: "```yaml\nbuild:\n  python_requirements: requirements.txt\n  python_packages: [torch==2.4.0]\n```",
};

pub(crate) const TARGET_FORM: Rule = Rule {
    code: "SP512",
    name: "target-form",
    severity: Error,
    summary: "`run`, `predict` or `train` is not of the form `file.py:Name`.",
    why: "Cog cannot tell which file and which class or function to call.",
    example: "```yaml\npredict: predict.Predictor   # write predict.py:Predictor\n```",
};

pub(crate) const TARGET_TWICE: Rule = Rule {
    code: "SP513",
    name: "target-twice",
    severity: Error,
    summary: "`run` and `predict` are both set.",
    why: "They mean the same, and Cog accepts only one of them.",
    example: "```yaml\nrun: run.py:Runner\npredict: predict.py:Predictor\n```",
};

pub(crate) const TARGET_MISSING: Rule = Rule {
    code: "SP514",
    name: "target-missing",
    severity: Error,
    summary: "None of `run`, `predict` and `train` is set.",
    why: "An image without a target cannot answer predictions, and Cog refuses to build it.",
    example: "```yaml\npredict: predict.py:Predictor\n```",
};

pub(crate) const IMAGE_AND_MODEL: Rule = Rule {
    code: "SP515",
    name: "image-and-model",
    severity: Error,
    summary: "`image` and `model` are both set.",
    why: "`image` requests a plain image and `model` a bundle with weights. Cog accepts only one of them.",
    example: "```yaml\nimage: r8.im/acme/upscale\nmodel: r8.im/acme/upscale\n```",
};

pub(crate) const REPOSITORY_INVALID: Rule = Rule {
    code: "SP516",
    name: "repository-invalid",
    severity: Error,
    summary: "`model` is not a repository without tag, or `image` is not a valid image name.",
    why: "The push chooses the tag and the digest. Docker rejects names with capitals or blanks.",
    example: "```yaml\nmodel: r8.im/acme/upscale:v2   # write r8.im/acme/upscale\n```",
};

pub(crate) const RUN_COMMAND_INVALID: Rule = Rule {
    code: "SP517",
    name: "run-command-invalid",
    severity: Error,
    summary: "A command of `build.run` is empty or has more than one line.",
    why: "Each command becomes one line of a Dockerfile. Cog rejects line breaks, and a backslash at the end would swallow the next instruction.",
    example: "```yaml\nbuild:\n  run:\n    - |\n      apt-get update\n      apt-get install -y sox   # make it a separate list item\n```",
};

pub(crate) const MOUNT_INVALID: Rule = Rule {
    code: "SP518",
    name: "mount-invalid",
    severity: Error,
    summary: "A mount of a `build.run` command is not a secret with `id` and `target`.",
    why: "Cog supports only secret mounts. A comma, blank or quote in a value would change the meaning of the mount.",
    example: "```yaml\nbuild:\n  run:\n    - command: pip install private\n      mounts: [{type: secret, id: pip, target: /etc/pip.conf}]\n```",
};

pub(crate) const CONCURRENCY_INVALID: Rule = Rule {
    code: "SP519",
    name: "concurrency-invalid",
    severity: Error,
    summary: "`concurrency` has no `max`, a `max` below 1, or a `max` that the Python version cannot serve.",
    why: "Concurrent predictions need an async `predict` on Python 3.11 or later.",
    example: "```yaml\nbuild:\n  python_version: \"3.10\"\nconcurrency:\n  max: 4\n```",
};

pub(crate) const ENVIRONMENT_INVALID: Rule = Rule {
    code: "SP520",
    name: "environment-invalid",
    severity: Error,
    summary: "An entry of `environment` is not `NAME=value`, or its name is used twice.",
    why: "Cog rejects the file.",
    example: "```yaml\nenvironment:\n  - HF_HOME   # write HF_HOME=/src/.cache\n```",
};

pub(crate) const ENVIRONMENT_RESERVED: Rule = Rule {
    code: "SP521",
    name: "environment-reserved",
    severity: Error,
    summary: "An entry of `environment` sets a variable that is reserved for Cog.",
    why: "The platform sets it, and a model that overrides it may not start.",
    example: "```yaml\nenvironment:\n  - CUDA_VISIBLE_DEVICES=0\n```",
};

pub(crate) const WEIGHTS_INVALID: Rule = Rule {
    code: "SP522",
    name: "weights-invalid",
    severity: Error,
    summary: "An entry of `weights` breaks a rule for managed weights.",
    why: "Names become tags and targets become mounts. Names must be unique and valid as a tag. Targets must be absolute, unique and not inside each other.",
    example: "```yaml\nweights:\n  - {name: SDXL, target: weights, source: {uri: hf://acme/sdxl}}   # sdxl, /src/weights\n```",
};

pub(crate) const DEPRECATED_KEY: Rule = Rule {
    code: "SP523",
    name: "cog-yaml-deprecated-key",
    severity: Warning,
    summary: "A key in `cog.yaml` is deprecated.",
    why: "Cog still reads it, but may drop it in a later release.",
    example: "```yaml\nbuild:\n  python_packages: [torch==2.4.0]   # use python_requirements\n```",
};

pub(crate) const LEGACY_KEY: Rule = Rule {
    code: "SP524",
    name: "cog-yaml-legacy-key",
    severity: Note,
    summary: "A key in `cog.yaml` had a meaning only up to Cog 0.16.",
    why: "An older SDK accepts it, but it does not change this build. A newer SDK ignores it silently, which is a warning.",
    example: "```yaml\nbuild:\n  fast: true\n```",
};

pub(crate) const SDK_VERSION_INVALID: Rule = Rule {
    code: "SP525",
    name: "sdk-version-invalid",
    severity: Error,
    summary: "`build.sdk_version` is not a release of the Cog SDK, `latest` or `prerelease`.",
    why: "pip cannot install it.",
    example: "```yaml\nbuild:\n  sdk_version: \">=0.19\"   # write \"0.22.0\"\n```",
};

pub(crate) const KEY_NEEDS_NEWER_SDK: Rule = Rule {
    code: "SP526",
    name: "cog-yaml-key-needs-newer-sdk",
    severity: Error,
    summary: "A key in `cog.yaml` is newer than the requested SDK.",
    why: "That SDK ignores it, so the model would start without its target or setting.",
    example: "```yaml\nbuild:\n  sdk_version: \"0.16.12\"\nrun: run.py:Runner   # since 0.20; write predict\n```",
};

pub(crate) const BASE_IMAGE_FALLBACK: Rule = Rule {
    code: "SP550",
    name: "cog-base-not-used",
    severity: Warning,
    summary: "The prebuilt `cog-base` image is not used, although one may exist.",
    why: "The registry did not answer. The build continues from a plain image: it takes longer, and Replicate has not cached its layers.",
    example: "`r8.im` answered 503 when the tag was looked up.",
};

pub(crate) const TORCH_CUDA_UNKNOWN: Rule = Rule {
    code: "SP551",
    name: "torch-cuda-unknown",
    severity: Warning,
    summary: "PyTorch is not known to work with the CUDA version in `cog.yaml`.",
    why: "The build continues, but the model may fail when it first uses the GPU.",
    example: "```yaml\nbuild:\n  cuda: \"11.8\"   # torch 2.9 was built for 12.6, 12.8 and 13.0\n```",
};

pub(crate) const TENSORFLOW_CUDA_UNKNOWN: Rule = Rule {
    code: "SP552",
    name: "tensorflow-cuda-unknown",
    severity: Warning,
    summary: "TensorFlow is not known to work with the CUDA version in `cog.yaml`.",
    why: "TensorFlow loads the CUDA libraries of the image. When they do not match, it falls back to the CPU without an error.",
    example: "```yaml\nbuild:\n  cuda: \"11.2\"   # TensorFlow 2.14 was built for 11.8\n```",
};

pub(crate) const FRAMEWORK_PYTHON: Rule = Rule {
    code: "SP553",
    name: "framework-python",
    severity: Warning,
    summary: "PyTorch or TensorFlow has no wheel for the Python version in `cog.yaml`.",
    why: "pip fails to find a matching distribution, minutes into the build.",
    example: "```yaml\nbuild:\n  python_version: \"3.13\"   # torch 2.1.0 has wheels for 3.10 and 3.11\n```",
};

pub(crate) const MANAGED_PACKAGE: Rule = Rule {
    code: "SP554",
    name: "managed-package",
    severity: Warning,
    summary: "The requirements contain `cog` or `coglet`; the line is skipped.",
    why: "Every build installs the SDK itself. If two versions are requested, the last one installed wins.",
    example: "```text\ncog==0.9.20   # set build.sdk_version in cog.yaml instead\n```",
};

pub(crate) const LOCAL_REQUIREMENT: Rule = Rule {
    code: "SP555",
    name: "local-requirement",
    severity: Error,
    summary: "A requirement refers to a local file that the build cannot reach.",
    why: "Requirements are installed before the project is copied. Only the bare path of a wheel or source archive inside the project works.",
    example: "```text\n-r extra.txt          # move its lines here\nmine @ file:///wheels/mine.whl   # write wheels/mine-1.0-py3-none-any.whl\n```",
};

pub(crate) const FRAMEWORK_VERSION_MISSING: Rule = Rule {
    code: "SP556",
    name: "framework-version-missing",
    severity: Error,
    summary: "`torch` has no version, and a GPU build without `cuda` needs one.",
    why: "The CUDA version of the image depends on it.",
    example: "```text\ntorch   # write torch==2.4.0\n```",
};

pub(crate) const CUDA_UNDECIDED: Rule = Rule {
    code: "SP557",
    name: "cuda-undecided",
    severity: Error,
    summary: "No CUDA version or no image matches `cog.yaml` and the requirements.",
    why: "The build has no image to start from.",
    example: "`tensorflow==2.99.0` without `build.cuda`.",
};

pub(crate) const TENSORFLOW_CUDNN: Rule = Rule {
    code: "SP558",
    name: "tensorflow-cudnn",
    severity: Warning,
    summary: "TensorFlow was built for a cuDNN that no image has; the one in the image is used.",
    why: "TensorFlow 2.16 and 2.17 were built for CUDA 12.3 with cuDNN 8, and nvidia's CUDA 12.3 images have cuDNN 9. Cog 0.22 cannot build them at all.",
    example: "```text\ntensorflow==2.17.0\n```",
};

pub(crate) const SDK_NOT_PINNED: Rule = Rule {
    code: "SP559",
    name: "sdk-not-pinned",
    severity: Warning,
    summary: "`prerelease` installs the newest SDK at build time.",
    why: "The same commit can give a different model tomorrow.",
    example: "```yaml\nbuild:\n  sdk_version: prerelease   # pin 0.24.0a1\n```",
};

pub(crate) const PLAN_IMPOSSIBLE: Rule = Rule {
    code: "SP560",
    name: "build-impossible",
    severity: Error,
    summary: "The settings of the build contradict each other.",
    why: "For example, the requirements file is missing, or a required `cog-base` image does not exist.",
    example: "`build.python_requirements: requirements.txt` without such a file.",
};

pub(crate) const TORCH_UNKNOWN: Rule = Rule {
    code: "SP561",
    name: "torch-unknown",
    severity: Warning,
    summary: "The requested PyTorch is in no table, so its CUDA version is a guess.",
    why: "The build continues with the CUDA of the nearest known release. PyTorch brings its own libraries, so that mostly works.",
    example: "```yaml\nbuild:\n  gpu: true\n  python_packages: [torch==99.0.0]\n```",
};

/// All rules for `cog.yaml` and for the choices of a build, by code.
pub const RULES: &[Rule] = &[
    UNREADABLE,
    UNKNOWN_KEY,
    WRONG_TYPE,
    PYTHON_VERSION_MISSING,
    PYTHON_VERSION_INVALID,
    PYTHON_VERSION_UNSUPPORTED,
    PYTHON_VERSION_UNKNOWN,
    CUDA_VERSION_INVALID,
    CUDNN_MISMATCH,
    CUDA_WITHOUT_GPU,
    REQUIREMENTS_TWICE,
    TARGET_FORM,
    TARGET_TWICE,
    TARGET_MISSING,
    IMAGE_AND_MODEL,
    REPOSITORY_INVALID,
    RUN_COMMAND_INVALID,
    MOUNT_INVALID,
    CONCURRENCY_INVALID,
    ENVIRONMENT_INVALID,
    ENVIRONMENT_RESERVED,
    WEIGHTS_INVALID,
    DEPRECATED_KEY,
    LEGACY_KEY,
    SDK_VERSION_INVALID,
    KEY_NEEDS_NEWER_SDK,
    BASE_IMAGE_FALLBACK,
    TORCH_CUDA_UNKNOWN,
    TENSORFLOW_CUDA_UNKNOWN,
    FRAMEWORK_PYTHON,
    MANAGED_PACKAGE,
    LOCAL_REQUIREMENT,
    FRAMEWORK_VERSION_MISSING,
    CUDA_UNDECIDED,
    TENSORFLOW_CUDNN,
    SDK_NOT_PINNED,
    PLAN_IMPOSSIBLE,
    TORCH_UNKNOWN,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_ascend_within_their_range() {
        assert!(RULES.is_sorted_by(|a, b| a.code < b.code));
        assert!(RULES.iter().all(|rule| ("SP501".."SP580").contains(&rule.code)));
    }

    #[test]
    fn names_are_kebab_case_and_unique() {
        for (index, rule) in RULES.iter().enumerate() {
            assert!(rule.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", rule.name);
            assert!(RULES[..index].iter().all(|other| other.name != rule.name), "{}", rule.name);
        }
    }

    #[test]
    fn every_rule_explains_itself() {
        for rule in RULES {
            assert!(rule.summary.ends_with('.') && rule.why.ends_with('.') && !rule.example.is_empty(), "{}", rule.code);
        }
    }
}
