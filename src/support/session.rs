//! Kills every process of a session. Processes cannot leave it, so all are found: by the process that started the session, or, after that
//! one was killed, by a later one that reads its note.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use process_mark::{Owner, ProcessMark};
use rustix::process::{Pid, Signal, kill_process};

/// Passes over the session: new processes may appear while others are killed.
const ROUNDS: usize = 200;

/// How long killed processes take to disappear.
const PAUSE: Duration = Duration::from_millis(5);

/// The name of a note.
const NOTE: &str = "session";

/// Notes a session in a folder, by its leader. Nobody of the session may write there.
pub(super) fn note(folder: &Path, leader: u32) {
    // A leader that has ended already leaves a session that this process ends.
    let Some(mark) = ProcessMark::of(leader) else { return };
    if let Err(error) = fs::write(folder.join(NOTE), mark.to_string()) {
        tracing::debug!(%error, "a session could not be noted: a kill of this process would leave it");
    }
}

/// Ends the session that a process noted in a folder before it was killed.
pub(super) fn end_noted(folder: &Path) {
    let noted = fs::read_to_string(folder.join(NOTE)).ok();
    let Some(leader) = noted.and_then(|text| ProcessMark::parse(&text)) else { return };
    let session = i32::try_from(leader.process()).ok();
    // A number of another machine, boot or namespace means nothing here. As long as a session has members, no other process gets its
    // number: if one has it, they are gone. What is left of a leader that nobody waited for is not another process.
    let is_there = match leader.owner() {
        Owner::Running => true,
        Owner::Ended => ProcessMark::of(leader.process()).is_none(),
        Owner::Unknown => false,
    };
    if let Some(session) = session.filter(|_| is_there) {
        end(session);
    }
}

/// Ends every process of a session.
pub(super) fn end(session: i32) {
    for _ in 0..ROUNDS {
        let members = members(session);
        if members.is_empty() {
            return;
        }
        for member in members {
            // It may have ended meanwhile.
            let _gone = kill_process(member, Signal::KILL);
        }
        thread::sleep(PAUSE);
    }
    tracing::warn!(session, "a program left processes that could not be ended");
}

/// The processes of a session that still run.
fn members(session: i32) -> Vec<Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let running = numbers
        .filter(|number| fs::read_to_string(format!("/proc/{number}/stat")).is_ok_and(|text| running_in(&text) == Some(session)));
    running.filter_map(Pid::from_raw).collect()
}

/// The session of a process that runs, from the kernel's line about it. Names may hold anything, and end in the last parenthesis.
fn running_in(stat: &str) -> Option<i32> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    // The parent and the group.
    let session = fields.nth(2)?;
    if matches!(state, "Z" | "X") { None } else { session.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_is_read_whatever_a_process_is_called() {
        assert_eq!(running_in("12 (a) b) S 1 12 7 0 -1 4194560"), Some(7));
        assert_eq!(running_in("12 (a) Z 1 12 7 0 -1"), None, "it has ended");
        assert_eq!(running_in(""), None);
    }
}
