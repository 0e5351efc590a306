//! GitHub's expressions, as far as our workflows use them: `docs/reference/github-actions.md#workflow-commands`. What is not known panics,
//! so that a workflow that uses more fails its test.

use std::cell::Cell;

use serde_json::{Map, Value, json};

/// How the steps or jobs before this one ended, for `success()` and its like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Success,
    Failure,
}

/// What expressions see.
pub(super) struct Scope {
    /// `github`, `inputs`, `matrix` and so on.
    pub(super) contexts: Map<String, Value>,
    pub(super) status: Status,
    /// Whether the expression asked how it went so far.
    asked: Cell<bool>,
}

impl Scope {
    pub(super) fn new(contexts: Map<String, Value>, status: Status) -> Self {
        Self { contexts, status, asked: Cell::new(false) }
    }

    /// A text of a workflow, with its expressions filled in. A text that is one expression keeps the value's type.
    pub(super) fn fill(&self, text: &str) -> Value {
        let trimmed = text.trim();
        if let Some(inner) =
            trimmed.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).filter(|inner| !inner.contains("${{"))
        {
            return self.evaluate(inner);
        }
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("${{") {
            let (expression, after) = behind.split_once("}}").unwrap();
            filled.push_str(before);
            filled.push_str(&shown(&self.evaluate(expression)));
            rest = after;
        }
        filled.push_str(rest);
        Value::String(filled)
    }

    /// The text with its expressions filled in.
    pub(super) fn text(&self, text: &str) -> String {
        shown(&self.fill(text))
    }

    /// A condition. One that asks for no status holds only if everything went well so far.
    pub(super) fn holds(&self, condition: Option<&str>) -> bool {
        self.asked.set(false);
        let value = match condition.map(str::trim) {
            None => Value::Bool(true),
            Some(text) if text.starts_with("${{") => self.fill(text),
            Some(text) => self.evaluate(text),
        };
        is_true(&value) && (self.asked.get() || self.status == Status::Success)
    }

    fn evaluate(&self, text: &str) -> Value {
        let mut parser = Parser { scope: self, tokens: tokens(text), at: 0, skipped: 0 };
        let value = parser.any_of();
        assert_eq!(parser.at, parser.tokens.len(), "the rest of the expression {text}");
        value
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Value {
        let text = |index: usize| arguments.get(index).map(shown).unwrap_or_default();
        match name.to_lowercase().as_str() {
            "always" => {
                self.asked.set(true);
                Value::Bool(true)
            }
            "success" | "failure" => {
                self.asked.set(true);
                Value::Bool((self.status == Status::Success) == (name == "success"))
            }
            "tojson" => Value::String(serde_json::to_string_pretty(&arguments[0]).unwrap()),
            "fromjson" => serde_json::from_str(&text(0)).unwrap_or_else(|error| panic!("fromJSON({:?}): {error}", text(0))),
            "startswith" => Value::Bool(text(0).to_lowercase().starts_with(&text(1).to_lowercase())),
            "format" => {
                let filled = arguments[1..]
                    .iter()
                    .enumerate()
                    .fold(text(0), |filled, (index, value)| filled.replace(&format!("{{{index}}}"), &shown(value)));
                Value::String(filled)
            }
            other => panic!("the function {other} is not known"),
        }
    }
}

/// A value as it is written into a text.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Object(_) => "Object".to_owned(),
        Value::Array(_) => "Array".to_owned(),
        other => other.to_string(),
    }
}

pub(super) fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

fn is_equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::String(one), Value::String(other)) => one.eq_ignore_ascii_case(other),
        (one, other) if std::mem::discriminant(one) == std::mem::discriminant(other) => one == other,
        // Values of different types are compared as numbers.
        (one, other) => number(one) == number(other),
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Null => Some(0.0),
        Value::Bool(value) => Some(f64::from(u8::from(*value))),
        Value::Number(number) => number.as_f64(),
        Value::String(text) if text.is_empty() => Some(0.0),
        Value::String(text) => text.parse().ok(),
        Value::Array(_) | Value::Object(_) => None,
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Text(String),
    Number(f64),
    Word(String),
    Sign(&'static str),
}

