//! Reads constants from expressions without running anything: escapes, joined strings, arithmetic, constants of other files.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use ruff_python_ast::{Expr, ExprCall, ExprFString, FStringPart, InterpolatedStringElement, Number, Operator, UnaryOp};

use super::constant::Constant;
use super::error::SignatureErrors;
use super::module::Module;
use super::project::Meaning;
use super::reader::SignatureReader;
use super::syntax::dotted;

/// How many expressions are read for one constant. Constants made of constants can double at every step.
const MAX_STEPS: usize = 100_000;

/// How deep expressions may be nested, including through names.
const MAX_DEPTH: usize = 64;

/// The longest text and list that are joined, in bytes and items.
const MAX_LENGTH: usize = 200_000;

/// Values of a function's parameters, when its `return` is read.
pub(super) type Locals = BTreeMap<String, Constant>;

struct Walk<'a> {
    steps: Cell<usize>,
    locals: &'a Locals,
}

impl SignatureReader<'_> {
    /// The value of an expression; `None` when it is only known at run time.
    pub(super) fn constant(
        &self,
        module: &Rc<Module>,
        expression: &Expr,
        locals: &Locals,
    ) -> Result<Option<Constant>, SignatureErrors> {
        self.evaluate(module, expression, &Walk { steps: Cell::new(0), locals }, 0)
    }

    fn evaluate(
        &self,
        module: &Rc<Module>,
        expression: &Expr,
        walk: &Walk<'_>,
        depth: usize,
    ) -> Result<Option<Constant>, SignatureErrors> {
        walk.steps.set(walk.steps.get() + 1);
        if depth > MAX_DEPTH || walk.steps.get() > MAX_STEPS {
            return Ok(None);
        }
        let depth = depth + 1;
        Ok(match expression {
            Expr::NoneLiteral(_) => Some(Constant::None),
            Expr::BooleanLiteral(literal) => Some(Constant::Bool(literal.value)),
            Expr::NumberLiteral(literal) => match &literal.value {
                Number::Int(value) => value.as_i64().map(Constant::Int),
                Number::Float(value) => Some(Constant::Float(*value)).filter(|_| value.is_finite()),
                Number::Complex { .. } => None,
            },
            Expr::StringLiteral(literal) => Some(Constant::Text(literal.value.to_str().to_owned())),
            Expr::FString(literal) => self.interpolated(module, literal, walk, depth)?.map(Constant::Text),
            Expr::List(list) => self.items(module, &list.elts, walk, depth)?.map(Constant::List),
            Expr::Tuple(tuple) => self.items(module, &tuple.elts, walk, depth)?.map(Constant::List),
            Expr::Set(set) => self.items(module, &set.elts, walk, depth)?.map(Constant::List),
            Expr::Dict(dict) => {
                let mut entries: Vec<(Constant, Constant)> = Vec::new();
                for item in &dict.items {
                    let value = self.evaluate(module, &item.value, walk, depth)?;
                    match &item.key {
                        Some(key) => match (self.evaluate(module, key, walk, depth)?, value) {
                            (Some(key), Some(value)) => put(&mut entries, key, value),
                            _ => return Ok(None),
                        },
                        None => match value {
                            Some(Constant::Dict(inner)) => {
                                inner.into_iter().for_each(|(key, value)| put(&mut entries, key, value));
                            }
                            _ => return Ok(None),
                        },
                    }
                }
                Some(Constant::Dict(entries))
            }
            Expr::UnaryOp(unary) => match (unary.op, self.evaluate(module, &unary.operand, walk, depth)?) {
                (UnaryOp::USub, Some(Constant::Int(value))) => value.checked_neg().map(Constant::Int),
                (UnaryOp::USub, Some(Constant::Float(value))) => Some(Constant::Float(-value)),
                (UnaryOp::UAdd, Some(value @ (Constant::Int(_) | Constant::Float(_)))) => Some(value),
                _ => None,
            },
            Expr::BinOp(binary) => {
                let left = self.evaluate(module, &binary.left, walk, depth)?;
                let right = self.evaluate(module, &binary.right, walk, depth)?;
                left.zip(right).and_then(|(left, right)| combine(binary.op, left, right))
            }
            Expr::Name(name) if walk.locals.contains_key(name.id.as_str()) => walk.locals.get(name.id.as_str()).cloned(),
            Expr::Name(_) | Expr::Attribute(_) => self.named_constant(module, expression, walk, depth)?,
            Expr::Call(call) => self.listed(module, call, walk, depth)?,
            Expr::Subscript(subscript) => {
                let value = self.evaluate(module, &subscript.value, walk, depth)?;
                let key = self.evaluate(module, &subscript.slice, walk, depth)?;
                value.zip(key).and_then(|(value, key)| element(value, &key))
            }
            _ => None,
        })
    }

    fn items(
        &self,
        module: &Rc<Module>,
        elements: &[Expr],
        walk: &Walk<'_>,
        depth: usize,
    ) -> Result<Option<Vec<Constant>>, SignatureErrors> {
        let mut items = Vec::new();
        for element in elements {
            let found = match element {
                Expr::Starred(starred) => match self.evaluate(module, &starred.value, walk, depth)? {
                    Some(Constant::List(inner)) => Some(inner),
                    Some(Constant::Dict(inner)) => Some(inner.into_iter().map(|(key, _)| key).collect()),
                    _ => None,
                },
                single => self.evaluate(module, single, walk, depth)?.map(|item| vec![item]),
            };
            match found {
                Some(found) if items.len() + found.len() <= MAX_LENGTH => items.extend(found),
                _ => return Ok(None),
            }
        }
        Ok(Some(items))
    }

    /// A constant of this file or another.
    fn named_constant(
        &self,
        module: &Rc<Module>,
        name: &Expr,
        walk: &Walk<'_>,
        depth: usize,
    ) -> Result<Option<Constant>, SignatureErrors> {
        let Some(name) = dotted(name) else { return Ok(None) };
        match self.project.meaning(module, &name)? {
            Meaning::Value(file, index) => match file.value(index) {
                Some(value) => {
                    let elsewhere = Walk { steps: Cell::new(walk.steps.get()), locals: &Locals::new() };
                    let found = self.evaluate(&file, value, &elsewhere, depth);
                    walk.steps.set(elsewhere.steps.get());
                    found
                }
                None => Ok(None),
            },
            _ => Ok(None),
        }
    }

    /// `list(x)`, `tuple(x)`, `d.keys()` and `d.values()`.
    fn listed(
        &self,
        module: &Rc<Module>,
        call: &ExprCall,
        walk: &Walk<'_>,
        depth: usize,
    ) -> Result<Option<Constant>, SignatureErrors> {
        if !call.arguments.keywords.is_empty() {
            return Ok(None);
        }
        match (call.func.as_ref(), call.arguments.args.as_ref()) {
            (Expr::Name(name), [inner])
                if matches!(name.id.as_str(), "list" | "tuple") && module.binding(name.id.as_str()).is_none() =>
            {
                Ok(match self.evaluate(module, inner, walk, depth)? {
                    Some(Constant::List(items)) => Some(Constant::List(items)),
                    Some(Constant::Dict(entries)) => Some(Constant::List(entries.into_iter().map(|(key, _)| key).collect())),
                    _ => None,
                })
            }
            (Expr::Attribute(attribute), []) if matches!(attribute.attr.as_str(), "keys" | "values") => {
                let keys = attribute.attr.as_str() == "keys";
                Ok(match self.evaluate(module, &attribute.value, walk, depth)? {
                    Some(Constant::Dict(entries)) => {
                        Some(Constant::List(entries.into_iter().map(|(key, value)| if keys { key } else { value }).collect()))
                    }
                    _ => None,
                })
            }
            _ => Ok(None),
        }
    }

    /// An f-string of text and whole numbers.
    fn interpolated(
        &self,
        module: &Rc<Module>,
        literal: &ExprFString,
        walk: &Walk<'_>,
        depth: usize,
    ) -> Result<Option<String>, SignatureErrors> {
        let mut text = String::new();
        for part in literal.value.as_slice() {
            match part {
                FStringPart::Literal(part) => text.push_str(&part.value),
                FStringPart::FString(part) => {
                    for element in part.elements.iter() {
                        match element {
                            InterpolatedStringElement::Literal(part) => text.push_str(&part.value),
                            InterpolatedStringElement::Interpolation(inner) => {
                                let plain = inner.debug_text.is_none() && inner.format_spec.is_none() && inner.conversion.is_none();
                                match self.evaluate(module, &inner.expression, walk, depth)? {
                                    Some(Constant::Text(value)) if plain => text.push_str(&value),
                                    Some(Constant::Int(value)) if plain => text.push_str(&value.to_string()),
                                    _ => return Ok(None),
                                }
                            }
                        }
                        if text.len() > MAX_LENGTH {
                            return Ok(None);
                        }
                    }
                }
            }
        }
        Ok(Some(text))
    }
}

