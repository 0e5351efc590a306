//! Finding the method or function that Cog runs.

use std::collections::BTreeSet;
use std::rc::Rc;

use cog_findings::text::nearest;
use cog_findings::{Location, Method};
use ruff_python_ast::StmtFunctionDef;
use ruff_text_size::{TextRange, TextSize};

use super::error::{SignatureError, SignatureErrors};
use super::module::Module;
use super::options::CogVersion;
use super::project::{ClassAt, Meaning};
use super::reader::SignatureReader;
use super::rules;
use super::syntax::{bases, dotted, find_method};
use crate::target::Target;

/// The method or function that Cog runs.
#[derive(Debug, Clone)]
pub(super) struct RunTarget {
    pub module: Rc<Module>,
    place: Definition,
}

#[derive(Debug, Clone)]
enum Definition {
    /// A function at the top level, by statement.
    Function(usize),
    /// A method of a class, by the class's statement and the method's name.
    Method(usize, &'static str),
}

impl RunTarget {
    pub(super) fn function(&self) -> Option<&StmtFunctionDef> {
        match self.place {
            Definition::Function(index) => self.module.function(index),
            Definition::Method(class, name) => find_method(self.module.class(class)?, name),
        }
    }

    pub(super) const fn is_method(&self) -> bool {
        matches!(self.place, Definition::Method(..))
    }
}

const START: TextRange = TextRange::new(TextSize::new(0), TextSize::new(0));

impl SignatureReader<'_> {
    /// Finds what a target names.
    pub(super) fn find(&self, target: &Target, method: Method) -> Result<RunTarget, SignatureErrors> {
        let file = clean(target)?;
        let Some(module) = self.project.load(&file)? else {
            let message = format!("{file} does not exist");
            let error = SignatureError::new(&rules::UNREADABLE, Location::file(file), message);
            let error = error.with_hint("fix the file name in cog.yaml; it is relative to the project");
            return Err(vec![error.because_missing(target)]);
        };
        let function_name = if method == Method::Train { "train" } else { "predict" };
        if let Some(index) = self.semantics.class(&module, &target.name) {
            return self.method_of(&ClassAt { module, index }, &target.name, method);
        }
        if let Some(index) = self.semantics.function(&module, &target.name) {
            return Ok(RunTarget { module, place: Definition::Function(index) });
        }
        if self.cog < CogVersion::FROM_SOURCE
            && let Some(found) = self.at_run_time(&module, target, method)?
        {
            return Ok(found);
        }
        if self.cog >= CogVersion::FROM_SOURCE
            && target.name != function_name
            && module.binding(&target.name).is_none()
            && let Some(index) = self.semantics.function(&module, function_name)
        {
            let range = module.function(index).map_or(START, |function| function.name.range);
            let message = format!("`{}` is not defined; Cog falls back to the function `{function_name}`", target.name);
            self.warn(&rules::FUNCTION_FALLBACK, &module, range, message, "name the function in cog.yaml");
            return Ok(RunTarget { module, place: Definition::Function(index) });
        }
        Err(self.not_found(&module, target)?)
    }

    /// A release that loads the file takes whatever the name is bound to.
    fn at_run_time(&self, module: &Rc<Module>, target: &Target, method: Method) -> Result<Option<RunTarget>, SignatureErrors> {
        let mut meaning = self.project.meaning(module, &target.name)?;
        // `Predictor = Other`
        if let Meaning::Value(file, index) = &meaning
            && let Some(name) = file.value(*index).and_then(dotted)
        {
            meaning = self.project.meaning(file, &name)?;
        }
        Ok(match meaning {
            Meaning::Class(class) => Some(self.method_of(&class, &target.name, method)?),
            Meaning::Function(file, index) => Some(RunTarget { module: file, place: Definition::Function(index) }),
            Meaning::Unbound if module.has_star_import() => return Err(unclear_target(module, target)),
            Meaning::Unbound => None,
            _ => return Err(unclear_target(module, target)),
        })
    }

    fn not_found(&self, module: &Rc<Module>, target: &Target) -> Result<SignatureErrors, SignatureErrors> {
        let name = target.name.as_str();
        let message = format!("{} defines no class or function `{name}` at its top level", module.text.file());
        let hint = match self.project.meaning(module, name)? {
            Meaning::Class(class) => format!("it is defined in {0}; write {0}:{name} in cog.yaml", class.module.text.file()),
            Meaning::External { module, .. } => format!("it is imported from {module}; define a class here that derives from it"),
            Meaning::Value(file, index) => {
                let value = file.value(index).map(|value| file.text.slice(ruff_text_size::Ranged::range(value)));
                format!("`{name}` is an alias of {}; name that one, or derive a class from it", value.unwrap_or("something else"))
            }
            Meaning::Unclear => "move the class out of the surrounding if, try, loop or with".to_owned(),
            _ => match nearest(name, module.callables()) {
                Some(known) => format!("did you mean {known}?"),
                None => match module.callables().take(5).collect::<Vec<_>>().join(", ") {
                    known if known.is_empty() => "define the class in this file".to_owned(),
                    known => format!("the file defines {known}"),
                },
            },
        };
        let errors = module.fail(&rules::TARGET_NOT_FOUND, START, message, hint);
        Ok(errors.into_iter().map(|error| error.because_missing(target)).collect())
    }

