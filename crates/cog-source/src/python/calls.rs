//! Calls whose value follows from their arguments: some builtins, methods of constants, and small functions of the project.

use std::cell::Cell;
use std::rc::Rc;

use ruff_python_ast::{Expr, ExprCall, Stmt, StmtFunctionDef};

use super::constant::Constant;
use super::error::SignatureErrors;
use super::evaluate::{Locals, MAX_LENGTH, Walk, put};
use super::module::Module;
use super::project::Meaning;
use super::reader::SignatureReader;
use super::syntax::{dotted, passed};

/// Decorators that leave a function's result as it is.
const HARMLESS: [&str; 5] = ["staticmethod", "classmethod", "cache", "functools.cache", "functools.lru_cache"];

impl SignatureReader<'_> {
    pub(super) fn called(
        &self,
        module: &Rc<Module>,
        call: &ExprCall,
        walk: &Walk<'_>,
        depth: usize,
    ) -> Result<Option<Constant>, SignatureErrors> {
        if let Expr::Name(name) = call.func.as_ref()
            && module.binding(name.id.as_str()).is_none()
            && walk.local(name.id.as_str()).is_none()
        {
            return self.builtin(module, name.id.as_str(), call, walk, depth);
        }
        if let Some(name) = dotted(&call.func) {
            match self.project.meaning(module, &name)? {
                Meaning::Function(file, index) => return self.small_function(module, call, &file, index, walk, depth),
                Meaning::External { module: from, name } if name == "get_args" && from.starts_with("typing") => {
                    return self.literal_values(module, call, walk, depth);
                }
                _ => {}
            }
        }
        let Expr::Attribute(attribute) = call.func.as_ref() else { return Ok(None) };
        let Some(owner) = self.evaluate(module, &attribute.value, walk, depth)? else { return Ok(None) };
        if !call.arguments.keywords.is_empty() {
            return Ok(None);
        }
        let Some(arguments) = self.all(module, &call.arguments.args, walk, depth)? else { return Ok(None) };
        Ok(method(owner, attribute.attr.as_str(), &arguments))
    }

    /// The values of expressions; `None` when one of them is not known.
    fn all(
        &self,
        module: &Rc<Module>,
        expressions: &[Expr],
        walk: &Walk<'_>,
        depth: usize,
    ) -> Result<Option<Vec<Constant>>, SignatureErrors> {
        let mut values = Vec::new();
        for expression in expressions {
            match self.evaluate(module, expression, walk, depth)? {
                Some(value) => values.push(value),
                None => return Ok(None),
            }
        }
        Ok(Some(values))
    }

    fn builtin(
        &self,
        module: &Rc<Module>,
        name: &str,
        call: &ExprCall,
        walk: &Walk<'_>,
        depth: usize,
    ) -> Result<Option<Constant>, SignatureErrors> {
        let mut named = Vec::new();
        for keyword in &call.arguments.keywords {
            let value = self.evaluate(module, &keyword.value, walk, depth)?;
            named.push((keyword.arg.as_ref().map(ToString::to_string), value));
        }
        if name == "map" {
            let [Expr::Name(function), items] = call.arguments.args.as_ref() else { return Ok(None) };
            let Some(items) = self.evaluate(module, items, walk, depth)?.and_then(Constant::into_items) else { return Ok(None) };
            let converted = items.into_iter().map(|item| builtin_of(function.id.as_str(), vec![item]));
            return Ok(converted.collect::<Option<Vec<_>>>().map(Constant::List));
        }
        let Some(arguments) = self.all(module, &call.arguments.args, walk, depth)? else { return Ok(None) };
        Ok(match (name, named.as_slice()) {
            ("dict", _) => dict(arguments, named),
            ("sorted", [(Some(key), Some(Constant::Bool(reverse)))]) if key == "reverse" => sorted(arguments).map(|mut items| {
                if *reverse {
                    items.reverse();
                }
                Constant::List(items)
            }),
            (_, []) => builtin_of(name, arguments).filter(|value| walk.spend(value.size())),
            _ => None,
        })
    }

    /// `get_args(Literal["a", "b"])`, mostly through a name.
    fn literal_values(
        &self,
        module: &Rc<Module>,
        call: &ExprCall,
        walk: &Walk<'_>,
        depth: usize,
    ) -> Result<Option<Constant>, SignatureErrors> {
        let [argument] = call.arguments.args.as_ref() else { return Ok(None) };
        let named = match dotted(argument) {
            Some(name) => self.project.meaning(module, &name)?,
            None => Meaning::Unbound,
        };
        let (file, written) = match &named {
            Meaning::Value(file, index) => (file, file.value(*index)),
            _ => (module, Some(argument)),
        };
        let Some(Expr::Subscript(literal)) = written else { return Ok(None) };
        if !dotted(&literal.value).is_some_and(|name| name == "Literal" || name.ends_with(".Literal")) {
            return Ok(None);
        }
        let values = match literal.slice.as_ref() {
            Expr::Tuple(tuple) => tuple.elts.as_slice(),
            single => std::slice::from_ref(single),
        };
        Ok(self.all(file, values, walk, depth)?.map(Constant::List))
    }

    /// The result of a function that only names values and returns one.
    fn small_function(
        &self,
        module: &Rc<Module>,
        call: &ExprCall,
        file: &Rc<Module>,
        index: usize,
        walk: &Walk<'_>,
        depth: usize,
    ) -> Result<Option<Constant>, SignatureErrors> {
        let Some(function) = file.function(index) else { return Ok(None) };
        let mut locals = self.arguments(module, call, file, function, walk, depth)?;
        match self.returned(file, function, &mut locals, walk, depth)? {
            Some(value) => self.evaluate(file, value, &walk.elsewhere(&locals), depth),
            None => Ok(None),
        }
    }

    /// The values of a function's parameters in a call, defaults included. Values that cannot be read are left out.
    fn arguments(
        &self,
        module: &Rc<Module>,
        call: &ExprCall,
        file: &Rc<Module>,
        function: &StmtFunctionDef,
        walk: &Walk<'_>,
        depth: usize,
    ) -> Result<Locals, SignatureErrors> {
        let mut locals = Locals::new();
        let mut names = Vec::new();
        for parameter in function.parameters.iter_non_variadic_params() {
            names.push(parameter.name().as_str());
            if let Some(default) = parameter.default()
                && let Some(value) = self.evaluate(file, default, &walk.elsewhere(&Locals::new()), depth)?
            {
                locals.insert(parameter.name().to_string(), value);
            }
        }
        let mut others = Vec::new();
        for (name, value) in passed(function, call) {
            let value = self.evaluate(module, value, walk, depth)?;
            if names.contains(&name) {
                locals.remove(name);
                locals.extend(value.map(|value| (name.to_owned(), value)));
            } else {
                others.push((Constant::Text(name.to_owned()), value.unwrap_or(Constant::Unknown)));
            }
        }
        if let Some(parameter) = &function.parameters.kwarg {
            locals.insert(parameter.name.to_string(), Constant::Dict(others));
        }
        Ok(locals)
    }

    /// The values of a function's parameters in a call that is not part of a constant.
    pub(super) fn arguments_of(
        &self,
        module: &Rc<Module>,
        call: &ExprCall,
        locals: &Locals,
        file: &Rc<Module>,
        function: &StmtFunctionDef,
    ) -> Result<Locals, SignatureErrors> {
        let found = self.arguments(module, call, file, function, &Walk::new(&Cell::new(0), locals), 0)?;
        Ok(found.into_iter().map(|(name, value)| (name, value.plain())).collect())
    }

    /// What a function returns where it is not part of a constant.
    pub(super) fn returned_by<'f>(
        &self,
        file: &Rc<Module>,
        function: &'f StmtFunctionDef,
        locals: &mut Locals,
    ) -> Result<Option<&'f Expr>, SignatureErrors> {
        self.returned(file, function, locals, &Walk::new(&Cell::new(0), &Locals::new()), 0)
    }

    /// What a function returns, if nothing in it decides between several results. Names that it assigns join the locals.
    fn returned<'f>(
        &self,
        file: &Rc<Module>,
        function: &'f StmtFunctionDef,
        locals: &mut Locals,
        walk: &Walk<'_>,
        depth: usize,
    ) -> Result<Option<&'f Expr>, SignatureErrors> {
        let changes_nothing = |expression: &Expr| {
            let target = if let Expr::Call(call) = expression { call.func.as_ref() } else { expression };
            dotted(target).is_some_and(|name| HARMLESS.contains(&name.as_str()) || name == "lru_cache")
        };
        if function.is_async || !function.decorator_list.iter().all(|decorator| changes_nothing(&decorator.expression)) {
            return Ok(None);
        }
        for statement in &function.body {
            let (target, value) = match statement {
                Stmt::Return(found) => return Ok(found.value.as_deref()),
                Stmt::Expr(documentation) if matches!(documentation.value.as_ref(), Expr::StringLiteral(_)) => continue,
                Stmt::Assign(assign) => match assign.targets.as_slice() {
                    [Expr::Name(target)] => (target, assign.value.as_ref()),
                    _ => return Ok(None),
                },
                Stmt::AnnAssign(assign) => match (assign.target.as_ref(), &assign.value) {
                    (Expr::Name(target), Some(value)) => (target, value.as_ref()),
                    _ => return Ok(None),
                },
                Stmt::Pass(_) | Stmt::Import(_) | Stmt::ImportFrom(_) => continue,
                _ => return Ok(None),
            };
            let value = self.evaluate(file, value, &walk.elsewhere(locals), depth)?.unwrap_or(Constant::Unknown);
            locals.insert(target.id.to_string(), value);
        }
        Ok(None)
    }
}

