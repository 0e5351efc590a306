//! One parameter: its annotation, and what `Input(...)` says (`contracts/cog.md` section 4.4).

use std::rc::Rc;

use ruff_python_ast::{Expr, ExprCall, ParameterWithDefault, Stmt, StmtClassDef};
use ruff_text_size::Ranged;
use serde_json::Value;

use super::annotation;
use super::input_type::input_type;
use super::module::{Module, keyword};
use super::names::{Symbol, resolve};
use super::rules;
use super::value::{Known, Written, evaluate, number};
use super::world::World;
use crate::domain::finding::{Finding, Location};
use crate::domain::rule::Rule;
use crate::python::{Constraints, ErrorKind, InputField, InputType, Primitive, SignatureError};

/// Components of the schema that are not there for choices.
const COMPONENTS: [&str; 10] = [
    "Input",
    "Output",
    "PredictionRequest",
    "PredictionResponse",
    "Status",
    "HTTPValidationError",
    "ValidationError",
    "TrainingInput",
    "TrainingOutput",
    "TrainingRequest",
];

/// Reads parameters of one method.
pub(super) struct Inputs<'a> {
    pub(super) world: &'a World<'a>,
    pub(super) module: &'a Rc<Module>,
    pub(super) peer_exact: bool,
    pub(super) method: &'a str,
    pub(super) warnings: Vec<Finding>,
}

