//! The function behind a target: the class's method, inherited or its own, or a function of the file.

use std::collections::BTreeSet;
use std::rc::Rc;

use ruff_python_ast::{Decorator, Expr, Stmt, StmtClassDef, StmtFunctionDef};

use super::module::Module;
use super::names::{ClassRef, Symbol, resolve};
use super::value::evaluate;
use super::world::World;
use crate::domain::finding::Location;
use crate::python::{ErrorKind, Mode, OutputType, SignatureError, Target};
use crate::support::text::nearest;

/// A function, and the file that it stands in.
pub(super) struct Found {
    pub(super) module: Rc<Module>,
    /// The class it stands in, and its own name.
    path: (Option<String>, String),
}

impl Found {
    /// Its definition.
    pub(super) fn definition(&self) -> Option<&StmtFunctionDef> {
        let (class, name) = &self.path;
        match class {
            Some(class) => method_of(self.module.class(class)?, name),
            None => self.module.function(name),
        }
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.path.1
    }
}

/// Finds the function that answers.
pub(super) fn find(world: &World<'_>, target: &Target, mode: Mode) -> Result<Found, SignatureError> {
    let module = world.open(&target.file)?;
    let name = target.name.as_str();
    if let Some(class) = module.class(name) {
        let location = module.place(&class.name);
        let class = ClassRef { module: Rc::clone(&module), name: name.to_owned() };
        let wanted: &[&str] = match mode {
            Mode::Predict => &["run", "predict"],
            Mode::Train => &["train"],
        };
        let found = wanted.iter().find_map(|method| inherited(world, &class, method, mode, &mut BTreeSet::new()));
        return found.ok_or_else(|| {
            let message = format!("class '{name}' has no method {}", wanted.join(" or "));
            SignatureError::new(ErrorKind::MethodNotFound, message, location).hint(format!("define {}()", wanted.join("() or ")))
        });
    }
    let fallback = match mode {
        Mode::Predict => "predict",
        Mode::Train => "train",
    };
    if let Some(function) = [name, fallback].into_iter().find(|candidate| module.function(candidate).is_some()) {
        return Ok(Found { module, path: (None, function.to_owned()) });
    }
    let error = SignatureError::new(
        ErrorKind::TargetNotFound,
        format!("{} has no class or function '{name}' at its top level", target.file),
        Location::file(target.file.as_str()),
    );
    let near = nearest(name, module.names()).map(str::to_owned);
    Err(match near {
        Some(near) => error.hint(format!("did you mean '{near}'?")),
        None => error.hint("name a class or function that is defined there; aliases and definitions within `if` are not found"),
    })
}

fn method_of<'m>(class: &'m StmtClassDef, name: &str) -> Option<&'m StmtFunctionDef> {
    class.body.iter().filter_map(Stmt::as_function_def_stmt).filter(|function| function.name.as_str() == name).last()
}

/// The method of a class or of the classes it derives from. Trainers inherit nothing, as in the official generator.
fn inherited(
    world: &World<'_>,
    class: &ClassRef,
    method: &str,
    mode: Mode,
    seen: &mut BTreeSet<(String, String)>,
) -> Option<Found> {
    if !seen.insert(class.key()) {
        return None;
    }
    let definition = class.definition()?;
    if method_of(definition, method).is_some() {
        return Some(Found { module: Rc::clone(&class.module), path: (Some(class.name.clone()), method.to_owned()) });
    }
    if mode == Mode::Train {
        return None;
    }
    let bases = definition.arguments.as_ref().map(|arguments| arguments.args.as_ref()).unwrap_or_default();
    bases.iter().find_map(|base| match resolve(world, &class.module, base)? {
        Symbol::Class(parent) => inherited(world, &parent, method, mode, seen),
        _ => None,
    })
}

/// What Cog's decorators say.
#[derive(Debug, Default)]
pub(super) struct Decorations {
    pub(super) streaming: bool,
    pub(super) concurrency: Option<u32>,
}

/// Reads `@streaming` and `@concurrent(max=...)`.
pub(super) fn decorations(
    world: &World<'_>,
    found: &Found,
    definition: &StmtFunctionDef,
    output: &OutputType,
) -> Result<Decorations, SignatureError> {
    let mut said = Decorations::default();
    for decorator in &definition.decorator_list {
        let function = match &decorator.expression {
            Expr::Call(call) => call.func.as_ref(),
            other => other,
        };
        let Some(symbol) = resolve(world, &found.module, function) else { continue };
        let wrong = |words: &str, hint: &str| {
            SignatureError::new(ErrorKind::Decorator, words.to_owned(), found.module.place(decorator)).hint(hint)
        };
        if symbol.is_cog("streaming") {
            if !matches!(output, OutputType::Iterator(_) | OutputType::Concatenate) {
                return Err(wrong("@streaming needs an iterator as output", "return Iterator[...] or ConcatenateIterator[str]"));
            }
            said.streaming = true;
        } else if symbol.is_cog("concurrent") {
            let max = concurrency(world, found, decorator)
                .ok_or_else(|| wrong("@concurrent takes a literal max=... of at least 1", "write @concurrent(max=4)"))?;
            if max > 1 && !definition.is_async {
                return Err(wrong("@concurrent with more than 1 needs an async method", "write `async def`, or max=1"));
            }
            said.concurrency = Some(max);
        }
    }
    Ok(said)
}

fn concurrency(world: &World<'_>, found: &Found, decorator: &Decorator) -> Option<u32> {
    let Expr::Call(call) = &decorator.expression else { return Some(1) };
    match (call.arguments.args.as_ref(), call.arguments.keywords.as_slice()) {
        ([], []) => Some(1),
        ([], [keyword]) if keyword.arg.as_ref().is_some_and(|name| name.as_str() == "max") => {
            let max = keyword.value.is_number_literal_expr().then(|| evaluate(world, &found.module, &keyword.value))??;
            u32::try_from(max.value.as_u64()?).ok().filter(|max| *max >= 1)
        }
        _ => None,
    }
}
