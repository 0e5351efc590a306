//! The semantics of Cog's own schema generator, taken from its source: what it accepts as a type, a value or a default, and what it loses
//! or garbles.
//!
//! It has two uses: the document in an image that the Cog CLI builds, and the warnings where that differs from the source.

mod input;
mod literal;

use std::rc::Rc;

use ruff_python_ast::{Expr, ExprCall, Parameter, ParameterWithDefault, StmtClassDef};
use ruff_text_size::TextRange;

use super::annotation::Annotation;
use super::class::ClassKind;
use super::constant::Constant;
use super::error::SignatureErrors;
use super::known_type::{KnownType, NamedType};
use super::module::Module;
use super::project::{Meaning, ModuleSearch};
use super::reader::{Semantics, SignatureReader};
use super::rules;
use super::signature::InputInfo;
use super::syntax::{bases, dotted};

/// Reads source as Cog's own schema generator does.
pub(super) struct CogCliSemantics;

impl KnownType {
    /// Whether Cog follows `import ... as` for the type. For all others it uses the name in the file.
    const fn is_followed(self) -> bool {
        matches!(
            self,
            Self::BaseModel | Self::TypedDict | Self::Annotated | Self::Opaque | Self::Required | Self::NotRequired | Self::List
        )
    }
}

impl Semantics for CogCliSemantics {
    /// Packages are not searched.
    fn module_search(&self) -> ModuleSearch {
        ModuleSearch::Files
    }

    /// The first definition of a name, where Python takes the last.
    fn class(&self, module: &Module, name: &str) -> Option<usize> {
        module.first_class(name)
    }

    fn function(&self, module: &Module, name: &str) -> Option<usize> {
        module.first_function(name)
    }

    fn named_type(&self, reader: &SignatureReader<'_>, module: &Rc<Module>, dotted: &str) -> Result<NamedType, SignatureErrors> {
        let used = dotted.rsplit('.').next().unwrap_or(dotted);
        // Cog takes everything behind the first dot as the name, so it does not recognize `a.b.Path`.
        let by_name = KnownType::named(used).filter(|_| dotted.matches('.').count() <= 1);
        Ok(match reader.project.meaning(module, dotted)? {
            Meaning::External { module: from, name } => {
                let original = KnownType::exported(&from, &name).filter(|known| used == name || known.is_followed());
                // The marker of another library is not Cog's.
                let by_name = by_name.filter(|known| *known != KnownType::Opaque);
                original.or(by_name).map_or(NamedType::External(from), NamedType::Known)
            }
            // A class of the project counts by its name, unless it has members.
            Meaning::Class(class) => match by_name {
                Some(known) if known != KnownType::Opaque && !reader.is_model(&class)? => NamedType::Known(known),
                _ => NamedType::Class(class),
            },
            Meaning::Unbound | Meaning::Unclear | Meaning::Value(..) | Meaning::Function(..) | Meaning::File(_) => by_name.into(),
        })
    }

    /// Metadata must be readable as a type.
    fn metadata(&self, read: Result<Annotation, SignatureErrors>, _range: TextRange) -> Result<Annotation, SignatureErrors> {
        read
    }

    /// `List as L` is followed for outputs only.
    fn is_input_list(&self, name: &str) -> bool {
        name == "List" || name == "list"
    }

    /// Bases of typed dictionaries are followed, those of models are not.
    fn derived_kind(&self, base: ClassKind) -> ClassKind {
        match base {
            ClassKind::Model => ClassKind::Other,
            kind => kind,
        }
    }

    fn inherited_bases(&self, class: &StmtClassDef, kind: ClassKind) -> Vec<String> {
        if kind == ClassKind::TypedDict { bases(class).collect() } else { Vec::new() }
    }

    /// Members that cannot be read are left out.
    fn member(
        &self,
        _reader: &SignatureReader<'_>,
        _module: &Rc<Module>,
        _name: &str,
        _kind: ClassKind,
        annotation: Result<Annotation, SignatureErrors>,
    ) -> Result<Option<Annotation>, SignatureErrors> {
        Ok(annotation.ok())
    }

    fn is_member_default(&self, module: &Module, value: &Expr) -> bool {
        literal::literal(module, value).is_some()
    }

    fn is_receiver(&self, parameter: &ParameterWithDefault, _in_instance_method: bool) -> bool {
        parameter.name().as_str() == "self" && parameter.annotation().is_none()
    }

    fn check_variadic(&self, module: &Module, parameter: &Parameter) -> Result<(), SignatureErrors> {
        match parameter.annotation {
            Some(_) => Err(module.fail(&rules::ANNOTATION_MISSING, parameter.range, "a parameter without a name", "")),
            None => Ok(()),
        }
    }

    /// The choices replace the component.
    fn clashes_with_component(&self, _name: &str) -> bool {
        false
    }

    fn value(
        &self,
        _reader: &SignatureReader<'_>,
        module: &Rc<Module>,
        expression: &Expr,
    ) -> Result<Option<Constant>, SignatureErrors> {
        Ok(literal::value(module, expression))
    }

    fn literal(
        &self,
        _reader: &SignatureReader<'_>,
        module: &Rc<Module>,
        expression: &Expr,
    ) -> Result<Option<Constant>, SignatureErrors> {
        Ok(literal::literal(module, expression))
    }

    /// `Input`, or another name for it; `cog.Input` is not recognized.
    fn is_input_call(&self, reader: &SignatureReader<'_>, module: &Rc<Module>, call: &ExprCall) -> Result<bool, SignatureErrors> {
        match dotted(&call.func) {
            Some(name) if name == "Input" => Ok(true),
            Some(name) if !name.contains('.') => reader.is_from_cog(module, &call.func, "Input"),
            _ => Ok(false),
        }
    }

    fn input_call(
        &self,
        reader: &SignatureReader<'_>,
        module: &Rc<Module>,
        parameter: &str,
        call: &ExprCall,
    ) -> Result<InputInfo, SignatureErrors> {
        input::call(reader, module, parameter, call)
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
