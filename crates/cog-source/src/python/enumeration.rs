//! Members of enumerations and constants of classes.

use std::rc::Rc;

use ruff_python_ast::{Expr, ExprAttribute, Stmt};

use super::constant::{Constant, EnumMember};
use super::error::SignatureErrors;
use super::evaluate::{Locals, Walk};
use super::module::Module;
use super::project::{ClassAt, Meaning};
use super::reader::SignatureReader;
use super::syntax::{bases, dotted};

/// How many base classes are followed.
const MAX_BASES: usize = 8;

/// What kind of enumeration a class is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Kind {
    is_enum: bool,
    /// Whether members are values too, as in `class Mode(str, Enum)`.
    is_value: bool,
    /// Whether `auto()` is the name in lower case.
    names_by_itself: bool,
}

impl SignatureReader<'_> {
    /// The members of an enumeration; `None` for another class.
    pub(super) fn enumerated(
        &self,
        class: &ClassAt,
        walk: &Walk<'_>,
        depth: usize,
    ) -> Result<Option<Vec<Constant>>, SignatureErrors> {
        let kind = self.enum_kind(class, 0)?;
        if !kind.is_enum {
            return Ok(None);
        }
        let mut members: Vec<Constant> = Vec::new();
        let mut seen: Vec<Constant> = Vec::new();
        for (name, value) in self.attributes(class, kind, walk, depth)? {
            let value = value.unwrap_or(Constant::Unknown);
            // A second name of a value is an alias, and no member of its own.
            if value == Constant::Unknown || !seen.contains(&value) {
                seen.push(value.clone());
                members.push(Constant::Member(Box::new(EnumMember { name, value, is_value: kind.is_value })));
            }
        }
        Ok(Some(members))
    }

    /// An attribute of a class, or of a member of an enumeration: `Mode.A`, `Mode.A.value`, `member.name`, `Mode.__members__`.
    pub(super) fn attribute(
        &self,
        module: &Rc<Module>,
        attribute: &ExprAttribute,
        walk: &Walk<'_>,
        depth: usize,
    ) -> Result<Option<Constant>, SignatureErrors> {
        let wanted = attribute.attr.as_str();
        if let Some(owner) = dotted(&attribute.value)
            && let Meaning::Class(class) = self.project.meaning(module, &owner)?
        {
            return self.class_attribute(&class, wanted, walk, depth);
        }
        let inner = match attribute.value.as_ref() {
            inner @ (Expr::Name(_) | Expr::Attribute(_) | Expr::Subscript(_)) => self.evaluate(module, inner, walk, depth)?,
            _ => None,
        };
        Ok(match (inner, wanted) {
            (Some(Constant::Member(member)), "value") => Some(member.value).filter(Constant::is_known),
            (Some(Constant::Member(member)), "name") => Some(Constant::Text(member.name)),
            _ => None,
        })
    }

    fn class_attribute(
        &self,
        class: &ClassAt,
        wanted: &str,
        walk: &Walk<'_>,
        depth: usize,
    ) -> Result<Option<Constant>, SignatureErrors> {
        let kind = self.enum_kind(class, 0)?;
        let found = self.attributes(class, kind, walk, depth)?;
        let member = |name: String, value: Option<Constant>| {
            let value = value.unwrap_or(Constant::Unknown);
            Constant::Member(Box::new(EnumMember { name, value, is_value: kind.is_value }))
        };
        if kind.is_enum && wanted == "__members__" {
            let entry = |(name, value): (String, _)| (Constant::Text(name.clone()), member(name, value));
            return Ok(Some(Constant::Dict(found.into_iter().map(entry).collect())));
        }
        let last = found.into_iter().rev().find(|(name, _)| name == wanted);
        Ok(last.and_then(|(name, value)| if kind.is_enum { Some(member(name, value)) } else { value }))
    }

    /// The constants in the body of a class, in order.
    fn attributes(
        &self,
        at: &ClassAt,
        kind: Kind,
        walk: &Walk<'_>,
        depth: usize,
    ) -> Result<Vec<(String, Option<Constant>)>, SignatureErrors> {
        let mut locals = Locals::new();
        let mut found: Vec<(String, Option<Constant>)> = Vec::new();
        for statement in at.module.class(at.index).map(|class| class.body.as_slice()).unwrap_or_default() {
            let (target, value) = match statement {
                Stmt::Assign(assign) => match assign.targets.as_slice() {
                    [target] => (target, assign.value.as_ref()),
                    _ => continue,
                },
                Stmt::AnnAssign(assign) => match &assign.value {
                    Some(value) => (assign.target.as_ref(), value.as_ref()),
                    None => continue,
                },
                _ => continue,
            };
            let Expr::Name(name) = target else { continue };
            if kind.is_enum && name.id.as_str().starts_with('_') {
                continue;
            }
            let name = name.id.to_string();
            let value = if kind.is_enum && is_auto(value) {
                automatic(&name, kind, &found)
            } else {
                self.evaluate(&at.module, value, &walk.elsewhere(&locals), depth)?
            };
            if let Some(value) = &value {
                locals.insert(name.clone(), value.clone());
            }
            found.push((name, value));
        }
        Ok(found)
    }

    fn enum_kind(&self, at: &ClassAt, depth: usize) -> Result<Kind, SignatureErrors> {
        let mut kind = Kind::default();
        let Some(class) = at.module.class(at.index).filter(|_| depth < MAX_BASES) else { return Ok(kind) };
        for base in bases(class) {
            let name = match self.project.meaning(&at.module, &base)? {
                Meaning::Class(parent) => {
                    let inherited = self.enum_kind(&parent, depth + 1)?;
                    kind.is_enum |= inherited.is_enum;
                    kind.is_value |= inherited.is_value;
                    kind.names_by_itself |= inherited.names_by_itself;
                    continue;
                }
                Meaning::External { name, .. } => name,
                Meaning::Unbound => base.rsplit('.').next().unwrap_or(&base).to_owned(),
                _ => continue,
            };
            match name.as_str() {
                "Enum" => kind.is_enum = true,
                "IntEnum" => (kind.is_enum, kind.is_value) = (true, true),
                "StrEnum" => kind = Kind { is_enum: true, is_value: true, names_by_itself: true },
                "str" | "int" | "float" => kind.is_value = true,
                _ => {}
            }
        }
        Ok(kind)
    }
}

/// `auto()`, under any module's name.
fn is_auto(value: &Expr) -> bool {
    let Expr::Call(call) = value else { return false };
    call.arguments.is_empty() && dotted(&call.func).is_some_and(|name| name == "auto" || name.ends_with(".auto"))
}

/// What `auto()` stands for.
fn automatic(name: &str, kind: Kind, before: &[(String, Option<Constant>)]) -> Option<Constant> {
    if kind.names_by_itself {
        return Some(Constant::Text(name.to_lowercase()));
    }
    match before.last() {
        None => Some(Constant::Int(1)),
        Some((_, Some(Constant::Int(last)))) => last.checked_add(1).map(Constant::Int),
        Some(_) => None,
    }
}