fn put(entries: &mut Vec<(Constant, Constant)>, key: Constant, value: Constant) {
    // Long tables are constants too, and comparing every pair of keys would take quadratic time.
    const MAX_COMPARED: usize = 500;
    if entries.len() <= MAX_COMPARED
        && let Some(known) = entries.iter_mut().find(|(known, _)| *known == key)
    {
        known.1 = value;
        return;
    }
    entries.push((key, value));
}

#[expect(clippy::cast_precision_loss, reason = "Python turns whole numbers into doubles here too")]
fn combine(operator: Operator, left: Constant, right: Constant) -> Option<Constant> {
    match (operator, left, right) {
        (Operator::Add, Constant::Text(left), Constant::Text(right)) => {
            Some(Constant::Text(left + &right)).filter(|text| text.as_text().is_some_and(|text| text.len() <= MAX_LENGTH))
        }
        (Operator::Add, Constant::List(mut left), Constant::List(right)) => {
            if left.len() + right.len() > MAX_LENGTH {
                return None;
            }
            left.extend(right);
            Some(Constant::List(left))
        }
        (Operator::Add, Constant::Int(left), Constant::Int(right)) => left.checked_add(right).map(Constant::Int),
        (Operator::Sub, Constant::Int(left), Constant::Int(right)) => left.checked_sub(right).map(Constant::Int),
        (Operator::Mult, Constant::Int(left), Constant::Int(right)) => left.checked_mul(right).map(Constant::Int),
        (Operator::Pow, Constant::Int(left), Constant::Int(right)) => {
            left.checked_pow(u32::try_from(right).ok()?).map(Constant::Int)
        }
        (Operator::FloorDiv, Constant::Int(left), Constant::Int(right)) => {
            let quotient = left.checked_div(right)?;
            let round_down = left % right != 0 && (left < 0) != (right < 0);
            Some(Constant::Int(quotient - i64::from(round_down)))
        }
        (Operator::Div, Constant::Int(left), Constant::Int(right)) if right != 0 => {
            Some(Constant::Float(left as f64 / right as f64))
        }
        (operator, left, right @ Constant::Float(_)) | (operator, left @ Constant::Float(_), right) => {
            let (left, right) = (left.as_number()?, right.as_number()?);
            let value = match operator {
                Operator::Add => left + right,
                Operator::Sub => left - right,
                Operator::Mult => left * right,
                Operator::Div => left / right,
                _ => return None,
            };
            Some(Constant::Float(value)).filter(|_| value.is_finite())
        }
        _ => None,
    }
}

fn element(value: Constant, key: &Constant) -> Option<Constant> {
    match (value, key) {
        (Constant::Dict(entries), key) => entries.into_iter().rev().find(|(known, _)| known == key).map(|(_, value)| value),
        (Constant::List(items), Constant::Int(index)) => {
            let length = i64::try_from(items.len()).ok()?;
            let index = if *index < 0 { index.checked_add(length)? } else { *index };
            items.into_iter().nth(usize::try_from(index).ok()?)
        }
        _ => None,
    }
}
