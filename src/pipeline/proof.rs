//! Proof that an official model contains no secret of the run.

use std::path::PathBuf;

use cog_findings::Finding;
use cog_source::project::Project;

use crate::build::{
    BuildEnvironment, BuildError, ContextError, NamedSecret, secret_files, secrets_in_context, secrets_in_image, unprovable,
};
use crate::clients::docker::SaveImages;
use crate::domain::cleared::BuiltImage;
use crate::domain::plan::BuildPlan;
use crate::pipeline::grace::at_once;
use crate::pipeline::inspecting::{About, judge};
use crate::pipeline::record::ModelRecord;
use crate::pipeline::stop::Stop;
use crate::support::ExposeSecret as _;

/// The secrets that a build could contain: tokens, and the variables and files its steps are given.
pub(super) async fn secrets_of(
    environment: &BuildEnvironment,
    plan: &BuildPlan,
    project: &Project,
) -> Result<Vec<NamedSecret>, Stop> {
    let named = environment.tokens.iter().chain(&environment.variables).map(|(name, value)| (name.clone(), value.clone()));
    let mut secrets: Vec<NamedSecret> = named.collect();
    let (plan, folder) = (plan.clone(), project.folder.clone());
    let reading = tokio::task::spawn_blocking(move || secret_files(&plan, &folder));
    for secret in reading.await.unwrap_or_default() {
        let Ok(text) = std::str::from_utf8(secret.value.expose_secret()) else {
            return Err(Stop::misconfigured(
                format!("the build secret '{}' is not text, so its absence from the official model cannot be proven", secret.id),
                "pass it in base64 and decode it in the build step",
            ));
        };
        secrets.push((format!("the build secret '{}'", secret.id), text.into()));
    }
    Ok(secrets)
}

/// Checks that the absence of these secrets can be proven at all, before anything is built.
pub(super) fn check_provable(record: &mut ModelRecord<'_>, secrets: &[NamedSecret]) -> Result<(), Stop> {
    stop_on_secret(record, &unprovable(secrets))
}

/// Proves that the files a build would send contain none of the secrets.
pub(super) async fn prove_files(record: &mut ModelRecord<'_>, project: &Project, secrets: &[NamedSecret]) -> Result<(), Stop> {
    let (folder, unsent, secrets) = (project.folder.clone(), record.model.plan.build.unsent.clone(), secrets.to_vec());
    let shown_as = project.shown("");
    let searching = tokio::task::spawn_blocking(move || secrets_in_context(&folder, &shown_as, &unsent, &secrets));
    let searched = async {
        let crashed = |error: tokio::task::JoinError| ContextError::Unreadable { path: PathBuf::new(), source: error.into() };
        Ok::<_, Stop>(searching.await.map_err(crashed).and_then(|found| found).map_err(BuildError::Context)?)
    };
    let findings = at_once(searched, record.context.cancelled).await?;
    stop_on_secret(record, &findings)
}

/// Proves that an image contains none of the secrets in its layers, its configuration and its history. Returns the other findings.
pub(super) async fn prove_image(
    record: &mut ModelRecord<'_>,
    image: &BuiltImage,
    images: &dyn SaveImages,
    secrets: &[NamedSecret],
) -> Result<Vec<Finding>, Stop> {
    // By its id, as it is pushed: its name can be given to another image meanwhile.
    let findings = at_once(secrets_in_image(images, &image.id, secrets), record.context.cancelled).await?;
    stop_on_secret(record, &findings)?;
    Ok(findings)
}

/// Stops on a secret. No setting of the repository changes that.
fn stop_on_secret(record: &mut ModelRecord<'_>, findings: &[Finding]) -> Result<(), Stop> {
    record.found(findings.to_vec());
    judge(findings, |_finding| About::Configuration).map(drop)
}
