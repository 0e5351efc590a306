//! What a comment says about its workflow run, beside the models.

use crate::report::escape;
use crate::report::github::check_id::WorkflowRun;

/// The start of every comment by safe-push.
pub(crate) const MARKER: &str = "<!-- safe-push:summary v2 ";

/// A workflow. Each of a repository has a comment of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workflow {
    /// The name of its file. Letters, digits, `.`, `_` and `-`.
    key: String,
    /// Its name for people.
    name: String,
}

impl Workflow {
    /// From `GITHUB_WORKFLOW_REF`, the place of the workflow's file, and `GITHUB_WORKFLOW`, its name.
    pub fn of(place: Option<&str>, name: Option<&str>) -> Self {
        let file = place.and_then(|place| place.split('@').next()?.rsplit('/').next());
        let key = file.or(name).unwrap_or("workflow");
        let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        Self { key: key.chars().map(|c| if is_plain(&c) { c } else { '-' }).collect(), name: name.unwrap_or(key).to_owned() }
    }
}

/// What a comment says about its workflow run. All of its jobs say the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub workflow: Workflow,
    pub run: WorkflowRun,
    /// The commit that people look at.
    pub head_sha: String,
    /// The workflow run's page.
    pub run_url: Option<String>,
    /// Whether merging may publish: the run is about a pull request.
    pub is_proposal: bool,
}

impl Frame {
    pub(crate) fn marker(&self, finished: usize) -> Marker {
        Marker { workflow: self.workflow.key.clone(), run: self.run, finished }
    }

    /// The last line: where to find more.
    pub(super) fn footer(&self, updated_at: Option<&str>) -> String {
        let mut parts = Vec::new();
        if let Some(url) = &self.run_url {
            parts.extend(escape::link("run", url));
            parts.extend(escape::link("reports", &format!("{url}#artifacts")));
        }
        // Seven characters in a code span: GitHub would turn more into a link and a reference.
        let sha: String = self.head_sha.chars().filter(char::is_ascii_hexdigit).take(7).collect();
        parts.push(format!("commit {}", escape::code(&sha)));
        parts.push(format!("workflow {}", escape::markdown(&cog_findings::text::shorten(&self.workflow.name, 100))));
        parts.extend(updated_at.map(|time| format!("updated {}", escape::markdown(time))));
        format!("\n<sub>{}</sub>\n", parts.join(" · "))
    }
}

/// The hidden line by which a comment is recognized.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marker {
    workflow: String,
    run: WorkflowRun,
    /// How many models had finished.
    finished: usize,
}

impl Marker {
    /// Reads the first line of a comment; `None` for other comments.
    pub(crate) fn read(body: &str) -> Option<Self> {
        let (fields, _) = body.trim_start().strip_prefix(MARKER)?.split_once(" -->")?;
        let field = |name: &str| fields.split(' ').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
        let number = |name: &str| field(name)?.parse::<u64>().ok();
        Some(Self {
            workflow: field("workflow")?.to_owned(),
            run: WorkflowRun { id: number("run")?, attempt: number("attempt")? },
            finished: field("finished")?.parse().ok()?,
        })
    }

    pub(super) fn line(&self) -> String {
        let Self { workflow, run, finished } = self;
        format!("{MARKER}workflow={workflow} run={} attempt={} finished={finished} -->", run.id, run.attempt)
    }

    /// Whether both are of one workflow.
    pub(crate) fn is_of_same_workflow(&self, other: &Self) -> bool {
        self.workflow == other.workflow
    }

    pub(crate) fn is_of_later_run(&self, other: &Self) -> bool {
        self.run > other.run
    }

    /// Whether this one knows more of the same run.
    pub(crate) fn is_ahead_of(&self, other: &Self) -> bool {
        self.run == other.run && self.finished > other.finished
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(workflow: &str) -> Frame {
        Frame {
            workflow: Workflow::of(Some(workflow), Some("models")),
            run: WorkflowRun { id: 42, attempt: 2 },
            head_sha: "0123456789".to_owned(),
            run_url: None,
            is_proposal: true,
        }
    }

    #[test]
    fn a_marker_is_read_back_and_compared() {
        let marker = |workflow, finished| frame(workflow).marker(finished);
        let ours = marker("acme/x/.github/workflows/models.yaml@refs/pull/7/merge", 3);
        assert_eq!(Marker::read(&format!("{}\nmore", ours.line())), Some(ours.clone()));
        assert!(ours.line().contains("workflow=models.yaml "), "{}", ours.line());
        assert!(!ours.is_of_same_workflow(&marker("acme/x/.github/workflows/other.yaml@main", 3)));
        assert!(marker("models.yaml", 4).is_ahead_of(&ours) && !ours.is_ahead_of(&ours));
        let later = Marker { run: WorkflowRun { id: 43, attempt: 1 }, ..ours.clone() };
        assert!(later.is_of_later_run(&ours) && !later.is_ahead_of(&ours));
    }

    #[test]
    fn other_comments_have_none() {
        for body in ["I think <!-- safe-push:summary v2 run=7 --> is nice", "<!-- safe-push:summary v1 run=7 -->", ""] {
            assert_eq!(Marker::read(body), None, "{body}");
        }
    }

    #[test]
    fn a_workflows_file_cannot_break_the_marker() {
        let hostile = Workflow::of(Some("acme/x/.github/workflows/a -->b.yaml@main"), None);
        assert_eq!(hostile.key, "a----b.yaml");
    }
}
