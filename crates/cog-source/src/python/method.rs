//! Reading a method: parameters, return annotation and decorators.

use std::rc::Rc;

use cog_findings::{Method, SourceMap};
use ruff_python_ast::{Expr, Parameter, ParameterWithDefault, StmtFunctionDef};
use ruff_text_size::Ranged;

use super::annotation_reader::AnnotationReader;
use super::constant::Constant;
use super::error::SignatureErrors;
use super::module::Module;
use super::options::CogVersion;
use super::output_type::OutputReader;
use super::reader::SignatureReader;
use super::rules;
use super::signature::{Input, InputInfo, InputKind, OutputType, Primitive, Signature};
use super::target::RunTarget;
use crate::target::Target;

impl SignatureReader<'_> {
    /// The signature of what a target names, and where its parts are written.
    pub(super) fn read(&self, target: &Target, method: Method) -> Result<(Signature, SourceMap), SignatureErrors> {
        self.signature(&self.find(target, method)?, method)
    }

    /// The signature of a method or function, and where its parts are written.
    pub(super) fn signature(&self, found: &RunTarget, method: Method) -> Result<(Signature, SourceMap), SignatureErrors> {
        let module = &found.module;
        let Some(function) = found.function() else { return Err(Vec::new()) };
        let mut places = SourceMap { target: Some(module.text.location(function.name.range)), ..SourceMap::default() };
        let (mut inputs, mut errors) = (Vec::new(), Vec::new());
        for parameter in self.parameters(found, function, &mut errors) {
            let name = parameter.name();
            places.inputs.insert(name.to_string(), module.text.location(name.range));
            match self.input_of(module, function, parameter) {
                Ok(input) => inputs.extend(input),
                Err(more) => errors.extend(more),
            }
        }
        places.output = function.returns.as_deref().map(|returns| module.text.location(returns.range()));
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
                let name = function.name.to_string();
                let is_async = function.is_async;
                Ok((Signature { method, name, is_async, inputs, output, streaming, concurrency }, places))
            }
            _ => Err(errors),
        }
    }

    /// The parameters that can be inputs. Warns about the others.
    fn parameters<'f>(
        &self,
        found: &RunTarget,
        function: &'f StmtFunctionDef,
        errors: &mut SignatureErrors,
    ) -> Vec<&'f ParameterWithDefault> {
        let module = &found.module;
        let parameters = &function.parameters;
        for parameter in [&parameters.vararg, &parameters.kwarg].into_iter().flatten() {
            errors.extend(self.semantics.check_variadic(module, parameter).err().into_iter().flatten());
            self.ignored(module, parameter, "it takes any number of values");
        }
        let by_position = parameters.posonlyargs.iter().chain(&parameters.args);
        let instance = found.is_method() && !is_static(function);
        let mut wanted = Vec::new();
        for (position, parameter) in by_position.enumerate() {
            if position == 0 && self.semantics.is_receiver(parameter, instance) {
                continue;
            }
            if parameters.posonlyargs.iter().any(|only| only.name() == parameter.name()) {
                let message = format!("{} can only be passed by position, but Cog passes inputs by name", parameter.name());
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
            if ignored && self.cog < CogVersion::WITHOUT_PYDANTIC {
                let message = format!("{} has no type annotation", parameter.name());
                let hint = format!("write {}: str, for example", parameter.name());
                errors.extend(module.fail(&rules::ANNOTATION_MISSING, parameter.parameter.range, message, hint));
            } else if ignored {
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
    ) -> Result<Option<Input>, SignatureErrors> {
        let name = parameter.name();
        let Some(annotation) = parameter.annotation() else {
            let message = format!("{name} of {} has a default but no type annotation", function.name);
            return Err(module.fail(
                &rules::ANNOTATION_MISSING,
                name.range,
                message,
                format!("write {name}: str = ..., for example"),
            ));
        };
        let reader = AnnotationReader { module, rule: &rules::INPUT_UNSUPPORTED, semantics: self.semantics };
        let r#type = reader.read(annotation).and_then(|annotation| self.input_type(module, &annotation));
        let info = match parameter.default.as_deref() {
            Some(default) => self.input_info(module, name.as_str(), default),
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

    /// Checks the type of an input against the arguments of `Input(...)`.
    fn check(&self, module: &Rc<Module>, parameter: &ParameterWithDefault, input: &Input) -> Result<(), SignatureErrors> {
        let (name, range) = (&input.name, parameter.default.as_deref().map_or(parameter.name().range, Ranged::range));
        let info = &input.info;
        if info.accept.is_some() && !matches!(input.r#type.kind.primitive(), Primitive::Path | Primitive::File) {
            let message = format!("{name} has accept, which is only for files");
            return Err(module.fail(&rules::ACCEPT_NOT_FILE, range, message, "make it a cog.Path, or remove accept"));
        }
        let limits = info.minimum.is_some() || info.maximum.is_some() || info.min_length.is_some() || info.max_length.is_some();
        if matches!(input.r#type.kind, InputKind::Union(_)) && (limits || info.pattern.is_some() || !info.choices.is_empty()) {
            let message = format!("{name} is a union, which cannot have limits or choices");
            return Err(module.fail(&rules::UNION_RESTRICTED, range, message, "use one type, or check the value in the method"));
        }
        if !info.choices.is_empty() && self.semantics.clashes_with_component(name) {
            let message = format!("the choices of {name} would replace the schema component {name}");
            return Err(module.fail(&rules::NAME_TAKEN, parameter.name().range, message, "rename the input to lower case"));
        }
        if !info.choices.is_empty() && matches!(input.r#type.kind, InputKind::List(_)) {
            let message = format!("{name} is a list with choices, which Cog describes as one of the choices");
            let hint = "use one input per choice, or check the values in the method";
            self.warn(&rules::CHOICES_ON_LIST, module, range, message, hint);
        }
        if info.default.as_ref().is_some_and(serde_json::Value::is_null) && !input.is_nullable() {
            let message = format!("{name} has the default None, but its type excludes None: requests must include it");
            let hint = format!("write {name}: Optional[...], so that requests can omit it");
            self.warn(&rules::DEFAULT_NONE, module, parameter.name().range, message, &hint);
        }
        Ok(())
    }

    fn output_of(&self, module: &Rc<Module>, function: &StmtFunctionDef) -> Result<OutputType, SignatureErrors> {
        let Some(returns) = function.returns.as_deref() else {
            let message = format!("{} has no return annotation", function.name);
            let hint = "add one, such as -> str or -> Path";
            return Err(module.fail(&rules::RETURN_MISSING, function.name.range, message, hint));
        };
        let reader = AnnotationReader { module, rule: &rules::OUTPUT_UNSUPPORTED, semantics: self.semantics };
        OutputReader::new(self).read(module, &reader.read(returns)?)
    }

    /// Whether the method is marked `@streaming`.
    fn streaming(
        &self,
        module: &Rc<Module>,
        function: &StmtFunctionDef,
        output: Option<&OutputType>,
    ) -> Result<bool, SignatureErrors> {
        for decorator in &function.decorator_list {
            let target = match &decorator.expression {
                Expr::Call(call) => call.func.as_ref(),
                other => other,
            };
            if self.is_from_cog(module, target, "streaming")? {
                self.require(CogVersion::UNIONS, "@streaming", module, decorator.range)?;
                if output.is_some_and(|output| !output.is_stream()) {
                    let message = format!("{} is marked @streaming but does not return an iterator", function.name);
                    let hint = "return Iterator[...] or ConcatenateIterator[str], or remove the decorator";
                    return Err(module.fail(&rules::STREAMING_INVALID, decorator.range, message, hint));
                }
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// `max` of `@concurrent(max=...)`; 1 by default.
    fn concurrency(&self, module: &Rc<Module>, function: &StmtFunctionDef) -> Result<Option<u32>, SignatureErrors> {
        for decorator in &function.decorator_list {
            let (target, arguments) = match &decorator.expression {
                Expr::Call(call) => (call.func.as_ref(), Some(&call.arguments)),
                other => (other, None),
            };
            if !self.is_from_cog(module, target, "concurrent")? {
                continue;
            }
            self.require(CogVersion::ACCEPT, "@concurrent", module, decorator.range)?;
            let invalid = |message: &str| {
                let hint = "write @concurrent(max=4) on an async method";
                module.fail(&rules::CONCURRENT_INVALID, decorator.range, message, hint)
            };
            let Some(arguments) = arguments.filter(|arguments| !arguments.is_empty()) else { return Ok(Some(1)) };
            let max = match (arguments.args.as_ref(), arguments.keywords.as_slice()) {
                ([], [keyword]) if keyword.arg.as_ref().is_some_and(|name| name.as_str() == "max") => &keyword.value,
                _ => return Err(invalid("@concurrent takes only max")),
            };
            let max = match self.semantics.literal(self, module, max)? {
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
