//! Runs a program in a process of its own, which has a limit of memory and of time.
//!
//! jq values can double at every step, and Rust ends a process whose memory is used up. So the process that ends is not ours: the same executable
//! is started with [`WORKER`] as its only argument, without environment, gets the program and the value on standard input, limits its own
//! memory, and writes its answer to standard output. What it says on standard error, such as a panic, goes nowhere.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::meter::{STACK_BYTES, TIME_LIMIT};
use super::program::{self, JqError, JqResult};

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

/// Names the executable that runs jq programs. Without one they run in this process, with every limit but that of memory: in unit tests, and for
/// those who use the crate as a library.
pub fn use_worker(executable: PathBuf) {
    // The first one stays.
    let _again = EXECUTABLE.set(executable);
}

/// What a worker is asked.
#[derive(Debug, Serialize, Deserialize)]
struct Question {
    program: String,
    /// Without a value the program is only compiled.
    input: Option<Value>,
}

/// What a worker answers.
type Answer = Result<Vec<JqResult>, JqError>;

/// Checks that a program compiles.
pub(in crate::verify) fn check(text: &str) -> Result<(), JqError> {
    match EXECUTABLE.get() {
        Some(executable) => ask(executable, &Question { program: text.to_owned(), input: None }).map(drop),
        None => program::check(text),
    }
}

/// The results of a program over a value, up to the first that does not hold. Blocks for a few seconds at most.
pub(in crate::verify) fn results(text: &str, input: &Value) -> Answer {
    match EXECUTABLE.get() {
        Some(executable) => ask(executable, &Question { program: text.to_owned(), input: Some(input.clone()) }),
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
    let answer: Answer = match &question.input {
        Some(input) => program::results(&question.program, input),
        None => program::check(&question.program).map(|()| Vec::new()),
    };
    let text = serde_json::to_vec(&answer)?;
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

fn ask(executable: &Path, question: &Question) -> Answer {
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
        Ok(answer) if status.success() => answer,
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

    #[test]
    fn a_worker_that_says_nothing_is_a_crash_or_out_of_memory() {
        let question = Question { program: ".".to_owned(), input: None };
        let asked = |script: &str| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("worker");
            std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
            ask(&path, &question).unwrap_err().to_string()
        };
        assert_eq!(asked("exit 0"), "the jq program failed: the interpreter crashed");
        assert_eq!(asked("kill -ABRT $$"), "the jq program needs more than 512 MiB of memory");
        assert!(ask(Path::new("/nowhere/worker"), &question).unwrap_err().to_string().contains("could not be started"));
    }
}
