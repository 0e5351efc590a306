//! The test model, and the destination of trainings: found, or created.

use cog_findings::Finding;
use tokio_util::sync::CancellationToken;

use crate::clients::replicate::{Account, Model, ModelCreation, NewModel, Replicate, Visibility};
use crate::domain::identity::ModelRef;
use crate::publish::services::unless_cancelled;
use crate::publish::{PublishError, rules};

/// The test model, and whether it was created by this call.
pub(super) async fn find_or_create(
    model: &ModelRef,
    hardware: Option<&str>,
    replicate: &dyn Replicate,
    cancelled: &CancellationToken,
) -> Result<(Model, bool), PublishError> {
    if let Some(found) = unless_cancelled(replicate.model(model), cancelled).await? {
        return Ok((found, false));
    }
    let account = unless_cancelled(replicate.account(), cancelled).await?;
    let new = new_test_model(model, hardware, &account)?;
    create(&new, replicate, cancelled).await
}

async fn create(new: &NewModel, replicate: &dyn Replicate, cancelled: &CancellationToken) -> Result<(Model, bool), PublishError> {
    let model = &new.model;
    match unless_cancelled(replicate.create_model(new), cancelled).await? {
        ModelCreation::Created(made) => Ok((*made, true)),
        // Created meanwhile, for example by another job of the same matrix.
        ModelCreation::AlreadyThere => match unless_cancelled(replicate.model(model), cancelled).await? {
            Some(found) => Ok((found, false)),
            None => Err(PublishError::HiddenTestModel { model: model.clone() }),
        },
    }
}

/// The test model to create when there is none. An error when Replicate would refuse it.
pub(super) fn new_test_model(model: &ModelRef, hardware: Option<&str>, account: &Account) -> Result<NewModel, PublishError> {
    if model.owner() != account.username {
        return Err(PublishError::ForeignTestModel { model: model.clone(), account: account.username.clone() });
    }
    let Some(hardware) = hardware else { return Err(PublishError::NoTestHardware { model: model.clone() }) };
    Ok(NewModel {
        model: model.clone(),
        visibility: Visibility::Private,
        hardware: hardware.to_owned(),
        description: Some("Versions under test, pushed by safe-push before they are published".to_owned()),
    })
}

/// Finds the destination of trainings, or creates it: private, on this hardware.
///
/// # Errors
/// [`PublishError::ForeignDestination`] when no training of this token can end there, and errors of the service.
pub async fn find_or_create_destination(
    model: &ModelRef,
    hardware: &str,
    replicate: &dyn Replicate,
    cancelled: &CancellationToken,
) -> Result<Destination, PublishError> {
    let account = unless_cancelled(replicate.account(), cancelled).await?;
    check_destination(model, &account)?;
    let (found, created) = match unless_cancelled(replicate.model(model), cancelled).await? {
        Some(found) => (found, false),
        None => {
            let new = NewModel {
                model: model.clone(),
                visibility: Visibility::Private,
                hardware: hardware.to_owned(),
                description: Some("Versions that test trainings of safe-push made".to_owned()),
            };
            create(&new, replicate, cancelled).await?
        }
    };
    let is_public = found.visibility == Visibility::Public;
    let finding = is_public.then(|| {
        Finding::new(&rules::DESTINATION_PUBLIC, format!("the destination {model} of test trainings is public"))
            .hint("make it private in its settings on replicate.com, or name a private model as train.destination")
    });
    Ok(Destination { created, findings: finding.into_iter().collect() })
}

/// An existing destination.
#[derive(Debug, Clone)]
pub struct Destination {
    /// Whether it was created by this call.
    pub created: bool,
    /// Findings about it.
    pub findings: Vec<Finding>,
}

/// Checks by its name whether a training can use it.
pub(super) fn check_destination(model: &ModelRef, account: &Account) -> Result<(), PublishError> {
    if model.owner() == account.username {
        return Ok(());
    }
    Err(PublishError::ForeignDestination { model: model.clone(), account: account.username.clone() })
}

/// Refuses an existing test model that everybody can see, unless that is asked for.
pub(super) fn check_visibility(model: &Model, may_be_public: bool) -> Result<(), PublishError> {
    if model.visibility == Visibility::Public && !may_be_public {
        return Err(PublishError::PublicTestModel { model: model.model.clone() });
    }
    Ok(())
}

/// Findings about an existing test model.
pub(super) fn findings(model: &Model) -> Vec<Finding> {
    match model.visibility {
        Visibility::Private => Vec::new(),
        Visibility::Public => vec![
            Finding::new(&rules::TEST_MODEL_PUBLIC, format!("the test model {} is public", model.model))
                .hint("make it private in its settings on replicate.com, or name a private model as test_model"),
        ],
    }
}
