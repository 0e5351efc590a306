//! Decides whether a model is grafted: the terms, the versions to try, and the seal on a build.

use std::sync::Arc;

use crate::build::{
    BuildRequest, Graft, GraftScope, GraftTerms, Ingredients, NoGraft, RECIPE_LABEL, base_identity, graft, recipe_label,
};
use crate::clients::docker::ImageDetails;
use crate::clients::registry::RegistryWriter;
use crate::domain::cleared::BuiltImage;
use crate::domain::identity::VersionRef;
use crate::domain::plan::{BuildPlan, Builder, GraftMode, ModelPlan};
use crate::pipeline::inspecting::InspectedModel;
use crate::pipeline::{Goal, Services};
use crate::support::clock::Clock;

/// Versions of the test model to try, newest first. Several branches push there in turn.
const TEST_VERSIONS: usize = 4;

/// A project layer above this size is worth a remark: every graft sends it.
const LARGE_BYTES: u64 = 100 * 1000 * 1000;

/// What is known about a model's image before it is made.
pub(super) struct Grafting<'a> {
    plan: &'a ModelPlan,
    services: &'a Services,
    writer: Arc<dyn RegistryWriter>,
    ingredients: Ingredients,
}

impl<'a> Grafting<'a> {
    /// Finds out what the image consists of.
    ///
    /// # Errors
    /// Images that cannot be taken apart: neither grafted now nor grafted on later.
    pub(super) async fn begin(
        plan: &'a ModelPlan,
        model: &InspectedModel,
        goal: Goal<'a>,
        request: &BuildRequest,
    ) -> Result<Self, NoGraft> {
        let Goal::Publish(services) = goal else {
            return Err(NoGraft::NotWanted { setting: "only a build was asked for" });
        };
        if plan.build.builder == Builder::Cog {
            return Err(NoGraft::CogCli);
        }
        if plan.two_pass || model.key.is_some() {
            return Err(NoGraft::Key);
        }
        let Some(writer) = services.publish.writer.clone() else { return Err(NoGraft::NoRegistry) };
        let reference = &request.recipe.base_image;
        if request.recipe.dockerfile_of_the_project.is_some() {
            return Err(NoGraft::OwnDockerfile);
        }
        let base = base_identity(reference, services.build.docker.inspect.as_ref(), services.build.digests.as_ref()).await;
        let base = base.ok_or_else(|| NoGraft::BaseUnknown { image: reference.clone() })?;
        let ingredients = Ingredients::of(request, &base, &services.publish.credentials.password).await?;
        Ok(Self { plan, services, writer, ingredients })
    }

    /// Makes a graft on the live version or on one of the test model.
    pub(super) async fn graft(
        &self,
        model: &InspectedModel,
        request: &BuildRequest,
        is_official: bool,
        clock: &dyn Clock,
    ) -> Result<Graft, NoGraft> {
        check_wanted(&self.plan.build, is_official)?;
        let versions = self.versions(model).await;
        let terms = GraftTerms { scope: self.scope(), days: self.plan.build.graft_days, now: clock.now() };
        graft(request, &self.ingredients, &versions, &terms, self.writer.as_ref()).await
    }

    /// The live version comes first, so that the kept layers are those that users run.
    async fn versions(&self, model: &InspectedModel) -> Vec<VersionRef> {
        let live = model.replicate.live.iter().map(|live| live.version.clone());
        let test = &self.plan.test_model;
        let listed = self.services.publish.replicate.versions(test).await;
        let listed = listed.inspect_err(|error| tracing::debug!(%error, "the versions of the test model are not known"));
        let staged = listed.unwrap_or_default().into_iter().take(TEST_VERSIONS);
        live.chain(staged.map(|version| VersionRef { model: test.clone(), id: version.id })).collect()
    }

