//! Whole plans: which image, which CUDA, which wheels, which instructions in which order.

use super::*;
use crate::base_image::{BaseImageAnswer, CogBaseUse};
use crate::config::parse_for;
use crate::sdk::SdkVersion;
use crate::weights::WeightSelection;

mod configurations;

/// The registry's answer in a test.
#[derive(Debug, Clone, Copy)]
enum Registry {
    Has,
    HasNot,
    IsDown,
}

impl Registry {
    fn answer(self) -> BaseImageAnswer {
        match self {
            Self::Has => BaseImageAnswer::Present,
            Self::HasNot => BaseImageAnswer::Absent,
            Self::IsDown => BaseImageAnswer::Unreachable("connection refused".to_owned()),
        }
    }
}

fn facts(registry: Registry) -> RecipeFacts {
    RecipeFacts { cog_base_answer: Some(registry.answer()), ..RecipeFacts::default() }
}

fn with_requirements(facts: RecipeFacts, text: &str) -> RecipeFacts {
    RecipeFacts { requirements: Some(SourceText { file: "requirements.txt".to_owned(), text: text.to_owned() }), ..facts }
}

fn with_sdk(facts: RecipeFacts, version: &str) -> RecipeFacts {
    RecipeFacts { sdk: SdkVersion::parse(version).unwrap(), ..facts }
}

fn config_for(text: &str, facts: &RecipeFacts) -> CogConfig {
    let parsed = parse_for(text, "cog.yaml", Some(&facts.sdk));
    assert!(parsed.is_usable(), "{:#?}", parsed.findings);
    parsed.config.unwrap()
}

fn plan_text(text: &str, facts: &RecipeFacts) -> Recipe {
    plan(&config_for(text, facts), facts).unwrap()
}

const SLIM: &str = "build:\n  python_version: \"3.12\"\nrun: run.py:Runner\n";

