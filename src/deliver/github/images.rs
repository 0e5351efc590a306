//! Images for the comment, on a branch of the repository: whoever may read the repository sees them, and nobody else does.
//!
//! The branch is ours alone. It is one commit without a parent, made anew with each change, so that it stays as small as what it shows. It
//! is moved only from where it was read, so that jobs that finish together keep each other's images, and a branch that somebody else made
//! is left as it is.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::RngExt as _;
use tokio::time::{sleep, timeout};

use crate::clients::github::{GitBranch, GitDatabase, GitHubError, NewTreeEntry, Swap};
use crate::deliver::github::image_files::{ImageFile, TooLarge, kept, read};
use crate::deliver::github::job::Job;
use crate::deliver::{DeliveryTarget, Undelivered};
use crate::report::github::{ImagesOfOutput, OutputImage, images_of_outputs};
use crate::report::json::v1::Run;

/// The message of the commit by which the branch is recognized. No workflow is to start for it.
const MESSAGE: &str = "Images of the last runs of safe-push [skip ci]";

const README: &str = "README.md";

const README_TEXT: &str = "\
# Images of outputs

safe-push keeps this branch for the images in its comments on pull requests: those of the last 20 runs, at most 20 MB. Each change replaces
the only commit, so nothing else can live here. The branch can be deleted at any time: then older comments lose their images.
";

/// Writes that follow each other: the tree, the commit and the branch.
const WRITES: usize = 3;

/// Rounds before giving up. In each round but the last, another job was faster.
const ROUNDS: usize = 12;

/// The longest wait after a round.
const MAX_PAUSE: Duration = Duration::from_millis(1500);

/// Jobs of a matrix that finish together wait for the same minute, and would all lose but one. So each takes its turn within this time for
/// every job: `PATIENCE` is enough for the largest matrix with images.
const TURN: Duration = Duration::from_millis(800);

/// The check run waits for its images, but not for ever.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// Images of one job, and of one of many jobs: GitHub limits how much all of them may write.
const IMAGES_OF_JOB: usize = 6;
const IMAGES_OF_LEG: usize = 1;
const FEW_LEGS: u64 = 8;

/// The branch that a workflow keeps images on.
#[derive(Debug, Clone, Copy)]
pub struct ImageBranch<'a> {
    pub name: &'a str,
    /// The repository's id in GraphQL.
    pub repository_id: &'a str,
    pub default_branch: &'a str,
    /// The repository's page.
    pub repository_url: &'a str,
}

/// Images by the names of their models.
pub type ImagesByModel = BTreeMap<String, Vec<OutputImage>>;

