use cog_source::recipe::{Recipe, RecipeStep};

use super::*;

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

fn cause(message: &str, output: &str) -> FailureCause {
    cause_of(message, &lines(output))
}

const FAILED: &str = "executor failed running [/bin/sh -c x]: exit code: 1";

#[test]
fn a_container_that_does_not_start_is_the_daemons_failure() {
    let message = "process \"/bin/sh -c pip install x\" did not complete successfully: failed to create task for container: runc run failed: \
                   unable to start container process: error mounting cgroup: no such device";
    let failure = BuildFailure::read("RUN pip install x", message, Vec::new(), &StepMap::default(), Path::new("/nowhere"));
    assert_eq!(failure.cause, FailureCause::NotStarted);
    assert!(failure.to_string().contains("error mounting cgroup"), "{failure}");
    assert!(failure.hint.unwrap().contains("no instruction of the model ran"));
    let lacks_shell =
        "runc run failed: unable to start container process: exec: \"/bin/sh\": stat /bin/sh: no such file or directory";
    assert_eq!(cause(lacks_shell, ""), FailureCause::Unknown);
}

#[test]
fn the_output_shows_the_cause() {
    let named = |name: &str| name.to_owned();
    let table = [
        ("E: Unable to locate package libfoo", FailureCause::SystemPackageMissing(named("libfoo"))),
        (
            "E: Package 'libgl1-mesa-glx' has no installation candidate",
            FailureCause::SystemPackageMissing(named("libgl1-mesa-glx")),
        ),
        ("E: Version '9' for 'curl' was not found", FailureCause::SystemPackageMissing(named("curl"))),
        (
            "ERROR: Could not find a version that satisfies the requirement torch==99 (from versions: 1.0, 2.0)\nERROR: No matching distribution found for torch==99",
            FailureCause::NoMatchingDistribution(named("torch==99")),
        ),
        ("ERROR: No matching distribution found for foo>=1 (from bar)", FailureCause::NoMatchingDistribution(named("foo>=1"))),
        (
            "Because nosuch was not found in the package registry and you require it",
            FailureCause::NoMatchingDistribution(named("nosuch")),
        ),
        ("ERROR: ResolutionImpossible: for help visit https://pip.pypa.io", FailureCause::Conflict),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", FailureCause::HashMismatch),
        ("error: command 'gcc' failed: No such file or directory", FailureCause::NoCompiler),
        (
            "WARNING: Retrying: Temporary failure in name resolution\nERROR: No matching distribution found for six",
            FailureCause::Network,
        ),
        (
            "Err:1 http://deb.debian.org Temporary failure resolving 'deb.debian.org'\nE: Unable to locate package curl",
            FailureCause::Network,
        ),
        (
            "ssl.SSLError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed\nMax retries exceeded",
            FailureCause::Certificate,
        ),
        ("OSError: [Errno 28] No space left on device", FailureCause::OutOfDisk),
        ("cat: /run/secrets/token: No such file or directory", FailureCause::SecretMissing(named("token"))),
        ("FileNotFoundError: [Errno 2] No such file or directory: '/run/secrets/hf'", FailureCause::SecretMissing(named("hf"))),
        ("/bin/sh: 1: cannot open /run/secrets/token: No such file", FailureCause::SecretMissing(named("token"))),
        ("something else", FailureCause::Unknown),
    ];
    for (output, expected) in table {
        assert_eq!(cause(FAILED, output), expected, "{output}");
    }
}

#[test]
fn buildkits_message_shows_the_cause_too() {
    let table = [
        ("executor failed running [/bin/sh -c x]: exit code: 137", FailureCause::Killed),
        (
            "failed to compute cache key: failed to walk /var/lib/docker: \"/weights.bin\": not found",
            FailureCause::FileMissing("weights.bin".to_owned()),
        ),
        ("failed to compute cache key: \"/w.bin\" not found: not found", FailureCause::FileMissing("w.bin".to_owned())),
        ("failed to calculate checksum of ref abc::def: \"/a/b.txt\": not found", FailureCause::FileMissing("a/b.txt".to_owned())),
        (
            "failed to solve with frontend dockerfile.v0: failed to create LLB definition: pull access denied, repository does not exist",
            FailureCause::BaseImageMissing,
        ),
        ("python:9-slim: failed to resolve source metadata for docker.io/library/python:9-slim", FailureCause::BaseImageMissing),
    ];
    for (message, expected) in table {
        assert_eq!(cause(message, ""), expected, "{message}");
    }
}

fn map(origin: Location) -> StepMap {
    let steps = vec![RecipeStep { dockerfile_line: 2, origin: Some(origin), title: "pip install".to_owned() }];
    let dockerfile = "FROM python\nRUN pip install -r requirements.txt\n".to_owned();
    StepMap::new(&Recipe { base_image: String::new(), dockerfile, files: Vec::new(), steps, ..Recipe::default() })
}

#[test]
fn a_failure_names_its_step_line_and_fix() {
    let origin = Location::at("cog.yaml", 7, 5);
    let output = lines("one\nE: Unable to locate package libfoo");
    let step = "[2/2] RUN pip install -r requirements.txt";
    let failure = BuildFailure::read(step, FAILED, output.clone(), &map(origin.clone()), Path::new("/nonexistent"));
    assert_eq!(failure.to_string(), "the build failed at 'pip install' with exit code 1");
    assert_eq!((failure.location, failure.last_lines), (Some(origin), output));
    assert!(failure.hint.is_some_and(|hint| hint.contains("'libfoo'")));
}

#[test]
fn a_failure_without_a_step_has_buildkits_message() {
    let failure = BuildFailure::read("", "no such frontend", Vec::new(), &StepMap::default(), Path::new("."));
    assert_eq!(failure.to_string(), "the build failed: no such frontend");
    assert_eq!((failure.location, failure.hint), (None, None));
}

#[test]
fn the_requirement_at_fault_is_found_in_its_file() {
    let project = tempfile::tempdir().unwrap();
    std::fs::write(project.path().join("requirements.txt"), "# comment\nsix\nNo_Such.Thing[extra]==1.0 # why\n").unwrap();
    let cause = FailureCause::NoMatchingDistribution("no-such-thing==1.0".to_owned());
    let refined = refine(Location::file("requirements.txt"), &cause, &[], project.path());
    assert_eq!(refined, Location::at("requirements.txt", 3, 1));
    let elsewhere = Location::at("cog.yaml", 4, 1);
    assert_eq!(refine(elsewhere.clone(), &cause, &[], project.path()), elsewhere);
    let other = FailureCause::NoMatchingDistribution("other".to_owned());
    assert_eq!(refine(Location::file("requirements.txt"), &other, &[], project.path()), Location::file("requirements.txt"));
}

#[test]
fn a_wrong_hash_is_reported_on_the_line_of_its_package() {
    let project = tempfile::tempdir().unwrap();
    std::fs::write(project.path().join("requirements.txt"), "# all\nnumpy==1.0\nsix==1.17.0 --hash=sha256:00\n").unwrap();
    let lines = [
        "ERROR: THESE PACKAGES DO NOT MATCH",
        "    six==1.17.0 from https://files.example/six.whl (from -r /tmp/requirements.txt (line 2)):",
    ];
    let lines = lines.map(str::to_owned);
    let refined = refine(Location::file("requirements.txt"), &FailureCause::HashMismatch, &lines, project.path());
    assert_eq!(refined, Location::at("requirements.txt", 3, 1));
}
