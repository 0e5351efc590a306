//! Classes with members: `BaseModel` and `TypedDict`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use ruff_python_ast::{Expr, Stmt, StmtAnnAssign, StmtClassDef};

use super::annotation::{Annotation, AnnotationReader, Form};
use super::module::Module;
use super::project::ClassAt;
use super::reader::{Failure, Known, Named, Reader, bases, dotted};
use super::rules;

/// How far base classes are followed.
const MOST_BASES: usize = 32;

/// What kind of class it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Model,
    TypedDict,
    Other,
}

/// A member as written.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub module: Rc<Module>,
    pub name: String,
    pub annotation: Annotation,
    /// Whether the class gives a default.
    pub has_default: bool,
    /// Whether a typed dictionary says that the key is there; `None` for a model.
    pub key_required: Option<bool>,
}

/// What is known of classes so far. Classes with several bases would otherwise be walked through again and again.
#[derive(Debug, Default)]
pub(super) struct Classes {
    kinds: RefCell<BTreeMap<(String, usize), Kind>>,
    fields: RefCell<BTreeMap<(String, usize), Vec<Field>>>,
}

impl Reader<'_> {
    /// Whether a class derives from `BaseModel` or `TypedDict`.
    pub(super) fn is_model(&self, class: &ClassAt) -> Result<bool, Failure> {
        Ok(self.kind(class)? != Kind::Other)
    }

    /// Whether a class derives from `TypedDict`.
    pub(super) fn typed_dict(&self, class: &ClassAt) -> Result<bool, Failure> {
        Ok(self.kind(class)? == Kind::TypedDict)
    }

    fn kind(&self, class: &ClassAt) -> Result<Kind, Failure> {
        self.kind_of(class, 0)
    }

    fn kind_of(&self, at: &ClassAt, depth: usize) -> Result<Kind, Failure> {
        if let Some(kind) = self.classes.kinds.borrow().get(&at.key()) {
            return Ok(*kind);
        }
        // A class that is among its own bases is no model.
        self.classes.kinds.borrow_mut().insert(at.key(), Kind::Other);
        let kind = self.kind_by_bases(at, depth)?;
        self.classes.kinds.borrow_mut().insert(at.key(), kind);
        Ok(kind)
    }

    fn kind_by_bases(&self, at: &ClassAt, depth: usize) -> Result<Kind, Failure> {
        let Some(class) = at.module.class(at.index).filter(|_| depth < MOST_BASES) else { return Ok(Kind::Other) };
        for (base, _) in bases(class) {
            let kind = match self.base(&at.module, &base)? {
                Named::Known(Known::BaseModel) => Kind::Model,
                Named::Known(Known::TypedDict) => Kind::TypedDict,
                // Cog follows bases of typed dictionaries, but not of models.
                Named::Class(parent) => match self.kind_of(&parent, depth + 1)? {
                    Kind::Model if self.exact => Kind::Other,
                    kind => kind,
                },
                _ => Kind::Other,
            };
            if kind != Kind::Other {
                return Ok(kind);
            }
        }
        Ok(Kind::Other)
    }

    /// A base class. `x.BaseModel` counts whatever `x` is.
    fn base(&self, module: &Rc<Module>, name: &str) -> Result<Named, Failure> {
        Ok(match self.named(module, name)? {
            Named::External(_) | Named::Unknown if name.ends_with(".BaseModel") => Named::Known(Known::BaseModel),
            Named::External(_) | Named::Unknown if name.ends_with(".TypedDict") => Named::Known(Known::TypedDict),
            named => named,
        })
    }

    /// The members of a class, those of its bases first.
    pub(super) fn fields(&self, at: &ClassAt) -> Result<Vec<Field>, Failure> {
        self.fields_of(at, 0)
    }

    fn fields_of(&self, at: &ClassAt, depth: usize) -> Result<Vec<Field>, Failure> {
        if let Some(fields) = self.classes.fields.borrow().get(&at.key()) {
            return Ok(fields.clone());
        }
        self.classes.fields.borrow_mut().insert(at.key(), Vec::new());
        let fields = self.own_and_inherited(at, depth)?;
        self.classes.fields.borrow_mut().insert(at.key(), fields.clone());
        Ok(fields)
    }

    fn own_and_inherited(&self, at: &ClassAt, depth: usize) -> Result<Vec<Field>, Failure> {
        let Some(class) = at.module.class(at.index).filter(|_| depth < MOST_BASES) else { return Ok(Vec::new()) };
        let kind = self.kind(at)?;
        let mut merged: Vec<Field> = Vec::new();
        if kind == Kind::TypedDict || !self.exact {
            // Python looks members up from the first base to the last, so the first base is merged last.
            let mut parents: Vec<_> = bases(class).collect();
            if kind == Kind::Model {
                parents.reverse();
            }
            for (base, _) in parents {
                if let Named::Class(parent) = self.base(&at.module, &base)? {
                    self.fields_of(&parent, depth + 1)?.into_iter().for_each(|field| merge(&mut merged, field));
                }
            }
        }
        for statement in &class.body {
            if let Stmt::AnnAssign(assign) = statement
                && let Some(field) = self.field(&at.module, class, assign, kind)?
            {
                merge(&mut merged, field);
            }
        }
        Ok(merged)
    }

    fn field(
        &self,
        module: &Rc<Module>,
        class: &StmtClassDef,
        assign: &StmtAnnAssign,
        kind: Kind,
    ) -> Result<Option<Field>, Failure> {
        let Expr::Name(name) = assign.target.as_ref() else { return Ok(None) };
        let reader = AnnotationReader { module, rule: &rules::OUTPUT_UNSUPPORTED, exact: self.exact };
        let mut annotation = match reader.read(&assign.annotation) {
            // Cog leaves out members that it cannot read.
            Err(_) if self.exact => return Ok(None),
            annotation => annotation?,
        };
        if !self.exact && kind == Kind::Model && name.id.starts_with('_') {
            return Ok(None);
        }
        let mut key_required = None;
        if let Form::Generic(outer, arguments) = &annotation.form {
            match (self.named(module, outer)?, arguments.as_slice()) {
                (Named::Known(Known::ClassVar), _) if !self.exact => return Ok(None),
                (Named::Known(Known::Required), [inner]) if kind == Kind::TypedDict => {
                    (annotation, key_required) = (inner.clone(), Some(true));
                }
                (Named::Known(Known::NotRequired), [inner]) if kind == Kind::TypedDict => {
                    (annotation, key_required) = (inner.clone(), Some(false));
                }
                _ => {}
            }
        }
        if kind == Kind::TypedDict {
            key_required = key_required.or(Some(total(class)));
        }
        let has_default = assign.value.as_deref().is_some_and(|value| self.is_default(module, value));
        Ok(Some(Field { module: Rc::clone(module), name: name.id.to_string(), annotation, has_default, key_required }))
    }

    /// Whether a member's value is a default. `Field(...)` and `Field(description=...)` are none; Cog sees literals only.
    fn is_default(&self, module: &Rc<Module>, value: &Expr) -> bool {
        if self.exact {
            return self.literal_of_cog(module, value).is_some();
        }
        match value {
            Expr::EllipsisLiteral(_) => false,
            Expr::Call(call) if dotted(&call.func).is_some_and(|name| name == "Field" || name.ends_with(".Field")) => {
                let given = call.arguments.args.first();
                let named = call.arguments.find_keyword("default").map(|keyword| &keyword.value);
                call.arguments.find_keyword("default_factory").is_some()
                    || given.or(named).is_some_and(|value| !matches!(value, Expr::EllipsisLiteral(_)))
            }
            _ => true,
        }
    }
}

/// `class A(TypedDict, total=False)` makes every key of its own optional.
fn total(class: &StmtClassDef) -> bool {
    let total = class.arguments.as_deref().and_then(|arguments| arguments.find_keyword("total"));
    !total.is_some_and(|keyword| matches!(&keyword.value, Expr::BooleanLiteral(literal) if !literal.value))
}

fn merge(fields: &mut Vec<Field>, field: Field) {
    match fields.iter_mut().find(|known| known.name == field.name) {
        Some(known) => *known = field,
        None => fields.push(field),
    }
}
