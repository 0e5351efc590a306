//! The semantics of Python: the source is taken literally.

mod input;

use std::rc::Rc;

use ruff_python_ast::{Expr, ExprCall, Parameter, ParameterWithDefault, StmtClassDef};
use ruff_text_size::TextRange;

use super::annotation::{Annotation, Form};
use super::class::ClassKind;
use super::constant::Constant;
use super::document;
use super::error::SignatureErrors;
use super::evaluate::Locals;
use super::known_type::{KnownType, NamedType};
use super::module::{Binding, Module};
use super::project::{Meaning, ModuleSearch};
use super::reader::{Semantics, SignatureReader};
use super::signature::InputInfo;
use super::syntax::{bases, dotted};

/// Reads source as Python does, even where Cog's own generator does not.
pub(super) struct PlainSemantics;

/// Whether a module's names mean the same as Cog's. `pathlib.Path` counts: Cog treats it as its own, and a warning says so.
fn has_known_names(module: &str) -> bool {
    const HOMES: &[&str] =
        &["builtins", "cog", "collections.abc", "pathlib", "pydantic", "pydantic.v1", "typing", "typing_extensions"];
    HOMES.contains(&module) || module.starts_with("cog.")
}

impl Semantics for PlainSemantics {
    fn module_search(&self) -> ModuleSearch {
        ModuleSearch::FilesAndPackages
    }

    fn class(&self, module: &Module, name: &str) -> Option<usize> {
        match module.binding(name) {
            Some(Binding::Class(index)) => Some(*index),
            _ => None,
        }
    }

    fn function(&self, module: &Module, name: &str) -> Option<usize> {
        match module.binding(name) {
            Some(Binding::Function(index)) => Some(*index),
            _ => None,
        }
    }

    fn named_type(&self, reader: &SignatureReader<'_>, module: &Rc<Module>, dotted: &str) -> Result<NamedType, SignatureErrors> {
        let used = dotted.rsplit('.').next().unwrap_or(dotted);
        Ok(match reader.project.meaning(module, dotted)? {
            Meaning::Unbound | Meaning::Unclear => KnownType::named(used).into(),
            Meaning::External { module: from, name } => {
                let same_name = || KnownType::named(used).filter(|_| has_known_names(&from));
                KnownType::exported(&from, &name).or_else(same_name).map_or(NamedType::External(from), NamedType::Known)
            }
            Meaning::Class(class) => NamedType::Class(class),
            Meaning::Value(file, index) => NamedType::Alias(file, index),
            Meaning::Function(..) | Meaning::File(_) => NamedType::Unknown,
        })
    }

    fn metadata(&self, read: Result<Annotation, SignatureErrors>, range: TextRange) -> Result<Annotation, SignatureErrors> {
        Ok(read.unwrap_or(Annotation { form: Form::Other, range }))
    }

    fn is_input_list(&self, _name: &str) -> bool {
        true
    }

    fn derived_kind(&self, base: ClassKind) -> ClassKind {
        base
    }

    fn inherited_bases(&self, class: &StmtClassDef, kind: ClassKind) -> Vec<String> {
        // Python looks members up from the first base to the last, so the first base must come last.
        if kind == ClassKind::Model { bases(class).rev().collect() } else { bases(class).collect() }
    }

    fn member(
        &self,
        reader: &SignatureReader<'_>,
        module: &Rc<Module>,
        name: &str,
        kind: ClassKind,
        annotation: Result<Annotation, SignatureErrors>,
    ) -> Result<Option<Annotation>, SignatureErrors> {
        let annotation = annotation?;
        if kind == ClassKind::Model && name.starts_with('_') {
            return Ok(None);
        }
        if let Form::Generic(outer, _) = &annotation.form
            && matches!(reader.named_type(module, outer)?, NamedType::Known(KnownType::ClassVar))
        {
            return Ok(None);
        }
        Ok(Some(annotation))
    }

    /// `Field(...)` and `Field(description=...)` give no default.
    fn is_member_default(&self, _module: &Module, value: &Expr) -> bool {
        match value {
            Expr::EllipsisLiteral(_) => false,
            Expr::Call(call) if dotted(&call.func).is_some_and(|name| name == "Field" || name.ends_with(".Field")) => {
                let first = call.arguments.args.first();
                let named = call.arguments.find_keyword("default").map(|keyword| &keyword.value);
                call.arguments.find_keyword("default_factory").is_some()
                    || first.or(named).is_some_and(|value| !matches!(value, Expr::EllipsisLiteral(_)))
            }
            _ => true,
        }
    }

    fn is_receiver(&self, parameter: &ParameterWithDefault, in_instance_method: bool) -> bool {
        in_instance_method || parameter.name().as_str() == "self"
    }

    fn check_variadic(&self, _module: &Module, _parameter: &Parameter) -> Result<(), SignatureErrors> {
        Ok(())
    }

    fn clashes_with_component(&self, name: &str) -> bool {
        document::COMPONENTS.contains(&name)
    }

    fn value(
        &self,
        reader: &SignatureReader<'_>,
        module: &Rc<Module>,
        expression: &Expr,
    ) -> Result<Option<Constant>, SignatureErrors> {
        reader.constant(module, expression, &Locals::new())
    }

    fn literal(
        &self,
        reader: &SignatureReader<'_>,
        module: &Rc<Module>,
        expression: &Expr,
    ) -> Result<Option<Constant>, SignatureErrors> {
        self.value(reader, module, expression)
    }

    fn is_input_call(&self, reader: &SignatureReader<'_>, module: &Rc<Module>, call: &ExprCall) -> Result<bool, SignatureErrors> {
        let is_bare = dotted(&call.func).is_some_and(|name| name == "Input");
        Ok(is_bare || reader.is_from_cog(module, &call.func, "Input")?)
    }

    fn input_call(
        &self,
        reader: &SignatureReader<'_>,
        module: &Rc<Module>,
        parameter: &str,
        call: &ExprCall,
    ) -> Result<InputInfo, SignatureErrors> {
        input::call(reader, module, parameter, call, &Locals::new())
    }

    fn referenced_input(
        &self,
        reader: &SignatureReader<'_>,
        module: &Rc<Module>,
        parameter: &str,
        default: &Expr,
    ) -> Result<Option<InputInfo>, SignatureErrors> {
        input::referenced(reader, module, parameter, default)
    }
}
