//! Everything that can be set, declared once.
//!
//! `declaration.rs` is the list: a type, a help text and the places where a setting may be written. Flags, variables, inputs of the
//! action, keys of `.safe-push.yaml`, help, documentation and JSON Schema follow from it. [`SettingValue`] says how a type is written;
//! `config::layers` joins what flags, variables and files set.

mod action;
mod declaration;
pub(super) mod defaults;
mod macros;
mod setting;
mod value;
mod value_kind;

pub use action::Action;
pub use declaration::{Key, PartialSettings, SETTINGS, Settings};
pub use setting::Setting;
pub use value::{Rejected, SettingValue};
pub use value_kind::ValueKind;
