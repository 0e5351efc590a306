//! `Input(...)` as Python reads it: constants of the project, arguments by position, references to other calls.

use std::rc::Rc;

use cog_findings::text::nearest;
use ruff_python_ast::{Expr, ExprCall, Keyword, StmtFunctionDef};
use ruff_text_size::Ranged;
use serde_json::Value;

use crate::python::constant::Constant;
use crate::python::error::SignatureErrors;
use crate::python::evaluate::Locals;
use crate::python::input_call::{Argument, choices_json};
use crate::python::module::Module;
use crate::python::project::Meaning;
use crate::python::reader::{Semantics, SignatureReader};
use crate::python::rules;
use crate::python::signature::InputInfo;
use crate::python::syntax::{assigned_call, dotted, method, passed};

use super::PlainSemantics;

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

/// Reads a call of `Input`, with values for the parameters of the function it is in.
pub(super) fn call(
    reader: &SignatureReader<'_>,
    module: &Rc<Module>,
    parameter: &str,
    call: &ExprCall,
    locals: &Locals,
) -> Result<InputInfo, SignatureErrors> {
    let input = InputReader { reader, locals };
    let (mut info, mut errors) = (InputInfo::default(), Vec::new());
    if let Some(value) = call.arguments.args.first() {
        let read = input.argument(&mut info, &Argument { module, parameter, key: "default", value });
        errors.extend(read.err().into_iter().flatten());
    }
    for keyword in &call.arguments.keywords {
        let Keyword { arg, value, .. } = keyword;
        let read = match arg {
            Some(key) => input.argument(&mut info, &Argument { module, parameter, key: key.as_str(), value }),
            None => {
                let message = format!("the arguments of Input for {parameter} are hidden in `**`");
                Err(module.fail(&rules::ARGUMENT_UNKNOWN, keyword.range(), message, "write each argument out"))
            }
        };
        errors.extend(read.err().into_iter().flatten());
    }
    if errors.is_empty() { Ok(info) } else { Err(errors) }
}

/// Reads `PROMPT`, `Inputs.prompt` and `Inputs.prompt(...)`: a name, an attribute or a method whose value is a call of `Input`.
pub(super) fn referenced(
    reader: &SignatureReader<'_>,
    module: &Rc<Module>,
    parameter: &str,
    default: &Expr,
) -> Result<Option<InputInfo>, SignatureErrors> {
    let (target, method_call) = match default {
        Expr::Call(call) => (call.func.as_ref(), Some(call)),
        other => (other, None),
    };
    if let (Expr::Name(name), None) = (target, method_call) {
        if let Meaning::Value(file, index) = reader.project.meaning(module, name.id.as_str())?
            && let Some(Expr::Call(inner)) = file.value(index)
            && PlainSemantics.is_input_call(reader, &file, inner)?
        {
            return call(reader, &file, parameter, inner, &Locals::new()).map(Some);
        }
        return Ok(None);
    }
    let Expr::Attribute(attribute) = target else { return Ok(None) };
    let Some(owner) = dotted(&attribute.value) else { return Ok(None) };
    let Meaning::Class(class) = reader.project.meaning(module, &owner)? else { return Ok(None) };
    let file = Rc::clone(&class.module);
    let Some(definition) = file.class(class.index) else { return Ok(None) };
    let member = attribute.attr.as_str();
    match method_call {
        None => match assigned_call(definition, member) {
            Some(inner) if PlainSemantics.is_input_call(reader, &file, inner)? => {
                call(reader, &file, parameter, inner, &Locals::new()).map(Some)
            }
            _ => Ok(None),
        },
        Some(method_call) => {
            let Some(function) = method(definition, member) else { return Ok(None) };
            let Some(inner) = reader.returned_input(&file, function)? else { return Ok(None) };
            let locals = locals_of(reader, module, &file, function, method_call)?;
            call(reader, &file, parameter, inner, &locals).map(Some)
        }
    }
}

/// The values of a function's parameters in a call, defaults included. Values that cannot be read are left out.
fn locals_of(
    reader: &SignatureReader<'_>,
    module: &Rc<Module>,
    file: &Rc<Module>,
    function: &StmtFunctionDef,
    call: &ExprCall,
) -> Result<Locals, SignatureErrors> {
    let mut locals = Locals::new();
    for parameter in function.parameters.iter_non_variadic_params() {
        if let Some(default) = parameter.default()
            && let Some(value) = reader.constant(file, default, &Locals::new())?
        {
            locals.insert(parameter.name().to_string(), value);
        }
    }
    for (name, value) in passed(function, call) {
        match reader.constant(module, value, &Locals::new())? {
            Some(value) => locals.insert(name.to_owned(), value),
            None => locals.remove(name),
        };
    }
    Ok(locals)
}

