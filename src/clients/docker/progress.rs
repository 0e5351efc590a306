//! Turns BuildKit's status messages into events.
//!
//! BuildKit reports a graph of vertices, each of them several times as its state changes, and output in chunks of bytes. Here every
//! change becomes one event, and output becomes lines.

use std::collections::HashMap;
use std::time::Duration;

use bollard::moby::buildkit::v1::{StatusResponse, Vertex};

/// Longer lines of output are split.
const LINE_BYTES: usize = 8 * 1024;

/// An event of a build. Names and lines are untrusted text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildEvent {
    /// A step started.
    Started {
        /// Its name, as in `[3/7] RUN pip install six`.
        step: String,
    },
    /// A step was taken from the cache.
    Cached {
        /// Its name.
        step: String,
    },
    /// A step succeeded.
    Done {
        /// Its name.
        step: String,
        /// How long it took.
        duration: Duration,
    },
    /// A step failed, or was canceled because another step failed.
    Failed {
        /// Its name.
        step: String,
        /// BuildKit's message.
        message: String,
    },
    /// A step printed a line.
    Output {
        /// Its name.
        step: String,
        /// The line, without its line break.
        line: String,
    },
}

#[derive(Debug, Default)]
struct BuildStep {
    name: String,
    started: bool,
    ended: bool,
    unfinished_line: Vec<u8>,
}

/// The known state of a build's steps.
#[derive(Debug, Default)]
pub(super) struct BuildProgress {
    steps: HashMap<String, BuildStep>,
    failed: Option<String>,
}

impl BuildProgress {
    /// The step that failed first, not counting those that were canceled.
    pub(super) fn failed_step(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    /// Records a status message and returns the events that it adds.
    pub(super) fn absorb(&mut self, status: StatusResponse) -> Vec<BuildEvent> {
        let mut events = Vec::new();
        // A step's last output may arrive in the same message as its end, so lines come first.
        for vertex in &status.vertexes {
            self.begin(vertex, &mut events);
        }
        for log in status.logs {
            if let Some(step) = self.steps.get_mut(&log.vertex) {
                step.unfinished_line.extend_from_slice(&log.msg);
                step.take_lines(&mut events);
            }
        }
        for vertex in &status.vertexes {
            self.end(vertex, &mut events);
        }
        events
    }

    fn begin(&mut self, vertex: &Vertex, events: &mut Vec<BuildEvent>) {
        let step = self.steps.entry(vertex.digest.clone()).or_default();
        step.name.clone_from(&vertex.name);
        if !step.started && !vertex.cached && vertex.started.is_some() {
            step.started = true;
            events.push(BuildEvent::Started { step: step.name.clone() });
        }
    }

    fn end(&mut self, vertex: &Vertex, events: &mut Vec<BuildEvent>) {
        let Some(step) = self.steps.get_mut(&vertex.digest) else { return };
        if step.ended || vertex.completed.is_none() && !vertex.cached && vertex.error.is_empty() {
            return;
        }
        step.ended = true;
        step.flush_line(events);
        let name = step.name.clone();
        if !vertex.error.is_empty() {
            if self.failed.is_none() && !vertex.error.contains("context canceled") {
                self.failed = Some(name.clone());
            }
            events.push(BuildEvent::Failed { step: name, message: vertex.error.clone() });
        } else if vertex.cached {
            events.push(BuildEvent::Cached { step: name });
        } else {
            events.push(BuildEvent::Done { step: name, duration: duration_of(vertex) });
        }
    }
}

impl BuildStep {
    fn take_lines(&mut self, events: &mut Vec<BuildEvent>) {
        while let Some(end) = self.unfinished_line.iter().position(|byte| *byte == b'\n') {
            let rest = self.unfinished_line.split_off(end + 1);
            self.flush_line(events);
            self.unfinished_line = rest;
        }
        if self.unfinished_line.len() >= LINE_BYTES {
            self.flush_line(events);
        }
    }