impl Inputs<'_> {
    /// One parameter; `None` for one that Cog overlooks.
    pub(super) fn read(&mut self, parameter: &ParameterWithDefault) -> Result<Option<InputField>, SignatureError> {
        let name = parameter.parameter.name.as_str();
        let location = self.module.place(&parameter.parameter.name);
        let Some(written) = &parameter.parameter.annotation else {
            return self.without_annotation(parameter, name, location);
        };
        let annotation = annotation::read(self.world, self.module, written);
        let (kind, nullable) = input_type(self.world, &annotation)?;
        let mut field = InputField {
            name: name.to_owned(),
            kind,
            nullable,
            default: None,
            description: None,
            deprecated: false,
            constraints: Constraints::default(),
        };
        if let Some(default) = &parameter.default {
            self.apply_default(&mut field, default)?;
        }
        self.finish(&mut field, &location)?;
        Ok(Some(field))
    }

    fn without_annotation(
        &mut self,
        parameter: &ParameterWithDefault,
        name: &str,
        location: Location,
    ) -> Result<Option<InputField>, SignatureError> {
        if parameter.default.is_none() {
            self.warn(&rules::IGNORED_PARAMETER, format!("parameter '{name}' is overlooked by Cog"), location, "annotate it");
            return Ok(None);
        }
        let message = format!("parameter '{name}' of {} has no annotation", self.method);
        Err(SignatureError::new(ErrorKind::MissingAnnotation, message, location).hint(format!("write {name}: int, for example")))
    }

    fn warn(&mut self, rule: &Rule, message: String, location: Location, hint: &str) {
        self.warnings.push(Finding::new(rule, message).at(location).hint(hint));
    }

    fn apply_default(&mut self, field: &mut InputField, default: &Expr) -> Result<(), SignatureError> {
        if let Some(call) = self.input_call(default) {
            return self.arguments(field, call);
        }
        if let Some((module, call)) = self.shared_input(default) {
            let mut there = Inputs {
                world: self.world,
                module: &module,
                peer_exact: self.peer_exact,
                method: self.method,
                warnings: Vec::new(),
            };
            if let Some(call) = find_call(&module, &call) {
                there.arguments(field, call)?;
            }
            self.warnings.extend(there.warnings);
            if let Expr::Call(overriding) = default {
                self.override_with(field, overriding)?;
            }
            return Ok(());
        }
        match evaluate(self.world, self.module, default) {
            Some(known) if !(self.peer_exact && known.written == Written::Beyond) => {
                let name = field.name.clone();
                field.default = self.keep(known, &rules::KEPT_DEFAULT, &format!("the default of '{name}'"), default);
                Ok(())
            }
            _ => {
                let written = self.module.slice(default.range());
                let message = format!("the default `{}` of '{}' cannot be told from the source", brief(written), field.name);
                Err(SignatureError::new(ErrorKind::DefaultNotStatic, message, self.module.place(default))
                    .hint("write the value itself, or Input(default=None) with an Optional type"))
            }
        }
    }

    /// `Input(...)`, under whatever name it was imported, also `cog.Input(...)`.
    fn input_call<'e>(&self, expression: &'e Expr) -> Option<&'e ExprCall> {
        let call = expression.as_call_expr()?;
        if let Expr::Name(name) = call.func.as_ref()
            && name.id.as_str() == "Input"
        {
            return Some(call);
        }
        if self.peer_exact && !call.func.is_name_expr() {
            return None;
        }
        resolve(self.world, self.module, &call.func).is_some_and(|symbol| symbol.is_cog("Input")).then_some(call)
    }

    /// `Inputs.prompt` and `Inputs.prompt(...)`: an attribute or a method of a class in this file that is or returns `Input(...)`.
    fn shared_input(&self, expression: &Expr) -> Option<(Rc<Module>, SharedInput)> {
        let attribute = match expression {
            Expr::Attribute(attribute) => attribute,
            Expr::Call(call) => call.func.as_attribute_expr()?,
            _ => return None,
        };
        let Symbol::Class(class) = resolve(self.world, self.module, &attribute.value)? else { return None };
        if self.peer_exact && class.module.path != self.module.path {
            return None;
        }
        let shared =
            SharedInput { class: class.name.clone(), member: attribute.attr.to_string(), called: expression.is_call_expr() };
        let there = Inputs {
            world: self.world,
            module: &class.module,
            peer_exact: self.peer_exact,
            method: self.method,
            warnings: Vec::new(),
        };
        let call = find_expression(class.definition()?, &shared)?;
        there.input_call(call)?;
        Some((Rc::clone(&class.module), shared))
    }

    /// Values that the call of a shared input gives itself.
    fn override_with(&mut self, field: &mut InputField, call: &ExprCall) -> Result<(), SignatureError> {
        for keyword in &call.arguments.keywords {
            if let Some(name) = &keyword.arg
                && matches!(name.as_str(), "default" | "description" | "ge" | "le")
            {
                self.argument(field, name.as_str(), &keyword.value)?;
            }
        }
        Ok(())
    }

    fn arguments(&mut self, field: &mut InputField, call: &ExprCall) -> Result<(), SignatureError> {
        if let Some(positional) = call.arguments.args.first() {
            let message = format!("the positional argument of Input() is not the default of '{}'", field.name);
            self.warn(&rules::POSITIONAL_DEFAULT, message, self.module.place(positional), "write default=...");
        }
        if call.func.is_attribute_expr() {
            let message = format!("'{}' uses cog.Input(...)", field.name);
            self.warn(&rules::DOTTED_INPUT, message, self.module.place(call.func.as_ref()), "write `from cog import Input`");
        }
        if let Some(factory) = keyword(call, "default_factory") {
            let message = format!("'{}' has a default_factory", field.name);
            return Err(SignatureError::new(ErrorKind::DefaultFactory, message, self.module.place(factory))
                .hint("write default=..., or make the type Optional and make the value in the method"));
        }
        for keyword in &call.arguments.keywords {
            if let Some(name) = &keyword.arg {
                self.argument(field, name.as_str(), &keyword.value)?;
            }
        }
        Ok(())
    }

    fn argument(&mut self, field: &mut InputField, name: &str, value: &Expr) -> Result<(), SignatureError> {
        match name {
            "default" => self.default_argument(field, value),
            "description" => {
                let what = format!("the description of '{}'", field.name);
                if let Some(text) = self.text(value, &what) {
                    field.description = Some(text);
                }
            }
            "regex" => {
                let what = format!("the regex of '{}'", field.name);
                field.constraints.pattern = self.text(value, &what).or(field.constraints.pattern.take());
            }
            "accept" => {
                let what = format!("accept of '{}'", field.name);
                field.constraints.accept = self.text(value, &what).or(field.constraints.accept.take());
            }
            "ge" => field.constraints.minimum = self.limit(field, name, value),
            "le" => field.constraints.maximum = self.limit(field, name, value),
            "min_length" => field.constraints.min_length = self.limit(field, name, value).and_then(|limit| limit.as_u64()),
            "max_length" => field.constraints.max_length = self.limit(field, name, value).and_then(|limit| limit.as_u64()),
            "deprecated" => field.deprecated = matches!(value, Expr::BooleanLiteral(literal) if literal.value),
            "choices" => field.constraints.choices = self.choices(field, value)?,
            _ => {}
        }
        Ok(())
    }

    fn default_argument(&mut self, field: &mut InputField, value: &Expr) {
        let name = field.name.clone();
        let known = evaluate(self.world, self.module, value);
        let Some(known) = known.filter(|known| !(self.peer_exact && known.written == Written::Beyond)) else {
            // As the official generator has it: a default that is not known is none.
            field.default = Some(Value::Null);
            let shown = brief(self.module.slice(value.range()));
            let message = format!("the default `{shown}` of '{name}' cannot be told from the source");
            self.warn(&rules::LOST_DEFAULT, message, self.module.place(value), "write the value itself");
            return;
        };
        field.default = self.keep(known, &rules::KEPT_DEFAULT, &format!("the default of '{name}'"), value);
    }

    /// A value that is known, as this generator or the official one has it.
    fn keep(&mut self, known: Known, rule: &Rule, what: &str, value: &Expr) -> Option<Value> {
        match known.written {
            Written::Plain => {}
            Written::Escaped(raw) if self.peer_exact => return Some(Value::String(raw)),
            // Escapes in a description are shown as they are there; in a default they change what the model gets.
            Written::Escaped(_) | Written::Beyond => {
                let message = format!("{what} is written in a way that Cog itself does not follow");
                self.warn(rule, message, self.module.place(value), "write it as one plain literal");
            }
        }
        Some(known.value)
    }

    fn text(&mut self, value: &Expr, what: &str) -> Option<String> {
        let known = evaluate(self.world, self.module, value).filter(|known| known.value.is_string());
        let usable = known.filter(|known| !(self.peer_exact && known.written == Written::Beyond));
        let Some(known) = usable else {
            let message = format!("{what} cannot be told from the source");
            self.warn(&rules::LOST_TEXT, message, self.module.place(value), "write the text itself");
            return None;
        };
        self.keep(known, &rules::KEPT_TEXT, what, value)?.as_str().map(str::to_owned)
    }

    fn limit(&mut self, field: &InputField, name: &str, value: &Expr) -> Option<Value> {
        let known = evaluate(self.world, self.module, value).filter(|known| known.value.is_number());
        // The official generator takes number literals only, not even names of them.
        let is_literal = matches!(value, Expr::NumberLiteral(_) | Expr::UnaryOp(_));
        match known {
            Some(known) if is_literal || !self.peer_exact => {
                let known = if is_literal { known } else { Known { written: Written::Beyond, ..known } };
                let kept = self.keep(known, &rules::KEPT_TEXT, &format!("{name} of '{}'", field.name), value)?;
                number(kept.as_f64()?)
            }
            _ => {
                let message = format!("{name} of '{}' cannot be told from the source", field.name);
                self.warn(&rules::LOST_TEXT, message, self.module.place(value), "write the number itself");
                None
            }
        }
    }

    fn choices(&mut self, field: &InputField, value: &Expr) -> Result<Vec<Value>, SignatureError> {
        let is_list = !matches!(value, Expr::Tuple(_) | Expr::Set(_) | Expr::Dict(_));
        let known = evaluate(self.world, self.module, value).filter(|_| is_list);
        match known {
            Some(Known { value: Value::Array(items), written }) if !(self.peer_exact && written == Written::Beyond) => Ok(items),
            _ => {
                let message = format!("the choices of '{}' cannot be told from the source", field.name);
                Err(SignatureError::new(ErrorKind::ChoicesNotStatic, message, self.module.place(value))
                    .hint("write them as a list of literals, as in choices=[\"a\", \"b\"]"))
            }
        }
    }

    /// What only the whole field tells.
    fn finish(&mut self, field: &mut InputField, location: &Location) -> Result<(), SignatureError> {
        let is_file = matches!(field.kind, InputType::One(kind) | InputType::List(kind) if kind.is_file());
        if field.constraints.accept.is_some() && !is_file {
            let message = format!("'{}' has accept and is no file", field.name);
            return Err(SignatureError::new(ErrorKind::AcceptOnNonFile, message, location.clone())
                .hint("accept belongs to Path and File inputs"));
        }
        if matches!(field.kind, InputType::Union(_)) && !field.constraints.is_empty() {
            let message = format!("'{}' takes several types and has choices or limits", field.name);
            return Err(SignatureError::new(ErrorKind::MisplacedConstraint, message, location.clone())
                .hint("give it one type, or check the value in the method"));
        }
        if !field.constraints.choices.is_empty() && COMPONENTS.contains(&field.name.as_str()) {
            let message = format!("the choices of '{}' take the name of a component of the schema", field.name);
            self.warn(&rules::CHOICE_NAME, message, location.clone(), "rename the input");
        }
        let none_is_no_value = field.default == Some(Value::Null) && !field.nullable;
        if none_is_no_value && field.kind != InputType::One(Primitive::Secret) && !self.already_told(field) {
            let message = format!("'{}' cannot be None, so its default None makes it required", field.name);
            self.warn(&rules::NONE_DEFAULT, message, location.clone(), "make the type Optional");
        }
        Ok(())
    }

    /// Whether a lost default was told already.
    fn already_told(&self, field: &InputField) -> bool {
        let name = format!("of '{}'", field.name);
        self.warnings.iter().any(|finding| finding.code.as_str() == rules::LOST_DEFAULT.code && finding.message.contains(&name))
    }
}

