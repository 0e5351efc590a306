//! Runs a program in a process of its own, which has a limit of memory and of time.
//!
//! jq values can double at every step, and Rust ends a process whose memory is used up. So the process that ends is not ours: the same
//! executable is started with [`WORKER`] as its only argument, without environment, gets the program and the value on standard input,
//! limits its own memory, and writes its answer to standard output. What it says on standard error, such as a panic, goes nowhere.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::meter::{STACK_BYTES, TIME_LIMIT};
use super::program::{self, JqError, JqResult};
use crate::support::locks::lock;

/// The argument that makes the executable a worker. Not a command for people, so it is not among the subcommands.
const WORKER: &str = "__jq-worker";

/// The memory of a program's values, in MiB.
const MEMORY_MIB: u64 = 512;

/// The time that a worker may take in all: it stops a program itself at [`TIME_LIMIT`].
const WORKER_TIME: Duration = Duration::from_secs(TIME_LIMIT.as_secs() + 3);

/// A longer answer is not one.
const ANSWER_BYTES: u64 = 16 * 1024 * 1024;

/// How often it is checked whether a worker has ended.
const STEP: Duration = Duration::from_millis(2);

/// The executable that is a worker when it is started as one.
static EXECUTABLE: OnceLock<PathBuf> = OnceLock::new();

/// Names the executable that runs jq programs. Without one they run in this process, with every limit but that of memory: in unit tests,
/// and for those who use the crate as a library.
pub fn use_worker(executable: PathBuf) {
    // The first one stays.
    let _again = EXECUTABLE.set(executable);
}

/// A question to a worker.
#[derive(Debug, Serialize, Deserialize)]
enum Question {
    /// Whether programs compile. The answer is [`Compilation`].
    Compile(Vec<String>),
    /// What a program returns for a value. The answer is [`Results`].
    Run { program: String, input: Value },
}

/// Whether a program compiles.
type Compiled = Result<(), JqError>;

/// Whether each of some programs compiles.
type Compilation = Result<Vec<Compiled>, JqError>;

/// The results of a program over a value, up to the first that does not hold.
type Results = Result<Vec<JqResult>, JqError>;

/// What is known of programs for good: that they compile, or are not valid.
static KNOWN: Mutex<BTreeMap<String, Compiled>> = Mutex::new(BTreeMap::new());

/// Checks that each program compiles, once per process. Blocks for a few seconds at most.
pub(in crate::verify) fn check_all(programs: &[&str]) -> Vec<Compiled> {
    let unknown: Vec<&str> = {
        let known = lock(&KNOWN);
        programs.iter().copied().filter(|text| !known.contains_key(*text)).collect()
    };
    let found = check_with(EXECUTABLE.get().map(PathBuf::as_path), &unknown);
    let found: BTreeMap<&str, Compiled> = unknown.into_iter().zip(found).collect();
    let mut known = lock(&KNOWN);
    let lasting = found.iter().filter(|(_, compiled)| matches!(compiled, Ok(()) | Err(JqError::Invalid(_))));
    known.extend(lasting.map(|(text, compiled)| ((*text).to_owned(), compiled.clone())));
    programs.iter().filter_map(|text| found.get(text).or_else(|| known.get(*text)).cloned()).collect()
}

fn check_with(executable: Option<&Path>, programs: &[&str]) -> Vec<Compiled> {
    if programs.is_empty() {
        return Vec::new();
    }
    let texts: Vec<String> = programs.iter().map(|&text| text.to_owned()).collect();
    let answer = match executable {
        Some(executable) => ask::<Compilation>(executable, &Question::Compile(texts)).flatten(),
        None => program::check(texts),
    };
    match answer {
        Ok(answers) if answers.len() == programs.len() => answers,
        // One of them has ended the worker, so each gets one of its own.
        _ if programs.len() > 1 => programs.iter().flat_map(|text| check_with(executable, &[text])).collect(),
        Ok(_) => vec![Err(JqError::Failed("the interpreter crashed".to_owned()))],
        Err(error) => vec![Err(error)],
    }
}

/// The results of a program over a value, up to the first that does not hold. Blocks for a few seconds at most.
pub(in crate::verify) fn results(text: &str, input: &Value) -> Results {
    match EXECUTABLE.get() {
        Some(executable) => ask(executable, &Question::Run { program: text.to_owned(), input: input.clone() }).flatten(),
        None => program::results(text, input),
    }
}

/// Whether the arguments of this process make it a worker.
pub fn is_worker(arguments: impl Iterator<Item = impl AsRef<OsStr>>) -> bool {
    let mut arguments = arguments.skip(1);
    arguments.next().is_some_and(|first| first.as_ref() == WORKER) && arguments.next().is_none()
}

/// The whole life of a worker.
pub fn work() -> ExitCode {
    match answer_once() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_nobody_listens) => ExitCode::FAILURE,
    }
}

