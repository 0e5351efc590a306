//! Literals as Cog's own generator reads them, with its errors.

use ruff_python_ast::{Expr, Number, Operator, UnaryOp};
use ruff_text_size::Ranged;

use crate::python::constant::Constant;
use crate::python::module::Module;

/// How deep expressions may be nested.
const MAX_DEPTH: usize = 64;

/// The value of a literal, or of a name that the same file assigns a literal to.
pub(super) fn value(module: &Module, expression: &Expr) -> Option<Constant> {
    if let Some(found) = literal(module, expression) {
        return Some(found);
    }
    let Expr::Name(name) = expression else { return None };
    if module.is_parenthesized(expression) { None } else { named(module, name.id.as_str()).map(|(value, _)| value) }
}

/// The value of a literal. Text is cut between its quotes, with escapes left as written.
pub(super) fn literal(module: &Module, expression: &Expr) -> Option<Constant> {
    literal_at(module, expression, 0)
}

/// The choices of an input: lists, `list(D.keys())`, `list(D.values())`, and these joined with `+`.
pub(super) fn choices(module: &Module, expression: &Expr) -> Option<Vec<Constant>> {
    choices_at(module, expression, 0)
}

/// The last literal that the file assigns to a name, regardless of later changes, and its expression.
fn named<'m>(module: &'m Module, name: &'m str) -> Option<(Constant, &'m Expr)> {
    module.assigned(name).find_map(|value| Some((literal_at(module, value, 0)?, value)))
}

fn literal_at(module: &Module, expression: &Expr, depth: usize) -> Option<Constant> {
    if depth > MAX_DEPTH || (!matches!(expression, Expr::Tuple(_)) && module.is_parenthesized(expression)) {
        return None;
    }
    let source = module.text.slice(expression.range());
    let all = |elements: &[Expr]| -> Option<Vec<Constant>> {
        elements.iter().map(|element| literal_at(module, element, depth + 1)).collect()
    };
    match expression {
        Expr::NoneLiteral(_) => Some(Constant::None),
        Expr::BooleanLiteral(literal) => Some(Constant::Bool(literal.value)),
        Expr::NumberLiteral(literal) => match &literal.value {
            Number::Int(value) => value.as_i64().map(Constant::Int),
            Number::Float(value) => Some(Constant::Float(*value)).filter(|_| value.is_finite()),
            Number::Complex { .. } => None,
        },
        Expr::StringLiteral(_) => text(source).map(Constant::Text),
        Expr::List(list) => all(&list.elts).map(Constant::List),
        Expr::Set(set) => all(&set.elts).map(Constant::List),
        // A tuple and a dictionary lose everything that is not a literal.
        Expr::Tuple(tuple) => {
            Some(Constant::List(tuple.elts.iter().filter_map(|element| literal_at(module, element, depth + 1)).collect()))
        }
        Expr::Dict(dict) => {
            let mut entries = Vec::new();
            for item in &dict.items {
                let key = item.key.as_ref().and_then(|key| literal_at(module, key, depth + 1));
                entries.extend(key.zip(literal_at(module, &item.value, depth + 1)));
            }
            Some(Constant::Dict(entries))
        }
        Expr::UnaryOp(unary) => {
            // The sign and the digits are read as one number, so nothing may come between them.
            let joined = unary.range().len().to_usize() == module.text.slice(unary.operand.range()).len() + 1;
            match (unary.op, literal_at(module, &unary.operand, depth + 1)?) {
                (UnaryOp::USub, Constant::Int(value)) if joined => value.checked_neg().map(Constant::Int),
                (UnaryOp::USub, Constant::Float(value)) if joined => Some(Constant::Float(-value)),
                (UnaryOp::UAdd, value @ (Constant::Int(_) | Constant::Float(_))) if joined => Some(value),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The text between quotes as Cog cuts it. It knows no prefix but `r`.
fn text(source: &str) -> Option<String> {
    for quote in ["\"\"\"", "'''"] {
        if source.starts_with(quote) {
            return source.get(3..source.len().checked_sub(3)?).map(str::to_owned);
        }
    }
    let inner = source.strip_prefix('r').unwrap_or(source);
    if !inner.starts_with(['"', '\'']) {
        return None;
    }
    inner.get(1..inner.len().checked_sub(1)?).map(str::to_owned)
}

fn choices_at(module: &Module, expression: &Expr, depth: usize) -> Option<Vec<Constant>> {
    if depth > MAX_DEPTH || module.is_parenthesized(expression) {
        return None;
    }
    match expression {
        Expr::List(_) => match literal_at(module, expression, 0)? {
            Constant::List(items) => Some(items),
            _ => None,
        },
        Expr::Name(name) => match named(module, name.id.as_str())? {
            // Cog does not accept a set as a list.
            (Constant::List(items), written) if !matches!(written, Expr::Set(_)) => Some(items),
            _ => None,
        },
        Expr::Call(call) if matches!(call.func.as_ref(), Expr::Name(name) if name.id.as_str() == "list") => {
            let Expr::Call(inner) = call.arguments.args.first()? else { return None };
            let Expr::Attribute(attribute) = inner.func.as_ref() else { return None };
            let Expr::Name(name) = attribute.value.as_ref() else { return None };
            let (Constant::Dict(entries), _) = named(module, name.id.as_str())? else { return None };
            match attribute.attr.as_str() {
                "keys" => Some(entries.into_iter().map(|(key, _)| key).collect()),
                "values" => Some(entries.into_iter().map(|(_, value)| value).collect()),
                _ => None,
            }
        }
        Expr::BinOp(binary) if binary.op == Operator::Add => {
            let mut items = choices_at(module, &binary.left, depth + 1)?;
            items.extend(choices_at(module, &binary.right, depth + 1)?);
            Some(items)
        }
        _ => None,
    }
}