/// An `Input(...)` that stands in a class.
struct SharedInput {
    class: String,
    member: String,
    /// Whether it is a method that returns it.
    called: bool,
}

fn find_call<'m>(module: &'m Module, shared: &SharedInput) -> Option<&'m ExprCall> {
    find_expression(module.class(&shared.class)?, shared)?.as_call_expr()
}

fn find_expression<'m>(class: &'m StmtClassDef, shared: &SharedInput) -> Option<&'m Expr> {
    class.body.iter().find_map(|statement| match statement {
        Stmt::Assign(assign) if !shared.called => {
            let named =
                assign.targets.iter().any(|target| target.as_name_expr().is_some_and(|name| name.id.as_str() == shared.member));
            named.then_some(assign.value.as_ref())
        }
        Stmt::AnnAssign(assign) if !shared.called => {
            let named = assign.target.as_name_expr().is_some_and(|name| name.id.as_str() == shared.member);
            assign.value.as_deref().filter(|_| named)
        }
        Stmt::FunctionDef(function) if shared.called && function.name.as_str() == shared.member => {
            function.body.iter().find_map(|inner| inner.as_return_stmt()?.value.as_deref())
        }
        _ => None,
    })
}

fn brief(text: &str) -> String {
    crate::support::text::shorten(&text.split_whitespace().collect::<Vec<_>>().join(" "), 80)
}
