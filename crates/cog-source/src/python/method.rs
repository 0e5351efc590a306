//! Reading a method: its parameters, its return annotation, its decorators.

use std::rc::Rc;

use cog_findings::SourceMap;
use ruff_python_ast::{Expr, Parameter, ParameterWithDefault, StmtFunctionDef};
use ruff_text_size::Ranged;

use super::annotation::AnnotationReader;
use super::constant::Constant;
use super::evaluate::Locals;
use super::module::Module;
use super::options::{Mode, Release};
use super::output_type::OutputReader;
use super::reader::{Failure, Reader, fail};
use super::rules;
use super::signature::{Input, InputInfo, InputKind, OutputType, Primitive, Signature};
use super::target::Found;

/// Names of parts of the document that an input's list of choices must not take.
const COMPONENTS: &[&str] = &[
    "HTTPValidationError",
    "Input",
    "Output",
    "PredictionRequest",
    "PredictionResponse",
    "Status",
    "TrainingInput",
    "TrainingOutput",
    "TrainingRequest",
    "TrainingResponse",
    "ValidationError",
];

impl Reader<'_> {
    /// The signature of a method or function, and where its parts are written.
    pub(super) fn signature(&self, found: &Found, mode: Mode) -> Result<(Signature, SourceMap), Failure> {
        let module = &found.module;
        let Some(function) = found.function() else { return Err(Vec::new()) };
        let mut places = SourceMap { target: Some(module.text.place(function.name.range)), ..SourceMap::default() };
        let (mut inputs, mut errors) = (Vec::new(), Vec::new());
        for parameter in self.parameters(found, function, &mut errors) {
            let name = parameter.name();
            places.inputs.insert(name.to_string(), module.text.place(name.range));
            match self.input_of(module, function, parameter) {
                Ok(input) => inputs.extend(input),
                Err(more) => errors.extend(more),
            }
        }
        places.output = function.returns.as_deref().map(|returns| module.text.place(returns.range()));
        let output = match self.output_of(module, function) {
            Ok(output) => Some(output),
            Err(more) => {
                errors.extend(more);
                None
            }
        };
        let streaming = self.streaming(module, function, output.as_ref()).unwrap_or_else(|more| {
            errors.extend(more);
            false
        });
        let concurrency = self.concurrency(module, function).unwrap_or_else(|more| {
            errors.extend(more);
            None
        });
        match output {
            Some(output) if errors.is_empty() => {
                let method = function.name.to_string();
                let is_async = function.is_async;
                Ok((Signature { mode, method, is_async, inputs, output, streaming, concurrency }, places))
            }
            _ => Err(errors),
        }
    }

    /// The parameters that can be inputs. The others are warned of.
    fn parameters<'f>(&self, found: &Found, function: &'f StmtFunctionDef, errors: &mut Failure) -> Vec<&'f ParameterWithDefault> {
        let module = &found.module;
        let parameters = &function.parameters;
        for parameter in [&parameters.vararg, &parameters.kwarg].into_iter().flatten() {
            if self.exact && parameter.annotation.is_some() {
                errors.extend(fail(&rules::ANNOTATION_MISSING, module, parameter.range, "a parameter without a name", ""));
            }
            self.ignored(module, parameter, "it takes any number of values");
        }
        let by_position = parameters.posonlyargs.iter().chain(&parameters.args);
        let instance = found.is_method() && !is_static(function);
        let mut wanted = Vec::new();
        for (position, parameter) in by_position.enumerate() {
            let own = position == 0 && (parameter.name().as_str() == "self" || (instance && !self.exact));
            if own && (!self.exact || parameter.annotation().is_none()) {
                continue;
            }
            if parameters.posonlyargs.iter().any(|only| only.name() == parameter.name()) {
                let message = format!("{} can only be given by position, but Cog gives inputs by name", parameter.name());
                self.warn(
                    &rules::POSITIONAL_ONLY,
                    module,
                    parameter.parameter.range,
                    message,
                    "move it behind the `/`, or remove the `/`",
                );
            }
            wanted.push(parameter);
        }
        wanted.extend(&parameters.kwonlyargs);
        wanted.retain(|parameter| {
            let ignored = parameter.annotation().is_none() && parameter.default.is_none();
            if ignored {
                self.ignored(module, &parameter.parameter, "it has no type annotation");
            }
            !ignored
        });
        wanted
    }

    fn ignored(&self, module: &Module, parameter: &Parameter, why: &str) {
        let message = format!("{} is not part of the schema: {why}", parameter.name());
        let hint = "annotate it to make it an input, or remove it";
        self.warn(&rules::PARAMETER_IGNORED, module, parameter.name.range, message, hint);
    }

    fn input_of(
        &self,
        module: &Rc<Module>,
        function: &StmtFunctionDef,
        parameter: &ParameterWithDefault,
    ) -> Result<Option<Input>, Failure> {
        let name = parameter.name();
        let Some(annotation) = parameter.annotation() else {
            let message = format!("{name} of {} has a default but no type annotation", function.name);
            return Err(fail(
                &rules::ANNOTATION_MISSING,
                module,
                name.range,
                message,
                format!("write {name}: str = ..., for example"),
            ));
        };
        let reader = AnnotationReader { module, rule: &rules::INPUT_UNSUPPORTED, exact: self.exact };
        let r#type = reader.read(annotation).and_then(|annotation| self.input_type(module, &annotation));
        let info = match parameter.default.as_deref() {
            Some(default) => self.default_of(module, name.as_str(), default),
            None => Ok(InputInfo::default()),
        };
        let (r#type, info) = match (r#type, info) {
            (Ok(r#type), Ok(info)) => (r#type, info),
            (r#type, info) => {
                return Err(r#type.err().into_iter().chain(info.err()).flatten().collect());
            }
        };
        let input = Input { name: name.to_string(), r#type, info };
        self.check(module, parameter, &input)?;
        Ok(Some(input))
    }

    /// What does not go together, and what will surprise.
    fn check(&self, module: &Rc<Module>, parameter: &ParameterWithDefault, input: &Input) -> Result<(), Failure> {
        let (name, range) = (&input.name, parameter.default.as_deref().map_or(parameter.name().range, Ranged::range));
        let info = &input.info;
        if info.accept.is_some() && !matches!(input.r#type.kind.primitive(), Primitive::Path | Primitive::File) {
            let message = format!("accept of {name} is only for files");
            return Err(fail(&rules::ACCEPT_NOT_FILE, module, range, message, "make it a cog.Path, or remove accept"));
        }
        let limits = info.minimum.is_some() || info.maximum.is_some() || info.min_length.is_some() || info.max_length.is_some();
        if matches!(input.r#type.kind, InputKind::Union(_)) && (limits || info.pattern.is_some() || !info.choices.is_empty()) {
            let message = format!("{name} is a union, which cannot have limits or choices");
            return Err(fail(&rules::UNION_RESTRICTED, module, range, message, "use one type, or check the value in the method"));
        }
        if !self.exact && !info.choices.is_empty() && COMPONENTS.contains(&name.as_str()) {
            let message = format!("the choices of {name} would take the place of the document's part {name}");
            return Err(fail(&rules::NAME_TAKEN, module, parameter.name().range, message, "name the input in lower case"));
        }
        if !info.choices.is_empty() && matches!(input.r#type.kind, InputKind::List(_)) {
            let message = format!("{name} is a list with choices, which Cog describes as one of the choices");
            let hint = "use one input per choice, or check the values in the method";
            self.warn(&rules::CHOICES_ON_LIST, module, range, message, hint);
        }
        if info.default.as_ref().is_some_and(serde_json::Value::is_null) && !input.is_nullable() {
            let message = format!("{name} has the default None, but its type has no None: requests must give it");
            let hint = format!("write {name}: Optional[...], so that requests may leave it out");
            self.warn(&rules::DEFAULT_NONE, module, parameter.name().range, message, &hint);
        }
        Ok(())
    }

    fn output_of(&self, module: &Rc<Module>, function: &StmtFunctionDef) -> Result<OutputType, Failure> {
        let Some(returns) = function.returns.as_deref() else {
            let message = format!("{} does not say what it returns", function.name);
            let hint = "add a return annotation, as -> str or -> Path";
            return Err(fail(&rules::RETURN_MISSING, module, function.name.range, message, hint));
        };
        let reader = AnnotationReader { module, rule: &rules::OUTPUT_UNSUPPORTED, exact: self.exact };
        OutputReader::new(self).read(module, &reader.read(returns)?)
    }

    /// Whether the method is marked `@streaming`.
    fn streaming(&self, module: &Rc<Module>, function: &StmtFunctionDef, output: Option<&OutputType>) -> Result<bool, Failure> {
        for decorator in &function.decorator_list {
            let target = match &decorator.expression {
                Expr::Call(call) => call.func.as_ref(),
                other => other,
            };
            if self.is_of_cog(module, target, "streaming")? {
                self.needs(Release::UNIONS, "@streaming", module, decorator.range)?;
                if output.is_some_and(|output| !output.is_stream()) {
                    let message = format!("{} is marked @streaming but does not return an iterator", function.name);
                    let hint = "return Iterator[...] or ConcatenateIterator[str], or remove the decorator";
                    return Err(fail(&rules::STREAMING_INVALID, module, decorator.range, message, hint));
                }
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// `max` of `@concurrent(max=...)`; 1 when it is not given.
    fn concurrency(&self, module: &Rc<Module>, function: &StmtFunctionDef) -> Result<Option<u32>, Failure> {
        for decorator in &function.decorator_list {
            let (target, arguments) = match &decorator.expression {
                Expr::Call(call) => (call.func.as_ref(), Some(&call.arguments)),
                other => (other, None),
            };
            if !self.is_of_cog(module, target, "concurrent")? {
                continue;
            }
            self.needs(Release::ACCEPT, "@concurrent", module, decorator.range)?;
            let invalid = |message: &str| {
                let hint = "write @concurrent(max=4) on an async method";
                fail(&rules::CONCURRENT_INVALID, module, decorator.range, message, hint)
            };
            let Some(arguments) = arguments.filter(|arguments| !arguments.is_empty()) else { return Ok(Some(1)) };
            let max = match (arguments.args.as_ref(), arguments.keywords.as_slice()) {
                ([], [keyword]) if keyword.arg.as_ref().is_some_and(|name| name.as_str() == "max") => &keyword.value,
                _ => return Err(invalid("@concurrent takes nothing but max")),
            };
            let value = if self.exact { self.literal_of_cog(module, max) } else { self.constant(module, max, &Locals::new())? };
            let max = match value {
                Some(Constant::Int(max)) => u32::try_from(max).ok().filter(|max| *max >= 1),
                _ => None,
            };
            return match max {
                None => Err(invalid("max of @concurrent is not a whole number from 1")),
                Some(max) if max > 1 && !function.is_async => Err(invalid("@concurrent with max above 1 needs an async method")),
                Some(max) => Ok(Some(max)),
            };
        }
        Ok(None)
    }
}

fn is_static(function: &StmtFunctionDef) -> bool {
    function
        .decorator_list
        .iter()
        .any(|decorator| matches!(&decorator.expression, Expr::Name(name) if name.id.as_str() == "staticmethod"))
}
