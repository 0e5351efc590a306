//! Classes with members, as the source defines them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::annotation::Annotation;
use super::module::Module;
use super::signature::MemberDefault;

/// What a class derives from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClassKind {
    Model,
    TypedDict,
    Other,
}

/// A member of a class, with its annotation still unresolved.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub module: Rc<Module>,
    pub name: String,
    pub annotation: Annotation,
    /// The default that the class gives.
    pub default: Option<MemberDefault>,
    /// Whether a typed dictionary requires the key; `None` for a model.
    pub key_required: Option<bool>,
}

/// Results for classes that were already read. Without them, classes with several bases would be walked repeatedly.
#[derive(Debug, Default)]
pub(super) struct ClassCache {
    pub kinds: RefCell<BTreeMap<(String, usize), ClassKind>>,
    pub fields: RefCell<BTreeMap<(String, usize), Vec<Field>>>,
}
