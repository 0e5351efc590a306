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
use crate::python::project::{ClassAt, Meaning};
use crate::python::reader::{Semantics, SignatureReader};
use crate::python::rules;
use crate::python::signature::InputInfo;
use crate::python::syntax::{assigned, dotted, find_method};

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
        let read = input.argument(&mut info, &Argument { module, parameter, key: "default", value, given: None });
        errors.extend(read.err().into_iter().flatten());
    }
    for keyword in &call.arguments.keywords {
        let Keyword { arg, value, .. } = keyword;
        let read = match arg {
            Some(key) => input.argument(&mut info, &Argument { module, parameter, key: key.as_str(), value, given: None }),
            None => input.spread(&mut info, module, parameter, value),
        };
        errors.extend(read.err().into_iter().flatten());
    }
    if errors.is_empty() { Ok(info) } else { Err(errors) }
}

/// How many names and functions are followed to a call of `Input`.
const MAX_HOPS: usize = 16;

/// Reads `PROMPT`, `Inputs.prompt`, `Inputs.prompt(...)` and `prompt_input(...)`: a name, an attribute, a method or a function of the
/// project whose value is a call of `Input`.
pub(super) fn referenced(
    reader: &SignatureReader<'_>,
    module: &Rc<Module>,
    parameter: &str,
    default: &Expr,
) -> Result<Option<InputInfo>, SignatureErrors> {
    follow(reader, module, parameter, default, &Locals::new(), 0)
}

/// Follows an expression to a call of `Input`.
fn follow(
    reader: &SignatureReader<'_>,
    module: &Rc<Module>,
    parameter: &str,
    expression: &Expr,
    locals: &Locals,
    hops: usize,
) -> Result<Option<InputInfo>, SignatureErrors> {
    if hops > MAX_HOPS {
        return Ok(None);
    }
    let next = |file: &Rc<Module>, value: &Expr, locals: &Locals| follow(reader, file, parameter, value, locals, hops + 1);
    let Expr::Call(made) = expression else {
        let Some(name) = dotted(expression) else { return Ok(None) };
        if let Meaning::Value(file, index) = reader.project.meaning(module, &name)? {
            return file.value(index).map_or(Ok(None), |value| next(&file, value, &Locals::new()));
        }
        let Some((class, member)) = member_of(reader, module, expression)? else { return Ok(None) };
        let inner = class.module.class(class.index).and_then(|definition| assigned(definition, member));
        return inner.map_or(Ok(None), |inner| next(&class.module, inner, &Locals::new()));
    };
    if PlainSemantics.is_input_call(reader, module, made)? {
        return call(reader, module, parameter, made, locals).map(Some);
    }
    let name = dotted(&made.func);
    let meaning = name.map(|name| reader.project.meaning(module, &name)).transpose()?;
    if let Some(Meaning::Function(file, index)) = meaning {
        return function_result(reader, (module, made, locals), (&file, file.function(index)), &next);
    }
    let Some((class, member)) = member_of(reader, module, &made.func)? else { return Ok(None) };
    let function = class.module.class(class.index).and_then(|definition| find_method(definition, member));
    function_result(reader, (module, made, locals), (&class.module, function), &next)
}

/// What to do with an expression that a function returns.
type Next<'n> = dyn Fn(&Rc<Module>, &Expr, &Locals) -> Result<Option<InputInfo>, SignatureErrors> + 'n;

/// Follows what a function returns when it is called like this.
fn function_result(
    reader: &SignatureReader<'_>,
    (module, made, locals): (&Rc<Module>, &ExprCall, &Locals),
    (file, function): (&Rc<Module>, Option<&StmtFunctionDef>),
    next: &Next<'_>,
) -> Result<Option<InputInfo>, SignatureErrors> {
    let Some(function) = function else { return Ok(None) };
    let mut inner = reader.arguments_of(module, made, locals, file, function)?;
    let returned = reader.returned_by(file, function, &mut inner)?;
    returned.map_or(Ok(None), |value| next(file, value, &inner))
}

/// The class of the project and the member that `Class.member` names.
fn member_of<'e>(
    reader: &SignatureReader<'_>,
    module: &Rc<Module>,
    expression: &'e Expr,
) -> Result<Option<(ClassAt, &'e str)>, SignatureErrors> {
    let Expr::Attribute(attribute) = expression else { return Ok(None) };
    let Some(owner) = dotted(&attribute.value) else { return Ok(None) };
    Ok(match reader.project.meaning(module, &owner)? {
        Meaning::Class(class) => Some((class, attribute.attr.as_str())),
        _ => None,
    })
}

/// Reads the arguments of one call.
struct InputReader<'a, 't> {
    reader: &'a SignatureReader<'t>,
    locals: &'a Locals,
}

impl InputReader<'_, '_> {
    /// `**COMMON`: a dictionary of arguments.
    fn spread(&self, info: &mut InputInfo, module: &Rc<Module>, parameter: &str, value: &Expr) -> Result<(), SignatureErrors> {
        let hidden = || {
            let message = format!("the arguments of Input for {parameter} are hidden in `**`");
            module.fail(&rules::ARGUMENT_UNKNOWN, value.range(), message, "write each argument out")
        };
        let Some(Constant::Dict(entries)) = self.reader.constant(module, value, self.locals)? else { return Err(hidden()) };
        for (key, given) in entries {
            let key = key.as_text().ok_or_else(hidden)?;
            self.argument(info, &Argument { module, parameter, key, value, given: Some(&given) })?;
        }
        Ok(())
    }

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
        match argument.given {
            Some(given) => Ok(Some(given.clone())),
            None => self.reader.constant(argument.module, argument.value, self.locals),
        }
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
