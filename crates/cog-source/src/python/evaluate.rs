//! Reads constants from expressions without running anything: escapes, joined strings, arithmetic, constants of other files.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use ruff_python_ast::{Expr, ExprFString, FStringPart, InterpolatedStringElement, Number, Operator, UnaryOp};

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
pub(super) const MAX_LENGTH: usize = 200_000;

/// Values of names inside a function or a comprehension.
pub(super) type Locals = BTreeMap<String, Constant>;

/// The names that an expression can use, and the work that has been done for it.
#[derive(Clone, Copy)]
pub(super) struct Walk<'a> {
    steps: &'a Cell<usize>,
    locals: &'a Locals,
    outer: Option<&'a Walk<'a>>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(steps: &'a Cell<usize>, locals: &'a Locals) -> Self {
        Self { steps, locals, outer: None }
    }

    /// Goes on with further names, which hide earlier ones.
    pub(super) fn with(&'a self, locals: &'a Locals) -> Self {
        Self { steps: self.steps, locals, outer: Some(self) }
    }

    /// Goes on with these names alone, for what is written elsewhere. Its work counts with that of the walk.
    pub(super) fn elsewhere(&self, locals: &'a Locals) -> Walk<'a>
    where
        Self: 'a,
    {
        Walk { steps: self.steps, locals, outer: None }
    }

    pub(super) fn local(&self, name: &str) -> Option<&Constant> {
        self.locals.get(name).or_else(|| self.outer.and_then(|outer| outer.local(name)))
    }

    /// Counts work. False when there was too much of it.
    pub(super) fn spend(&self, steps: usize) -> bool {
        self.steps.set(self.steps.get().saturating_add(steps));
        self.steps.get() <= MAX_STEPS
    }
}

impl SignatureReader<'_> {
    /// The value of an expression; `None` when it is only known at run time.
    pub(super) fn constant(
        &self,
        module: &Rc<Module>,
        expression: &Expr,
        locals: &Locals,
    ) -> Result<Option<Constant>, SignatureErrors> {
        let steps = Cell::new(0);
        Ok(self.evaluate(module, expression, &Walk::new(&steps, locals), 0)?.filter(Constant::is_known).map(Constant::plain))
    }

    pub(super) fn evaluate(
        &self,
        module: &Rc<Module>,
        expression: &Expr,
        walk: &Walk<'_>,
        depth: usize,
    ) -> Result<Option<Constant>, SignatureErrors> {
        if depth > MAX_DEPTH || !walk.spend(1) {
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
                        // A value that is not known, such as a class, does not hide the keys.
                        Some(key) => match self.evaluate(module, key, walk, depth)? {
                            Some(key) => put(&mut entries, key, value.unwrap_or(Constant::Unknown)),
                            None => return Ok(None),
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
                (UnaryOp::Not, Some(value)) => value.truth().map(|truth| Constant::Bool(!truth)),
                _ => None,
            },
            Expr::BinOp(binary) => {
                let left = self.evaluate(module, &binary.left, walk, depth)?;
                let right = self.evaluate(module, &binary.right, walk, depth)?;
                left.zip(right).and_then(|(left, right)| combine(binary.op, left, right))
            }
            Expr::Name(name) if walk.local(name.id.as_str()).is_some() => {
                walk.local(name.id.as_str()).filter(|value| walk.spend(value.size())).cloned()
            }
            Expr::Name(_) => self.named_constant(module, expression, walk, depth)?,
            Expr::Attribute(attribute) => match self.named_constant(module, expression, walk, depth)? {
                Some(found) => Some(found),
                None => self.attribute(module, attribute, walk, depth)?,
            },
            Expr::Call(call) => self.called(module, call, walk, depth)?,
            Expr::ListComp(made) => self.comprehended(module, &made.elt, &made.generators, walk, depth)?,
            Expr::SetComp(made) => self.comprehended(module, &made.elt, &made.generators, walk, depth)?,
            Expr::Generator(made) => self.comprehended(module, &made.elt, &made.generators, walk, depth)?,
            Expr::DictComp(made) => self.comprehended_dict(module, made, walk, depth)?,
            Expr::Compare(compare) => self.compared(module, compare, walk, depth)?.map(Constant::Bool),
            Expr::BoolOp(joined) => self.joined(module, joined, walk, depth)?,
            Expr::If(choice) => match self.evaluate(module, &choice.test, walk, depth)?.and_then(|test| test.truth()) {
                Some(true) => self.evaluate(module, &choice.body, walk, depth)?,
                Some(false) => self.evaluate(module, &choice.orelse, walk, depth)?,
                None => None,
            },
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
                Expr::Starred(starred) => self.evaluate(module, &starred.value, walk, depth)?.and_then(Constant::into_items),
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
                Some(value) => self.evaluate(&file, value, &walk.elsewhere(&Locals::new()), depth),
                None => Ok(None),
            },
            // A class as a value: the members of an enumeration.
            Meaning::Class(class) => Ok(self.enumerated(&class, walk, depth)?.map(Constant::List)),
            _ => Ok(None),
        }
    }

    /// An f-string without format specifications.
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
                                let value = self.evaluate(module, &inner.expression, walk, depth)?;
                                match value.and_then(|value| value.shown()).filter(|_| plain) {
                                    Some(value) => text.push_str(&value),
                                    None => return Ok(None),
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

pub(super) fn put(entries: &mut Vec<(Constant, Constant)>, key: Constant, value: Constant) {
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
