//! Classes whose members become an object's: `BaseModel` of Cog or pydantic, and `TypedDict`.

use std::collections::BTreeSet;

use ruff_python_ast::{Expr, Stmt, StmtAnnAssign};

use super::annotation::{self, Annotation};
use super::module::Module;
use super::names::{ClassRef, Symbol, resolve};
use super::value::evaluate;
use super::world::World;
use std::rc::Rc;

/// What kind of class it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    BaseModel,
    /// Whether its keys have to be there unless they say otherwise.
    TypedDict {
        total: bool,
    },
}

/// A member as written.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) annotation: Annotation,
    /// Whether it has a default.
    pub(super) has_default: bool,
    /// Whether the key has to be there, where the class says so.
    pub(super) key_required: Option<bool>,
}

/// Whether it is a `TypedDict`.
pub(super) fn is_typed_dict(world: &World<'_>, class: &ClassRef) -> bool {
    matches!(family(world, class, &mut BTreeSet::new()), Some(Family::TypedDict { .. }))
}

/// The members, those of base classes first; `None` for another kind of class.
pub(super) fn members(world: &World<'_>, class: &ClassRef) -> Option<Vec<Member>> {
    family(world, class, &mut BTreeSet::new())?;
    let mut found = Vec::new();
    collect(world, class, &mut BTreeSet::new(), &mut found);
    Some(found)
}

fn bases(world: &World<'_>, class: &ClassRef) -> Vec<Symbol> {
    let Some(arguments) = class.definition().and_then(|definition| definition.arguments.as_ref()) else { return Vec::new() };
    let base = |expression: &Expr| match expression {
        Expr::Subscript(generic) => resolve(world, &class.module, &generic.value),
        other => resolve(world, &class.module, other),
    };
    arguments.args.iter().filter_map(base).collect()
}

fn family(world: &World<'_>, class: &ClassRef, seen: &mut BTreeSet<(String, String)>) -> Option<Family> {
    if !seen.insert(class.key()) {
        return None;
    }
    bases(world, class).into_iter().find_map(|base| match &base {
        Symbol::Class(parent) => match family(world, parent, seen)? {
            Family::TypedDict { .. } => Some(Family::TypedDict { total: is_total(class) }),
            other => Some(other),
        },
        symbol => match symbol.known_name()? {
            "BaseModel" => Some(Family::BaseModel),
            "TypedDict" => Some(Family::TypedDict { total: is_total(class) }),
            _ => None,
        },
    })
}

/// `total=False` makes keys optional.
fn is_total(class: &ClassRef) -> bool {
    let arguments = class.definition().and_then(|definition| definition.arguments.as_ref());
    let total = arguments.and_then(|arguments| {
        arguments.keywords.iter().find(|keyword| keyword.arg.as_ref().is_some_and(|name| name.as_str() == "total"))
    });
    !matches!(total.map(|keyword| &keyword.value), Some(Expr::BooleanLiteral(literal)) if !literal.value)
}

fn collect(world: &World<'_>, class: &ClassRef, seen: &mut BTreeSet<(String, String)>, found: &mut Vec<Member>) {
    if !seen.insert(class.key()) {
        return;
    }
    for base in bases(world, class) {
        if let Symbol::Class(parent) = base {
            collect(world, &parent, seen, found);
        }
    }
    let Some(definition) = class.definition() else { return };
    let family = family(world, class, &mut BTreeSet::new());
    for statement in &definition.body {
        let Stmt::AnnAssign(assign) = statement else { continue };
        if let Some(member) = member(world, &class.module, assign, family) {
            found.retain(|earlier| earlier.name != member.name);
            found.push(member);
        }
    }
}

fn member(world: &World<'_>, module: &Rc<Module>, assign: &StmtAnnAssign, family: Option<Family>) -> Option<Member> {
    let name = assign.target.as_name_expr()?.id.to_string();
    let mut annotation = annotation::read(world, module, &assign.annotation);
    let mut key_required = match family {
        Some(Family::TypedDict { total }) => Some(total),
        _ => None,
    };
    match annotation.known() {
        Some(("ClassVar", _)) => return None,
        Some(("Required", [inner])) => (annotation, key_required) = (inner.clone(), Some(true)),
        Some(("NotRequired", [inner])) => (annotation, key_required) = (inner.clone(), Some(false)),
        _ => {}
    }
    let has_default = assign.value.as_ref().is_some_and(|value| evaluate(world, module, value).is_some());
    Some(Member { name, annotation, has_default, key_required })
}
