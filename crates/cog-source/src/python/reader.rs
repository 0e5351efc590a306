//! What every step of reading a signature shares: the files, the rules in force, the warnings so far.

use std::cell::RefCell;
use std::rc::Rc;

use cog_findings::{Finding, Rule};
use ruff_python_ast::{Expr, StmtClassDef};
use ruff_text_size::{Ranged, TextRange};

use super::error::SignatureError;
use super::models::Classes;
use super::module::Module;
use super::options::Release;
use super::project::{ClassAt, Meaning, Project};
use super::rules;
use super::source::SourceTree;

/// Why something could not be read: at least one error.
pub(super) type Failure = Vec<SignatureError>;

/// A name that the rules of types know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Str,
    Int,
    Float,
    Bool,
    Path,
    File,
    Secret,
    Any,
    Dict,
    List,
    Optional,
    Union,
    Annotated,
    Opaque,
    Iterator,
    ConcatenateIterator,
    BaseModel,
    TypedDict,
    Required,
    NotRequired,
    ClassVar,
}

impl Known {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "str" => Self::Str,
            "int" => Self::Int,
            "float" => Self::Float,
            "bool" => Self::Bool,
            "Path" => Self::Path,
            "File" => Self::File,
            "Secret" => Self::Secret,
            "Any" => Self::Any,
            "dict" | "Dict" => Self::Dict,
            "list" | "List" => Self::List,
            "Optional" => Self::Optional,
            "Union" => Self::Union,
            "Annotated" => Self::Annotated,
            "Opaque" => Self::Opaque,
            "Iterator" | "AsyncIterator" => Self::Iterator,
            "ConcatenateIterator" | "AsyncConcatenateIterator" => Self::ConcatenateIterator,
            "BaseModel" => Self::BaseModel,
            "TypedDict" => Self::TypedDict,
            "Required" => Self::Required,
            "NotRequired" => Self::NotRequired,
            "ClassVar" => Self::ClassVar,
            _ => return None,
        })
    }

    /// Whether Cog follows `import ... as` for it. For everything else it goes by the name that the file uses.
    const fn followed_by_cog(self) -> bool {
        matches!(
            self,
            Self::BaseModel | Self::TypedDict | Self::Annotated | Self::Opaque | Self::Required | Self::NotRequired | Self::List
        )
    }
}

/// What a name in an annotation stands for.
#[derive(Debug, Clone)]
pub(super) enum Named {
    /// One of the types that Cog knows.
    Known(Known),
    /// A class of the project.
    Class(ClassAt),
    /// A name for another annotation.
    Alias(Rc<Module>, usize),
    /// A name from a module outside the project.
    External(String),
    /// A function, a file, or nothing that is known.
    Unknown,
}

/// Modules whose names mean what the rules of types say.
const HOMES: &[&str] = &["builtins", "cog", "collections.abc", "pydantic", "pydantic.v1", "typing", "typing_extensions"];

/// Whether a module belongs to a family whose names are known. `pathlib.Path` counts as a known name that Cog refuses with a hint.
fn is_home(module: &str) -> bool {
    HOMES.contains(&module) || module == "pathlib" || module.starts_with("cog.")
}

/// The shared state of one reading.
pub(super) struct Reader<'t> {
    pub project: Project<'t>,
    pub exact: bool,
    pub release: Release,
    pub classes: Classes,
    warnings: RefCell<Vec<Finding>>,
}

impl<'t> Reader<'t> {
    pub(super) fn new(tree: &'t dyn SourceTree, release: Release, exact: bool) -> Self {
        Self { project: Project::new(tree, exact), exact, release, classes: Classes::default(), warnings: RefCell::default() }
    }

    /// A reader of the same files that reads as Cog's own generator does.
    pub(super) fn as_cog(&self) -> Self {
        let project = self.project.as_cog();
        Self { project, exact: true, release: self.release, classes: Classes::default(), warnings: RefCell::default() }
    }

    /// The warnings so far, each once.
    pub(super) fn into_warnings(self) -> Vec<Finding> {
        self.warnings.into_inner()
    }