fn answer_once() -> io::Result<()> {
    limit_memory()?;
    let mut text = String::new();
    io::stdin().lock().read_to_string(&mut text)?;
    let question: Question = serde_json::from_str(&text)?;
    let text = match question {
        Question::Compile(programs) => serde_json::to_vec(&program::check(programs)),
        Question::Run { program, input } => serde_json::to_vec(&program::results(&program, &input)),
    }?;
    let mut stdout = io::stdout().lock();
    stdout.write_all(&text)?;
    stdout.flush()
}

/// Limits the memory of this process: what it has now, the stack of a program, and its values. No file is written when it ends.
fn limit_memory() -> io::Result<()> {
    let bytes = address_space()? + STACK_BYTES as u64 + MEMORY_MIB * 1024 * 1024;
    let hard = getrlimit(Resource::As).maximum;
    let bytes = hard.map_or(bytes, |hard| bytes.min(hard));
    setrlimit(Resource::As, Rlimit { current: Some(bytes), maximum: Some(bytes) })?;
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    Ok(())
}

/// The address space that this process has, in bytes.
fn address_space() -> io::Result<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages = statm.split_whitespace().next().and_then(|pages| pages.parse::<u64>().ok());
    Ok(pages.unwrap_or_default() * rustix::param::page_size() as u64)
}

/// The answer of a worker, or why there is none.
fn ask<A: DeserializeOwned>(executable: &Path, question: &Question) -> Result<A, JqError> {
    let failed = |what: &str, error: &dyn std::fmt::Display| JqError::Stopped(format!("could not be {what}: {error}"));
    let text = serde_json::to_vec(question).map_err(|error| failed("passed on", &error))?;
    let mut command = Command::new(executable);
    command.arg(WORKER).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| failed("started", &error))?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    // A worker that has ended reads nothing: what it came to says why.
    let writing = thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(&text)));
    let reading = thread::spawn(move || {
        let mut answer = Vec::new();
        stdout.map(|stdout| stdout.take(ANSWER_BYTES).read_to_end(&mut answer)).transpose().map(|_| answer)
    });
    let status = wait(&mut child).map_err(|error| failed("watched", &error))?;
    let (_, answer) = (writing.join(), reading.join());
    let Some(status) = status else { return Err(JqError::Stopped(format!("runs for more than {} s", TIME_LIMIT.as_secs()))) };
    let answer = answer.ok().and_then(Result::ok).unwrap_or_default();
    match serde_json::from_slice(&answer) {
        Ok(answer) if status.success() => Ok(answer),
        _ => Err(ended_early(status)),
    }
}

/// Rust ends a process that gets no memory by a signal, and so does the kernel.
fn ended_early(status: ExitStatus) -> JqError {
    if status.code().is_none() {
        return JqError::Stopped(format!("needs more than {MEMORY_MIB} MiB of memory"));
    }
    JqError::Failed("the interpreter crashed".to_owned())
}

/// Waits for a worker. `None` when it took too long and was killed.
fn wait(child: &mut Child) -> io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() > WORKER_TIME {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(STEP);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_one_argument_makes_a_worker() {
        assert!(is_worker(["safe-push", WORKER].iter()));
        assert!(
            !is_worker(["safe-push", WORKER, "run"].iter()) && !is_worker(["safe-push", "run"].iter()) && !is_worker([""].iter())
        );
    }

    /// A program that is started as a worker.
    fn worker(folder: &Path, script: &str) -> PathBuf {
        let path = folder.join("worker");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn a_worker_that_says_nothing_is_a_crash_or_out_of_memory() {
        let folder = tempfile::tempdir().unwrap();
        let question = Question::Compile(vec![".".to_owned()]);
        let asked = |script: &str| ask::<Compilation>(&worker(folder.path(), script), &question).unwrap_err().to_string();
        assert_eq!(asked("exit 0"), "the jq program failed: the interpreter crashed");
        assert_eq!(asked("kill -ABRT $$"), "the jq program needs more than 512 MiB of memory");
        let error = ask::<Compilation>(Path::new("/nowhere/worker"), &question).unwrap_err();
        assert!(error.to_string().contains("could not be started"));
    }

    #[test]
    fn a_program_that_ends_the_worker_does_not_speak_for_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = worker(
            folder.path(),
            r#"question=$(cat); case $question in *bad*) exit 1 ;; *) echo '{"Ok": [{"Ok": null}]}' ;; esac"#,
        );
        let found: Vec<bool> = check_with(Some(&path), &["a", "bad", "b"]).iter().map(Result::is_ok).collect();
        assert_eq!(found, [true, false, true]);
        assert!(check_with(Some(&path), &[]).is_empty());
    }

    #[test]
    fn programs_are_checked_together_and_told_apart() {
        // The second time, all are known.
        for _ in 0..2 {
            let found: Vec<bool> = check_all(&[".a", ".a |", "map(.b)", ".a", "nowhere"]).iter().map(Result::is_ok).collect();
            assert_eq!(found, [true, false, true, true, false]);
        }
    }
}
