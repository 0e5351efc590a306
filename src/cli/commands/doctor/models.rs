//! The configured models: whether they exist, who sees the test model, and whether the account has the hardware.

use crate::cli::commands::doctor::examination::{CheckedState, Examination};
use crate::cli::context::Context;
use crate::cli::load;
use crate::cli::setting_flags::SettingFlags;
use crate::clients::replicate::{Replicate, Visibility};
use crate::domain::plan::ModelPlan;

/// More models take too long to ask about.
const MAX_MODELS: usize = 20;

pub(super) async fn examine(settings: SettingFlags, replicate: Option<&dyn Replicate>, context: &Context) -> Vec<Examination> {
    let loaded = match load::load_every(Vec::new(), settings, context).await {
        Ok(loaded) => loaded,
        Err(failure) => {
            let fix = failure.hint.unwrap_or_else(|| "run `safe-push check` for the details".to_owned());
            return vec![Examination::new("configuration", CheckedState::Doubtful, failure.error.to_string()).fix(fix)];
        }
    };
    let Some(replicate) = replicate else {
        let number = cog_findings::text::count(loaded.models.len(), "model");
        return vec![Examination::good("configuration", format!("{number}; without an accepted token Replicate was not asked"))];
    };
    let mut found = Vec::new();
    for model in loaded.models.iter().take(MAX_MODELS) {
        found.extend(of_model(&model.plan, replicate).await);
    }
    found
}

async fn of_model(plan: &ModelPlan, replicate: &dyn Replicate) -> Vec<Examination> {
    let mut found = vec![match replicate.model(&plan.model).await {
        Ok(Some(_)) => Examination::good(&*plan.name, format!("{} exists", plan.model)),
        Ok(None) => Examination::new(
            &*plan.name,
            CheckedState::Failed,
            format!("{} does not exist, or the token may not see it", plan.model),
        )
        .fix("correct `model`, or create it at https://replicate.com/create"),
        Err(error) => Examination::new(&*plan.name, CheckedState::Failed, error.to_string()).maybe_fix(error.hint()),
    }];
    found.push(match replicate.model(&plan.test_model).await {
        Ok(Some(model)) if model.visibility == Visibility::Public && !plan.allow.public_test_model => Examination::new(
            &*plan.name,
            CheckedState::Failed,
            format!("{} is public, and versions are staged to it", plan.test_model),
        )
        .fix("make the test model private, or set allow_public_test_model"),
        Ok(Some(_)) => Examination::good(&*plan.name, format!("{} exists", plan.test_model)),
        Ok(None) => Examination::good(&*plan.name, format!("{} will be created", plan.test_model)),
        Err(error) => Examination::new(&*plan.name, CheckedState::Failed, error.to_string()).maybe_fix(error.hint()),
    });
    if let (Some(hardware), Ok(known)) = (&plan.test_hardware, replicate.hardware().await) {
        let names: Vec<&str> = known.iter().map(|hardware| hardware.sku.as_str()).collect();
        found.push(if names.contains(&hardware.as_str()) {
            Examination::good(&*plan.name, format!("the account has {hardware}"))
        } else {
            let message = format!("the account does not have the hardware '{hardware}'");
            Examination::new(&*plan.name, CheckedState::Failed, message).fix(format!("choose from {}", names.join(", ")))
        });
    }
    found
}