    fn scope(&self) -> GraftScope<'_> {
        let key = &self.services.publish.credentials.password;
        GraftScope { live: &self.plan.model, test: &self.plan.test_model, key }
    }

    /// The label that lets a later run graft on an image.
    fn label(&self, image: &ImageDetails, clock: &dyn Clock) -> Result<String, NoGraft> {
        recipe_label(&self.ingredients, image, &self.scope(), clock.now())
    }
}

fn check_wanted(build: &BuildPlan, is_official: bool) -> Result<(), NoGraft> {
    let not_wanted = |setting| Err(NoGraft::NotWanted { setting });
    if build.graft == GraftMode::Never {
        return not_wanted("--graft never");
    }
    if build.graft_days == 0 {
        return not_wanted("--graft-days 0");
    }
    if build.no_cache {
        return not_wanted("--no-cache");
    }
    if is_official { Err(NoGraft::Official) } else { Ok(()) }
}

/// Gives a built image the label that lets a later run graft on it. An image that cannot be taken apart loses any that it has: who wrote it
/// is not known.
pub(super) fn labelled(
    image: BuiltImage,
    details: Option<&ImageDetails>,
    grafting: Result<&Grafting<'_>, &NoGraft>,
    clock: &dyn Clock,
) -> BuiltImage {
    let label = match (grafting, details) {
        (Ok(grafting), Some(details)) => grafting.label(details, clock).ok(),
        _ => None,
    };
    // An image that cannot be inspected may have one.
    let has_some = details.is_none_or(|details| details.labels.contains_key(RECIPE_LABEL));
    let mut push_labels = image.push_labels;
    if label.is_some() || has_some {
        push_labels.insert(RECIPE_LABEL.to_owned(), label.unwrap_or_default());
    }
    BuiltImage { push_labels, ..image }
}

/// A remark about a large project layer.
pub(super) fn remark(graft: &Graft) -> Option<String> {
    (graft.project_bytes > LARGE_BYTES).then(|| {
        format!(
            "the layer with the project's files has {} MB, which every graft sends; --separate-weights keeps weights out of it",
            graft.project_bytes / 1_000_000
        )
    })
}

/// What the report says about a graft.
pub(super) fn describe(graft: &Graft) -> String {
    let on = &graft.on;
    format!("grafted on {}:{}, full build of {}", on.model, on.id.short(), graft.built_at.format("%Y-%m-%d"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::support::clock::SystemClock;

    #[test]
    fn settings_and_official_models_are_built() {
        let wanted = BuildPlan { graft_days: 7, ..BuildPlan::default() };
        assert_eq!(check_wanted(&wanted, false), Ok(()));
        assert_eq!(check_wanted(&wanted, true), Err(NoGraft::Official));
        for (build, setting) in [
            (BuildPlan { graft: GraftMode::Never, ..wanted.clone() }, "--graft never"),
            (BuildPlan { graft_days: 0, ..wanted.clone() }, "--graft-days 0"),
            (BuildPlan { no_cache: true, ..wanted.clone() }, "--no-cache"),
        ] {
            let reason = check_wanted(&build, false).unwrap_err();
            assert_eq!((reason.to_string().as_str(), reason.is_news()), (setting, false));
        }
    }

    #[test]
    fn a_recipe_of_unknown_origin_is_emptied_and_none_is_added() {
        let image = || ImageDetails { id: "sha256:1".to_owned(), ..ImageDetails::default() };
        let with_recipe =
            ImageDetails { labels: BTreeMap::from([(RECIPE_LABEL.to_owned(), "{\"seal\":\"forged\"}".to_owned())]), ..image() };
        let labels = |details: Option<&ImageDetails>| {
            labelled(image().into_built("x"), details, Err(&NoGraft::OwnDockerfile), &SystemClock).push_labels
        };
        let emptied = BTreeMap::from([(RECIPE_LABEL.to_owned(), String::new())]);
        assert_eq!(labels(Some(&with_recipe)), emptied);
        assert_eq!(labels(None), emptied);
        assert_eq!(labels(Some(&image())), BTreeMap::new());
    }
}
