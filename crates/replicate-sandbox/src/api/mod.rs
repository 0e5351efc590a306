//! The routes.
//!
//! - [`router`]: which path leads where
//! - [`body`]: reading requests
//! - [`pages`]: lists in pages
//! - [`account`], [`models`], [`versions`], [`predictions`], [`create`], [`trainings`], [`deployments`], [`uploads`]: `/v1`
//! - [`web`]: output files, pages for people, the token check of the registry, images by reference

mod account;
mod body;
mod create;
mod deployments;
mod models;
mod pages;
mod predictions;
mod render;
mod router;
mod trainings;
mod uploads;
mod versions;
mod web;

pub(super) use router::router;

use axum::response::Response;

use super::problem::Problem;

/// What a route answers.
type RouteResult = Result<Response, Problem>;
