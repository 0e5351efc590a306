//! The routes.
//!
//! - [`router`]: paths and their handlers
//! - [`body`]: request bodies and headers
//! - [`pages`]: lists in pages; [`render`]: records as JSON
//! - [`account`], [`models`], [`versions`], [`predictions`], [`create`], [`trainings`], [`deployments`], [`uploads`]: `/v1`
//! - [`attachment`]: files in responses
//! - [`web`]: output files, pages for people, the token check of the registry, images by reference

mod account;
mod attachment;
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

type RouteResult = Result<Response, Problem>;
