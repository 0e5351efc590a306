//! Runs child processes with a time limit, keeps their output up to a size limit, and kills everything they started.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::fs::fchown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::support::locks::lock;
use crate::support::session;

/// Interval between checks whether the process has exited.
const STEP: Duration = Duration::from_millis(10);

/// Attempts to start an executable that is still open for writing (ETXTBSY).
const BUSY_TRIES: usize = 50;

/// Time between SIGTERM and SIGKILL.
const TERM_GRACE: Duration = Duration::from_millis(500);

/// How long pipes may stay open after the process exited: something that it started may still hold them.
const DRAIN_TIME: Duration = Duration::from_millis(500);

/// How a program ended, and its output.
#[derive(Debug)]
pub struct ProcessOutput {
    /// Its exit code, or the signal that ended it.
    pub status: ExitStatus,
    /// Untrusted text.
    pub stdout: CapturedOutput,
    /// Untrusted text.
    pub stderr: CapturedOutput,
}

/// Why a program did not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The program does not exist, or cannot be executed.
    #[error("it could not be started")]
    NotStarted(#[source] io::Error),
    /// Waiting for the process failed.
    #[error("failed to wait for it")]
    NotWatched(#[source] io::Error),
    /// It was killed at the time limit.
    #[error("it took longer than {} s", limit.as_secs())]
    TooLong {
        /// The time limit.
        limit: Duration,
        /// Its output until then, on both streams.
        output: CapturedOutput,
    },
    /// The run was canceled.
    #[error("it was canceled")]
    Cancelled,
}

/// The output of a program: the last part of it when it was too long.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CapturedOutput {
    /// The bytes as they were written.
    pub bytes: Vec<u8>,
    /// Whether a part at the beginning is missing.
    pub cut: bool,
}

impl CapturedOutput {
    /// The output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// Limits of a program.
#[derive(Clone, Copy)]
pub struct Bounds<'a> {
    /// How long it may run.
    pub time: Duration,
    /// How much of each stream is kept.
    pub bytes: usize,
    /// Whether the run was canceled.
    pub cancelled: &'a dyn Fn() -> bool,
}

/// How the processes that a program starts are found again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family<'a> {
    /// They are in its process group, unless they left it.
    Group,
    /// They are in its session, which it starts itself and no process can leave.
    Session {
        /// Where a later process finds it.
        noted_in: &'a Path,
    },
}

/// Runs a program to its end. Blocks.
pub fn run(command: &mut Command, bounds: Bounds<'_>) -> Result<ProcessOutput, ProcessError> {
    run_with_input(command, Stdio::null(), bounds)
}

/// Runs a program that reads `input` to its end. Blocks.
pub fn run_with_input(command: &mut Command, input: Stdio, bounds: Bounds<'_>) -> Result<ProcessOutput, ProcessError> {
    command.stdin(input);
    // A group of its own, so that what it starts can be ended with it.
    command.process_group(0);
    run_family(command, bounds, Family::Group, None)
}

/// Runs a program that starts its own session. Kills every process left in that session. Blocks.
///
/// `owner` gets the pipes that it prints into, so that it can open them by name, as `/dev/stderr`. The session is noted in the folder
/// `noted_in`, for a later process to end if this one is killed.
pub(in crate::support) fn run_in_session(
    command: &mut Command,
    bounds: Bounds<'_>,
    owner: Option<(u32, u32)>,
    noted_in: &Path,
) -> Result<ProcessOutput, ProcessError> {
    command.stdin(Stdio::null());
    run_family(command, bounds, Family::Session { noted_in }, owner)
}

fn run_family(
    command: &mut Command,
    bounds: Bounds<'_>,
    family: Family<'_>,
    owner: Option<(u32, u32)>,
) -> Result<ProcessOutput, ProcessError> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = spawn(command).map_err(ProcessError::NotStarted)?;
    if let Family::Session { noted_in } = family {
        session::note(noted_in, child.id());
    }
    if let Some((user, group)) = owner {
        let give = |pipe: BorrowedFd<'_>| fchown(pipe, Some(user), Some(group));
        // A program that never opens its output by name does not need it.
        let _stdout = child.stdout.as_ref().map(|pipe| give(pipe.as_fd()));
        let _stderr = child.stderr.as_ref().map(|pipe| give(pipe.as_fd()));
    }
    let stdout = StreamReader::start(child.stdout.take(), bounds.bytes);
    let stderr = StreamReader::start(child.stderr.take(), bounds.bytes);
    let watched = watch(&mut child, bounds);
    if watched.is_err() {
        // Before it made its session there is no group to signal.
        let _gone = pid(&child).map(|pid| kill_process(pid, Signal::KILL));
    }
    // Ends what it left running.
    signal(&child, Signal::KILL);
    if let (Family::Session { .. }, Some(leader)) = (family, pid(&child)) {
        session::end(leader.as_raw_nonzero().get());
    }
    let status = match watched {
        Ok(status) => status,
        Err(error) => {
            // It was killed, so this does not wait.
            let _gone = child.wait();
            let output = CapturedOutput { bytes: [stdout.captured().bytes, stderr.captured().bytes].concat(), cut: false };
            return Err(match error {
                ProcessError::TooLong { limit, .. } => ProcessError::TooLong { limit, output },
                other => other,
            });
        }
    };
    Ok(ProcessOutput { status, stdout: stdout.captured(), stderr: stderr.captured() })
}

