//! The files of a project, read on demand, and the meaning of names across them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use cog_findings::Location;
use ruff_text_size::{TextRange, TextSize};

use super::error::{SignatureError, SignatureErrors};
use super::module::{Binding, Import, Module};
use super::rules;
use super::source::SourceTree;

/// How many files are read for one signature.
const MAX_FILES: usize = 500;

/// How many imports are followed for one name. More is a cycle.
const MAX_HOPS: usize = 32;

/// Modules that Cog never looks for in the project, even if it has a file of that name.
const EXTERNAL: &[&str] = &[
    "PIL",
    "abc",
    "accelerate",
    "aiohttp",
    "asyncio",
    "builtins",
    "cog",
    "collections",
    "concurrent",
    "contextlib",
    "cv2",
    "dataclasses",
    "diffusers",
    "enum",
    "fastapi",
    "flask",
    "functools",
    "httpx",
    "io",
    "itertools",
    "jax",
    "json",
    "logging",
    "math",
    "multiprocessing",
    "numpy",
    "os",
    "pathlib",
    "pydantic",
    "pytest",
    "re",
    "requests",
    "safetensors",
    "scipy",
    "skimage",
    "sklearn",
    "sys",
    "tensorflow",
    "threading",
    "torch",
    "transformers",
    "typing",
    "typing_extensions",
    "unittest",
    "warnings",
];

/// A class definition: a statement of a file.
#[derive(Debug, Clone)]
pub(super) struct ClassAt {
    pub module: Rc<Module>,
    pub index: usize,
}

impl ClassAt {
    /// A key that is unique per class.
    pub(super) fn key(&self) -> (String, usize) {
        (self.module.text.file().to_owned(), self.index)
    }
}

/// The meaning of a dotted name.
#[derive(Debug, Clone)]
pub(super) enum Meaning {
    Class(ClassAt),
    /// A function definition in a file of the project.
    Function(Rc<Module>, usize),
    /// An assignment in a file of the project.
    Value(Rc<Module>, usize),
    File(Rc<Module>),
    /// A name of a module outside the project.
    External {
        /// The module, with its dots.
        module: String,
        /// The name in it, as it is called there.
        name: String,
    },
    /// Not bound anywhere: a builtin, a name from a star import, or a mistake.
    Unbound,
    /// Bound to something that is only known at run time.
    Unclear,
}

/// Which files an import can refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ModuleSearch {
    /// `a.py` for `a`.
    Files,
    /// `a.py`, or else `a/__init__.py`.
    FilesAndPackages,
}

/// A project's files.
pub(super) struct Project<'t> {
    tree: &'t dyn SourceTree,
    search: ModuleSearch,
    modules: RefCell<BTreeMap<String, Option<Rc<Module>>>>,
}

impl<'t> Project<'t> {
    pub(super) fn new(tree: &'t dyn SourceTree, search: ModuleSearch) -> Self {
        Self { tree, search, modules: RefCell::default() }
    }

    /// These files with another search. Parsed files are not parsed again.
    pub(super) fn with_search(&self, search: ModuleSearch) -> Self {
        Self { tree: self.tree, search, modules: self.modules.clone() }
    }

    /// The parsed file at `path`; `None` when it does not exist.
    pub(super) fn load(&self, path: &str) -> Result<Option<Rc<Module>>, SignatureErrors> {
        if let Some(known) = self.modules.borrow().get(path) {
            return Ok(known.clone());
        }
        let unreadable = |message: String, hint: &str| {
            vec![SignatureError::new(&rules::UNREADABLE, Location::file(path), message).with_hint(hint)]
        };
        if self.modules.borrow().len() >= MAX_FILES {
            let message = format!("the signature needs more than {MAX_FILES} files");
            return Err(unreadable(message, "import the types of inputs and outputs from fewer files"));
        }
        let module = match self.tree.read(path) {
            Ok(None) => None,
            Ok(Some(source)) if source.len() as u64 > super::source::MAX_FILE_BYTES => {
                return Err(unreadable("the file is larger than 4 MiB".to_owned(), "keep large data out of Python files"));
            }
            Ok(Some(source)) => Some(Rc::new(Module::parse(path, source)?)),
            Err(error) => {
                let hint = match error.kind() {
                    std::io::ErrorKind::PermissionDenied => "name a file inside the project",
                    std::io::ErrorKind::FileTooLarge => "keep large data out of Python files",
                    std::io::ErrorKind::InvalidData => "save the file as UTF-8",
                    _ => "make the file readable",
                };
                return Err(unreadable(format!("failed to read {path}: {error}"), hint));
            }
        };
        self.modules.borrow_mut().insert(path.to_owned(), module.clone());
        Ok(module)
    }

    /// The file of a module, seen from a file. `None` when it is not part of the project.
    fn find(&self, from: &Module, module: &str, level: u32) -> Result<Option<Rc<Module>>, SignatureErrors> {
        let inner = module.replace('.', "/");
        let path = if level == 0 {
            let top = module.split('.').next().unwrap_or(module);
            if EXTERNAL.contains(&top) || module.is_empty() {
                return Ok(None);
            }
            inner
        } else {
            let mut folder: Vec<&str> = from.text.file().split('/').collect();
            folder.pop();
            for _ in 1..level {
                folder.pop();
            }
            folder.extend(Some(inner.as_str()).filter(|inner| !inner.is_empty()));
            folder.join("/")
        };
        if !path.is_empty()
            && let Some(file) = self.load(&format!("{path}.py"))?
        {
            return Ok(Some(file));
        }
        if self.search == ModuleSearch::Files {
            return Ok(None);
        }
        let package = if path.is_empty() { "__init__.py".to_owned() } else { format!("{path}/__init__.py") };
        self.load(&package)
    }

