//! Rules of this room: SP801 to SP819. None yet.

use crate::domain::rule::Rule;

/// Every rule of the room, by code.
pub const RULES: &[Rule] = &[];
