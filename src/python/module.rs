//! One parsed file: its classes, functions, values and imports by name.

use std::collections::BTreeMap;

use ruff_python_ast::{ExprCall, ModModule, Stmt, StmtClassDef, StmtFunctionDef, StmtImport, StmtImportFrom};
use ruff_python_parser::parse_module;
use ruff_text_size::{Ranged, TextRange};

use super::lines::Lines;
use crate::domain::finding::Location;
use crate::python::{ErrorKind, SignatureError};

/// Brackets nested deeper than this are no program, and would exhaust the stack of whoever follows them.
const MOST_NESTING: usize = 200;

/// A name that an import brings in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Import {
    /// `import a.b as x`, or the `a` of `import a.b`.
    Module(String),
    /// `from ..a import b as x`.
    Member {
        /// The module without its dots.
        module: String,
        /// How many dots.
        level: u32,
        /// The member's own name.
        name: String,
    },
}

/// A parsed file.
#[derive(Debug)]
pub(super) struct Module {
    /// Its path within the project.
    pub(super) path: String,
    text: String,
    lines: Lines,
    ast: ModModule,
    classes: BTreeMap<String, usize>,
    functions: BTreeMap<String, usize>,
    values: BTreeMap<String, usize>,
    imports: BTreeMap<String, Import>,
}

impl Module {
    /// Parses a file.
    pub(super) fn parse(path: &str, text: String) -> Result<Self, SignatureError> {
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        let lines = Lines::of(&text);
        if let Some(offset) = too_deep(&text) {
            let range = TextRange::empty(offset.try_into().unwrap_or_default());
            let location = lines.locate(path, &text, range);
            return Err(SignatureError::new(ErrorKind::Unreadable, format!("{path} nests brackets too deeply"), location));
        }
        let ast = match parse_module(&text) {
            Ok(parsed) => parsed.into_syntax(),
            Err(error) => {
                let location = lines.locate(path, &text, error.location);
                let words = error.error.to_string();
                return Err(SignatureError::new(ErrorKind::Unreadable, format!("{path} has a syntax error: {words}"), location));
            }
        };
        let mut module = Self {
            path: path.to_owned(),
            text,
            lines,
            classes: BTreeMap::new(),
            functions: BTreeMap::new(),
            values: BTreeMap::new(),
            imports: BTreeMap::new(),
            ast,
        };
        module.index();
        Ok(module)
    }

    fn index(&mut self) {
        let body = std::mem::take(&mut self.ast.body);
        for (index, statement) in body.iter().enumerate() {
            match statement {
                Stmt::ClassDef(class) => {
                    self.classes.insert(class.name.to_string(), index);
                }
                Stmt::FunctionDef(function) => {
                    self.functions.insert(function.name.to_string(), index);
                }
                Stmt::Assign(assign) => {
                    for name in assign.targets.iter().filter_map(|target| target.as_name_expr()) {
                        self.values.insert(name.id.to_string(), index);
                    }
                }
                Stmt::AnnAssign(assign) if assign.value.is_some() => {
                    if let Some(name) = assign.target.as_name_expr() {
                        self.values.insert(name.id.to_string(), index);
                    }
                }
                other => self.index_imports(other),
            }
        }
        self.ast.body = body;
    }

    /// Imports, also those within `if TYPE_CHECKING:` and `try:`.
    fn index_imports(&mut self, statement: &Stmt) {
        match statement {
            Stmt::Import(import) => self.add_import(import),
            Stmt::ImportFrom(import) => self.add_import_from(import),
            Stmt::If(branch) => {
                let clauses = branch.elif_else_clauses.iter().flat_map(|clause| &clause.body);
                for inner in branch.body.iter().chain(clauses).filter(|inner| is_import(inner)) {
                    self.index_imports(inner);
                }
            }
            Stmt::Try(attempt) => {
                for inner in attempt.body.iter().filter(|inner| is_import(inner)) {
                    self.index_imports(inner);
                }
            }
            _ => {}
        }
    }

    fn add_import(&mut self, import: &StmtImport) {
        for alias in &import.names {
            let dotted = alias.name.as_str();
            let (name, module) = match &alias.asname {
                Some(name) => (name.as_str(), dotted),
                // `import a.b` binds `a`.
                None => {
                    let first = dotted.split('.').next().unwrap_or(dotted);
                    (first, first)
                }
            };
            self.imports.insert(name.to_owned(), Import::Module(module.to_owned()));
        }
    }

    fn add_import_from(&mut self, import: &StmtImportFrom) {
        let module = import.module.as_ref().map(ToString::to_string).unwrap_or_default();
        for alias in &import.names {
            let name = alias.asname.as_ref().unwrap_or(&alias.name).to_string();
            let member = Import::Member { module: module.clone(), level: import.level, name: alias.name.to_string() };
            self.imports.insert(name, member);
        }
    }

    /// A class at the top level.
    pub(super) fn class(&self, name: &str) -> Option<&StmtClassDef> {
        self.ast.body.get(*self.classes.get(name)?)?.as_class_def_stmt()
    }

    /// A function at the top level.
    pub(super) fn function(&self, name: &str) -> Option<&StmtFunctionDef> {
        self.ast.body.get(*self.functions.get(name)?)?.as_function_def_stmt()
    }

    /// What a name at the top level is set to.
    pub(super) fn value(&self, name: &str) -> Option<&ruff_python_ast::Expr> {
        match self.ast.body.get(*self.values.get(name)?)? {
            Stmt::Assign(assign) => Some(&assign.value),
            Stmt::AnnAssign(assign) => assign.value.as_deref(),
            _ => None,
        }
    }

    /// What a name is imported as.
    pub(super) fn import(&self, name: &str) -> Option<&Import> {
        self.imports.get(name)
    }

    /// The place of a range.
    pub(super) fn locate(&self, range: TextRange) -> Location {
        self.lines.locate(&self.path, &self.text, range)
    }

    /// The place of a node.
    pub(super) fn place(&self, node: &impl Ranged) -> Location {
        self.locate(node.range())
    }

    /// The text of a range.
    pub(super) fn slice(&self, range: TextRange) -> &str {
        self.text.get(range.start().to_usize()..range.end().to_usize()).unwrap_or_default()
    }

    /// Names of classes and functions, for suggestions.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.classes.keys().chain(self.functions.keys()).map(String::as_str)
    }
}

fn is_import(statement: &Stmt) -> bool {
    matches!(statement, Stmt::Import(_) | Stmt::ImportFrom(_))
}

/// Where brackets are nested deeper than allowed, or operators pile up without end. Brackets within strings count too: a file that is
/// refused for those is strange enough.
fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut signs = 0_usize;
    for (offset, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        // `----x` nests as brackets do.
        signs = if matches!(byte, b'-' | b'+' | b'~') { signs + 1 } else { 0 };
        if depth > MOST_NESTING || signs > MOST_NESTING {
            return Some(offset);
        }
    }
    None
}

/// The keyword argument of a call.
pub(super) fn keyword<'a>(call: &'a ExprCall, name: &str) -> Option<&'a ruff_python_ast::Keyword> {
    call.arguments.keywords.iter().find(|keyword| keyword.arg.as_ref().is_some_and(|arg| arg.as_str() == name))
}
