//! The one comment of a pull request, kept up to date by several independent jobs.
//!
//! GitHub has no conditional write: the last writer wins, and two first writers both create a comment. So each job reads the check runs,
//! renders, reads the comments, writes what differs, removes duplicates, and repeats until a round has nothing to do. A job that wrote an
//! outdated table reads the check runs again after its write and notices. A job that finds its table in place has read it after all earlier
//! writes. So the last writer has always seen the results of all jobs.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::RngExt as _;
use tokio::time::sleep;

use crate::clients::github::{CheckRun, Comment, GitHub, GitHubError};
use crate::report::github::{COMMENT_BYTES, CommentRow, MARKER, comment_markdown, read_external_id, row_of_text, run_of_comment};

/// Rounds before giving up. In each round but the last, another job wrote at the same time.
const ROUNDS: usize = 30;

/// The longest wait between rounds. Waits are random, so that jobs that finish together do not stay in step.
const LONGEST_PAUSE: Duration = Duration::from_millis(300);

/// A repository may send 1,000 requests an hour, so with more models than this only the last job writes the comment.
const MODELS_FOR_EVERY_JOB: usize = 40;

/// The account of a workflow's own token.
const ACTIONS_LOGIN: &str = "github-actions[bot]";

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

/// Updates the comment of a pull request from the check runs of the commit.
pub async fn refresh_comment(
    github: &dyn GitHub,
    number: u64,
    head_sha: &str,
    run_id: u64,
    is_last_job: bool,
) -> Result<CommentOutcome, GitHubError> {
    for _round in 0..ROUNDS {
        let runs = github.check_runs(head_sha, None).await?;
        let logins = own_logins(&runs);
        let (rows, newest_run) = rows(runs);
        if rows.len() > MODELS_FOR_EVERY_JOB && !is_last_job {
            return Ok(CommentOutcome::LeftToLastJob);
        }
        let run = newest_run.max(run_id);
        let body = comment_markdown(&rows, head_sha, run, COMMENT_BYTES);
        let ours: Vec<Comment> = github.comments(number).await?.into_iter().filter(|comment| is_ours(comment, &logins)).collect();
        if ours.iter().any(|comment| comment.body.as_deref().and_then(run_of_comment).is_some_and(|other| other > run)) {
            return Ok(CommentOutcome::Newer);
        }
        // Nothing to write, and nothing outdated to replace.
        if rows.is_empty() && ours.is_empty() {
            return Ok(CommentOutcome::Written);
        }
        if settle(github, number, &ours, &body).await? {
            return Ok(CommentOutcome::Written);
        }
        // The thread's own generator: this need not be reproducible.
        let pause = rand::rng().random_range(Duration::ZERO..LONGEST_PAUSE);
        sleep(pause).await;
    }
    Ok(CommentOutcome::Unsettled)
}

/// One round. Returns `true` if there was nothing to do.
async fn settle(github: &dyn GitHub, number: u64, ours: &[Comment], body: &str) -> Result<bool, GitHubError> {
    let Some(first) = ours.first() else {
        return match github.create_comment(number, body).await {
            Ok(_) => Ok(false),
            // The comment may exist nevertheless; the next round checks.
            Err(error) if error.is_uncertain() => Ok(false),
            Err(error) => Err(error),
        };
    };
    let mut nothing_to_do = true;
    if first.body.as_deref().map(normalized) != Some(normalized(body)) {
        nothing_to_do = false;
        match github.update_comment(first.id, body).await {
            // It was removed meanwhile; the next round creates another.
            Ok(()) | Err(GitHubError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    for double in ours.iter().skip(1) {
        nothing_to_do = false;
        github.delete_comment(double.id).await?;
    }
    Ok(nothing_to_do)
}

/// Normalizes a body: GitHub may store line breaks as CR LF, and trims white space at the ends.
fn normalized(body: &str) -> String {
    body.replace("\r\n", "\n").trim().to_owned()
}

/// The accounts under which applications with our token write. Whoever created our check runs writes our comment, and creating them takes
/// `checks: write`.
fn own_logins(runs: &[CheckRun]) -> Vec<String> {
    let ours = runs.iter().filter(|run| run.external_id.as_deref().and_then(read_external_id).is_some());
    let slugs = ours.filter_map(|run| run.app.as_ref()?.slug.as_deref());
    let mut logins: Vec<String> = slugs.map(|slug| format!("{slug}[bot]")).collect();
    logins.push(ACTIONS_LOGIN.to_owned());
    logins
}

/// Whether we wrote a comment. Anyone can type our marker, and other applications quote people, so the author counts too.
fn is_ours(comment: &Comment, logins: &[String]) -> bool {
    let is_own_author =
        comment.user.as_ref().is_some_and(|user| user.kind.as_deref() == Some("Bot") && logins.contains(&user.login));
    is_own_author && comment.body.as_deref().is_some_and(|body| body.trim_start().starts_with(MARKER))
}

/// The newest check run of each model, and the newest workflow run among them. Check runs by others are left out.
pub(super) fn rows(runs: Vec<CheckRun>) -> (Vec<CommentRow>, u64) {
    let mut newest: BTreeMap<String, ((u64, u64, u64), CheckRun)> = BTreeMap::new();
    for run in runs {
        let Some((run_id, attempt, model)) = run.external_id.as_deref().and_then(read_external_id) else { continue };
        let (key, model) = ((run_id, attempt, run.id), model.to_owned());
        if newest.get(&model).is_none_or(|(other, _)| *other < key) {
            newest.insert(model, (key, run));
        }
    }
    let last = newest.values().map(|((run_id, ..), _)| *run_id).max().unwrap_or_default();
    let rows = newest.into_iter().map(|(name, (_, run))| {
        let is_finished = run.status == "completed";
        let row = run.output.text.as_deref().and_then(row_of_text).filter(|row| is_finished && row.name == name);
        CommentRow { name, url: run.html_url, row, is_finished }
    });
    (rows.collect(), last)
}