/// A builtin without arguments by name.
fn builtin_of(name: &str, arguments: Vec<Constant>) -> Option<Constant> {
    let mut arguments = arguments.into_iter().map(Constant::plain).collect::<Vec<_>>();
    if name == "range" {
        return range(&arguments);
    }
    if matches!(name, "min" | "max") && arguments.len() > 1 {
        arguments = vec![Constant::List(arguments)];
    }
    if name == "zip" {
        let lists = arguments.into_iter().map(Constant::into_items).collect::<Option<Vec<_>>>()?;
        let length = lists.iter().map(Vec::len).min().unwrap_or(0);
        let row = |index: usize| Constant::List(lists.iter().filter_map(|list| list.get(index).cloned()).collect());
        return Some(Constant::List((0..length).map(row).collect()));
    }
    let argument = match <[Constant; 1]>::try_from(arguments) {
        Ok([argument]) => argument,
        Err(arguments) if arguments.is_empty() => match name {
            "list" | "tuple" | "set" => return Some(Constant::List(Vec::new())),
            "str" => return Some(Constant::Text(String::new())),
            _ => return None,
        },
        Err(_) => return None,
    };
    match name {
        "list" | "tuple" => argument.into_items().map(Constant::List),
        "set" | "frozenset" => argument.into_items().map(|items| {
            let mut once: Vec<Constant> = Vec::new();
            for item in items.into_iter().take(2000) {
                if !once.contains(&item) {
                    once.push(item);
                }
            }
            Constant::List(once)
        }),
        "reversed" => argument.into_items().map(|items| Constant::List(items.into_iter().rev().collect())),
        "enumerate" => argument.into_items().map(|items| {
            let pair = |(index, item): (i64, Constant)| Constant::List(vec![Constant::Int(index), item]);
            Constant::List((0..).zip(items).map(pair).collect())
        }),
        "sorted" => sorted(vec![argument]).map(Constant::List),
        "min" => sorted(vec![argument])?.into_iter().next(),
        "max" => sorted(vec![argument])?.into_iter().next_back(),
        "len" => match &argument {
            Constant::Text(text) => i64::try_from(text.chars().count()).ok().map(Constant::Int),
            _ => i64::try_from(argument.into_items()?.len()).ok().map(Constant::Int),
        },
        "str" => argument.shown().map(Constant::Text),
        "bool" => argument.truth().map(Constant::Bool),
        "float" => match argument {
            Constant::Text(text) => text.trim().parse().ok().filter(|value: &f64| value.is_finite()).map(Constant::Float),
            other => other.as_number().map(Constant::Float),
        },
        "int" => match argument {
            Constant::Int(value) => Some(Constant::Int(value)),
            Constant::Bool(value) => Some(Constant::Int(value.into())),
            Constant::Text(text) => text.trim().parse().ok().map(Constant::Int),
            #[expect(clippy::cast_possible_truncation, reason = "below 2^53")]
            Constant::Float(value) if value.abs() < 9e15 => Some(Constant::Int(value.trunc() as i64)),
            _ => None,
        },
        "abs" => match argument {
            Constant::Int(value) => value.checked_abs().map(Constant::Int),
            Constant::Float(value) => Some(Constant::Float(value.abs())),
            _ => None,
        },
        _ => None,
    }
}

