//! Values that the source tells without running it.

use std::rc::Rc;

use ruff_python_ast::{Expr, ExprCall, ExprStringLiteral, Number, Operator, UnaryOp};
use ruff_text_size::Ranged;
use serde_json::{Map, Value};

use super::module::Module;
use super::names::{Symbol, resolve};
use super::world::World;

/// Names that lead to names are followed this far, and values may be nested this deep.
const MOST_STEPS: usize = 32;

/// How a value is written, which decides whether the official generator follows.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Written {
    /// As it wants it.
    Plain,
    /// A text with escapes, which it keeps as they stand in the source: this is what it makes of it.
    Escaped(String),
    /// In a way that it loses.
    Beyond,
}

/// A value that is known.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Known {
    pub(super) value: Value,
    pub(super) written: Written,
}

impl Known {
    fn plain(value: Value) -> Self {
        Self { value, written: Written::Plain }
    }

    fn beyond(self) -> Self {
        Self { written: Written::Beyond, ..self }
    }
}

/// The value of an expression; `None` when only running the program would tell.
pub(super) fn evaluate(world: &World<'_>, module: &Rc<Module>, expression: &Expr) -> Option<Known> {
    Evaluator { world, module }.value(expression, MOST_STEPS)
}

/// A number for a schema: whole floats are written as integers, as Go does it.
pub(super) fn number(value: f64) -> Option<Value> {
    // Exact up to 2^53, beyond which a float is no whole number in the eyes of a reader anyway.
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
    if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
        return Some(Value::from(value as i64));
    }
    serde_json::Number::from_f64(value).map(Value::Number)
}

struct Evaluator<'a> {
    world: &'a World<'a>,
    module: &'a Rc<Module>,
}

