//! A run that is killed with no chance to tidy up, and the run behind it.

use std::fmt::Write as _;
use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::process::Command;
use std::time::{Duration, Instant};

use replicate_sandbox::{Sandbox, Visibility};
use test_support::{Repository, ca_file, docker_is_there, sandbox_options};

const CONFIG: &str = "cog-safe-push-configs/text-stats.yaml";
const QUICK: &str = "        words = self.word";
const SLOW: &str = "        import time\n        time.sleep(600)\n        words = self.word";

/// Containers of images with this word in their name, whatever their state.
fn containers(word: &str) -> String {
    let output = Command::new("docker").args(["ps", "--all", "--format", "{{.ID}} {{.Image}} {{.Status}}"]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).lines().filter(|line| line.contains(word)).collect::<Vec<_>>().join("\n")
}

fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(240);
    while !happened() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn containers_of_a_killed_run_go_with_the_next_one() {
    if !docker_is_there() {
        return;
    }
    let repository = Repository::example("text-stats").variable("COG_CA_CERT", &ca_file());
    // A unique name distinguishes this test's containers from those of others.
    let name = format!("text-stats-killed-{}", std::process::id());
    repository.edit(CONFIG, "acme/text-stats", &format!("acme/{name}"));
    repository.edit("predict.py", QUICK, SLOW);
    let mut child = repository.start("run --sandbox");
    wait_until("no container was started", || !containers(&name).is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!containers(&name).is_empty(), "whoever is killed cannot tidy up");

    repository.edit("predict.py", SLOW, QUICK);
    let seen = repository.run("run --sandbox");
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(containers(&name), "", "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_run_behind_a_killed_one_publishes_once() {
    if !docker_is_there() {
        return;
    }
    let sandbox = Sandbox::start(sandbox_options()).await.unwrap();
    sandbox.create_model("acme/text-stats", Visibility::Public, "cpu").unwrap();
    let repository = Repository::example("text-stats").on(&sandbox);
    repository.edit("predict.py", QUICK, SLOW);
    let mut child = repository.start("run");
    tokio::task::block_in_place(|| {
        wait_until("no prediction was started", || sandbox.predictions().iter().any(|job| job.status == "processing"));
        child.kill().unwrap();
        child.wait().unwrap();
    });
    assert_eq!((sandbox.versions("acme/text-stats").len(), sandbox.versions("acme/text-stats-test").len()), (0, 1));

    repository.edit("predict.py", SLOW, QUICK);
    let seen = tokio::task::block_in_place(|| repository.run("run"));
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(sandbox.versions("acme/text-stats").len(), 1, "published once");
    let report = repository.report();
    let live = report["models"][0]["versions"]["live"].as_str().unwrap();
    assert_eq!(live, format!("acme/text-stats:{}", sandbox.versions("acme/text-stats")[0].id));
    assert_eq!(report["models"][0]["layers"]["equal"], true);
    sandbox.stop().await;
}

/// Runs of a small model that can be told from all others: by the model's name, by a label of its images, and by the folder for temporary
/// files.
struct Runs {
    name: String,
    temporary: tempfile::TempDir,
}

impl Runs {
    fn new(purpose: &str) -> Self {
        Self { name: format!("text-stats-{purpose}-{}", std::process::id()), temporary: tempfile::tempdir().unwrap() }
    }

    fn repository(&self) -> Repository {
        let repository = Repository::example("text-stats")
            .variable("COG_CA_CERT", &ca_file())
            .variable("TMPDIR", &self.temporary.path().display().to_string());
        repository.edit(CONFIG, "acme/text-stats", &format!("acme/{}", self.name));
        repository.edit(CONFIG, "iterations: 6", "iterations: 1");
        // Goes into a label of every image.
        repository.write("cog.yaml", &format!("{}image: {}\n", repository.read("cog.yaml"), self.name));
        repository
    }

    /// Names of images that contain the model's.
    fn image_names(&self) -> Vec<String> {
        let named = docker(&["images", "--all", "--digests", "--format", "{{.Repository}}:{{.Tag}} {{.Digest}}"]);
        named.lines().filter(|line| line.contains(&self.name)).map(str::to_owned).collect()
    }

    /// Images by the model's name or label, whether they have a name or not.
    fn images(&self) -> Vec<String> {
        let mut found = self.image_names();
        let ids = docker(&["images", "--all", "--quiet", "--no-trunc", "--filter", "label=run.cog.config"]);
        for id in ids.lines() {
            // It may be removed meanwhile, when it is another test's.
            let output = Command::new("docker").args(["inspect", "--format", "{{json .Config.Labels}}", id]).output().unwrap();
            if String::from_utf8_lossy(&output.stdout).contains(&self.name) {
                found.push(id.to_owned());
            }
        }
        found
    }

    fn folders(&self) -> Vec<String> {
        let entries = fs::read_dir(self.temporary.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }
}

/// A list of the daemon. It fails when something is removed while the daemon lists it.
fn docker(arguments: &[&str]) -> String {
    let list = || Command::new("docker").args(arguments).output().unwrap();
    let output = (0..5).map(|_| list()).find(|output| output.status.success()).unwrap_or_else(list);
    assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Containers and image names that carry the mark of one of these processes.
fn marked(processes: &[u32]) -> Vec<String> {
    let containers = docker(&["ps", "--all", "--format", "container {{.Label \"dev.safe-push.process\"}}"]);
    let images = docker(&["images", "--all", "--format", "image {{.Repository}}:{{.Tag}}"]);
    let is_of = |line: &str, process: u32| {
        [" ", ":", ":safe-push-", ":safe-push-sandbox-"].iter().any(|before| line.contains(&format!("{before}{process}-")))
    };
    let lines = containers.lines().chain(images.lines());
    lines.filter(|line| processes.iter().any(|process| is_of(line, *process))).map(str::to_owned).collect()
}

const KILLED: u32 = 20;
const LANES: u32 = 2;

#[test]
fn twenty_killed_runs_leave_nothing_after_the_next_one() {
    if !docker_is_there() {
        return;
    }
    let runs = Runs::new("twenty");
    let repository = runs.repository();
    // Its packages are installed once. A run that finds them in the cache tells how long those below take.
    let first = repository.run("run --sandbox");
    assert_eq!(first.code, Some(0), "{first}");
    let started = Instant::now();
    let second = repository.run("run --sandbox");
    let whole = started.elapsed();
    assert_eq!(second.code, Some(0), "{second}");

    // One moment in each twentieth of a run, at random within it. Several runs at once are slower, so no moment comes too late.
    let lane = |lane: u32| {
        let repository = runs.repository();
        let kill = |index: u32| {
            let within = f64::from(u32::try_from(RandomState::new().hash_one(index) % 1000).unwrap()) / 1000.0;
            let moment = whole.mul_f64((f64::from(index) + within) / f64::from(KILLED));
            let mut child = repository.start("run --sandbox");
            std::thread::sleep(moment);
            child.kill().unwrap();
            child.wait().unwrap();
            // The next run removes what this one leaves.
            (child.id(), moment, !runs.folders().is_empty())
        };
        (0..KILLED).filter(|index| index % LANES == lane).map(kill).collect::<Vec<_>>()
    };
    let killed: Vec<(u32, Duration, bool)> = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES).map(|number| scope.spawn(move || lane(number))).collect();
        lanes.into_iter().flat_map(|lane| lane.join().unwrap()).collect()
    });
    let processes: Vec<u32> = killed.iter().map(|(process, ..)| *process).collect();
    assert!(killed.iter().any(|(.., leaves_something)| *leaves_something), "whoever is killed cannot tidy up");

    let last = repository.run("run --sandbox");
    let mut report = String::new();
    for (process, moment, _) in &killed {
        writeln!(report, "{process} after {moment:?}").unwrap();
    }
    assert_eq!(last.code, Some(0), "{last}\n{report}");
    assert_eq!(marked(&processes), Vec::<String>::new(), "{report}");
    // Names only: what a killed client was building may stay in the daemon without a name, as part of its cache.
    assert_eq!(runs.image_names(), Vec::<String>::new(), "{report}");
    assert_eq!(runs.folders(), Vec::<String>::new(), "{report}");
    assert_eq!(containers(&runs.name), "", "{report}");
}

#[test]
fn ten_runs_keep_no_image_and_no_folder() {
    if !docker_is_there() {
        return;
    }
    let runs = Runs::new("ten");
    // Each run changes the project, so that its image has a layer of its own. Both lanes make the same images, so that one takes the last
    // name from an image while the other names it.
    let lane = |count: usize| {
        let repository = runs.repository();
        for run in 0..count {
            repository.write("notes.txt", &format!("{run} {}", "x".repeat(3_000_000)));
            let seen = repository.run("run --sandbox --no-compare-outputs");
            assert_eq!(seen.code, Some(0), "{seen}");
        }
    };
    let lane = &lane;
    std::thread::scope(|scope| {
        let lanes = [5, 5].into_iter().map(|count| scope.spawn(move || lane(count)));
        let lanes: Vec<_> = lanes.collect();
        // What is not there in the end has to be found while it is.
        wait_until("no image was made", || {
            assert!(!lanes.iter().all(std::thread::ScopedJoinHandle::is_finished), "the runs ended, and no image of them was seen");
            !runs.images().is_empty()
        });
    });
    assert_eq!((runs.images(), runs.folders()), (Vec::new(), Vec::new()));
    assert_eq!(containers(&runs.name), "");
}
