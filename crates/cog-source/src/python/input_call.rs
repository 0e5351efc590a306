//! `Input(...)`: what it says about a parameter.

use std::rc::Rc;

use cog_findings::Rule;
use cog_findings::text::{nearest, shorten};
use ruff_python_ast::{Expr, ExprCall, Keyword, Stmt, StmtClassDef, StmtFunctionDef};
use ruff_text_size::Ranged;
use serde_json::Value;

use super::constant::Constant;
use super::evaluate::Locals;
use super::module::Module;
use super::options::Release;
use super::project::Meaning;
use super::reader::{Failure, Reader, dotted, fail};
use super::rules;
use super::signature::InputInfo;

/// The arguments of `Input`.
const ARGUMENTS: &[&str] = &[
    "accept",
    "choices",
    "default",
    "default_factory",
    "deprecated",
    "description",
    "ge",
    "le",
    "max_length",
    "min_length",
    "regex",
];

/// Longest source that an error repeats, in bytes.
const SHOWN_BYTES: usize = 60;

/// An argument of `Input(...)` being read.
struct Argument<'a> {
    module: &'a Rc<Module>,
    parameter: &'a str,
    key: &'a str,
    value: &'a Expr,
    locals: &'a Locals,
}

impl Argument<'_> {
    fn not_static(&self, rule: &'static Rule, wanted: &str) -> Failure {
        let source = shorten(self.module.text.slice(self.value.range()), SHOWN_BYTES);
        let message = format!("`{}` of {} is not {wanted} that can be read from the source: `{source}`", self.key, self.parameter);
        fail(rule, self.module, self.value.range(), message, "write the value itself, or a constant of the project")
    }
}