    fn method_of(&self, class: &ClassAt, name: &str, method: Method) -> Result<RunTarget, SignatureErrors> {
        let module = &class.module;
        let range = module.class(class.index).map_or(START, |class| class.name.range);
        if method == Method::Train {
            // Cog does not look for `train` in base classes.
            if module.class(class.index).and_then(|class| find_method(class, "train")).is_some() {
                return Ok(RunTarget { module: Rc::clone(module), place: Definition::Method(class.index, "train") });
            }
            let message = format!("{name} has no method `train` of its own");
            return Err(module.fail(&rules::METHOD_NOT_FOUND, range, message, "define train(self, ...) in the class itself"));
        }
        let mut seen = BTreeSet::new();
        let (run, predict) = self.predict_methods(class, &mut seen)?;
        if let Some(run) = run.clone().filter(|_| self.cog >= CogVersion::RUN || predict.is_none()) {
            let range = run.function().map_or(range, |function| function.name.range);
            self.require(CogVersion::RUN, "a predictor with `run`", &run.module, range)?;
            return Ok(run);
        }
        let Some(found) = predict else {
            if self.cog < CogVersion::FROM_SOURCE && self.has_foreign_base(class, &mut BTreeSet::new())? {
                return Err(at_run_time(module, range, format!("{name} inherits from a class that is not part of the project")));
            }
            let message = format!("neither {name} nor its base classes in the project define `run` or `predict`");
            return Err(module.fail(&rules::METHOD_NOT_FOUND, range, message, "define run(self, ...) in the class"));
        };
        if self.cog >= CogVersion::RUN {
            let range = found.function().map_or(range, |function| function.name.range);
            let message = format!("{name}.predict works, but is deprecated in favor of run");
            self.warn(
                &rules::PREDICT_DEPRECATED,
                &found.module,
                range,
                message,
                "rename it to run once you only build with Cog 0.20 or later",
            );
        }
        Ok(found)
    }

    /// Whether a class derives from one of another library, apart from Cog's own.
    fn has_foreign_base(&self, at: &ClassAt, seen: &mut BTreeSet<(String, usize)>) -> Result<bool, SignatureErrors> {
        let Some(class) = at.module.class(at.index).filter(|_| seen.insert(at.key())) else { return Ok(false) };
        for base in bases(class) {
            let is_foreign = match self.project.meaning(&at.module, &base)? {
                Meaning::Class(parent) => self.has_foreign_base(&parent, seen)?,
                Meaning::External { module, .. } => module != "cog" && !module.starts_with("cog."),
                Meaning::Unbound => base.contains('.') || at.module.has_star_import(),
                _ => true,
            };
            if is_foreign {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// `run` and `predict` of a class: its own, else those of its bases, the first base first.
    fn predict_methods(
        &self,
        at: &ClassAt,
        seen: &mut BTreeSet<(String, usize)>,
    ) -> Result<(Option<RunTarget>, Option<RunTarget>), SignatureErrors> {
        if !seen.insert(at.key()) {
            return Ok((None, None));
        }
        let Some(class) = at.module.class(at.index) else { return Ok((None, None)) };
        let own = |name: &'static str| {
            find_method(class, name).map(|_| RunTarget { module: Rc::clone(&at.module), place: Definition::Method(at.index, name) })
        };
        let (mut run, mut predict) = (own("run"), own("predict"));
        if run.is_some() && predict.is_some() {
            return Ok((run, predict));
        }
        for base in bases(class) {
            if let Meaning::Class(parent) = self.project.meaning(&at.module, &base)? {
                let (parent_run, parent_predict) = self.predict_methods(&parent, seen)?;
                run = run.or(parent_run);
                predict = predict.or(parent_predict);
            }
        }
        Ok((run, predict))
    }
}

/// What is only known when the file is loaded.
fn at_run_time(module: &Module, range: TextRange, message: String) -> SignatureErrors {
    module.fail(&rules::AT_RUN_TIME, range, message, "nothing has to be done: the built image is checked")
}

fn unclear_target(module: &Module, target: &Target) -> SignatureErrors {
    at_run_time(module, START, format!("`{}` is only defined when {} is loaded", target.name, module.text.file()))
}

/// The path of a target without `.` and `..` parts. A path that leaves the project is rejected.
pub(super) fn clean(target: &Target) -> Result<String, SignatureErrors> {
    let shown = format!("{}:{}", target.file, target.name);
    let bad = |message: String| {
        let error = SignatureError::new(&rules::REFERENCE_INVALID, Location::file(&target.file), message);
        vec![error.with_hint("write file.py:Name, with a file inside the project and a class or function in it")]
    };
    let identifier = |character: char| character.is_alphanumeric() || character == '_';
    if target.name.is_empty() || !target.name.chars().all(identifier) || !target.file.ends_with(".py") {
        return Err(bad(format!("`{shown}` is not of the form file.py:Name")));
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in target.file.split('/') {
        match part {
            "." => {}
            "" if parts.is_empty() => return Err(bad(format!("`{shown}` is not inside the project"))),
            "" => {}
            ".." => {
                if parts.pop().is_none() {
                    return Err(bad(format!("`{shown}` is not inside the project")));
                }
            }
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}