#[test]
fn the_smallest_model_on_a_slim_image() {
    let recipe = plan_text(SLIM, &facts(Registry::HasNot));
    assert_eq!(
        recipe.dockerfile,
        r#"FROM python:3.12-slim
COPY .cog/build/hosts .cog/build/resolv.conf /etc/
ENV DEBIAN_FRONTEND=noninteractive
ENV PYTHONUNBUFFERED=1
ENV LD_LIBRARY_PATH=$LD_LIBRARY_PATH:/usr/lib/x86_64-linux-gnu:/usr/local/nvidia/lib64:/usr/local/nvidia/bin
ENV NVIDIA_DRIVER_CAPABILITIES=all
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked set -eu; \
    if ! command -v tini >/dev/null; then \
        apt-get update -qq && apt-get install -qqy --no-install-recommends tini && rm -rf /var/lib/apt/lists/*; \
    fi; \
    if [ ! -e /sbin/tini ]; then ln -s "$(command -v tini)" /sbin/tini; fi
ENTRYPOINT ["/sbin/tini", "--"]
RUN --mount=type=cache,target=/root/.cache/pip CFLAGS="-O3 -funroll-loops -fno-strict-aliasing -flto" PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1 python -m pip install --cache-dir /root/.cache/pip cog==0.23.1 coglet==0.23.1
RUN find / -xdev -type f -name "*python*.so" -printf "%h\n" | sort -u > /etc/ld.so.conf.d/cog.conf && ldconfig
EXPOSE 5000
ENV COG_PREDICT_TYPE_STUB="run.py:Runner"
CMD ["python", "-m", "cog.server.http"]
ARG SOURCE_DATE_EPOCH=315532800
RUN --mount=type=bind,target=/mnt mkdir -p /src && tar -C /mnt --sort=name --owner=0 --group=0 --numeric-owner --mtime=@$SOURCE_DATE_EPOCH --exclude=./.cog -cf - . | tar -C /src -xpf -
WORKDIR /src
"#
    );
    let [hosts, resolver] =
        [".cog/build/hosts", ".cog/build/resolv.conf"].map(|path| RecipeFile { path: path.into(), contents: Vec::new() });
    assert_eq!(recipe.files, [hosts, resolver]);
    assert_eq!((recipe.base_image.as_str(), recipe.uses_cog_base, recipe.cuda), ("python:3.12-slim", false, None));
}

#[test]
fn every_step_starts_on_its_line() {
    let text = "build:\n  python_version: \"3.12\"\n  python_requirements: requirements.txt\n  run:\n    - make a\n    - make b\nrun: run.py:Runner\n";
    let recipe = plan_text(text, &with_requirements(facts(Registry::HasNot), "numpy\n"));
    let lines: Vec<&str> = recipe.dockerfile.lines().collect();
    for step in &recipe.steps {
        let line = lines[step.dockerfile_line - 1];
        assert!(line.starts_with(|first: char| first.is_ascii_uppercase()), "{line}");
    }
    let run = recipe.steps.iter().find(|step| step.title == "run make b").unwrap();
    assert_eq!(lines[run.dockerfile_line - 1], "RUN make b");
    assert_eq!(run.origin, Some(Location::at("cog.yaml", 6, 7).until_column(13)));
    let pip = recipe.steps.iter().find(|step| step.title == "install Python requirements").unwrap();
    assert_eq!(pip.origin, Some(Location::file("requirements.txt")));
}

#[test]
fn requirements_are_mounted_from_the_build_folder() {
    let text = "build: {python_version: '3.12', python_requirements: requirements.txt}\nrun: run.py:Runner\n";
    let recipe = plan_text(text, &with_requirements(facts(Registry::Has), "numpy==1.26.0\ncog\n"));
    let requirements = RecipeFile { path: ".cog/build/requirements.txt".into(), contents: b"numpy==1.26.0\n".to_vec() };
    assert_eq!(recipe.files.last(), Some(&requirements));
    assert!(recipe.dockerfile.contains("--mount=type=bind,source=.cog/build/requirements.txt,target=/tmp/requirements.txt"));
    assert_eq!(recipe.findings[0].code.as_str(), "SP554");
    assert_eq!(recipe.requirements.len(), 1);
}

#[test]
fn nothing_generated_stays_in_the_image() {
    let recipe = plan_text(SLIM, &facts(Registry::HasNot));
    assert!(recipe.dockerfile.ends_with("--exclude=./.cog -cf - . | tar -C /src -xpf -\nWORKDIR /src\n"));
    let newer = DaemonFeatures { copy_exclude: true, ..DaemonFeatures::default() };
    let recipe = plan_text(SLIM, &RecipeFacts { daemon: newer, ..facts(Registry::HasNot) });
    assert!(recipe.dockerfile.ends_with("COPY --exclude=.cog/build . /src\nWORKDIR /src\n"));
}

#[test]
fn nothing_needs_a_daemon_newer_than_20_10() {
    let recipe = plan_text(SLIM, &facts(Registry::HasNot));
    for word in ["syntax", "--link", "--from=cog_build", "COPY --exclude", "<<"] {
        assert!(!recipe.dockerfile.contains(word), "{word}");
    }
    let newer = DaemonFeatures { syntax: Some("docker/dockerfile:1.19".into()), ..DaemonFeatures::default() };
    let recipe = plan_text(SLIM, &RecipeFacts { daemon: newer, ..facts(Registry::HasNot) });
    assert!(recipe.dockerfile.starts_with("# syntax=docker/dockerfile:1.19\nFROM "));
    assert_eq!(recipe.steps[0].dockerfile_line, 2);
}

#[test]
fn the_environment_is_one_sorted_quoted_line() {
    let text = format!("{SLIM}environment: ['B=a b', 'A=1', 'C=']\n");
    let recipe = plan_text(&text, &facts(Registry::Has));
    assert!(recipe.dockerfile.contains("\nENV A=1 B=\"a b\" C=\n"), "{}", recipe.dockerfile);
}

#[test]
fn packages_of_the_base_image_are_not_installed_again() {
    let text = "build: {python_version: '3.12', system_packages: [ffmpeg, 'libfoo bar=1.*', sox]}\nrun: r.py:R\n";
    let on_base = plan_text(text, &facts(Registry::Has)).dockerfile;
    assert!(on_base.contains("apt-get install -qqy libfoo 'bar=1.*' && rm"), "{on_base}");
    let on_slim = plan_text(text, &facts(Registry::HasNot)).dockerfile;
    assert!(on_slim.contains("apt-get install -qqy ffmpeg libfoo 'bar=1.*' sox && rm"), "{on_slim}");
    let all_there = "build: {python_version: '3.12', system_packages: [ffmpeg, sox]}\nrun: r.py:R\n";
    assert!(!plan_text(all_there, &facts(Registry::Has)).dockerfile.contains("apt-get"));
}

#[test]
fn secrets_are_mounted_for_their_command_alone() {
    let text = "build:\n  python_version: '3.12'\n  run:\n    - command: pip install x\n      mounts: [{type: secret, id: pip, target: /etc/pip.conf}]\n    - make\nrun: r.py:R\n";
    let dockerfile = plan_text(text, &facts(Registry::Has)).dockerfile;
    let mark = "--mount=type=bind,source=.cog/build/secret-0,target=/tmp/.secret-0";
    let run = format!("\nRUN --mount=type=secret,id=pip,target=/etc/pip.conf {mark} pip install x\nRUN make\n");
    assert!(dockerfile.contains(&run), "{dockerfile}");
}

#[test]
fn a_secret_of_several_commands_has_one_mark() {
    let mount = |id: &str| format!("mounts: [{{type: secret, id: {id}, target: /run/{id}}}]");
    let text = format!(
        "build:\n  python_version: '3.12'\n  run:\n    - command: a\n      {}\n    - command: b\n      {}\n    - command: c\n      {}\nrun: r.py:R\n",
        mount("one"),
        mount("two"),
        mount("one")
    );
    let recipe = plan_text(&text, &facts(Registry::Has));
    let marks: Vec<_> = recipe.secret_marks.iter().map(|mark| (mark.secret.as_str(), mark.path.as_str())).collect();
    assert_eq!(marks, [("one", ".cog/build/secret-0"), ("two", ".cog/build/secret-1")]);
    assert_eq!(recipe.dockerfile.matches(".secret-0").count(), 2, "{}", recipe.dockerfile);
}

#[test]
fn commands_may_use_pip_where_uv_manages_python() {
    let gpu = "build: {gpu: true, cuda: '12.4', python_version: '3.12', run: [pip install six]}\nrun: r.py:R\n";
    let allowed = "ARG PIP_BREAK_SYSTEM_PACKAGES=1\nARG UV_BREAK_SYSTEM_PACKAGES=1\nRUN pip install six\n";
    let recipe = plan_text(gpu, &facts(Registry::HasNot));
    assert!(recipe.dockerfile.contains(allowed), "{}", recipe.dockerfile);
    // Without commands, and where pip is allowed to, nothing is needed.
    let without = plan_text(&gpu.replace(", run: [pip install six]", ""), &facts(Registry::HasNot));
    let slim = plan_text(&gpu.replace("gpu: true, cuda: '12.4', ", ""), &facts(Registry::HasNot));
    for dockerfile in [without.dockerfile, slim.dockerfile] {
        assert!(!dockerfile.contains("ARG PIP_BREAK"), "{dockerfile}");
    }
}

#[test]
fn the_certificate_comes_before_everything_that_talks_to_the_network() {
    let pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    for registry in [Registry::Has, Registry::HasNot] {
        let recipe = plan_text(SLIM, &RecipeFacts { ca_certificate: Some(pem.to_owned()), ..facts(registry) });
        let place = |text: &str| recipe.dockerfile.find(text).unwrap();
        assert!(place("update-ca-certificates") < place("pip install"));
        assert!(recipe.dockerfile.find("apt-get").is_none_or(|apt| place("update-ca-certificates") < apt));
        assert!(recipe.dockerfile.contains("PIP_CERT=/etc/ssl/certs/ca-certificates.crt"));
        assert!(recipe.files.iter().any(|file| file.contents == pem.as_bytes()));
    }
}

#[test]
fn the_old_sdk_goes_first_on_a_base_image_and_last_elsewhere() {
    let text = "build: {python_version: '3.11', python_requirements: requirements.txt}\npredict: predict.py:Predictor\n";
    for (registry, sdk_first) in [(Registry::Has, true), (Registry::HasNot, false)] {
        let facts = with_sdk(with_requirements(facts(registry), "numpy\n"), "0.16.12");
        let dockerfile = plan_text(text, &facts).dockerfile;
        let sdk = dockerfile.find("cog==0.16.12 'pydantic>=1.9,<3'").unwrap();
        let requirements = dockerfile.find("-r /tmp/requirements.txt").unwrap();
        assert_eq!(sdk < requirements, sdk_first);
        assert!(!dockerfile.contains("TYPE_STUB"), "the old server reads cog.yaml");
    }
}

#[test]
fn the_old_sdk_has_a_default_python() {
    let facts = with_sdk(facts(Registry::HasNot), "0.14.12");
    let recipe = plan_text("predict: predict.py:Predictor\n", &facts);
    assert_eq!(recipe.base_image, "python:3.12-slim");
}

#[test]
fn the_new_sdk_has_no_default_python() {
    let config = parse_for("run: r.py:R\n", "cog.yaml", None).config.unwrap();
    let error = plan(&config, &facts(Registry::HasNot)).unwrap_err();
    assert_eq!(error.findings()[0].code.as_str(), "SP504");
}

#[test]
fn a_prerelease_is_allowed_and_reported() {
    let recipe = plan_text(SLIM, &with_sdk(facts(Registry::Has), "prerelease"));
    assert!(recipe.dockerfile.contains("pip install --cache-dir /root/.cache/pip --pre cog\n"));
    assert_eq!(recipe.findings[0].code.as_str(), "SP559");
}

#[test]
fn targets_and_concurrency_are_passed_to_the_server() {
    let text = format!("{SLIM}train: train.py:train\n");
    let recipe = plan_text(&text, &RecipeFacts { concurrency: Some(4), ..facts(Registry::Has) });
    let expected =
        "ENV COG_PREDICT_TYPE_STUB=\"run.py:Runner\"\nENV COG_TRAIN_TYPE_STUB=\"train.py:train\"\nENV COG_MAX_CONCURRENCY=4\nCMD ";
    assert!(recipe.dockerfile.contains(expected), "{}", recipe.dockerfile);
    let in_file = format!("{text}concurrency: {{max: 2}}\n");
    let recipe = plan_text(&in_file, &RecipeFacts { concurrency: Some(4), ..facts(Registry::Has) });
    assert!(recipe.dockerfile.contains("ENV COG_MAX_CONCURRENCY=2\n"), "the file comes before the decorator");
}

#[test]
fn what_depends_on_the_source_is_told_apart() {
    let text = format!("{SLIM}train: train.py:train\n");
    let with = |concurrency| plan_text(&text, &RecipeFacts { concurrency, ..facts(Registry::HasNot) });
    let (plain, decorated) = (with(None), with(Some(4)));
    let (source, other) = (plain.source.unwrap(), decorated.source.unwrap());
    assert_ne!(plain.dockerfile, decorated.dockerfile);
    assert_eq!(source.other_instructions, other.other_instructions);
    let names: Vec<&str> = other.variables.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, SourcePart::VARIABLES);
    for part in [&other.copy_command, "ENV COG_", "ARG SOURCE_DATE_EPOCH"] {
        assert!(decorated.dockerfile.contains(part) && !other.other_instructions.contains(part), "{part}");
    }
    for kept in ["FROM ", "pip install", "CMD ", "EXPOSE ", "WORKDIR "] {
        assert!(other.other_instructions.contains(kept), "{kept}");
    }
    // Two places that set the same variable cannot be told apart in an image.
    let twice = format!("{text}environment: [COG_MAX_CONCURRENCY=2]\n");
    assert_eq!(plan_text(&twice, &facts(Registry::HasNot)).source, None);
}

#[test]
fn a_config_of_another_name_becomes_cog_yaml_in_the_image() {
    let recipe = plan_text(SLIM, &RecipeFacts { config_name: "my model.yaml".into(), ..facts(Registry::Has) });
    let copies =
        " && cp -p --remove-destination '/src/my model.yaml' /src/cog.yaml && touch -d @$SOURCE_DATE_EPOCH /src\nWORKDIR /src\n";
    assert!(recipe.dockerfile.ends_with(copies), "{}", recipe.dockerfile);
    assert_eq!(recipe.source.unwrap().renamed_config.as_deref(), Some("my model.yaml"));
}

#[test]
fn strip_and_precompile_add_their_steps() {
    let recipe = plan_text(SLIM, &RecipeFacts { strip: true, precompile: true, ..facts(Registry::HasNot) });
    assert!(recipe.dockerfile.contains("coglet==0.23.1 && find / -xdev -type f"));
    let precompile = recipe.dockerfile.find("compileall").unwrap();
    assert!(
        recipe.dockerfile.find("cog==0.23.1").unwrap() < precompile && precompile < recipe.dockerfile.find("ldconfig").unwrap()
    );
}

#[test]
fn separate_weights_come_from_their_own_image() {
    let selection = WeightSelection { folders: vec!["models".into()], files: vec!["a b.bin".into()] };
    let weights = Some(WeightsImage { image: "cog-x-weights".into(), selection });
    let recipe = plan_text(SLIM, &RecipeFacts { weights, ..facts(Registry::Has) });
    assert!(recipe.dockerfile.starts_with("FROM cog-x-weights AS weights\nFROM r8.im/cog-base:python3.12\n"));
    let copies = "RUN --mount=type=bind,from=weights,source=/src,target=/mnt mkdir -p /src && tar -C /mnt --sort=name --owner=0 --group=0 --numeric-owner --mtime=@315532800 -cf - . | tar -C /src -xpf -\nEXPOSE 5000\n";
    assert!(recipe.dockerfile.contains(copies));
    let weights = recipe.weights.unwrap();
    assert_eq!(weights.dockerfile, "FROM scratch\nCOPY [\"models\",\"/src/models\"]\nCOPY [\"a b.bin\",\"/src/a b.bin\"]\n");
    assert!(weights.selection.holds("models/a.bin") && weights.selection.holds("a b.bin") && !weights.selection.holds("run.py"));
}

#[test]
fn local_artifacts_are_mounted_and_their_sdk_removed() {
    let text = "build: {python_version: '3.12', python_requirements: requirements.txt}\nrun: r.py:R\n";
    let recipe = plan_text(text, &with_requirements(facts(Registry::Has), "./wheels/mine-1.0-py3-none-any.whl\n"));
    let mount = "--mount=type=bind,source=wheels/mine-1.0-py3-none-any.whl,target=/tmp/local_package_artifacts/wheels/mine-1.0-py3-none-any.whl";
    assert!(recipe.dockerfile.contains(mount));
    let uninstall = recipe.dockerfile.find("pip uninstall --yes cog coglet").unwrap();
    assert!(uninstall < recipe.dockerfile.find("cog==0.23.1").unwrap());
}

#[test]
fn uv_is_installed_only_where_it_is_needed() {
    let calls_uv = "build: {python_version: '3.12', run: ['uv pip install x']}\nrun: r.py:R\n";
    let mentions_it = "build: {python_version: '3.12', run: ['echo uvicorn/uv.txt']}\nrun: r.py:R\n";
    assert!(
        plan_text(calls_uv, &facts(Registry::Has))
            .dockerfile
            .contains("python -m pip install uv==0.9.26\nENV UV_SYSTEM_PYTHON=true\n")
    );
    assert!(!plan_text(mentions_it, &facts(Registry::Has)).dockerfile.contains("uv=="));
    let image = plan_text(SLIM, &RecipeFacts { uv: UvSource::Image, ..facts(Registry::HasNot) }).dockerfile;
    assert!(image.contains("COPY --from=ghcr.io/astral-sh/uv:0.9.26 /uv /uvx /usr/local/bin/\n"));
}

#[test]
fn a_python_patch_is_kept_on_slim_and_reported_on_a_base_image() {
    let text = "build: {python_version: '3.12.4'}\nrun: r.py:R\n";
    assert_eq!(plan_text(text, &facts(Registry::HasNot)).base_image, "python:3.12.4-slim");
    let recipe = plan_text(text, &facts(Registry::Has));
    assert_eq!(recipe.base_image, "r8.im/cog-base:python3.12");
    assert!(recipe.decisions.iter().any(|decision| decision.what == "Python" && decision.chosen == "3.12"));
}

#[test]
fn a_users_dockerfile_is_used_unchanged() {
    let source = SourceText { file: "Dockerfile".into(), text: "FROM python:3.12\nCOPY . /src\n".into() };
    let facts = RecipeFacts { dockerfile: Some(source.clone()), concurrency: Some(2), ..RecipeFacts::default() };
    let config = config_for(SLIM, &facts);
    assert_eq!(cog_base_candidate(&config, &facts), Ok(None));
    let recipe = plan(&config, &facts).unwrap();
    assert_eq!(recipe.dockerfile, source.text);
    assert_eq!(recipe.dockerfile_of_the_project.as_deref(), Some(source.file.as_str()));
    assert_eq!(recipe.environment_on_top, BTreeMap::from([("COG_MAX_CONCURRENCY".to_owned(), "2".to_owned())]));
    assert_eq!(recipe.base_image, "python:3.12");
    assert_eq!(recipe.steps[1].origin.as_ref().map(ToString::to_string).as_deref(), Some("Dockerfile:2"));
}

#[test]
fn the_candidate_is_the_base_image_if_it_exists() {
    let text = "build: {gpu: true, python_version: '3.11', python_packages: [torch==2.1.2]}\nrun: r.py:R\n";
    let facts = facts(Registry::Has);
    let config = config_for(text, &facts);
    let candidate = cog_base_candidate(&config, &facts).unwrap().unwrap();
    assert_eq!(candidate, "r8.im/cog-base:cuda12.1-python3.11-torch2.1.2");
    assert_eq!(plan(&config, &facts).unwrap().base_image, candidate);
}

#[test]
fn impossible_plans_are_reported_with_their_location() {
    let gpu =
        |packages: &str| format!("build:\n  gpu: true\n  python_version: '3.11'\n  python_packages: [{packages}]\nrun: r.py:R\n");
    let required = RecipeFacts { cog_base: CogBaseUse::Required, ..facts(Registry::HasNot) };
    for (text, facts, code, line) in [
        (gpu("torch"), facts(Registry::HasNot), "SP556", 4),
        (gpu("tensorflow==2.99.0"), facts(Registry::HasNot), "SP557", 4),
        (gpu("'-r other.txt'"), facts(Registry::HasNot), "SP555", 4),
        (
            "build:\n  python_version: '3.11'\n  python_requirements: none.txt\nrun: r.py:R\n".to_owned(),
            facts(Registry::Has),
            "SP560",
            3,
        ),
        (SLIM.to_owned(), required, "SP560", 2),
    ] {
        let error = plan(&config_for(&text, &facts), &facts).unwrap_err();
        let finding = &error.findings()[0];
        let found = finding.location.as_ref().and_then(|location| location.line);
        assert_eq!((finding.code.as_str(), found), (code, Some(line)), "{text}");
        assert!(finding.hint.is_some(), "{text}");
    }
}

#[test]
fn warnings_about_versions_point_to_their_line() {
    let text = "build:\n  gpu: true\n  python_version: '3.13'\n  cuda: '11.8'\n  python_packages:\n    - numpy\n    - torch==2.4.0\n    - torch\nrun: r.py:R\n";
    let found = plan_text(text, &facts(Registry::IsDown)).findings;
    let places: Vec<String> = found
        .iter()
        .map(|finding| format!("{} {}", finding.code, finding.location.as_ref().and_then(|location| location.line).unwrap_or(0)))
        .collect();
    assert_eq!(places, ["SP553 7", "SP550 0"]);
    let unknown = text.replace("2.4.0", "2.9.0");
    let found = plan_text(&unknown, &facts(Registry::Has)).findings;
    assert_eq!((found[0].code.as_str(), found[0].location.as_ref().and_then(|location| location.line)), ("SP551", Some(4)));
}

const EVERYTHING: &str = "build:\n  python_version: \"3.11\"\n  GPU\n  python_packages: [numpy==1.26.4]\n  system_packages: [ffmpeg]\n  \
     run: [early]\n  pre_install: [late]\nrun: r.py:R\nenvironment: [B=2, A=1]\n";

#[test]
fn the_instructions_of_the_cog_cli_come_in_its_order() {
    let kinds = |lines: &[String]| {
        let known = [
            "DEBIAN_FRONTEND",
            "tini-$",
            "ENTRYPOINT",
            "curl && rm",
            "ENV A=1 B=2",
            "ffmpeg",
            "xz-utils",
            "astral-sh/uv",
            "uv python install",
            "requirements.txt /tmp",
            "uv run pip",
            "uv pip install",
            "ld.so.conf",
            "RUN early",
            "RUN late",
            "WORKDIR",
            "CMD",
            "COPY . /src",
        ];
        let found = |line: &String| known.iter().find(|word| line.contains(**word)).copied();
        lines.iter().filter_map(found).collect::<Vec<_>>()
    };
    let whole = |text: &str, registry| {
        let facts = RecipeFacts { conventions: Conventions::CogCli, ..facts(registry) };
        plan_text(text, &facts).dockerfile.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let packages = ["requirements.txt /tmp", "uv run pip", "uv pip install"];
    let end = ["RUN early", "RUN late", "WORKDIR", "CMD", "COPY . /src"];
    let start = ["DEBIAN_FRONTEND", "tini-$", "ENTRYPOINT", "ENV A=1 B=2", "ffmpeg"];
    let (cpu, gpu) = (EVERYTHING.replace("GPU", "gpu: false"), EVERYTHING.replace("GPU", "gpu: true"));
    let slim = [&start[..], &["astral-sh/uv"], &packages, &["ld.so.conf"], &end].concat();
    assert_eq!(kinds(&whole(&cpu, Registry::HasNot)), slim);
    assert_eq!(whole(&cpu, Registry::HasNot)[..2], ["#syntax=docker/dockerfile:1.4", "FROM python:3.11-slim"]);
    let cuda = [&start[..], &["xz-utils", "astral-sh/uv", "uv python install"], &packages, &["ld.so.conf"], &end].concat();
    assert_eq!(kinds(&whole(&gpu, Registry::HasNot)), cuda);
    // ffmpeg is in the base image, and the rest of the list is still installed.
    let base = [&["ENV A=1 B=2", "astral-sh/uv"][..], &packages, &end].concat();
    assert_eq!(kinds(&whole(&gpu, Registry::Has)), base);
    assert!(whole(&gpu, Registry::Has).iter().any(|line| line.contains("install -qqy  &&")));
}