impl Reader<'_> {
    /// Whether an expression is a call of Cog's `Input`.
    pub(super) fn is_input_call(&self, module: &Rc<Module>, call: &ExprCall) -> Result<bool, Failure> {
        let Some(name) = dotted(&call.func) else { return Ok(false) };
        if name == "Input" {
            return Ok(true);
        }
        if self.exact && name.contains('.') {
            return Ok(false);
        }
        self.is_of_cog(module, &call.func, "Input")
    }

    /// What a parameter's default says: a call of `Input`, a reference to one, or a plain value.
    pub(super) fn default_of(&self, module: &Rc<Module>, parameter: &str, default: &Expr) -> Result<InputInfo, Failure> {
        if let Expr::Call(call) = default
            && self.is_input_call(module, call)?
        {
            return self.input_call(module, parameter, call, &Locals::new());
        }
        if let Some(found) = self.referred(module, parameter, default)? {
            return Ok(found);
        }
        let value =
            if self.exact { self.constant_of_cog(module, default) } else { self.constant(module, default, &Locals::new())? };
        match value {
            Some(value) => Ok(InputInfo { default: Some(value.to_json()), ..InputInfo::default() }),
            None => {
                let source = shorten(module.text.slice(default.range()), SHOWN_BYTES);
                let message = format!("the default of {parameter} cannot be read from the source: `{source}`");
                let hint = "write the value itself, a constant of the project, or Input(default=...)";
                Err(fail(&rules::DEFAULT_NOT_STATIC, module, default.range(), message, hint))
            }
        }
    }

    /// Reads a call of `Input`.
    fn input_call(&self, module: &Rc<Module>, parameter: &str, call: &ExprCall, locals: &Locals) -> Result<InputInfo, Failure> {
        let (mut info, mut errors) = (InputInfo::default(), Vec::new());
        if let Some(value) = call.arguments.args.first()
            && !self.exact
        {
            let argument = Argument { module, parameter, key: "default", value, locals };
            if let Err(more) = self.argument(&mut info, &argument) {
                errors.extend(more);
            }
        }
        for keyword in &call.arguments.keywords {
            let Keyword { arg, value, .. } = keyword;
            let read = match arg {
                Some(key) => self.argument(&mut info, &Argument { module, parameter, key: key.as_str(), value, locals }),
                None if self.exact => Ok(()),
                None => {
                    let message = format!("the arguments of Input for {parameter} are hidden in `**`");
                    Err(fail(&rules::ARGUMENT_UNKNOWN, module, keyword.range(), message, "write each argument out"))
                }
            };
            errors.extend(read.err().into_iter().flatten());
        }
        if errors.is_empty() { Ok(info) } else { Err(errors) }
    }

    fn argument(&self, info: &mut InputInfo, argument: &Argument<'_>) -> Result<(), Failure> {
        let Argument { module, parameter, key, value, .. } = argument;
        match *key {
            "default" => info.default = Some(self.default(argument)?),
            "default_factory" => {
                let message = format!("default_factory of {parameter} is only known when it runs");
                let hint = "use a plain default, or Optional with default None, and choose the value in the method";
                return Err(fail(&rules::DEFAULT_FACTORY, module, value.range(), message, hint));
            }
            "description" => info.description = self.description(argument)?,
            "ge" => info.minimum = self.limit(argument)?,
            "le" => info.maximum = self.limit(argument)?,
            "min_length" => info.min_length = self.length(argument)?,
            "max_length" => info.max_length = self.length(argument)?,
            "regex" => info.pattern = self.text(argument)?,
            "accept" => {
                info.accept = self.text(argument)?;
                self.needs(Release::ACCEPT, "Input(accept=...)", module, value.range())?;
            }
            "choices" => info.choices = self.choices(argument)?,
            "deprecated" => match value {
                Expr::BooleanLiteral(literal) => info.deprecated = literal.value,
                _ if self.exact => {}
                _ => match self.read(argument)? {
                    Some(Constant::Bool(deprecated)) => info.deprecated = deprecated,
                    Some(Constant::None) => {}
                    _ => return Err(argument.not_static(&rules::LIMIT_NOT_STATIC, "True or False")),
                },
            },
            _ if self.exact => {}
            unknown => {
                let hint = match nearest(unknown, ARGUMENTS.iter().copied()) {
                    Some(known) => format!("did you mean {known}?"),
                    None => match unknown {
                        "min" | "minimum" | "gt" => "use ge".to_owned(),
                        "max" | "maximum" | "lt" => "use le".to_owned(),
                        "pattern" => "use regex".to_owned(),
                        _ => format!("Input takes {}", ARGUMENTS.join(", ")),
                    },
                };
                let message = format!("Input has no argument `{unknown}`");
                return Err(fail(&rules::ARGUMENT_UNKNOWN, module, value.range(), message, hint));
            }
        }
        Ok(())
    }

    fn read(&self, argument: &Argument<'_>) -> Result<Option<Constant>, Failure> {
        self.constant(argument.module, argument.value, argument.locals)
    }

    fn default(&self, argument: &Argument<'_>) -> Result<Value, Failure> {
        if self.exact {
            // What Cog cannot read becomes None without a word.
            let found = self.constant_of_cog(argument.module, argument.value);
            return Ok(found.map_or(Value::Null, |value| value.to_json()));
        }
        match self.read(argument)? {
            Some(value) => Ok(value.to_json()),
            None => Err(argument.not_static(&rules::DEFAULT_NOT_STATIC, "a value")),
        }
    }

    fn description(&self, argument: &Argument<'_>) -> Result<Option<String>, Failure> {
        if self.exact {
            let found = self.constant_of_cog(argument.module, argument.value);
            return Ok(found.and_then(|text| text.as_text().map(str::to_owned)));
        }
        match self.read(argument)? {
            Some(Constant::Text(text)) => Ok(Some(text)),
            Some(Constant::None) => Ok(None),
            _ => {
                let message = format!("the description of {} cannot be read from the source and is left out", argument.parameter);
                let hint = "write the text itself, or a constant of the project";
                self.warn(&rules::TEXT_NOT_STATIC, argument.module, argument.value.range(), message, hint);
                Ok(None)
            }
        }
    }

    /// `ge` and `le`.
    fn limit(&self, argument: &Argument<'_>) -> Result<Option<f64>, Failure> {
        if self.exact {
            // Numbers are read as decimal ones, so other bases are lost.
            let source = argument.module.text.slice(argument.value.range());
            let decimal = !source.trim_start_matches(['-', '+']).starts_with("0x") && !source.contains(['b', 'B', 'o', 'O', 'X']);
            let found = literal_number(self.literal_of_cog(argument.module, argument.value));
            return Ok(found.filter(|_| decimal));
        }
        match self.read(argument)? {
            Some(Constant::None) => Ok(None),
            Some(value) => {
                let number = value.as_number().ok_or_else(|| argument.not_static(&rules::LIMIT_NOT_STATIC, "a number"))?;
                Ok(Some(number))
            }
            None => Err(argument.not_static(&rules::LIMIT_NOT_STATIC, "a number")),
        }
    }

    /// `min_length` and `max_length`.
    fn length(&self, argument: &Argument<'_>) -> Result<Option<u64>, Failure> {
        match self.limit(argument)? {
            None => Ok(None),
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be a whole number from 0")]
            Some(length) if (0.0..9e15).contains(&length) && (self.exact || length.fract() == 0.0) => Ok(Some(length as u64)),
            Some(_) => Err(argument.not_static(&rules::LIMIT_NOT_STATIC, "a whole number from 0")),
        }
    }

    /// `regex` and `accept`.
    fn text(&self, argument: &Argument<'_>) -> Result<Option<String>, Failure> {
        if self.exact {
            let found = match argument.value {
                Expr::StringLiteral(_) => self.literal_of_cog(argument.module, argument.value),
                _ => None,
            };
            return Ok(found.and_then(|text| text.as_text().map(str::to_owned)));
        }
        match self.read(argument)? {
            Some(Constant::Text(text)) => Ok(Some(text)),
            Some(Constant::None) => Ok(None),
            _ => Err(argument.not_static(&rules::LIMIT_NOT_STATIC, "a text")),
        }
    }

    fn choices(&self, argument: &Argument<'_>) -> Result<Vec<Value>, Failure> {
        let found = if self.exact {
            self.choices_of_cog(argument.module, argument.value)
        } else {
            match self.read(argument)? {
                Some(Constant::List(items)) => Some(items),
                Some(Constant::None) => Some(Vec::new()),
                _ => None,
            }
        };
        let Some(items) = found else { return Err(argument.not_static(&rules::CHOICES_NOT_STATIC, "a list")) };
        let scalar = |item: &Constant| !matches!(item, Constant::List(_) | Constant::Dict(_) | Constant::None);
        if !self.exact && !items.iter().all(scalar) {
            return Err(argument.not_static(&rules::CHOICES_NOT_STATIC, "a list of texts, numbers or booleans"));
        }
        Ok(items.iter().map(Constant::to_json).collect())
    }

    /// `Inputs.prompt` and `Inputs.prompt(...)`: an attribute or a method of a class that is, or returns, a call of `Input`.
    fn referred(&self, module: &Rc<Module>, parameter: &str, default: &Expr) -> Result<Option<InputInfo>, Failure> {
        let (target, call) = match default {
            Expr::Call(call) => (call.func.as_ref(), Some(call)),
            other => (other, None),
        };
        if let (Expr::Name(name), None, false) = (target, call, self.exact) {
            // A module-level `PROMPT = Input(...)`.
            if let Meaning::Value(file, index) = self.project.meaning(module, name.id.as_str())?
                && let Some(Expr::Call(inner)) = file.value(index)
                && self.is_input_call(&file, inner)?
            {
                return self.input_call(&file, parameter, inner, &Locals::new()).map(Some);
            }
            return Ok(None);
        }
        let Expr::Attribute(attribute) = target else { return Ok(None) };
        let Some(owner) = dotted(&attribute.value) else { return Ok(None) };
        let Meaning::Class(class) = self.project.meaning(module, &owner)? else { return Ok(None) };
        if self.exact && !Rc::ptr_eq(&class.module, module) {
            return Ok(None);
        }
        let file = Rc::clone(&class.module);
        let Some(definition) = file.class(class.index) else { return Ok(None) };
        let member = attribute.attr.as_str();
        match call {
            None => match attribute_value(definition, member) {
                Some(inner) if self.is_input_call(&file, inner)? => {
                    let info = self.input_call(&file, parameter, inner, &Locals::new());
                    // Cog passes over an attribute that it cannot read, and then cannot read the default.
                    if self.exact { Ok(info.ok()) } else { info.map(Some) }
                }
                _ => Ok(None),
            },
            Some(call) => {
                let Some(function) = method(definition, member) else { return Ok(None) };
                let Some(inner) = self.returned_input(&file, function)? else { return Ok(None) };
                if self.exact {
                    return Ok(self.called_as_cog_reads(module, &file, parameter, function, inner, call));
                }
                let locals = self.arguments_of(module, &file, function, call)?;
                self.input_call(&file, parameter, inner, &locals).map(Some)
            }
        }
    }

    /// The call of `Input` that a function returns.
    fn returned_input<'f>(&self, module: &Rc<Module>, function: &'f StmtFunctionDef) -> Result<Option<&'f ExprCall>, Failure> {
        for statement in &function.body {
            if let Stmt::Return(found) = statement
                && let Some(Expr::Call(call)) = found.value.as_deref()
                && self.is_input_call(module, call)?
            {
                return Ok(Some(call));
            }
        }
        Ok(None)
    }

    /// The values that a call gives to a function's parameters, defaults included. What cannot be read is left out.
    fn arguments_of(
        &self,
        module: &Rc<Module>,
        file: &Rc<Module>,
        function: &StmtFunctionDef,
        call: &ExprCall,
    ) -> Result<Locals, Failure> {
        let mut locals = Locals::new();
        for parameter in function.parameters.iter_non_variadic_params() {
            if let Some(default) = parameter.default()
                && let Some(value) = self.constant(file, default, &Locals::new())?
            {
                locals.insert(parameter.name().to_string(), value);
            }
        }
        for (name, value) in given(function, call) {
            match self.constant(module, value, &Locals::new())? {
                Some(value) => locals.insert(name.to_owned(), value),
                None => locals.remove(name),
            };
        }
        Ok(locals)
    }

    /// Cog reads the function's `Input` without its parameters, then puts some of the call's own literals over it, by name.
    fn called_as_cog_reads(
        &self,
        module: &Rc<Module>,
        file: &Rc<Module>,
        parameter: &str,
        function: &StmtFunctionDef,
        inner: &ExprCall,
        call: &ExprCall,
    ) -> Option<InputInfo> {
        let mut info = self.input_call(file, parameter, inner, &Locals::new()).ok()?;
        for (name, value) in given(function, call) {
            let Some(literal) = self.literal_of_cog(module, value) else { continue };
            match name {
                "default" => info.default = Some(literal.to_json()),
                "description" => info.description = literal.as_text().map(str::to_owned).or(info.description),
                "ge" => info.minimum = literal.as_number().or(info.minimum),
                "le" => info.maximum = literal.as_number().or(info.maximum),
                _ => {}
            }
        }
        Some(info)
    }
}

