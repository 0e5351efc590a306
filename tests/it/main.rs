//! Tests that need neither Docker nor a browser: the CLI against a sandbox with scripted versions, the libraries over their tables, and
//! the repository's own files.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod action_files;
mod architecture;
mod claude_client;
mod cli;
mod cli_check;
mod cli_clean;
mod cli_compare;
mod cli_decision;
mod cli_faults;
mod cli_select;
mod cog_server;
mod dependencies;
mod documentation;
mod first_steps;
mod from_cog_safe_push;
mod graft;
mod help;
mod hostile_files;
mod hostile_script;
mod json_output;
mod messages;
mod packages;
mod publish_within_registry;
mod python_corpus;
mod python_hostile;
mod recipe;
mod reference;
mod registry_image;
mod release;
mod repositories;
mod revisions;
mod rollback;
mod sandbox_client;
mod schema_compat;
mod schemas;
mod secrets;
mod security;
mod surfaces;
mod tls;
mod trainings;
mod whole_run;
