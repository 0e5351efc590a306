//! Classes with members: `BaseModel` and `TypedDict`.

use std::rc::Rc;

use ruff_python_ast::{Expr, Stmt, StmtAnnAssign, StmtClassDef};

use super::annotation::Form;
use super::annotation_reader::AnnotationReader;
use super::class::{ClassKind, Field};
use super::error::SignatureErrors;
use super::known_type::{KnownType, NamedType};
use super::module::Module;
use super::project::ClassAt;
use super::reader::SignatureReader;
use super::rules;
use super::signature::MemberDefault;
use super::syntax::bases;

/// How many levels of base classes are followed.
const MAX_BASES: usize = 32;

impl SignatureReader<'_> {
    /// Whether a class derives from `BaseModel` or `TypedDict`.
    pub(super) fn is_model(&self, class: &ClassAt) -> Result<bool, SignatureErrors> {
        Ok(self.kind(class)? != ClassKind::Other)
    }

    /// Whether a class derives from `TypedDict`.
    pub(super) fn typed_dict(&self, class: &ClassAt) -> Result<bool, SignatureErrors> {
        Ok(self.kind(class)? == ClassKind::TypedDict)
    }

    fn kind(&self, class: &ClassAt) -> Result<ClassKind, SignatureErrors> {
        self.kind_of(class, 0)
    }

    fn kind_of(&self, at: &ClassAt, depth: usize) -> Result<ClassKind, SignatureErrors> {
        if let Some(kind) = self.classes.kinds.borrow().get(&at.key()) {
            return Ok(*kind);
        }
        // A class among its own bases is not a model.
        self.classes.kinds.borrow_mut().insert(at.key(), ClassKind::Other);
        let kind = self.kind_by_bases(at, depth)?;
        self.classes.kinds.borrow_mut().insert(at.key(), kind);
        Ok(kind)
    }

    fn kind_by_bases(&self, at: &ClassAt, depth: usize) -> Result<ClassKind, SignatureErrors> {
        let Some(class) = at.module.class(at.index).filter(|_| depth < MAX_BASES) else { return Ok(ClassKind::Other) };
        for base in bases(class) {
            let kind = match self.base(&at.module, &base)? {
                NamedType::Known(KnownType::BaseModel) => ClassKind::Model,
                NamedType::Known(KnownType::TypedDict) => ClassKind::TypedDict,
                NamedType::Class(parent) => self.semantics.derived_kind(self.kind_of(&parent, depth + 1)?),
                _ => ClassKind::Other,
            };
            if kind != ClassKind::Other {
                return Ok(kind);
            }
        }
        Ok(ClassKind::Other)
    }

    /// A base class. `x.BaseModel` counts whatever `x` is.
    fn base(&self, module: &Rc<Module>, name: &str) -> Result<NamedType, SignatureErrors> {
        Ok(match self.named_type(module, name)? {
            NamedType::External(_) | NamedType::Unknown if name.ends_with(".BaseModel") => NamedType::Known(KnownType::BaseModel),
            NamedType::External(_) | NamedType::Unknown if name.ends_with(".TypedDict") => NamedType::Known(KnownType::TypedDict),
            named => named,
        })
    }

    /// The members of a class, those of its bases first.
    pub(super) fn fields(&self, at: &ClassAt) -> Result<Vec<Field>, SignatureErrors> {
        self.fields_of(at, 0)
    }

    fn fields_of(&self, at: &ClassAt, depth: usize) -> Result<Vec<Field>, SignatureErrors> {
        if let Some(fields) = self.classes.fields.borrow().get(&at.key()) {
            return Ok(fields.clone());
        }
        self.classes.fields.borrow_mut().insert(at.key(), Vec::new());
        let fields = self.own_and_inherited(at, depth)?;
        self.classes.fields.borrow_mut().insert(at.key(), fields.clone());
        Ok(fields)
    }

    fn own_and_inherited(&self, at: &ClassAt, depth: usize) -> Result<Vec<Field>, SignatureErrors> {
        let Some(class) = at.module.class(at.index).filter(|_| depth < MAX_BASES) else { return Ok(Vec::new()) };
        let kind = self.kind(at)?;
        let mut merged: Vec<Field> = Vec::new();
        for base in self.semantics.inherited_bases(class, kind) {
            if let NamedType::Class(parent) = self.base(&at.module, &base)? {
                self.fields_of(&parent, depth + 1)?.into_iter().for_each(|field| merge(&mut merged, field));
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
        kind: ClassKind,
    ) -> Result<Option<Field>, SignatureErrors> {
        let Expr::Name(name) = assign.target.as_ref() else { return Ok(None) };
        let reader = AnnotationReader { module, rule: &rules::OUTPUT_UNSUPPORTED, semantics: self.semantics };
        let annotation = reader.read(&assign.annotation);
        let Some(mut annotation) = self.semantics.member(self, module, name.id.as_str(), kind, annotation)? else {
            return Ok(None);
        };
        let mut key_required = None;
        if let Form::Generic(outer, arguments) = &annotation.form {
            match (self.named_type(module, outer)?, arguments.as_slice()) {
                (NamedType::Known(KnownType::Required), [inner]) if kind == ClassKind::TypedDict => {
                    (annotation, key_required) = (inner.clone(), Some(true));
                }
                (NamedType::Known(KnownType::NotRequired), [inner]) if kind == ClassKind::TypedDict => {
                    (annotation, key_required) = (inner.clone(), Some(false));
                }
                _ => {}
            }
        }
        if kind == ClassKind::TypedDict {
            key_required = key_required.or(Some(total(class)));
        }
        let default = match assign.value.as_deref().filter(|value| self.semantics.is_member_default(module, value)) {
            Some(value) => Some(match self.semantics.value(self, module, value)? {
                Some(value) => MemberDefault::Value(value.to_json()),
                None => MemberDefault::AtRunTime,
            }),
            None => None,
        };
        Ok(Some(Field { module: Rc::clone(module), name: name.id.to_string(), annotation, default, key_required }))
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
