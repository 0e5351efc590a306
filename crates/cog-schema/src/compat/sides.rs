//! The two shapes of one comparison.

use crate::dialect::Dialect;
use crate::shape::Shape;

/// The two shapes of one comparison, with the generations that wrote them.
pub(super) struct Sides<'a> {
    pub(super) old: &'a Shape,
    pub(super) new: &'a Shape,
    pub(super) old_dialect: Dialect,
    pub(super) new_dialect: Dialect,
}

impl Sides<'_> {
    /// Whether the documents are of different known generations, so that a difference need not be a change of the model.
    pub(super) fn cross_dialects(&self) -> bool {
        self.old_dialect.differs(self.new_dialect)
    }
}
