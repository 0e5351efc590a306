//! The one comment of a workflow on a pull request, kept up to date by several independent jobs.
//!
//! GitHub has no conditional write: the last writer wins, and two first writers both create a comment. So a job writes what it knows unless
//! the comment knows more, and then reads the check runs again. While jobs are still to finish, one of them will write after it, and it is
//! done. Once all have finished, it compares what it wrote with what is true, and repairs. Every writer looks after its own write, so the
//! last write is always a true one. Who writes that all have finished has nothing to look after: nothing comes any more.
//!
//! Requests of one job, with those of its check run: 4 if it is alone, and 6 in a matrix. Jobs that finish in the same moment may each send
//! 2 more, and delete a comment that two of them created.

use std::time::Duration;

use rand::RngExt as _;
use tokio::time::sleep;

use crate::clients::github::{Comment, GitHub, GitHubError};
use crate::deliver::github::overview::Overview;
use crate::report::github::{COMMENT_BYTES, CommentRow, Frame, MARKER, Marker, comment_markdown};

/// Rounds before giving up. In each round but the last, another job wrote at the same time.
const ROUNDS: usize = 30;

/// The longest wait between rounds. Waits are random, so that jobs that finish together do not stay in step.
const MAX_PAUSE: Duration = Duration::from_millis(300);

/// A repository may send 1,000 requests an hour, so with more models than this only the last job writes the comment.
pub const MODELS_FOR_EVERY_JOB: u64 = 40;

/// The result of refreshing the comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommentOutcome {
    /// It is up to date.
    Written,
    /// A later run has written it.
    Newer,
    /// It is left to the last job, because there are too many models.
    LeftToLastJob,
    /// Other jobs kept changing it.
    Unsettled,
}

/// What a job knows when it writes.
#[derive(Debug)]
pub enum CommentKnowledge {
    /// Everything: nobody else writes.
    All(Overview),
    /// What was true a moment ago, and the rows of the job itself.
    SoFar(Overview, Vec<CommentRow>),
}

/// Updates the comment of a pull request.
pub async fn refresh_comment(
    github: &dyn GitHub,
    number: u64,
    frame: &Frame,
    known: CommentKnowledge,
) -> Result<CommentOutcome, GitHubError> {
    let (mut overview, own, is_sole) = match known {
        CommentKnowledge::All(overview) => (overview, Vec::new(), true),
        CommentKnowledge::SoFar(overview, own) => (overview.with(own.clone()), own, false),
    };
    for _round in 0..ROUNDS {
        if !is_sole {
            // The thread's own generator: this need not be reproducible.
            let pause = rand::rng().random_range(Duration::ZERO..MAX_PAUSE);
            sleep(pause).await;
        }
        let state = &overview.state;
        let is_last = is_sole || state.is_complete();
        let marker = frame.marker(state.finished());
        let ours = our_comments(github, number, &marker, &overview).await?;
        let others = || ours.iter().filter_map(|comment| Marker::read(comment.body.as_deref()?));
        if others().any(|other| other.is_of_later_run(&marker)) {
            return Ok(CommentOutcome::Newer);
        }
        // Nothing to write, and nothing outdated to replace.
        if state.rows.is_empty() && ours.is_empty() {
            return Ok(CommentOutcome::Written);
        }
        let is_behind = others().any(|other| other.is_ahead_of(&marker));
        let body = (!is_behind).then(|| comment_markdown(state, frame, COMMENT_BYTES));
        let change = settle(github, number, &ours, body.as_deref()).await?;
        match change {
            CommentChange::None => return Ok(CommentOutcome::Written),
            CommentChange::Changed if is_last => return Ok(CommentOutcome::Written),
            CommentChange::Created if is_sole => return Ok(CommentOutcome::Written),
            // The next round reads the comments again.
            CommentChange::Created | CommentChange::Uncertain if is_last => continue,
            CommentChange::Changed | CommentChange::Created | CommentChange::Uncertain => {}
        }
        let now = Overview::of(&github.check_runs(&frame.head_sha, None).await?, frame.run.id).with_absent(&own);
        // A job that is still running writes later.
        let is_left_to_others = change != CommentChange::Uncertain && !now.state.is_complete();
        if is_left_to_others || change == CommentChange::Changed && now.state == overview.state {
            return Ok(CommentOutcome::Written);
        }
        overview = now;
    }
    Ok(CommentOutcome::Unsettled)
}

/// What a round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CommentChange {
    None,
    Changed,
    /// There was no comment. Another job may have created one at the same time.
    Created,
    /// It is not known whether GitHub did it.
    Uncertain,
}

/// Writes the body, if there is one to write, into the first of our comments, and deletes the others.
async fn settle(github: &dyn GitHub, number: u64, ours: &[Comment], body: Option<&str>) -> Result<CommentChange, GitHubError> {
    let Some(first) = ours.first() else {
        let Some(body) = body else { return Ok(CommentChange::None) };
        return match github.create_comment(number, body).await {
            Ok(_) => Ok(CommentChange::Created),
            // The comment may exist nevertheless; the next round checks.
            Err(error) if error.is_uncertain() => Ok(CommentChange::Uncertain),
            Err(error) => Err(error),
        };
    };
    let mut change = CommentChange::None;
    if let Some(body) = body.filter(|body| first.body.as_deref().map(normalized) != Some(normalized(body))) {
        change = match github.update_comment(first.id, body).await {
            Ok(()) => CommentChange::Changed,
            // It was removed meanwhile; the next round creates another.
            Err(GitHubError::NotFound { .. }) => CommentChange::Uncertain,
            Err(error) => return Err(error),
        };
    }
    for double in ours.iter().skip(1) {
        github.delete_comment(double.id).await?;
    }
    Ok(change)
}

/// Normalizes a body: GitHub may store line breaks as CR LF, and trims white space at the ends.
fn normalized(body: &str) -> String {
    body.replace("\r\n", "\n").trim().to_owned()
}

/// The comments of this workflow, oldest first. Anyone can type our marker, and other applications quote people, so the author counts too.
async fn our_comments(github: &dyn GitHub, number: u64, own: &Marker, overview: &Overview) -> Result<Vec<Comment>, GitHubError> {
    let is_own_author = |comment: &Comment| {
        comment.user.as_ref().is_some_and(|user| user.kind.as_deref() == Some("Bot") && overview.logins.contains(&user.login))
    };
    let is_ours = |comment: &Comment| {
        let Some(body) = comment.body.as_deref().filter(|body| body.trim_start().starts_with(MARKER)) else { return false };
        is_own_author(comment) && Marker::read(body).is_some_and(|marker| marker.is_of_same_workflow(own))
    };
    Ok(github.comments(number).await?.into_iter().filter(is_ours).collect())
}
