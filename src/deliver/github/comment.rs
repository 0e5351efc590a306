//! The one comment, kept true by several jobs that know nothing of each other.
//!
//! GitHub has no conditional write, so the last writer wins, and two first writers both create. Therefore: read the check runs, render,
//! read the comments, write what differs, remove what is double, and begin again until a round finds nothing to do. A job that writes an
//! old table reads the check runs once more behind its write and sees what it missed; a job that finds its table there already has read
//! it behind all writes that it knows of. So whoever writes last has looked after everybody's results.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::RngExt as _;
use tokio::time::sleep;

use crate::clients::github::{CheckRun, Comment, GitHub, GitHubError};
use crate::report::github::{COMMENT_BYTES, CommentRow, MARKER, comment_markdown, read_external_id, row_of_text, run_of_comment};

/// Rounds before giving up. Each round but the last means that another job wrote meanwhile.
const ROUNDS: usize = 30;

/// Waits between rounds, so that jobs that ended together do not go on together.
const LONGEST_PAUSE: Duration = Duration::from_millis(300);

/// A repository's requests are limited to 1,000 an hour: with more models than this, only the last job writes the comment.
const MODELS_FOR_EVERY_JOB: usize = 40;

/// The account of a workflow's own token.
const ACTIONS_LOGIN: &str = "github-actions[bot]";

/// How the comment was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommentOutcome {
    /// It is up to date.
    Written,
    /// A later run has written it.
    Newer,
    /// It is left to the last job, because there are too many models.
    LeftToLastJob,
    /// Other jobs kept writing it.
    Unsettled,
}

/// Makes the comment of a pull request say what the check runs of the commit say.
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
        // Nothing to say, and nothing that would be wrong now.
        if rows.is_empty() && ours.is_empty() {
            return Ok(CommentOutcome::Written);
        }
        if settle(github, number, &ours, &body).await? {
            return Ok(CommentOutcome::Written);
        }
        // The thread's own generator: nothing here has to be repeated.
        let pause = rand::rng().random_range(Duration::ZERO..LONGEST_PAUSE);
        sleep(pause).await;
    }
    Ok(CommentOutcome::Unsettled)
}

/// One round. `true` when there was nothing to do.
async fn settle(github: &dyn GitHub, number: u64, ours: &[Comment], body: &str) -> Result<bool, GitHubError> {
    let Some(first) = ours.first() else {
        return match github.create_comment(number, body).await {
            Ok(_) => Ok(false),
            // It may be there all the same; the next round looks.
            Err(error) if error.is_uncertain() => Ok(false),
            Err(error) => Err(error),
        };
    };
    let mut nothing_to_do = true;
    if first.body.as_deref().map(normalized) != Some(normalized(body)) {
        nothing_to_do = false;
        match github.update_comment(first.id, body).await {
            // Removed meanwhile; the next round creates another.
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

/// GitHub may keep line breaks as CR LF and drops white space at the ends.
fn normalized(body: &str) -> String {
    body.replace("\r\n", "\n").trim().to_owned()
}

/// Under which accounts an application with our token writes. Who wrote our check runs writes our comment, and nobody else can have
/// written those: it takes `checks: write`.
fn own_logins(runs: &[CheckRun]) -> Vec<String> {
    let ours = runs.iter().filter(|run| run.external_id.as_deref().and_then(read_external_id).is_some());
    let slugs = ours.filter_map(|run| run.app.as_ref()?.slug.as_deref());
    let mut logins: Vec<String> = slugs.map(|slug| format!("{slug}[bot]")).collect();
    logins.push(ACTIONS_LOGIN.to_owned());
    logins
}

/// Anybody can type our marker, and other applications repeat what people write, so the author counts too.
fn is_ours(comment: &Comment, logins: &[String]) -> bool {
    let is_own_author =
        comment.user.as_ref().is_some_and(|user| user.kind.as_deref() == Some("Bot") && logins.contains(&user.login));
    is_own_author && comment.body.as_deref().is_some_and(|body| body.trim_start().starts_with(MARKER))
}

/// The newest check run of each model, and the newest run of a workflow among them. Check runs of others are not ours to show.
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