fn literal_number(constant: Option<Constant>) -> Option<f64> {
    constant.and_then(|constant| constant.as_number())
}

/// The arguments of a call, by the parameters they are given to.
fn given<'c>(function: &'c StmtFunctionDef, call: &'c ExprCall) -> Vec<(&'c str, &'c Expr)> {
    let names: Vec<&str> = function
        .parameters
        .iter_non_variadic_params()
        .map(|parameter| parameter.name().as_str())
        .filter(|name| !matches!(*name, "self" | "cls"))
        .collect();
    let by_position = names.into_iter().zip(call.arguments.args.iter());
    let by_name = call.arguments.keywords.iter().filter_map(|keyword| Some((keyword.arg.as_ref()?.as_str(), &keyword.value)));
    by_position.chain(by_name).collect()
}

fn attribute_value<'c>(class: &'c StmtClassDef, name: &str) -> Option<&'c ExprCall> {
    let value = class.body.iter().rev().find_map(|statement| match statement {
        Stmt::Assign(assign) => match assign.targets.as_slice() {
            [Expr::Name(target)] if target.id.as_str() == name => Some(assign.value.as_ref()),
            _ => None,
        },
        Stmt::AnnAssign(assign) => match assign.target.as_ref() {
            Expr::Name(target) if target.id.as_str() == name => assign.value.as_deref(),
            _ => None,
        },
        _ => None,
    })?;
    value.as_call_expr()
}

pub(super) fn method<'c>(class: &'c StmtClassDef, name: &str) -> Option<&'c StmtFunctionDef> {
    class.body.iter().rev().filter_map(Stmt::as_function_def_stmt).find(|function| function.name.as_str() == name)
}
