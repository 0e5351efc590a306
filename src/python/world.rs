//! The files of a project, parsed once, and how they import one another.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::module::Module;
use crate::domain::finding::Location;
use crate::python::{ErrorKind, SignatureError, SourceTree};

/// A predictor that imports more files of its project than this is not followed further.
const MOST_FILES: usize = 400;

/// Packages whose modules are not looked for in the project, whatever files it has.
const OUTSIDE: [&str; 14] = [
    "cog",
    "collections",
    "dataclasses",
    "datetime",
    "enum",
    "numpy",
    "os",
    "pathlib",
    "PIL",
    "pydantic",
    "torch",
    "transformers",
    "typing",
    "typing_extensions",
];

/// All parsed files.
pub(super) struct World<'a> {
    tree: &'a dyn SourceTree,
    files: RefCell<BTreeMap<String, Option<Rc<Module>>>>,
}

impl<'a> World<'a> {
    pub(super) fn new(tree: &'a dyn SourceTree) -> Self {
        Self { tree, files: RefCell::default() }
    }

    /// The target's own file, which has to be there and to parse.
    pub(super) fn open(&self, path: &str) -> Result<Rc<Module>, SignatureError> {
        if let Some(Some(module)) = self.files.borrow().get(path) {
            return Ok(Rc::clone(module));
        }
        let unreadable = |words: String| SignatureError::new(ErrorKind::Unreadable, words, Location::file(path));
        let text = match self.tree.read(path) {
            Ok(Some(text)) => text,
            Ok(None) => {
                return Err(unreadable(format!("{path} does not exist")).hint("correct the path in cog.yaml, relative to it"));
            }
            Err(error) => return Err(unreadable(format!("{path} cannot be read: {error}"))),
        };
        let module = Rc::new(Module::parse(path, text)?);
        self.files.borrow_mut().insert(path.to_owned(), Some(Rc::clone(&module)));
        Ok(module)
    }

    /// A module that a file imports; `None` for one that is not of the project, or does not parse.
    pub(super) fn import(&self, from: &Module, dotted: &str, level: u32) -> Option<Rc<Module>> {
        if level == 0 && OUTSIDE.contains(&dotted.split('.').next()?) {
            return None;
        }
        let base = base_folder(&from.path, level)?;
        let path = [base, dotted.replace('.', "/")].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
        if path.is_empty() {
            return self.try_open("__init__.py");
        }
        self.try_open(&format!("{path}.py")).or_else(|| self.try_open(&format!("{path}/__init__.py")))
    }

    fn try_open(&self, path: &str) -> Option<Rc<Module>> {
        if let Some(known) = self.files.borrow().get(path) {
            return known.clone();
        }
        if self.files.borrow().len() >= MOST_FILES {
            return None;
        }
        let module = self.tree.read(path).ok().flatten().and_then(|text| Module::parse(path, text).ok()).map(Rc::new);
        self.files.borrow_mut().insert(path.to_owned(), module.clone());
        module
    }
}

/// The folder that `level` dots stand for; the project's root for none.
fn base_folder(path: &str, level: u32) -> Option<String> {
    if level == 0 {
        return Some(String::new());
    }
    let mut parts: Vec<&str> = path.split('/').collect();
    for _ in 0..level {
        parts.pop()?;
    }
    Some(parts.join("/"))
}
