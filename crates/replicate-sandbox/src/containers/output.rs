//! The output of a container: followed until it exits, and handed to everybody who listens.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bollard::Docker;
use bollard::query_parameters::LogsOptionsBuilder;
use futures::StreamExt as _;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use super::super::locks::lock;
use super::logs::{LineBuffer, LogLine, Tail, user_line};

const WAITING_LINES: usize = 4096;
/// How long to wait before following the output of a running container again.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(50);

/// The output of a container while it runs.
#[derive(Debug, Clone)]
pub(super) struct Output {
    lines: broadcast::Sender<LogLine>,
    /// The ends of both streams: standard output, standard error.
    tails: Arc<[Mutex<Tail>; 2]>,
    /// Fires when the output is complete, which is when the container exits.
    pub(super) ended: CancellationToken,
}

impl Output {
    pub(super) fn new() -> Self {
        Self { lines: broadcast::channel(WAITING_LINES).0, tails: Arc::default(), ended: CancellationToken::new() }
    }

    /// The lines from now on.
    pub(super) fn subscribe(&self) -> broadcast::Receiver<LogLine> {
        self.lines.subscribe()
    }

    /// Takes a line of a stream, by its number in `tails`.
    fn push(&self, raw: &str, stream: usize) {
        if let Some(line) = user_line(raw) {
            if let Some(tail) = self.tails.get(stream) {
                lock(tail).push(line.text.clone());
            }
            // It is fine if nobody listens.
            drop(self.lines.send(line));
        }
    }

    /// The last line, of standard error if there is one: a busy daemon mixes up the order of the streams, and a traceback is there.
    pub(super) fn last_line(&self) -> Option<String> {
        self.tails.iter().rev().find_map(|tail| lock(tail).last_line().map(str::to_owned))
    }
}

/// Reads the container's output until it exits.
pub(super) async fn follow(docker: Docker, id: String, output: Output) {
    let mut streams = <[Stream; 2]>::default();
    // A daemon may stop following before the last lines are written (seen with Docker 20.10 under load).
    loop {
        read(&docker, &id, true, &mut streams, &output).await;
        if !is_running(&docker, &id).await {
            break;
        }
        tokio::time::sleep(FOLLOW_INTERVAL).await;
    }
    read(&docker, &id, false, &mut streams, &output).await;
    for (which, stream) in streams.iter_mut().enumerate() {
        if let Some(rest) = stream.buffer.rest() {
            output.push(&rest, which);
        }
    }
    output.ended.cancel();
}

/// Whether the container runs. One that cannot be inspected was removed.
async fn is_running(docker: &Docker, id: &str) -> bool {
    let inspected = docker.inspect_container(id, None).await;
    inspected.is_ok_and(|container| container.state.is_some_and(|state| state.running == Some(true)))
}

/// One of the container's two output streams.
#[derive(Default)]
struct Stream {
    buffer: LineBuffer,
    bytes_read: usize,
}

/// Reads on from where the streams stopped.
async fn read(docker: &Docker, id: &str, follow: bool, streams: &mut [Stream; 2], output: &Output) {
    let options = LogsOptionsBuilder::new().follow(follow).stdout(true).stderr(true).build();
    let mut pieces = std::pin::pin!(docker.logs(id, Some(options)));
    let mut known = [streams[0].bytes_read, streams[1].bytes_read];
    while let Some(Ok(piece)) = pieces.next().await {
        let which = usize::from(matches!(piece, bollard::container::LogOutput::StdErr { .. }));
        let bytes = piece.as_ref();
        let skipped = known[which].min(bytes.len());
        known[which] -= skipped;
        streams[which].bytes_read += bytes.len() - skipped;
        for line in streams[which].buffer.push(&bytes[skipped..]) {
            output.push(&line, which);
        }
    }
}