impl Evaluator<'_> {
    fn value(&self, expression: &Expr, steps: usize) -> Option<Known> {
        let steps = steps.checked_sub(1)?;
        match expression {
            Expr::StringLiteral(text) => Some(self.text(text)),
            Expr::NumberLiteral(literal) => number_literal(&literal.value).map(Known::plain),
            Expr::BooleanLiteral(literal) => Some(Known::plain(Value::Bool(literal.value))),
            Expr::NoneLiteral(_) => Some(Known::plain(Value::Null)),
            Expr::UnaryOp(operation) if operation.op == UnaryOp::USub => {
                let operand = self.value(&operation.operand, steps)?;
                negated(&operand.value).map(|value| Known { value, ..operand })
            }
            Expr::List(list) => self.items(&list.elts, steps),
            Expr::Tuple(tuple) => self.items(&tuple.elts, steps),
            Expr::Set(set) => self.items(&set.elts, steps),
            Expr::Dict(dict) => {
                let mut map = Map::new();
                let mut written = Written::Plain;
                for item in &dict.items {
                    let key = self.value(item.key.as_ref()?, steps)?;
                    let value = self.value(&item.value, steps)?;
                    written = worse(written, worse(key.written, value.written));
                    map.insert(key_text(&key.value)?, value.value);
                }
                Some(Known { value: Value::Object(map), written })
            }
            Expr::BinOp(operation) if operation.op == Operator::Add => {
                let left = self.value(&operation.left, steps)?;
                let right = self.value(&operation.right, steps)?;
                match (left.value, right.value) {
                    (Value::Array(mut left_items), Value::Array(right_items)) => {
                        left_items.extend(right_items);
                        Some(Known { value: Value::Array(left_items), written: worse(left.written, right.written) })
                    }
                    (Value::String(left), Value::String(right)) => Some(Known::plain(Value::String(left + &right)).beyond()),
                    _ => None,
                }
            }
            Expr::Call(call) => self.list_of(call, steps),
            Expr::Name(_) | Expr::Attribute(_) => self.named(expression, steps),
            _ => None,
        }
    }

    fn items(&self, expressions: &[Expr], steps: usize) -> Option<Known> {
        let mut written = Written::Plain;
        let mut items = Vec::with_capacity(expressions.len());
        for expression in expressions {
            let known = self.value(expression, steps)?;
            written = worse(written, known.written);
            items.push(known.value);
        }
        Some(Known { value: Value::Array(items), written })
    }

    fn text(&self, literal: &ExprStringLiteral) -> Known {
        let value = Value::String(literal.value.to_str().to_owned());
        if literal.value.is_implicit_concatenated() {
            return Known::plain(value).beyond();
        }
        let source = self.module.slice(literal.range());
        let is_raw = source.split(['"', '\'']).next().is_some_and(|prefix| prefix.contains(['r', 'R']));
        if is_raw || !source.contains('\\') {
            return Known::plain(value);
        }
        Known { value, written: Written::Escaped(between_quotes(source).to_owned()) }
    }

    /// A name that is set at the top level, of this file or of one that it imports from.
    fn named(&self, expression: &Expr, steps: usize) -> Option<Known> {
        let Symbol::Value { module, name } = resolve(self.world, self.module, expression)? else { return None };
        let same_file = module.path == self.module.path;
        let there = Evaluator { world: self.world, module: &module };
        let set_to = module.value(&name)?;
        let is_literal = !matches!(set_to, Expr::Name(_) | Expr::Attribute(_) | Expr::BinOp(_));
        let known = there.value(set_to, steps)?;
        Some(if same_file && is_literal { known } else { known.beyond() })
    }

    /// `list(D.keys())`, `list(D.values())`, `list(D)`, `sorted(...)` of those, and a tuple made of them.
    fn list_of(&self, call: &ExprCall, steps: usize) -> Option<Known> {
        let Expr::Name(function) = call.func.as_ref() else { return None };
        let [argument] = call.arguments.args.as_ref() else { return None };
        if !call.arguments.keywords.is_empty() || !matches!(function.id.as_str(), "list" | "tuple") {
            return None;
        }
        let of_mapping = |wanted: &str, map: Map<String, Value>| match wanted {
            "keys" => Some(map.into_iter().map(|(key, _)| Value::String(key)).collect()),
            "values" => Some(map.into_iter().map(|(_, value)| value).collect()),
            _ => None,
        };
        if let Expr::Call(inner) = argument
            && let Expr::Attribute(method) = inner.func.as_ref()
            && inner.arguments.args.is_empty()
            && inner.arguments.keywords.is_empty()
        {
            let mapping = self.value(&method.value, steps)?;
            let Value::Object(map) = mapping.value else { return None };
            let items: Vec<Value> = of_mapping(method.attr.as_str(), map)?;
            let known = Known { value: Value::Array(items), written: mapping.written };
            return Some(if function.id.as_str() == "list" { known } else { known.beyond() });
        }
        let inner = self.value(argument, steps)?;
        let items = match inner.value {
            Value::Array(items) => items,
            Value::Object(map) => of_mapping("keys", map)?,
            _ => return None,
        };
        Some(Known::plain(Value::Array(items)).beyond())
    }
}

fn number_literal(literal: &Number) -> Option<Value> {
    match literal {
        Number::Int(int) => match int.as_i64() {
            Some(value) => Some(Value::from(value)),
            None => int.to_string().parse::<u64>().ok().map(Value::from),
        },
        Number::Float(value) => number(*value),
        Number::Complex { .. } => None,
    }
}

fn negated(value: &Value) -> Option<Value> {
    match value.as_i64() {
        Some(whole) => whole.checked_neg().map(Value::from),
        None => number(-value.as_f64()?),
    }
}

/// JSON's keys are texts.
fn key_text(key: &Value) -> Option<String> {
    match key {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(true) => Some("True".to_owned()),
        Value::Bool(false) => Some("False".to_owned()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn worse(left: Written, right: Written) -> Written {
    match (left, right) {
        (Written::Plain, other) | (other, Written::Plain) => other,
        // Escapes within a list are as lost as the rest of it.
        _ => Written::Beyond,
    }
}

/// What stands between the quotes of a literal.
fn between_quotes(source: &str) -> &str {
    let body = source.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    for quote in ["\"\"\"", "'''", "\"", "'"] {
        if let Some(inner) = body.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return inner;
        }
    }
    body
}
