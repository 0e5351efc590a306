//! The account and the hardware.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::service::Service;

/// SKUs and names seen at the real service: `docs/reference/replicate-api.md#hardware`.
const HARDWARE: [(&str, &str); 12] = [
    ("cpu-small", "CPU (Small)"),
    ("cpu", "CPU"),
    ("gpu-t4", "Nvidia T4 GPU"),
    ("gpu-l40s", "Nvidia L40S GPU"),
    ("gpu-l40s-2x", "2x Nvidia L40S GPU"),
    ("gpu-l40s-4x", "4x Nvidia L40S GPU"),
    ("gpu-a100-large", "Nvidia A100 (80GB) GPU"),
    ("gpu-a100-large-2x", "2x Nvidia A100 (80GB) GPU"),
    ("gpu-a100-large-4x", "4x Nvidia A100 (80GB) GPU"),
    ("gpu-a100-large-8x", "8x Nvidia A100 (80GB) GPU"),
    ("gpu-h100", "Nvidia H100 GPU"),
    ("gpu-h100-2x", "2x Nvidia H100 GPU"),
];

/// Why a SKU is rejected, in the service's wording. `None` if it is valid.
pub(super) fn refuse_hardware(sku: &str) -> Option<String> {
    if HARDWARE.iter().any(|(known, _)| *known == sku) {
        return None;
    }
    let options: Vec<&str> = HARDWARE.iter().map(|(known, _)| *known).collect();
    Some(format!("{sku} is not a valid hardware SKU. Your options are: {}", options.join(", ")))
}

pub(super) async fn account(State(service): State<Arc<Service>>) -> Json<Value> {
    let username = &service.account.username;
    Json(json!({"type": "user", "username": username, "name": username, "avatar_url": null, "github_url": null}))
}

pub(super) async fn hardware() -> Json<Value> {
    Json(HARDWARE.iter().map(|(sku, name)| json!({"name": name, "sku": sku})).collect())
}