/// Why images are not shown.
#[derive(Debug, thiserror::Error)]
enum NotShown {
    #[error("'{name}' is not a name for a branch")]
    Name { name: String },
    #[error("{name} is the default branch")]
    DefaultBranch { name: String },
    #[error("branch {name} is protected")]
    Protected { name: String },
    #[error("branch {name} is not a branch of images: {what}")]
    Foreign { name: String, what: &'static str },
    #[error("the images of this run are larger than the branch may hold")]
    Full,
    #[error("other jobs kept moving branch {name}")]
    Busy { name: String },
    #[error("GitHub took too long")]
    TooSlow,
    #[error(transparent)]
    GitHub(#[from] GitHubError),
}

impl NotShown {
    fn hint(&self) -> Option<&str> {
        match self {
            Self::Name { .. } | Self::DefaultBranch { .. } | Self::Protected { .. } | Self::Foreign { .. } => {
                Some("set preview_branch to the name of a branch that nothing else uses, such as safe-push-images")
            }
            Self::GitHub(GitHubError::Denied { .. } | GitHubError::NotFound { .. }) => {
                Some("give the job `contents: write`, or leave preview_branch out")
            }
            Self::GitHub(GitHubError::Refused { .. }) => {
                Some("exclude the branch from the repository's rulesets, or leave preview_branch out")
            }
            Self::GitHub(error) => error.hint(),
            Self::Full | Self::Busy { .. } | Self::TooSlow => None,
        }
    }
}

impl From<TooLarge> for NotShown {
    fn from(_: TooLarge) -> Self {
        Self::Full
    }
}

/// Uploads the images of a run. Whatever keeps them from being shown is for the log, and the run goes on.
pub async fn show_images(
    github: &dyn GitDatabase,
    branch: ImageBranch<'_>,
    job: &Job,
    run: &Run,
) -> (ImagesByModel, Option<Undelivered>) {
    let most = if job.matrix_job.total > FEW_LEGS { IMAGES_OF_LEG } else { IMAGES_OF_JOB };
    let images = images_of_outputs(run, most);
    if images.is_empty() {
        return (ImagesByModel::new(), None);
    }
    let shown = timeout(PATIENCE, publish(github, branch, job, images)).await.unwrap_or(Err(NotShown::TooSlow));
    match shown {
        Ok(images) => (images, None),
        Err(error) => {
            let hint = error.hint().map(str::to_owned);
            (ImagesByModel::new(), Some(Undelivered { hint, ..Undelivered::new(DeliveryTarget::Images, &error) }))
        }
    }
}

async fn publish(
    github: &dyn GitDatabase,
    place: ImageBranch<'_>,
    job: &Job,
    images: Vec<ImagesOfOutput>,
) -> Result<ImagesByModel, NotShown> {
    let name = || place.name.to_owned();
    if !is_name(place.name) {
        return Err(NotShown::Name { name: name() });
    }
    if place.name == place.default_branch {
        return Err(NotShown::DefaultBranch { name: name() });
    }
    let mut branch = own_branch(github, place).await?;
    let mut own = Vec::new();
    for (number, image) in images.iter().enumerate() {
        let sha = github.create_blob(&image.file.bytes).await?;
        own.push(ImageFile::new(job, number, image.file.media_type, sha, image.file.bytes.len() as u64));
    }
    for round in 0..ROUNDS {
        let has_waited = github.room_for_writes(WRITES).await;
        if has_waited {
            let jobs = u32::try_from(job.matrix_job.total).unwrap_or(u32::MAX);
            sleep(up_to(TURN.saturating_mul(jobs))).await;
        }
        if has_waited || round > 0 {
            branch = own_branch(github, place).await?;
        }
        let before = match &branch {
            Some(branch) => files(github, place, branch).await?,
            None => Vec::new(),
        };
        let Some(kept) = kept(before, &own)? else {
            // Later runs have replaced this one.
            return Ok(ImagesByModel::new());
        };
        let mut entries = vec![NewTreeEntry::of_text(README, README_TEXT)];
        entries.extend(kept.into_iter().map(|file| NewTreeEntry::of_blob(file.path(), file.sha)));
        let tree = github.create_tree(&entries).await?;
        let commit = github.create_root_commit(MESSAGE, &tree).await?;
        let from = branch.as_ref().map(|branch| branch.commit.as_str());
        if github.swap_branch(place.repository_id, place.name, from, &commit).await? == Swap::Moved {
            return Ok(addressed(place, &own, images));
        }
        sleep(up_to(MAX_PAUSE)).await;
    }
    Err(NotShown::Busy { name: name() })
}

/// A random pause. From the thread's own generator: it need not be reproducible.
fn up_to(longest: Duration) -> Duration {
    rand::rng().random_range(Duration::ZERO..=longest)
}

/// The branch, if it is ours or does not exist.
async fn own_branch(github: &dyn GitDatabase, place: ImageBranch<'_>) -> Result<Option<GitBranch>, NotShown> {
    let Some(branch) = github.branch(place.name).await? else { return Ok(None) };
    let name = || place.name.to_owned();
    let foreign = |what| Err(NotShown::Foreign { name: name(), what });
    match &branch {
        GitBranch { is_protected: true, .. } => Err(NotShown::Protected { name: name() }),
        GitBranch { parents: 1.., .. } => foreign("it has a history"),
        GitBranch { message, .. } if message.trim_end() != MESSAGE => foreign("safe-push did not make its commit"),
        _ => Ok(Some(branch)),
    }
}

async fn files(github: &dyn GitDatabase, place: ImageBranch<'_>, branch: &GitBranch) -> Result<Vec<ImageFile>, NotShown> {
    let tree = github.tree(&branch.tree).await?;
    let entries: Vec<_> = tree.entries.into_iter().filter(|entry| entry.path != README).collect();
    let foreign = NotShown::Foreign { name: place.name.to_owned(), what: "it has other files" };
    if tree.is_truncated { Err(foreign) } else { read(&entries).ok_or(foreign) }
}

/// The images with their addresses. `docs/reference/github-actions.md#images-of-the-repository` says why these.
fn addressed(place: ImageBranch<'_>, files: &[ImageFile], images: Vec<ImagesOfOutput>) -> ImagesByModel {
    let mut shown = ImagesByModel::new();
    for (file, image) in files.iter().zip(images) {
        let url = format!("{}/blob/{}/{}?raw=true", place.repository_url, place.name, file.path());
        shown.entry(image.model).or_default().push(OutputImage { url, ..image.shown });
    }
    shown
}

/// Whether a branch can have this name, and an address can hold it as it is. Git allows more.
fn is_name(name: &str) -> bool {
    let is_part = |part: &str| {
        let is_plain = part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        is_plain && !part.is_empty() && !part.starts_with(['.', '-']) && !part.ends_with('.') && !part.ends_with(".lock")
    };
    name.len() <= 100 && !name.contains("..") && name != "HEAD" && !name.starts_with("refs/") && name.split('/').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_branches_are_plain() {
        for name in ["safe-push-images", "previews/safe_push", "v1.2"] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "",
            "/",
            "a//b",
            "a/",
            "../main",
            "a..b",
            ".a",
            "a.lock",
            "-f",
            "a b",
            "a\nb",
            "refs/heads/x",
            "HEAD",
            "ä",
            "a?b",
            "a#b",
        ] {
            assert!(!is_name(name), "{name}");
        }
    }
}
