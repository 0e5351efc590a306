//! A parsed Python file and the names that its top level binds.

use std::collections::BTreeMap;

use cog_findings::Rule;
use ruff_python_ast::{Expr, Stmt, StmtClassDef, StmtFunctionDef, Suite};
use ruff_text_size::{Ranged, TextRange};

use super::error::{SignatureError, SignatureErrors};
use super::rules;
use super::text::Text;

/// How many syntax errors are reported per file.
const MAX_SYNTAX_ERRORS: usize = 5;

/// The last definition of a name at the top level of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Binding {
    /// The class in this statement.
    Class(usize),
    /// The function in this statement.
    Function(usize),
    /// The value of this assignment.
    Value(usize),
    /// Something from elsewhere.
    Import(Import),
    /// Bound to something that is only known at run time.
    Unclear,
}

/// One name of an import statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Import {
    /// The module, without leading dots. May be empty when `level` is not 0.
    pub module: String,
    /// The number of leading dots.
    pub level: u32,
    /// The name taken out of the module; `None` for the module itself.
    pub name: Option<String>,
}

/// A parsed file.
#[derive(Debug)]
pub(super) struct Module {
    pub text: Text,
    body: Suite,
    bindings: BTreeMap<String, Binding>,
}

impl Module {
    /// Parses a file. `path` is relative to the project.
    pub(super) fn parse(path: &str, source: String) -> Result<Self, SignatureErrors> {
        let text = Text::new(path.to_owned(), source);
        if let Some(place) = text.too_deep() {
            let message = "the source is nested too deeply to be read";
            let hint = "split the expression or the blocks at this place";
            return Err(vec![SignatureError::new(&rules::UNREADABLE, place, message).with_hint(hint)]);
        }
        match ruff_python_parser::parse_module(text.as_str()) {
            Ok(parsed) => {
                let body = parsed.into_suite();
                let bindings = bindings(&body);
                Ok(Self { text, body, bindings })
            }
            Err(first) => {
                let options = ruff_python_parser::ParseOptions::from(ruff_python_parser::Mode::Module);
                let parsed = ruff_python_parser::parse_unchecked(text.as_str(), options);
                let mut errors: Vec<SignatureError> = Vec::new();
                for error in std::iter::once(&first).chain(parsed.errors()) {
                    let place = text.location(error.location);
                    // Further errors on the same line, or at the end of the file, mostly follow from the first.
                    let echo = errors.iter().any(|error| error.location().line == place.line)
                        || (!errors.is_empty() && error.location.start() >= text.end());
                    if errors.len() < MAX_SYNTAX_ERRORS && !echo {
                        let message = format!("this is not valid Python: {}", lower(&error.error.to_string()));
                        errors.push(
                            SignatureError::new(&rules::UNPARSABLE, place, message)
                                .with_hint("fix the syntax; `python -m py_compile` reports the same line"),
                        );
                    }
                }
                Err(errors)
            }
        }
    }

