//! `Input(...)` as Cog's own generator reads it: literals of the same file, and nothing else.

use std::rc::Rc;

use ruff_python_ast::{Expr, ExprCall, StmtFunctionDef};
use ruff_text_size::Ranged;
use serde_json::Value;

use crate::python::constant::Constant;
use crate::python::error::SignatureErrors;
use crate::python::input_call::{Argument, choices_json};
use crate::python::module::Module;
use crate::python::project::Meaning;
use crate::python::reader::{Semantics, SignatureReader};
use crate::python::rules;
use crate::python::signature::InputInfo;
use crate::python::syntax::{assigned_call, dotted, find_method, passed};

use super::CogCliSemantics;
use super::literal;

/// Reads a call of `Input`. Arguments by position, in `**` and of unknown names are ignored.
pub(super) fn call(
    reader: &SignatureReader<'_>,
    module: &Rc<Module>,
    parameter: &str,
    call: &ExprCall,
) -> Result<InputInfo, SignatureErrors> {
    let (mut info, mut errors) = (InputInfo::default(), Vec::new());
    for keyword in &call.arguments.keywords {
        if let Some(key) = &keyword.arg {
            let argument = Argument { module, parameter, key: key.as_str(), value: &keyword.value, given: None };
            errors.extend(read(reader, &mut info, &argument).err().into_iter().flatten());
        }
    }
    if errors.is_empty() { Ok(info) } else { Err(errors) }
}

fn read(reader: &SignatureReader<'_>, info: &mut InputInfo, argument: &Argument<'_>) -> Result<(), SignatureErrors> {
    match argument.key {
        "default" => info.default = Some(default(argument)),
        "default_factory" => return Err(argument.default_factory()),
        "description" => info.description = literal::value(argument.module, argument.value).and_then(into_text),
        "ge" => info.minimum = limit(argument),
        "le" => info.maximum = limit(argument),
        "min_length" => info.min_length = length(argument)?,
        "max_length" => info.max_length = length(argument)?,
        "regex" => info.pattern = text(argument),
        "accept" => {
            info.accept = text(argument);
            reader.require_accept(argument)?;
        }
        "choices" => match literal::choices(argument.module, argument.value) {
            Some(choices) => info.choices = choices_json(&choices),
            None => return Err(argument.not_static(&rules::CHOICES_NOT_STATIC, "a list")),
        },
        "deprecated" => {
            if let Expr::BooleanLiteral(literal) = argument.value {
                info.deprecated = literal.value;
            }
        }
        _ => {}
    }
    Ok(())
}

/// A default that cannot be read becomes `None`.
fn default(argument: &Argument<'_>) -> Value {
    literal::value(argument.module, argument.value).map_or(Value::Null, |value| value.to_json())
}

/// A limit. Numbers are read as decimal, so numbers in other bases are lost.
fn limit(argument: &Argument<'_>) -> Option<f64> {
    let source = argument.module.text.slice(argument.value.range());
    let is_decimal = !source.trim_start_matches(['-', '+']).starts_with("0x") && !source.contains(['b', 'B', 'o', 'O', 'X']);
    literal::literal(argument.module, argument.value).filter(|_| is_decimal)?.as_number()
}

/// A length. Fractions are cut off.
fn length(argument: &Argument<'_>) -> Result<Option<u64>, SignatureErrors> {
    limit(argument).map(|number| argument.length(number)).transpose()
}

/// A string literal.
fn text(argument: &Argument<'_>) -> Option<String> {
    match argument.value {
        Expr::StringLiteral(_) => literal::literal(argument.module, argument.value).and_then(into_text),
        _ => None,
    }
}

fn into_text(constant: Constant) -> Option<String> {
    match constant {
        Constant::Text(text) => Some(text),
        _ => None,
    }
}

/// Reads `Inputs.prompt` and `Inputs.prompt(...)`, where the class is in the same file.
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
    let Expr::Attribute(attribute) = target else { return Ok(None) };
    let Some(owner) = dotted(&attribute.value) else { return Ok(None) };
    let Meaning::Class(class) = reader.project.meaning(module, &owner)? else { return Ok(None) };
    if !Rc::ptr_eq(&class.module, module) {
        return Ok(None);
    }
    let Some(definition) = module.class(class.index) else { return Ok(None) };
    let member = attribute.attr.as_str();
    match method_call {
        None => match assigned_call(definition, member) {
            // An attribute that cannot be read is skipped, and then the default cannot be read either.
            Some(inner) if CogCliSemantics.is_input_call(reader, module, inner)? => Ok(call(reader, module, parameter, inner).ok()),
            _ => Ok(None),
        },
        Some(method_call) => {
            let Some(function) = find_method(definition, member) else { return Ok(None) };
            let Some(inner) = reader.returned_input(module, function)? else { return Ok(None) };
            Ok(returned(reader, module, parameter, (function, inner), method_call))
        }
    }
}

/// Reads the function's `Input` without its parameters. Some of the call's own literals then override it by name.
fn returned(
    reader: &SignatureReader<'_>,
    module: &Rc<Module>,
    parameter: &str,
    (function, inner): (&StmtFunctionDef, &ExprCall),
    method_call: &ExprCall,
) -> Option<InputInfo> {
    let mut info = call(reader, module, parameter, inner).ok()?;
    for (name, value) in passed(function, method_call) {
        let Some(literal) = literal::literal(module, value) else { continue };
        match name {
            "default" => info.default = Some(literal.to_json()),
            "description" => info.description = into_text(literal).or(info.description),
            "ge" => info.minimum = literal.as_number().or(info.minimum),
            "le" => info.maximum = literal.as_number().or(info.maximum),
            _ => {}
        }
    }
    Some(info)
}
