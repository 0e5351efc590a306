//! Comprehensions, comparisons and `and`/`or` over constants.

use std::rc::Rc;

use ruff_python_ast::{BoolOp, CmpOp, Comprehension, Expr, ExprBoolOp, ExprCompare, ExprDictComp};

use super::constant::Constant;
use super::error::SignatureErrors;
use super::evaluate::{Locals, MAX_LENGTH, Walk, put};
use super::module::Module;
use super::reader::SignatureReader;

/// What a comprehension makes of the names of one round. False when it cannot be read.
type Round<'r> = dyn FnMut(&Walk<'_>) -> Result<bool, SignatureErrors> + 'r;

impl SignatureReader<'_> {
    /// `[x for y in z if w]` as a list.
    pub(super) fn comprehended(
        &self,
        module: &Rc<Module>,
        element: &Expr,
        generators: &[Comprehension],
        walk: &Walk<'_>,
        depth: usize,
    ) -> Result<Option<Constant>, SignatureErrors> {
        let mut items = Vec::new();
        let mut round = |inner: &Walk<'_>| match self.evaluate(module, element, inner, depth)? {
            Some(item) if items.len() < MAX_LENGTH => {
                items.push(item);
                Ok(true)
            }
            _ => Ok(false),
        };
        let is_read = self.rounds(module, generators, walk, depth, &mut round)?;
        Ok(is_read.then_some(Constant::List(items)))
    }

    /// `{k: v for y in z}`.
    pub(super) fn comprehended_dict(
        &self,
        module: &Rc<Module>,
        made: &ExprDictComp,
        walk: &Walk<'_>,
        depth: usize,
    ) -> Result<Option<Constant>, SignatureErrors> {
        let mut entries = Vec::new();
        let mut round = |inner: &Walk<'_>| {
            let Some(key) = made.key.as_deref() else { return Ok(false) };
            let value = self.evaluate(module, &made.value, inner, depth)?;
            match self.evaluate(module, key, inner, depth)? {
                Some(key) if entries.len() < MAX_LENGTH => {
                    put(&mut entries, key, value.unwrap_or(Constant::Unknown));
                    Ok(true)
                }
                _ => Ok(false),
            }
        };
        let is_read = self.rounds(module, &made.generators, walk, depth, &mut round)?;
        Ok(is_read.then_some(Constant::Dict(entries)))
    }

    /// Does something in each round of nested loops. False when a loop or a round cannot be read.
    fn rounds(
        &self,
        module: &Rc<Module>,
        generators: &[Comprehension],
        walk: &Walk<'_>,
        depth: usize,
        round: &mut Round<'_>,
    ) -> Result<bool, SignatureErrors> {
        let Some((first, rest)) = generators.split_first() else { return round(walk) };
        let Some(items) = self.evaluate(module, &first.iter, walk, depth)?.and_then(Constant::into_items) else { return Ok(false) };
        for item in items {
            let mut locals = Locals::new();
            if first.is_async || !walk.spend(1) || !bind(&first.target, item, &mut locals) {
                return Ok(false);
            }
            let inner = walk.with(&locals);
            let mut is_wanted = true;
            for condition in &first.ifs {
                match self.evaluate(module, condition, &inner, depth)?.and_then(|value| value.truth()) {
                    Some(truth) => is_wanted &= truth,
                    None => return Ok(false),
                }
            }
            if is_wanted && !self.rounds(module, rest, &inner, depth, round)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// `a == b`, `a < b <= c`, `a in b`.
    pub(super) fn compared(
        &self,
        module: &Rc<Module>,
        compare: &ExprCompare,
        walk: &Walk<'_>,
        depth: usize,
    ) -> Result<Option<bool>, SignatureErrors> {
        let Some(mut left) = self.evaluate(module, &compare.left, walk, depth)?.map(Constant::plain) else { return Ok(None) };
        for (operator, right) in compare.ops.iter().zip(&compare.comparators) {
            let Some(right) = self.evaluate(module, right, walk, depth)?.map(Constant::plain) else { return Ok(None) };
            match holds(*operator, &left, &right) {
                Some(true) => left = right,
                other => return Ok(other),
            }
        }
        Ok(Some(true))
    }

    pub(super) fn joined(
        &self,
        module: &Rc<Module>,
        joined: &ExprBoolOp,
        walk: &Walk<'_>,
        depth: usize,
    ) -> Result<Option<Constant>, SignatureErrors> {
        let mut last = None;
        for value in &joined.values {
            let Some(value) = self.evaluate(module, value, walk, depth)? else { return Ok(None) };
            let Some(truth) = value.truth() else { return Ok(None) };
            let decides = truth == (joined.op == BoolOp::Or);
            last = Some(value);
            if decides {
                break;
            }
        }
        Ok(last)
    }
}

/// Gives the names of a loop's target their values. False when they do not fit.
fn bind(target: &Expr, value: Constant, locals: &mut Locals) -> bool {
    let several = match target {
        Expr::Name(name) => {
            locals.insert(name.id.to_string(), value);
            return true;
        }
        Expr::Tuple(tuple) => &tuple.elts,
        Expr::List(list) => &list.elts,
        _ => return false,
    };
    let Some(items) = value.into_items().filter(|items| items.len() == several.len()) else { return false };
    several.iter().zip(items).all(|(target, item)| bind(target, item, locals))
}

fn holds(operator: CmpOp, left: &Constant, right: &Constant) -> Option<bool> {
    if !left.is_known() || !right.is_known() {
        return None;
    }
    let equal = |one: &Constant, other: &Constant| match (one.as_number(), other.as_number()) {
        #[expect(clippy::float_cmp, reason = "Python compares numbers of both kinds by value too")]
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    };
    let order = || match (left, right) {
        (Constant::Text(left), Constant::Text(right)) => Some(left.cmp(right)),
        _ => left.as_number()?.partial_cmp(&right.as_number()?),
    };
    let contains = || match (left, right) {
        (Constant::Text(left), Constant::Text(right)) => Some(right.contains(left.as_str())),
        (_, Constant::List(items)) => Some(items.iter().any(|item| equal(item, left))),
        (_, Constant::Dict(entries)) => Some(entries.iter().any(|(key, _)| equal(key, left))),
        _ => None,
    };
    match operator {
        CmpOp::Eq => Some(equal(left, right)),
        CmpOp::NotEq => Some(!equal(left, right)),
        CmpOp::Lt => order().map(std::cmp::Ordering::is_lt),
        CmpOp::LtE => order().map(std::cmp::Ordering::is_le),
        CmpOp::Gt => order().map(std::cmp::Ordering::is_gt),
        CmpOp::GtE => order().map(std::cmp::Ordering::is_ge),
        CmpOp::In => contains(),
        CmpOp::NotIn => contains().map(|found| !found),
        CmpOp::Is => Some(left == right).filter(|_| matches!(right, Constant::None | Constant::Bool(_))),
        CmpOp::IsNot => Some(left != right).filter(|_| matches!(right, Constant::None | Constant::Bool(_))),
    }
}