/// A script that has just been written may still be open in a program that is being started elsewhere.
fn spawn(command: &mut Command) -> io::Result<Child> {
    for _ in 0..BUSY_TRIES {
        match command.spawn() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => thread::sleep(STEP),
            done => return done,
        }
    }
    command.spawn()
}

fn watch(child: &mut Child, bounds: Bounds<'_>) -> Result<ExitStatus, ProcessError> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(ProcessError::NotWatched)? {
            return Ok(status);
        }
        let reason = match () {
            () if (bounds.cancelled)() => ProcessError::Cancelled,
            () if start.elapsed() >= bounds.time => ProcessError::TooLong { limit: bounds.time, output: CapturedOutput::default() },
            () => {
                thread::sleep(STEP);
                continue;
            }
        };
        ask_to_end(child);
        return Err(reason);
    }
}

/// Sends SIGTERM and waits briefly. The caller kills what remains.
fn ask_to_end(child: &mut Child) {
    signal(child, Signal::TERM);
    let asked_at = Instant::now();
    while asked_at.elapsed() < TERM_GRACE && matches!(child.try_wait(), Ok(None)) {
        thread::sleep(STEP);
    }
}

fn signal(child: &Child, signal: Signal) {
    // In most cases the group is empty by now.
    let _nobody = pid(child).map(|group| kill_process_group(group, signal));
}

fn pid(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

/// Reads a stream to its end, so that the program is never kept waiting.
struct StreamReader {
    heard: Arc<Mutex<StreamOutput>>,
    thread: Option<thread::JoinHandle<()>>,
}

#[derive(Default)]
struct StreamOutput {
    bytes: VecDeque<u8>,
    cut: bool,
}

impl StreamReader {
    fn start(stream: Option<impl Read + Send + 'static>, most: usize) -> Self {
        let heard = Arc::new(Mutex::new(StreamOutput::default()));
        let thread = stream.map(|stream| {
            let heard = Arc::clone(&heard);
            thread::spawn(move || listen(stream, most, &heard))
        });
        Self { heard, thread }
    }

    fn captured(&self) -> CapturedOutput {
        let ended = Instant::now();
        while ended.elapsed() < DRAIN_TIME && self.thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            thread::sleep(STEP);
        }
        let heard = lock(&self.heard);
        CapturedOutput { bytes: heard.bytes.iter().copied().collect(), cut: heard.cut }
    }
}

fn listen(mut stream: impl Read, most: usize, heard: &Mutex<StreamOutput>) {
    let mut buffer = [0; 8192];
    // A broken stream has no more output.
    while let Ok(length @ 1..) = stream.read(&mut buffer) {
        let mut heard = lock(heard);
        heard.bytes.extend(&buffer[..length]);
        let surplus = heard.bytes.len().saturating_sub(most);
        heard.bytes.drain(..surplus);
        heard.cut |= surplus > 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, time: Duration, cancelled: &dyn Fn() -> bool) -> Result<ProcessOutput, ProcessError> {
        run(Command::new("sh").args(["-c", script]), Bounds { time, bytes: 100, cancelled })
    }

    fn soon(script: &str) -> Result<ProcessOutput, ProcessError> {
        shell(script, Duration::from_secs(20), &|| false)
    }

    #[test]
    fn both_streams_and_the_end_are_reported() {
        let ended = soon("echo out; echo err >&2; exit 3").unwrap();
        assert_eq!((ended.stdout.text().as_str(), ended.stderr.text().as_str()), ("out\n", "err\n"));
        assert_eq!(ended.status.code(), Some(3));
    }

    #[test]
    fn of_too_many_words_the_last_are_kept() {
        let ended = soon("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done").unwrap();
        assert!(ended.stdout.cut);
        assert_eq!(ended.stdout.bytes.len(), 100);
        assert!(ended.stdout.text().ends_with("line 19999\n"));
    }

    #[test]
    fn nothing_can_be_read_from_standard_input() {
        assert_eq!(soon("cat; echo done").unwrap().stdout.text(), "done\n");
    }

    #[test]
    fn a_program_that_takes_too_long_is_ended_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("mark");
        let script = format!("echo started; (sleep 2; touch {}) & sleep 60", mark.display());
        let start = Instant::now();
        let error = shell(&script, Duration::from_millis(300), &|| false).unwrap_err();
        assert!(matches!(&error, ProcessError::TooLong { output, .. } if output.text() == "started\n"), "{error:?}");
        assert!(start.elapsed() < Duration::from_secs(10));
        thread::sleep(Duration::from_millis(2200));
        assert!(!mark.exists(), "a child went on");
    }

    #[test]
    fn a_program_that_ignores_requests_is_killed() {
        let error = shell("trap '' TERM; while :; do sleep 1; done", Duration::from_millis(200), &|| false).unwrap_err();
        assert!(matches!(error, ProcessError::TooLong { .. }));
    }

    #[test]
    fn what_stays_behind_does_not_keep_anybody_waiting() {
        let start = Instant::now();
        assert!(soon("sleep 60 & echo done").unwrap().status.success());
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_program_can_be_cancelled() {
        let start = Instant::now();
        let error = shell("sleep 60", Duration::from_secs(60), &|| start.elapsed() > Duration::from_millis(100)).unwrap_err();
        assert!(matches!(error, ProcessError::Cancelled));
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_missing_program_is_reported() {
        let error =
            run(&mut Command::new("/nowhere/program"), Bounds { time: Duration::from_secs(1), bytes: 10, cancelled: &|| false })
                .unwrap_err();
        assert!(matches!(error, ProcessError::NotStarted(_)));
    }
}
