//! The routes and their handlers.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::IntoResponse as _;
use axum::routing::{get, post};
use http::{Method, Uri};

use super::{account, deployments, models, predictions, trainings, uploads, versions, web};
use crate::problem::Problem;
use crate::service::Service;

/// Inputs with `data:` URLs are large. The real service accepts around ten megabytes.
const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;

/// All routes except the registry's.
pub(crate) fn router(service: Arc<Service>) -> Router {
    let files = Router::new().route("/v1/files", post(uploads::create).get(uploads::list)).layer(DefaultBodyLimit::disable());
    Router::new()
        .route("/v1/account", get(account::account))
        .route("/v1/hardware", get(account::hardware))
        .route("/v1/models", post(models::create).get(models::list))
        .route("/v1/models/{owner}/{name}", get(models::get).patch(models::update).delete(models::delete))
        .route("/v1/models/{owner}/{name}/readme", get(models::readme))
        .route("/v1/models/{owner}/{name}/examples", get(models::examples))
        .route("/v1/models/{owner}/{name}/versions", get(versions::list))
        .route("/v1/models/{owner}/{name}/versions/{id}", get(versions::get).delete(versions::delete))
        .route("/v1/models/{owner}/{name}/versions/{id}/trainings", post(trainings::create))
        .route("/v1/models/{owner}/{name}/predictions", post(predictions::create_on_model))
        .route("/v1/predictions", post(predictions::create).get(predictions::list))
        .route("/v1/predictions/{id}", get(predictions::get))
        .route("/v1/predictions/{id}/cancel", post(predictions::cancel))
        .route("/v1/predictions/{id}/stream", get(predictions::stream))
        .route("/v1/trainings", get(trainings::list))
        .route("/v1/trainings/{id}", get(trainings::get))
        .route("/v1/trainings/{id}/cancel", post(trainings::cancel))
        .route("/v1/deployments", post(deployments::create).get(deployments::list))
        .route("/v1/deployments/{owner}/{name}", get(deployments::get).patch(deployments::update).delete(deployments::delete))
        .route("/v1/deployments/{owner}/{name}/predictions", post(predictions::create_on_deployment))
        .route("/v1/files/{id}", get(uploads::get).delete(uploads::delete))
        .route("/v1/files/{id}/download", get(uploads::download))
        .route("/", get(web::index))
        .route("/files/{id}/{name}", get(web::output_file))
        .route("/p/{id}", get(web::prediction_page))
        .route("/{owner}/{name}", get(web::model_page))
        .route("/cog/v1/verify-token", post(web::verify_token))
        .route("/cog/v1/display-token-url", get(web::display_token_url))
        .route("/sandbox/images", post(web::register_image))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .merge(files)
        .fallback(async || Problem::NotFound.into_response())
        .method_not_allowed_fallback(async |method: Method, _uri: Uri| {
            Problem::MethodNotAllowed(method.to_string()).into_response()
        })
        .with_state(service)
}