    pub(super) fn warn(&self, rule: &Rule, module: &Module, range: TextRange, message: impl Into<String>, hint: &str) {
        let finding = Finding::new(rule, message).at(module.text.place(range)).hint(hint);
        let mut warnings = self.warnings.borrow_mut();
        if !warnings.contains(&finding) {
            warnings.push(finding);
        }
    }

    /// What a dotted name stands for as a type.
    pub(super) fn named(&self, module: &Rc<Module>, dotted: &str) -> Result<Named, Failure> {
        let last = dotted.rsplit('.').next().unwrap_or(dotted);
        // Cog takes what stands behind the first dot, so that `a.b.Path` is not known to it.
        let by_name = if self.exact && dotted.matches('.').count() > 1 { None } else { Known::named(last) };
        let by_name = by_name.map(Named::Known);
        Ok(match self.project.meaning(module, dotted)? {
            Meaning::Unbound | Meaning::Unclear => by_name.unwrap_or(Named::Unknown),
            Meaning::External { module: from, name } => {
                let original =
                    Known::named(&name).filter(|known| HOMES.contains(&from.as_str()) && self.follows(*known, last, &name));
                let same_name = by_name.filter(|_| self.exact || is_home(&from));
                original.map(Named::Known).or(same_name).unwrap_or(Named::External(from))
            }
            Meaning::Class(class) if self.exact && by_name.is_some() => {
                let model = self.is_model(&class)?;
                by_name.filter(|_| !model).unwrap_or(Named::Class(class))
            }
            Meaning::Class(class) => Named::Class(class),
            Meaning::Value(..) | Meaning::Function | Meaning::File(_) if self.exact => by_name.unwrap_or(Named::Unknown),
            Meaning::Value(file, index) => Named::Alias(file, index),
            Meaning::Function | Meaning::File(_) => Named::Unknown,
        })
    }

    fn follows(&self, known: Known, used: &str, original: &str) -> bool {
        !self.exact || used == original || known.followed_by_cog()
    }

    /// Where a name comes from, when that is a module outside the project.
    pub(super) fn origin(&self, module: &Rc<Module>, dotted: &str) -> Result<Option<String>, Failure> {
        Ok(match self.project.meaning(module, dotted)? {
            Meaning::External { module, .. } => Some(module),
            _ => None,
        })
    }

    /// Whether a name is `cog`'s own `name`, as decorators and calls need it.
    pub(super) fn is_of_cog(&self, module: &Rc<Module>, expression: &Expr, name: &str) -> Result<bool, Failure> {
        let Some(dotted) = dotted(expression) else { return Ok(false) };
        Ok(matches!(
            self.project.meaning(module, &dotted)?,
            Meaning::External { module, name: found } if module == "cog" && found == name
        ))
    }

    /// An error unless the chosen Cog knows a feature.
    pub(super) fn needs(&self, release: Release, feature: &str, module: &Module, range: TextRange) -> Result<(), Failure> {
        if self.release >= release {
            return Ok(());
        }
        let message = format!("{feature} needs Cog {release}, but the model is built with {}", self.release);
        let hint = format!("set build.sdk_version in cog.yaml to {release} or newer");
        Err(fail(&rules::COG_TOO_OLD, module, range, message, hint))
    }
}

/// One error as a failure.
pub(super) fn fail(
    rule: &'static Rule,
    module: &Module,
    range: TextRange,
    message: impl Into<String>,
    hint: impl Into<String>,
) -> Failure {
    vec![SignatureError::new(rule, module.text.place(range), message).with_hint(hint)]
}

/// `a.b.c` of a chain of attributes that starts at a name.
pub(super) fn dotted(expression: &Expr) -> Option<String> {
    let mut parts = Vec::new();
    let mut rest = expression;
    loop {
        match rest {
            Expr::Name(name) => {
                parts.push(name.id.as_str());
                parts.reverse();
                return Some(parts.join("."));
            }
            Expr::Attribute(attribute) => {
                parts.push(attribute.attr.as_str());
                rest = &attribute.value;
            }
            _ => return None,
        }
    }
}

/// The bases of a class that are plain names.
pub(super) fn bases(class: &StmtClassDef) -> impl Iterator<Item = (String, TextRange)> {
    let arguments = class.arguments.as_deref();
    arguments.into_iter().flat_map(|arguments| &arguments.args).filter_map(|base| Some((dotted(base)?, base.range())))
}