    /// One error at a range of the file.
    pub(super) fn fail(
        &self,
        rule: &'static Rule,
        range: TextRange,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> SignatureErrors {
        vec![SignatureError::new(rule, self.text.location(range), message).with_hint(hint)]
    }

    /// Whether names may come from `from x import *`.
    pub(super) fn has_star_import(&self) -> bool {
        let is_star = |statement: &Stmt| {
            statement.as_import_from_stmt().is_some_and(|import| import.names.iter().any(|alias| alias.name.as_str() == "*"))
        };
        self.body.iter().any(is_star)
    }

    /// The imports that run whenever the file is loaded.
    pub(super) fn imported_at_once(&self) -> Vec<Import> {
        let whole = |statement: &Stmt| match statement {
            Stmt::Import(import) => {
                let modules = import.names.iter().map(|alias| alias.name.to_string());
                modules.map(|module| Import { module, level: 0, name: None }).collect()
            }
            other => imports(other).into_iter().map(|(_, import)| import).collect::<Vec<_>>(),
        };
        self.body.iter().flat_map(whole).collect()
    }

    pub(super) fn binding(&self, name: &str) -> Option<&Binding> {
        self.bindings.get(name)
    }

    pub(super) fn statement(&self, index: usize) -> Option<&Stmt> {
        self.body.get(index)
    }

    pub(super) fn class(&self, index: usize) -> Option<&StmtClassDef> {
        self.statement(index).and_then(Stmt::as_class_def_stmt)
    }

    pub(super) fn function(&self, index: usize) -> Option<&StmtFunctionDef> {
        self.statement(index).and_then(Stmt::as_function_def_stmt)
    }

    /// The first class of a name. Cog takes the first, Python the last.
    pub(super) fn first_class(&self, name: &str) -> Option<usize> {
        self.body.iter().position(|statement| statement.as_class_def_stmt().is_some_and(|class| class.name.as_str() == name))
    }

    pub(super) fn first_function(&self, name: &str) -> Option<usize> {
        self.body.iter().position(|statement| statement.as_function_def_stmt().is_some_and(|found| found.name.as_str() == name))
    }

    /// The assigned value of a binding.
    pub(super) fn value(&self, index: usize) -> Option<&Expr> {
        match self.statement(index)? {
            Stmt::Assign(assign) => Some(&assign.value),
            Stmt::AnnAssign(assign) => assign.value.as_deref(),
            Stmt::TypeAlias(alias) => Some(&alias.value),
            _ => None,
        }
    }

    /// The values that are assigned to a name at the top level by itself, the last one first.
    pub(super) fn assigned<'m>(&'m self, name: &'m str) -> impl Iterator<Item = &'m Expr> {
        self.body.iter().rev().filter_map(move |statement| {
            let (target, value) = match statement {
                Stmt::Assign(assign) => match assign.targets.as_slice() {
                    [target] => (target, Some(assign.value.as_ref())),
                    _ => return None,
                },
                Stmt::AnnAssign(assign) => (assign.target.as_ref(), assign.value.as_deref()),
                _ => return None,
            };
            value.filter(|_| matches!(target, Expr::Name(found) if found.id.as_str() == name))
        })
    }

    /// The names of the classes and functions at the top level, for hints.
    pub(super) fn callables(&self) -> impl Iterator<Item = &str> {
        self.bindings
            .iter()
            .filter(|(_, binding)| matches!(binding, Binding::Class(_) | Binding::Function(_)))
            .map(|(name, _)| name.as_str())
    }

    /// Whether parentheses surround exactly this node.
    pub(super) fn is_parenthesized(&self, node: &Expr) -> bool {
        let (before, behind) = self.text.around(node.range());
        let Some(outside) = before.trim_end().strip_suffix('(') else { return false };
        behind.trim_start().starts_with(')') && !is_called(outside.trim_end())
    }
}

/// Whether a `(` after this text starts the arguments of a call.
fn is_called(before: &str) -> bool {
    const KEYWORDS: [&str; 18] = [
        "and", "assert", "await", "case", "del", "elif", "else", "for", "if", "in", "is", "lambda", "not", "or", "raise", "return",
        "while", "yield",
    ];
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    let word = &before[before.trim_end_matches(is_part).len()..];
    before.ends_with([')', ']']) || (!word.is_empty() && !KEYWORDS.contains(&word))
}

/// A message that starts in lower case, unless it starts with a name.
pub(super) fn lower(message: &str) -> String {
    let mut characters = message.chars();
    match (characters.next(), characters.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() || second == ' ' => first.to_lowercase().chain(characters).collect(),
        _ => message.to_owned(),
    }
}

/// The names that the top level binds. Imports inside `if` and `try` count where nothing else binds the name. Other names that are bound
/// under a condition or in a loop, or changed after their definition, are unclear.
fn bindings(body: &Suite) -> BTreeMap<String, Binding> {
    let mut found = BTreeMap::new();
    for (index, statement) in body.iter().enumerate() {
        match statement {
            Stmt::ClassDef(class) => {
                found.insert(class.name.to_string(), Binding::Class(index));
            }
            Stmt::FunctionDef(function) => {
                found.insert(function.name.to_string(), Binding::Function(index));
            }
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    match target {
                        Expr::Name(name) => {
                            found.insert(name.id.to_string(), Binding::Value(index));
                        }
                        other => unclear(other, &mut found),
                    }
                }
            }
            Stmt::AnnAssign(assign) => {
                if let (Expr::Name(name), Some(_)) = (assign.target.as_ref(), &assign.value) {
                    found.insert(name.id.to_string(), Binding::Value(index));
                } else if assign.value.is_some() {
                    unclear(&assign.target, &mut found);
                }
            }
            Stmt::TypeAlias(alias) => {
                if let Expr::Name(name) = alias.name.as_ref() {
                    found.insert(name.id.to_string(), Binding::Value(index));
                }
            }
            Stmt::Import(_) | Stmt::ImportFrom(_) => {
                for (name, import) in imports(statement) {
                    found.insert(name, Binding::Import(import));
                }
            }
            Stmt::AugAssign(assign) => unclear(&assign.target, &mut found),
            Stmt::Delete(delete) => delete.targets.iter().for_each(|target| unclear(target, &mut found)),
            Stmt::Expr(expression) => changed_by_call(&expression.value, &mut found),
            other => nested(other, &mut found),
        }
    }
    found
}