    fn flush_line(&mut self, events: &mut Vec<BuildEvent>) {
        if self.unfinished_line.is_empty() {
            return;
        }
        let bytes = std::mem::take(&mut self.unfinished_line);
        let text = String::from_utf8_lossy(&bytes);
        // Progress bars overwrite their line. Only the last state is kept.
        let line = text.trim_end_matches(['\n', '\r']).rsplit('\r').next().unwrap_or_default();
        events.push(BuildEvent::Output { step: self.name.clone(), line: line.to_owned() });
    }
}

fn duration_of(vertex: &Vertex) -> Duration {
    let (Some(started), Some(completed)) = (&vertex.started, &vertex.completed) else { return Duration::ZERO };
    let nanos = |seconds: i64, nanos: i32| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
    let taken = nanos(completed.seconds, completed.nanos) - nanos(started.seconds, started.nanos);
    u64::try_from(taken).map_or(Duration::ZERO, Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use bollard::moby::buildkit::v1::VertexLog;

    use super::*;

    /// A moment, by way of the field whose type bollard does not re-export.
    fn vertex(name: &str, started: Option<i64>, completed: Option<i64>) -> Vertex {
        let mut vertex = Vertex { digest: format!("sha256:{name}"), name: name.to_owned(), ..Vertex::default() };
        if let Some(seconds) = started {
            vertex.started.get_or_insert_default().seconds = seconds;
        }
        if let Some(seconds) = completed {
            vertex.completed.get_or_insert_default().seconds = seconds;
        }
        vertex
    }

    fn vertices(vertexes: Vec<Vertex>) -> StatusResponse {
        StatusResponse { vertexes, ..StatusResponse::default() }
    }

    fn output(name: &str, text: &[u8]) -> StatusResponse {
        let log = VertexLog { vertex: format!("sha256:{name}"), msg: text.to_vec(), ..VertexLog::default() };
        StatusResponse { logs: vec![log], ..StatusResponse::default() }
    }

    fn lines(events: &[BuildEvent]) -> Vec<&str> {
        events
            .iter()
            .filter_map(|event| if let BuildEvent::Output { line, .. } = event { Some(line.as_str()) } else { None })
            .collect()
    }

    #[test]
    fn a_step_is_reported_once_per_change() {
        let mut progress = BuildProgress::default();
        assert_eq!(progress.absorb(vertices(vec![vertex("a", None, None)])), []);
        assert_eq!(progress.absorb(vertices(vec![vertex("a", Some(5), None)])), [BuildEvent::Started { step: "a".to_owned() }]);
        assert_eq!(progress.absorb(vertices(vec![vertex("a", Some(5), None)])), []);
        let done = BuildEvent::Done { step: "a".to_owned(), duration: Duration::from_secs(3) };
        assert_eq!(progress.absorb(vertices(vec![vertex("a", Some(5), Some(8))])), [done]);
        assert_eq!(progress.absorb(vertices(vec![vertex("a", Some(5), Some(8))])), []);
    }

    #[test]
    fn a_cached_step_never_starts() {
        let cached = Vertex { cached: true, ..vertex("a", Some(5), Some(5)) };
        assert_eq!(BuildProgress::default().absorb(vertices(vec![cached])), [BuildEvent::Cached { step: "a".to_owned() }]);
    }

    #[test]
    fn chunks_become_lines() {
        let mut progress = BuildProgress::default();
        progress.absorb(vertices(vec![vertex("a", Some(1), None)]));
        assert_eq!(lines(&progress.absorb(output("a", b"one\ntw"))), ["one"]);
        assert_eq!(lines(&progress.absorb(output("a", b"o\r\n10%\r100%\nend"))), ["two", "100%"]);
        assert_eq!(lines(&progress.absorb(vertices(vec![vertex("a", Some(1), Some(2))]))), ["end"]);
    }

    #[test]
    fn a_character_cut_in_two_is_whole_again() {
        let mut progress = BuildProgress::default();
        progress.absorb(vertices(vec![vertex("a", Some(1), None)]));
        progress.absorb(output("a", &"ü".as_bytes()[..1]));
        let mut rest = "ü".as_bytes()[1..].to_vec();
        rest.push(b'\n');
        assert_eq!(lines(&progress.absorb(output("a", &rest))), ["ü"]);
    }

    #[test]
    fn an_endless_line_is_broken() {
        let mut progress = BuildProgress::default();
        progress.absorb(vertices(vec![vertex("a", Some(1), None)]));
        assert_eq!(lines(&progress.absorb(output("a", &[b'x'; LINE_BYTES]))).len(), 1);
    }

    #[test]
    fn the_step_to_blame_is_not_one_that_was_given_up() {
        let mut progress = BuildProgress::default();
        let given_up = Vertex { error: "context canceled: context canceled".to_owned(), ..vertex("b", Some(1), Some(2)) };
        let failed = Vertex { error: "executor failed running: exit code: 1".to_owned(), ..vertex("a", Some(1), Some(2)) };
        progress.absorb(vertices(vec![given_up, failed]));
        assert_eq!(progress.failed_step(), Some("a"));
    }
}
