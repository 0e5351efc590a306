//! The state that all steps of reading a signature share, and the interface between two ways of reading source.
//!
//! [`Semantics`] answers every question on which Cog's own schema generator and Python disagree. The sibling modules are the same for both
//! and know neither.

use std::cell::RefCell;
use std::rc::Rc;

use cog_findings::{Finding, Rule};
use ruff_python_ast::{Expr, ExprCall, Parameter, ParameterWithDefault, StmtClassDef};
use ruff_text_size::TextRange;

use super::annotation::Annotation;
use super::class::{ClassCache, ClassKind};
use super::constant::Constant;
use super::error::SignatureErrors;
use super::known_type::NamedType;
use super::module::Module;
use super::options::CogVersion;
use super::project::{Meaning, ModuleSearch, Project};
use super::rules;
use super::signature::InputInfo;
use super::source::SourceTree;
use super::syntax::dotted;

/// What a piece of source means.
pub(super) trait Semantics {
    /// Which files of the project an import can refer to.
    fn module_search(&self) -> ModuleSearch;

    /// The statement that defines the class with a name in a file.
    fn class(&self, module: &Module, name: &str) -> Option<usize>;

    /// The statement that defines the function with a name in a file.
    fn function(&self, module: &Module, name: &str) -> Option<usize>;

    /// What a dotted name in an annotation refers to.
    fn named_type(&self, reader: &SignatureReader<'_>, module: &Rc<Module>, dotted: &str) -> Result<NamedType, SignatureErrors>;

    /// Metadata of `Annotated` and values of `Literal`, given how they read as annotations.
    fn metadata(&self, read: Result<Annotation, SignatureErrors>, range: TextRange) -> Result<Annotation, SignatureErrors>;

    /// Whether an input may be a list under this name.
    fn is_input_list(&self, name: &str) -> bool;

    /// The kind of a class that derives from a class of the project.
    fn derived_kind(&self, base: ClassKind) -> ClassKind;

    /// The bases that a class inherits members from. Of two members with one name, that of the later base counts.
    fn inherited_bases(&self, class: &StmtClassDef, kind: ClassKind) -> Vec<String>;

    /// The annotation of a member; `None` when the attribute is not a member.
    fn member(
        &self,
        reader: &SignatureReader<'_>,
        module: &Rc<Module>,
        name: &str,
        kind: ClassKind,
        annotation: Result<Annotation, SignatureErrors>,
    ) -> Result<Option<Annotation>, SignatureErrors>;

    fn is_member_default(&self, module: &Module, value: &Expr) -> bool;

    /// Whether the first parameter is the instance rather than an input.
    fn is_receiver(&self, parameter: &ParameterWithDefault, in_instance_method: bool) -> bool;

    /// Checks `*args` or `**kwargs`.
    fn check_variadic(&self, module: &Module, parameter: &Parameter) -> Result<(), SignatureErrors>;

    /// Whether choices of an input of this name would clash with a component of the document.
    fn clashes_with_component(&self, name: &str) -> bool;

    /// The value of an expression; `None` when it cannot be read.
    fn value(
        &self,
        reader: &SignatureReader<'_>,
        module: &Rc<Module>,
        expression: &Expr,
    ) -> Result<Option<Constant>, SignatureErrors>;

    /// The value of an expression where only a literal is expected; `None` when it cannot be read.
    fn literal(
        &self,
        reader: &SignatureReader<'_>,
        module: &Rc<Module>,
        expression: &Expr,
    ) -> Result<Option<Constant>, SignatureErrors>;

    /// Whether a call is one of Cog's `Input`.
    fn is_input_call(&self, reader: &SignatureReader<'_>, module: &Rc<Module>, call: &ExprCall) -> Result<bool, SignatureErrors>;

    /// Reads a call of `Input` for a parameter.
    fn input_call(
        &self,
        reader: &SignatureReader<'_>,
        module: &Rc<Module>,
        parameter: &str,
        call: &ExprCall,
    ) -> Result<InputInfo, SignatureErrors>;

    /// Reads a default that refers to an `Input` elsewhere, as `Inputs.prompt`; `None` when it does not.
    fn referenced_input(
        &self,
        reader: &SignatureReader<'_>,
        module: &Rc<Module>,
        parameter: &str,
        default: &Expr,
    ) -> Result<Option<InputInfo>, SignatureErrors>;
}

/// Reads signatures from the files of a project.
pub(super) struct SignatureReader<'t> {
    pub project: Project<'t>,
    pub semantics: &'static dyn Semantics,
    pub cog: CogVersion,
    pub classes: ClassCache,
    warnings: RefCell<Vec<Finding>>,
}

impl<'t> SignatureReader<'t> {
    pub(super) fn new(tree: &'t dyn SourceTree, cog: CogVersion, semantics: &'static dyn Semantics) -> Self {
        Self::with(Project::new(tree, semantics.module_search()), cog, semantics)
    }

    /// A reader of these files with other semantics. Parsed files are not parsed again.
    pub(super) fn with_semantics(&self, semantics: &'static dyn Semantics) -> Self {
        Self::with(self.project.with_search(semantics.module_search()), self.cog, semantics)
    }

    fn with(project: Project<'t>, cog: CogVersion, semantics: &'static dyn Semantics) -> Self {
        Self { project, semantics, cog, classes: ClassCache::default(), warnings: RefCell::default() }
    }

    /// The warnings so far, without duplicates.
    pub(super) fn into_warnings(self) -> Vec<Finding> {
        self.warnings.into_inner()
    }

    pub(super) fn warn(&self, rule: &Rule, module: &Module, range: TextRange, message: impl Into<String>, hint: &str) {
        let finding = Finding::new(rule, message).at(module.text.location(range)).hint(hint);
        let mut warnings = self.warnings.borrow_mut();
        if !warnings.contains(&finding) {
            warnings.push(finding);
        }
    }

    pub(super) fn named_type(&self, module: &Rc<Module>, dotted: &str) -> Result<NamedType, SignatureErrors> {
        self.semantics.named_type(self, module, dotted)
    }

    /// The module that a name is imported from, when that is outside the project.
    pub(super) fn origin(&self, module: &Rc<Module>, dotted: &str) -> Result<Option<String>, SignatureErrors> {
        Ok(match self.project.meaning(module, dotted)? {
            Meaning::External { module, .. } => Some(module),
            _ => None,
        })
    }

    /// Whether an expression is the `name` that the package `cog` exports.
    pub(super) fn is_from_cog(&self, module: &Rc<Module>, expression: &Expr, name: &str) -> Result<bool, SignatureErrors> {
        let Some(dotted) = dotted(expression) else { return Ok(false) };
        Ok(matches!(
            self.project.meaning(module, &dotted)?,
            Meaning::External { module, name: found } if module == "cog" && found == name
        ))
    }

    /// An error when the chosen Cog release lacks a feature.
    pub(super) fn require(
        &self,
        since: CogVersion,
        feature: &str,
        module: &Module,
        range: TextRange,
    ) -> Result<(), SignatureErrors> {
        if self.cog >= since {
            return Ok(());
        }
        let message = format!("{feature} needs Cog {since}, but the model is built with {}", self.cog);
        let hint = format!("set build.sdk_version in cog.yaml to {since} or newer");
        Err(module.fail(&rules::COG_TOO_OLD, range, message, hint))
    }
}