fn tokens(text: &str) -> Vec<Token> {
    let signs = ["&&", "||", "==", "!=", "!", "(", ")", "[", "]", ".", ","];
    let (mut found, mut rest) = (Vec::new(), text.trim_start());
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix('\'') {
            // A quote within a text is written twice.
            let mut end = behind.find('\'').unwrap();
            while behind[end + 1..].starts_with('\'') {
                end = end + 2 + behind[end + 2..].find('\'').unwrap();
            }
            found.push(Token::Text(behind[..end].replace("''", "'")));
            rest = &behind[end + 1..];
        } else if let Some(sign) = signs.iter().find(|sign| rest.starts_with(**sign)) {
            found.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))).unwrap_or(rest.len());
            assert!(end > 0, "no token at {rest}");
            let word = &rest[..end];
            found.push(word.parse().map_or_else(|_| Token::Word(word.to_owned()), Token::Number));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    found
}

struct Parser<'a> {
    scope: &'a Scope,
    tokens: Vec<Token>,
    at: usize,
    /// How many operators around this place already know their value, so that nothing is called here.
    skipped: usize,
}

impl Parser<'_> {
    fn takes(&mut self, sign: &str) -> bool {
        let is_next = matches!(self.tokens.get(self.at), Some(Token::Sign(next)) if *next == sign);
        self.at += usize::from(is_next);
        is_next
    }

    fn any_of(&mut self) -> Value {
        let mut value = self.all_of();
        while self.takes("||") {
            let is_known = is_true(&value);
            let other = self.unless(is_known, Self::all_of);
            value = if is_known { value } else { other };
        }
        value
    }

    fn all_of(&mut self) -> Value {
        let mut value = self.equal();
        while self.takes("&&") {
            let is_known = !is_true(&value);
            let other = self.unless(is_known, Self::equal);
            value = if is_known { value } else { other };
        }
        value
    }

    /// Reads an operand, whose value counts unless the operator's is known.
    fn unless(&mut self, is_known: bool, operand: fn(&mut Self) -> Value) -> Value {
        self.skipped += usize::from(is_known);
        let value = operand(self);
        self.skipped -= usize::from(is_known);
        value
    }

    fn equal(&mut self) -> Value {
        let value = self.single();
        if self.takes("==") {
            return Value::Bool(is_equal(&value, &self.single()));
        }
        if self.takes("!=") {
            return Value::Bool(!is_equal(&value, &self.single()));
        }
        value
    }

    fn single(&mut self) -> Value {
        if self.takes("!") {
            return Value::Bool(!is_true(&self.single()));
        }
        let mut value = self.start();
        loop {
            if self.takes(".") {
                let Some(Token::Word(name)) = self.tokens.get(self.at).cloned() else { panic!("no name behind a dot") };
                self.at += 1;
                value = value.get(&name).cloned().unwrap_or_default();
            } else if self.takes("[") {
                let index = self.any_of();
                assert!(self.takes("]"), "an index without end");
                value = match index {
                    Value::Number(index) => value.get(index.as_f64().unwrap() as usize).cloned().unwrap_or_default(),
                    other => value.get(shown(&other)).cloned().unwrap_or_default(),
                };
            } else {
                return value;
            }
        }
    }

    fn start(&mut self) -> Value {
        if self.takes("(") {
            let value = self.any_of();
            assert!(self.takes(")"), "a bracket without end");
            return value;
        }
        let token = self.tokens.get(self.at).cloned().unwrap_or_else(|| panic!("an expression without end"));
        self.at += 1;
        match token {
            Token::Text(text) => Value::String(text),
            Token::Number(number) => json!(number),
            Token::Word(word) if self.takes("(") => {
                let mut arguments = Vec::new();
                while !self.takes(")") {
                    arguments.push(self.any_of());
                    self.takes(",");
                }
                if self.skipped == 0 { self.scope.call(&word, &arguments) } else { Value::Null }
            }
            Token::Word(word) => match word.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                name => self.scope.contexts.get(name).unwrap_or_else(|| panic!("there is no context {name}")).clone(),
            },
            Token::Sign(sign) => panic!("an expression starts with {sign}"),
        }
    }
}