/// The name at the root of an assignment's target becomes unclear.
fn unclear(target: &Expr, found: &mut BTreeMap<String, Binding>) {
    match target {
        Expr::Name(name) => {
            found.insert(name.id.to_string(), Binding::Unclear);
        }
        Expr::Subscript(subscript) => unclear(&subscript.value, found),
        Expr::Starred(starred) => unclear(&starred.value, found),
        Expr::Tuple(tuple) => tuple.elts.iter().for_each(|element| unclear(element, found)),
        Expr::List(list) => list.elts.iter().for_each(|element| unclear(element, found)),
        // An attribute that is set on a class or module leaves the name itself as it is.
        _ => {}
    }
}

/// `CHOICES.append("x")`: a method called for its effect. Only values change this way; `logging.basicConfig()` changes no name.
fn changed_by_call(expression: &Expr, found: &mut BTreeMap<String, Binding>) {
    let Expr::Call(call) = expression else { return };
    let Expr::Attribute(attribute) = call.func.as_ref() else { return };
    if let Expr::Name(name) = attribute.value.as_ref()
        && matches!(found.get(name.id.as_str()), Some(Binding::Value(_)))
    {
        found.insert(name.id.to_string(), Binding::Unclear);
    }
}

/// Compound statements: imports inside count, other bindings are unclear.
fn nested(statement: &Stmt, found: &mut BTreeMap<String, Binding>) {
    let mut bodies: Vec<&Suite> = Vec::new();
    match statement {
        Stmt::If(branch) => {
            bodies.push(&branch.body);
            bodies.extend(branch.elif_else_clauses.iter().map(|clause| &clause.body));
        }
        Stmt::Try(attempt) => {
            bodies.push(&attempt.body);
            for handler in &attempt.handlers {
                let ruff_python_ast::ExceptHandler::ExceptHandler(handler) = handler;
                bodies.push(&handler.body);
            }
            bodies.extend([&attempt.orelse, &attempt.finalbody]);
        }
        Stmt::With(with) => bodies.push(&with.body),
        Stmt::For(repeat) => {
            unclear(&repeat.target, found);
            bodies.extend([&repeat.body, &repeat.orelse]);
        }
        Stmt::While(repeat) => bodies.extend([&repeat.body, &repeat.orelse]),
        Stmt::Match(matching) => bodies.extend(matching.cases.iter().map(|case| &case.body)),
        _ => {}
    }
    for inner in bodies.into_iter().flatten() {
        match inner {
            Stmt::Import(_) | Stmt::ImportFrom(_) => {
                for (name, import) in imports(inner) {
                    found.entry(name).or_insert(Binding::Import(import));
                }
            }
            Stmt::Assign(assign) => assign.targets.iter().for_each(|target| unclear(target, found)),
            Stmt::AnnAssign(assign) => unclear(&assign.target, found),
            Stmt::AugAssign(assign) => unclear(&assign.target, found),
            Stmt::ClassDef(class) => {
                found.entry(class.name.to_string()).or_insert(Binding::Unclear);
            }
            Stmt::FunctionDef(function) => {
                found.entry(function.name.to_string()).or_insert(Binding::Unclear);
            }
            Stmt::Expr(expression) => changed_by_call(&expression.value, found),
            other => nested(other, found),
        }
    }
}

/// The names that an import statement binds. `import a.b` binds `a`.
fn imports(statement: &Stmt) -> Vec<(String, Import)> {
    match statement {
        Stmt::Import(import) => import
            .names
            .iter()
            .map(|alias| {
                let whole = alias.name.as_str();
                let (bound, module) = match &alias.asname {
                    Some(alias) => (alias.as_str(), whole),
                    None => {
                        let head = whole.split('.').next().unwrap_or(whole);
                        (head, head)
                    }
                };
                (bound.to_owned(), Import { module: module.to_owned(), level: 0, name: None })
            })
            .collect(),
        Stmt::ImportFrom(import) => {
            let module = import.module.as_ref().map(ToString::to_string).unwrap_or_default();
            import
                .names
                .iter()
                .filter(|alias| alias.name.as_str() != "*")
                .map(|alias| {
                    let bound = alias.asname.as_ref().unwrap_or(&alias.name).to_string();
                    (bound, Import { module: module.clone(), level: import.level, name: Some(alias.name.to_string()) })
                })
                .collect()
        }
        _ => Vec::new(),
    }
}
