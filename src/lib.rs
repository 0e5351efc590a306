//! safe-push tests, compares and publishes Cog models to Replicate.
//!
//! Parts with a purpose of their own are crates: `cog-findings`, `cog-source`, `cog-schema`, `output-compare`, `private-address`,
//! `process-mark`, `repository-files` and `replicate-sandbox`. This one is the app.
//!
//! The crate is divided into rooms. A room uses only the rooms below it; `tests/it/architecture` keeps that true and
//! `docs/development/architecture.md` walks one push through them. From top to ground:
//!
//! - [`reference`](mod@reference): what `crates/dev` generates documentation and schemas from
//! - [`cli`]: the command line and the action; exit codes
//! - [`pipeline`]: runs the stages in order and yields a report
//! - [`select`], [`inspect`], [`build`], [`verify`], [`publish`], [`deliver`]: the stages
//! - [`report`]: a finished run as text, pure functions
//! - [`config`]: files, environment and flags become a validated plan
//! - [`clients`]: the services we talk to
//! - [`domain`]: the values that travel between the stages
//! - [`support`]: clock, seed, secrets, retries

pub mod build;
pub mod cli;
pub mod clients;
pub mod config;
pub mod deliver;
pub mod domain;
pub mod inspect;
pub mod pipeline;
pub mod publish;
pub mod reference;
pub mod report;
pub mod select;
pub mod support;
pub mod verify;