    /// The files of the project that an import loads.
    pub(super) fn imported_files(&self, from: &Module, import: &Import) -> Result<Vec<Rc<Module>>, SignatureErrors> {
        let mut files: Vec<Rc<Module>> = Vec::new();
        // A package is loaded before its parts.
        for (end, _) in import.module.match_indices('.').chain([(import.module.len(), "")]) {
            files.extend(self.find(from, &import.module[..end], import.level)?);
        }
        if let Some(name) = &import.name {
            let inner = if import.module.is_empty() { name.clone() } else { format!("{}.{name}", import.module) };
            // `from package import module`.
            files.extend(self.find(from, &inner, import.level)?);
        }
        Ok(files)
    }

    /// The meaning of a dotted name in a file.
    pub(super) fn meaning(&self, module: &Rc<Module>, dotted: &str) -> Result<Meaning, SignatureErrors> {
        let parts: Vec<&str> = dotted.split('.').collect();
        let Some((head, rest)) = parts.split_first() else { return Ok(Meaning::Unbound) };
        let mut meaning = self.named(module, head, 0)?;
        for (position, part) in rest.iter().enumerate() {
            meaning = match meaning {
                Meaning::File(file) => match self.named(&file, part, 0)? {
                    Meaning::Unbound => self.inside_package(&file, part)?.map_or(Meaning::Unbound, Meaning::File),
                    found => found,
                },
                Meaning::External { module, name } => {
                    let module = if name.is_empty() { module } else { format!("{module}.{name}") };
                    let last = position + 1 == rest.len();
                    let local = if last { None } else { self.find_submodule(&module, part)? };
                    match local {
                        Some(file) => Meaning::File(file),
                        None => Meaning::External { module, name: (*part).to_owned() },
                    }
                }
                Meaning::Unbound => Meaning::Unbound,
                _ => Meaning::Unclear,
            };
        }
        Ok(meaning)
    }

    /// `a.b` of `import a.b`, where `a` is a folder with `__init__.py`.
    fn inside_package(&self, package: &Module, part: &str) -> Result<Option<Rc<Module>>, SignatureErrors> {
        match package.text.file().strip_suffix("__init__.py") {
            Some(folder) => self.load(&format!("{folder}{part}.py")),
            None => Ok(None),
        }
    }

    /// `a.b` of `import a.b`, where `a` is a folder without `__init__.py`.
    fn find_submodule(&self, module: &str, part: &str) -> Result<Option<Rc<Module>>, SignatureErrors> {
        let top = module.split('.').next().unwrap_or(module);
        if EXTERNAL.contains(&top) {
            return Ok(None);
        }
        self.load(&format!("{}/{part}.py", module.replace('.', "/")))
    }

    /// The meaning of a name without dots in a file.
    fn named(&self, module: &Rc<Module>, name: &str, hops: usize) -> Result<Meaning, SignatureErrors> {
        if hops > MAX_HOPS {
            let place = module.text.location(TextRange::empty(TextSize::new(0)));
            let error = SignatureError::new(&rules::TYPE_UNRESOLVABLE, place, format!("the imports of {name} form a cycle"))
                .with_hint("define the name in one file and import it from there");
            return Err(vec![error]);
        }
        Ok(match module.binding(name) {
            None => Meaning::Unbound,
            Some(Binding::Class(index)) => Meaning::Class(ClassAt { module: Rc::clone(module), index: *index }),
            Some(Binding::Function(index)) => Meaning::Function(Rc::clone(module), *index),
            Some(Binding::Value(index)) => Meaning::Value(Rc::clone(module), *index),
            Some(Binding::Unclear) => Meaning::Unclear,
            Some(Binding::Import(import)) => self.imported(module, import, hops)?,
        })
    }

    fn imported(&self, module: &Rc<Module>, import: &Import, hops: usize) -> Result<Meaning, SignatureErrors> {
        let file = self.find(module, &import.module, import.level)?;
        let shown = format!("{}{}", ".".repeat(import.level as usize), import.module);
        let Some(name) = &import.name else {
            return Ok(match file {
                Some(file) => Meaning::File(file),
                None => Meaning::External { module: shown, name: String::new() },
            });
        };
        // `from . import types`: the name is a file itself.
        let inner = if import.module.is_empty() { name.clone() } else { format!("{}.{name}", import.module) };
        let Some(file) = file else {
            return Ok(match self.find(module, &inner, import.level)? {
                Some(file) => Meaning::File(file),
                None => Meaning::External { module: shown, name: name.clone() },
            });
        };
        match self.named(&file, name, hops + 1)? {
            Meaning::Unbound => Ok(match self.find(module, &inner, import.level)? {
                Some(file) => Meaning::File(file),
                None => Meaning::Unbound,
            }),
            found => Ok(found),
        }
    }
}
