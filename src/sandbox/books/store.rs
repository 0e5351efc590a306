//! All records together.

use std::collections::{BTreeMap, HashMap};

use tokio::time::Instant;

use super::{Deployment, Job, Model, Upload, Version};

/// Everything the sandbox knows.
#[derive(Debug, Default)]
pub(in crate::sandbox) struct Books {
    /// By `owner/name`.
    pub(in crate::sandbox) models: BTreeMap<String, Model>,
    /// By name; the owner is the account.
    pub(in crate::sandbox) deployments: BTreeMap<String, Deployment>,
    pub(in crate::sandbox) uploads: HashMap<String, Upload>,
    jobs: HashMap<String, Job>,
    /// Ids of the jobs, oldest first.
    order: Vec<String>,
    sequence: u64,
}

impl Books {
    /// A number larger than any before, by which lists are ordered.
    pub(in crate::sandbox) fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    pub(in crate::sandbox) fn add_job(&mut self, job: Job) {
        self.order.push(job.id.clone());
        self.jobs.insert(job.id.clone(), job);
    }

    pub(in crate::sandbox) fn job(&self, id: &str) -> Option<&Job> {
        self.jobs.get(id)
    }

    pub(in crate::sandbox) fn job_mut(&mut self, id: &str) -> Option<&mut Job> {
        self.jobs.get_mut(id)
    }

    /// Oldest first.
    pub(in crate::sandbox) fn jobs(&self) -> impl DoubleEndedIterator<Item = &Job> {
        self.order.iter().filter_map(|id| self.jobs.get(id))
    }

    /// A version that can be seen by now.
    pub(in crate::sandbox) fn version(&self, model: &str, id: &str, now: Instant) -> Option<(&Model, &Version)> {
        let model = self.models.get(model)?;
        let version = model.visible(now).find(|version| version.id == id)?;
        Some((model, version))
    }
}