fn range(arguments: &[Constant]) -> Option<Constant> {
    let numbers = arguments.iter().map(|argument| if let Constant::Int(value) = argument { Some(*value) } else { None });
    let (first, end, step) = match numbers.collect::<Option<Vec<_>>>()?.as_slice() {
        [end] => (0, *end, 1),
        [first, end] => (*first, *end, 1),
        [first, end, step] => (*first, *end, *step),
        _ => return None,
    };
    let mut items = Vec::new();
    let mut next = first;
    while (step > 0 && next < end) || (step < 0 && next > end) {
        if items.len() >= MAX_LENGTH {
            return None;
        }
        items.push(Constant::Int(next));
        next = next.checked_add(step)?;
    }
    (step != 0).then_some(Constant::List(items))
}

/// Items in their order, if they are all numbers or all texts.
fn sorted(arguments: Vec<Constant>) -> Option<Vec<Constant>> {
    let [argument] = <[Constant; 1]>::try_from(arguments).ok()?;
    let mut items: Vec<Constant> = argument.into_items()?.into_iter().map(Constant::plain).collect();
    if items.iter().all(|item| item.as_text().is_some()) {
        items.sort_by(|one, other| one.as_text().cmp(&other.as_text()));
    } else if items.iter().all(|item| item.as_number().is_some()) {
        items.sort_by(|one, other| one.as_number().partial_cmp(&other.as_number()).unwrap_or(std::cmp::Ordering::Equal));
    } else {
        return None;
    }
    Some(items)
}