/// Reads the arguments of one call.
struct InputReader<'a, 't> {
    reader: &'a SignatureReader<'t>,
    locals: &'a Locals,
}

impl InputReader<'_, '_> {
    fn argument(&self, info: &mut InputInfo, argument: &Argument<'_>) -> Result<(), SignatureErrors> {
        match argument.key {
            "default" => info.default = Some(self.default(argument)?),
            "default_factory" => return Err(argument.default_factory()),
            "description" => info.description = self.description(argument)?,
            "ge" => info.minimum = self.limit(argument)?,
            "le" => info.maximum = self.limit(argument)?,
            "min_length" => info.min_length = self.length(argument)?,
            "max_length" => info.max_length = self.length(argument)?,
            "regex" => info.pattern = self.text(argument)?,
            "accept" => {
                info.accept = self.text(argument)?;
                self.reader.require_accept(argument)?;
            }
            "choices" => info.choices = self.choices(argument)?,
            "deprecated" => match self.value(argument)? {
                Some(Constant::Bool(deprecated)) => info.deprecated = deprecated,
                Some(Constant::None) => {}
                _ => return Err(argument.not_static(&rules::LIMIT_NOT_STATIC, "True or False")),
            },
            _ => return Err(unknown(argument)),
        }
        Ok(())
    }

    fn value(&self, argument: &Argument<'_>) -> Result<Option<Constant>, SignatureErrors> {
        self.reader.constant(argument.module, argument.value, self.locals)
    }

    fn default(&self, argument: &Argument<'_>) -> Result<Value, SignatureErrors> {
        match self.value(argument)? {
            Some(value) => Ok(value.to_json()),
            None => Err(argument.not_static(&rules::DEFAULT_NOT_STATIC, "a value")),
        }
    }

    fn description(&self, argument: &Argument<'_>) -> Result<Option<String>, SignatureErrors> {
        match self.value(argument)? {
            Some(Constant::Text(text)) => Ok(Some(text)),
            Some(Constant::None) => Ok(None),
            _ => {
                let message = format!("the description of {} cannot be read from the source and is left out", argument.parameter);
                let hint = "write the text itself, or a constant of the project";
                self.reader.warn(&rules::TEXT_NOT_STATIC, argument.module, argument.value.range(), message, hint);
                Ok(None)
            }
        }
    }

    fn limit(&self, argument: &Argument<'_>) -> Result<Option<f64>, SignatureErrors> {
        match self.value(argument)? {
            Some(Constant::None) => Ok(None),
            value => match value.and_then(|value| value.as_number()) {
                Some(number) => Ok(Some(number)),
                None => Err(argument.not_static(&rules::LIMIT_NOT_STATIC, "a number")),
            },
        }
    }

    fn length(&self, argument: &Argument<'_>) -> Result<Option<u64>, SignatureErrors> {
        match self.limit(argument)? {
            Some(number) if number.fract() != 0.0 => Err(argument.not_static(&rules::LIMIT_NOT_STATIC, "a whole number from 0")),
            Some(number) => argument.length(number).map(Some),
            None => Ok(None),
        }
    }

    fn text(&self, argument: &Argument<'_>) -> Result<Option<String>, SignatureErrors> {
        match self.value(argument)? {
            Some(Constant::Text(text)) => Ok(Some(text)),
            Some(Constant::None) => Ok(None),
            _ => Err(argument.not_static(&rules::LIMIT_NOT_STATIC, "text")),
        }
    }

    fn choices(&self, argument: &Argument<'_>) -> Result<Vec<Value>, SignatureErrors> {
        let is_scalar = |item: &Constant| !matches!(item, Constant::List(_) | Constant::Dict(_) | Constant::None);
        match self.value(argument)? {
            Some(Constant::List(items)) if items.iter().all(is_scalar) => Ok(choices_json(&items)),
            Some(Constant::List(_)) => {
                Err(argument.not_static(&rules::CHOICES_NOT_STATIC, "a list of strings, numbers or booleans"))
            }
            Some(Constant::None) => Ok(Vec::new()),
            _ => Err(argument.not_static(&rules::CHOICES_NOT_STATIC, "a list")),
        }
    }
}

fn unknown(argument: &Argument<'_>) -> SignatureErrors {
    let key = argument.key;
    let hint = match nearest(key, ARGUMENTS.iter().copied()) {
        Some(known) => format!("did you mean {known}?"),
        None => match key {
            "min" | "minimum" | "gt" => "use ge".to_owned(),
            "max" | "maximum" | "lt" => "use le".to_owned(),
            "pattern" => "use regex".to_owned(),
            _ => format!("Input takes {}", ARGUMENTS.join(", ")),
        },
    };
    argument.module.fail(&rules::ARGUMENT_UNKNOWN, argument.value.range(), format!("Input has no argument `{key}`"), hint)
}
