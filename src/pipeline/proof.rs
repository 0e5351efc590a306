//! Proof that an official model contains no secret of the run.

use std::path::PathBuf;

use cog_findings::Finding;
use cog_source::project::Project;

use crate::build::{BuildEnvironment, BuildError, ContextError, NamedSecret, secrets_in_context, secrets_in_image};
use crate::clients::docker::SaveImages;
use crate::domain::cleared::BuiltImage;
use crate::pipeline::grace::at_once;
use crate::pipeline::inspecting::{About, judge};
use crate::pipeline::record::ModelRecord;
use crate::pipeline::stop::Stop;

/// The secrets that a build could contain: tokens, and the variables its steps are given.
pub(super) fn secrets_of(environment: &BuildEnvironment) -> Vec<NamedSecret> {
    environment.tokens.iter().chain(&environment.variables).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Proves that the files a build would send contain none of the secrets.
pub(super) async fn prove_files(record: &mut ModelRecord<'_>, project: &Project, secrets: &[NamedSecret]) -> Result<(), Stop> {
    let (folder, unsent, secrets) = (project.folder.clone(), record.model.plan.build.unsent.clone(), secrets.to_vec());
    let shown_as = project.config_file.rsplit_once('/').map(|(folder, _)| format!("{folder}/")).unwrap_or_default();
    let searching = tokio::task::spawn_blocking(move || secrets_in_context(&folder, &shown_as, &unsent, &secrets));
    let searched = async {
        let crashed = |error: tokio::task::JoinError| ContextError::Unreadable { path: PathBuf::new(), source: error.into() };
        Ok::<_, Stop>(searching.await.map_err(crashed).and_then(|found| found).map_err(BuildError::Context)?)
    };
    let findings = at_once(searched, record.context.cancelled).await?;
    tell(record, &findings)
}

/// Proves that an image contains none of the secrets in its layers, its configuration and its history. Returns the other findings.
pub(super) async fn prove_image(
    record: &mut ModelRecord<'_>,
    image: &BuiltImage,
    images: &dyn SaveImages,
    secrets: &[NamedSecret],
) -> Result<Vec<Finding>, Stop> {
    let findings = at_once(secrets_in_image(images, &image.reference, secrets), record.context.cancelled).await?;
    tell(record, &findings)?;
    Ok(findings)
}

/// Stops on a secret. No setting of the repository changes that.
fn tell(record: &mut ModelRecord<'_>, findings: &[Finding]) -> Result<(), Stop> {
    record.found(findings.to_vec());
    judge(findings, |_finding| About::Configuration).map(drop)
}
