//! What a name in a file stands for.

use std::rc::Rc;

use ruff_python_ast::{Expr, StmtClassDef};

use super::module::{Import, Module};
use super::world::World;

/// Imports that lead from file to file are followed this far.
const MOST_STEPS: usize = 16;

/// A class of the project.
#[derive(Debug, Clone)]
pub(super) struct ClassRef {
    pub(super) module: Rc<Module>,
    pub(super) name: String,
}

impl ClassRef {
    /// Its definition.
    pub(super) fn definition(&self) -> Option<&StmtClassDef> {
        self.module.class(&self.name)
    }

    /// What tells it from all others.
    pub(super) fn key(&self) -> (String, String) {
        (self.module.path.clone(), self.name.clone())
    }
}

/// What a name stands for.
#[derive(Debug, Clone)]
pub(super) enum Symbol {
    /// A member of a module outside of the project; builtins, and names that nobody defines, have no module.
    Outside { module: String, name: String },
    /// A module outside of the project.
    OutsideModule(String),
    /// A class of the project.
    Class(ClassRef),
    /// A file of the project.
    Module(Rc<Module>),
    /// A name of the project that is set to something.
    Value { module: Rc<Module>, name: String },
}

impl Symbol {
    /// The name by which Cog and `typing` know it; `None` for what is the project's own.
    pub(super) fn known_name(&self) -> Option<&str> {
        match self {
            Self::Outside { module, name } if is_known(module) => Some(name),
            _ => None,
        }
    }

    /// Whether it is this member of `cog`.
    pub(super) fn is_cog(&self, wanted: &str) -> bool {
        matches!(self, Self::Outside { module, name } if module == "cog" && name == wanted)
    }
}

/// Modules whose members are known by their names, as the official generator does it.
fn is_known(module: &str) -> bool {
    matches!(
        module,
        "" | "cog" | "cog.types" | "typing" | "typing_extensions" | "collections.abc" | "pathlib" | "pydantic" | "pydantic.v1"
    )
}

/// What an expression names: `Name`, or `module.Name`.
pub(super) fn resolve(world: &World<'_>, module: &Rc<Module>, expression: &Expr) -> Option<Symbol> {
    match expression {
        Expr::Name(name) => Some(resolve_name(world, module, name.id.as_str(), MOST_STEPS)),
        Expr::Attribute(attribute) => member(world, module, resolve(world, module, &attribute.value)?, attribute.attr.as_str()),
        _ => None,
    }
}

fn resolve_name(world: &World<'_>, module: &Rc<Module>, name: &str, steps: usize) -> Symbol {
    let unknown = || Symbol::Outside { module: String::new(), name: name.to_owned() };
    if steps == 0 {
        return unknown();
    }
    if module.class(name).is_some() {
        return Symbol::Class(ClassRef { module: Rc::clone(module), name: name.to_owned() });
    }
    match module.import(name) {
        Some(Import::Module(dotted)) => match world.import(module, dotted, 0) {
            Some(found) => Symbol::Module(found),
            None => Symbol::OutsideModule(dotted.clone()),
        },
        Some(Import::Member { module: from, level, name: original }) => imported(world, module, (from, *level), original, steps),
        None if module.value(name).is_some() => Symbol::Value { module: Rc::clone(module), name: name.to_owned() },
        None => unknown(),
    }
}

fn imported(world: &World<'_>, module: &Rc<Module>, from: (&str, u32), name: &str, steps: usize) -> Symbol {
    let (dotted, level) = from;
    let Some(found) = world.import(module, dotted, level) else {
        let submodule = if dotted.is_empty() { name.to_owned() } else { format!("{dotted}.{name}") };
        return match world.import(module, &submodule, level) {
            Some(found) => Symbol::Module(found),
            None => Symbol::Outside { module: dotted.to_owned(), name: name.to_owned() },
        };
    };
    let is_defined = found.class(name).is_some() || found.value(name).is_some() || found.import(name).is_some();
    if !is_defined {
        let submodule = if dotted.is_empty() { name.to_owned() } else { format!("{dotted}.{name}") };
        if let Some(submodule) = world.import(module, &submodule, level) {
            return Symbol::Module(submodule);
        }
    }
    resolve_name(world, &found, name, steps - 1)
}

fn member(world: &World<'_>, module: &Rc<Module>, of: Symbol, name: &str) -> Option<Symbol> {
    match of {
        Symbol::OutsideModule(dotted) => {
            let whole = format!("{dotted}.{name}");
            // `import models.shapes` binds `models` alone.
            if let Some(found) = world.import(module, &whole, 0) {
                return Some(Symbol::Module(found));
            }
            Some(if matches!(whole.as_str(), "collections.abc" | "pydantic.v1" | "cog.types") {
                Symbol::OutsideModule(whole)
            } else {
                Symbol::Outside { module: dotted, name: name.to_owned() }
            })
        }
        Symbol::Module(found) => Some(resolve_name(world, &found, name, MOST_STEPS)),
        Symbol::Outside { .. } | Symbol::Class(_) | Symbol::Value { .. } => None,
    }
}