/// `dict(a=1)`, `dict(other, a=1)`, `dict([("a", 1)])`.
fn dict(arguments: Vec<Constant>, named: Vec<(Option<String>, Option<Constant>)>) -> Option<Constant> {
    let mut entries = Vec::new();
    for argument in arguments {
        match argument {
            Constant::Dict(inner) => inner.into_iter().for_each(|(key, value)| put(&mut entries, key, value)),
            Constant::List(pairs) => {
                for pair in pairs {
                    let [key, value] = <[Constant; 2]>::try_from(pair.into_items()?).ok()?;
                    put(&mut entries, key, value);
                }
            }
            _ => return None,
        }
    }
    for (name, value) in named {
        match (name, value) {
            (Some(name), value) => put(&mut entries, Constant::Text(name), value.unwrap_or(Constant::Unknown)),
            (None, Some(Constant::Dict(inner))) => inner.into_iter().for_each(|(key, value)| put(&mut entries, key, value)),
            (None, _) => return None,
        }
    }
    Some(Constant::Dict(entries))
}

fn method(owner: Constant, name: &str, arguments: &[Constant]) -> Option<Constant> {
    let pair = |(key, value): (Constant, Constant)| Constant::List(vec![key, value]);
    match (owner.plain(), name, arguments) {
        (Constant::Dict(entries), "keys", []) => Some(Constant::List(entries.into_iter().map(|(key, _)| key).collect())),
        (Constant::Dict(entries), "values", []) => Some(Constant::List(entries.into_iter().map(|(_, value)| value).collect())),
        (Constant::Dict(entries), "items", []) => Some(Constant::List(entries.into_iter().map(pair).collect())),
        (Constant::Dict(entries), "get", [key]) => {
            let found = entries.into_iter().rev().find(|(known, _)| known == key);
            Some(found.map_or(Constant::None, |(_, value)| value))
        }
        (copied @ (Constant::Dict(_) | Constant::List(_)), "copy", []) => Some(copied),
        (Constant::Text(text), _, _) => text_method(&text, name, arguments),
        _ => None,
    }
}

fn text_method(text: &str, name: &str, arguments: &[Constant]) -> Option<Constant> {
    let result = match (name, arguments) {
        ("lower", []) => text.to_lowercase(),
        ("upper", []) => text.to_uppercase(),
        ("strip", []) => text.trim().to_owned(),
        ("replace", [Constant::Text(old), Constant::Text(new)]) if !old.is_empty() => text.replace(old.as_str(), new),
        ("join", [items]) => {
            let items = items.clone().into_items()?.into_iter().map(Constant::plain);
            items.map(|item| item.as_text().map(str::to_owned)).collect::<Option<Vec<_>>>()?.join(text)
        }
        ("split", []) => return Some(texts(text.split_whitespace())),
        ("split", [Constant::Text(separator)]) if !separator.is_empty() => return Some(texts(text.split(separator.as_str()))),
        ("splitlines", []) => return Some(texts(text.lines())),
        _ => return None,
    };
    (result.len() <= MAX_LENGTH).then_some(Constant::Text(result))
}

fn texts<'t>(parts: impl Iterator<Item = &'t str>) -> Constant {
    Constant::List(parts.map(|part| Constant::Text(part.to_owned())).collect())
}
