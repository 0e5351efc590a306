//! All records.

use std::collections::{BTreeMap, HashMap, VecDeque};

use tokio::time::Instant;

use super::{Deployment, Job, Model, Upload, Version};

/// Everything the sandbox stores.
#[derive(Debug, Default)]
pub(crate) struct Database {
    /// Key: `owner/name`.
    pub(crate) models: BTreeMap<String, Model>,
    /// Key: the name. Every deployment belongs to the account.
    pub(crate) deployments: BTreeMap<String, Deployment>,
    pub(crate) uploads: HashMap<String, Upload>,
    jobs: HashMap<String, Job>,
    /// Ids of the jobs, oldest first.
    order: Vec<String>,
    /// Finished jobs and when to clear their data, soonest first.
    to_forget: VecDeque<(Instant, String)>,
    sequence: u64,
}

impl Database {
    /// A number greater than all before. Lists are sorted by it.
    pub(crate) fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    pub(crate) fn add_job(&mut self, job: Job) {
        self.order.push(job.id.clone());
        self.jobs.insert(job.id.clone(), job);
    }

    pub(crate) fn job(&self, id: &str) -> Option<&Job> {
        self.jobs.get(id)
    }

    pub(crate) fn job_mut(&mut self, id: &str) -> Option<&mut Job> {
        self.jobs.get_mut(id)
    }

    pub(crate) fn forget_later(&mut self, id: &str, at: Instant) {
        self.to_forget.push_back((at, id.to_owned()));
    }

    /// The next job whose data is due to be cleared.
    pub(crate) fn next_to_forget(&mut self, now: Instant) -> Option<String> {
        self.to_forget.pop_front_if(|(at, _)| *at <= now).map(|(_, id)| id)
    }

    /// Oldest first.
    pub(crate) fn jobs(&self) -> impl DoubleEndedIterator<Item = &Job> {
        self.order.iter().filter_map(|id| self.jobs.get(id))
    }

    /// A version, if it is visible at this time.
    pub(crate) fn version(&self, model: &str, id: &str, now: Instant) -> Option<(&Model, &Version)> {
        let model = self.models.get(model)?;
        let version = model.visible(now).find(|version| version.id == id)?;
        Some((model, version))
    }
}
