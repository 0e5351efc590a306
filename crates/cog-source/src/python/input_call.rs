//! `Input(...)`: the parts that both semantics read in the same way.

use std::rc::Rc;

use cog_findings::Rule;
use cog_findings::text::shorten;
use ruff_python_ast::{Expr, ExprCall, Stmt, StmtFunctionDef};
use ruff_text_size::Ranged;

use super::constant::Constant;
use super::error::SignatureErrors;
use super::module::Module;
use super::options::CogVersion;
use super::reader::SignatureReader;
use super::rules;
use super::signature::InputInfo;

/// Longest source that an error quotes, in bytes.
const MAX_QUOTED_BYTES: usize = 60;

pub(super) struct Argument<'a> {
    pub module: &'a Rc<Module>,
    pub parameter: &'a str,
    pub key: &'a str,
    pub value: &'a Expr,
    /// Its value, where that is not written by itself.
    pub given: Option<&'a Constant>,
}

impl Argument<'_> {
    /// The error for a value that cannot be read, or is of the wrong type.
    pub(super) fn not_static(&self, rule: &'static Rule, wanted: &str) -> SignatureErrors {
        let source = shorten(self.module.text.slice(self.value.range()), MAX_QUOTED_BYTES);
        let message = format!("`{}` of {} is not {wanted} that can be read from the source: `{source}`", self.key, self.parameter);
        self.module.fail(rule, self.value.range(), message, "write the value itself, or a constant of the project")
    }

    pub(super) fn default_factory(&self) -> SignatureErrors {
        let message = format!("default_factory of {} is only known when it runs", self.parameter);
        let hint = "use a plain default, or Optional with default None, and choose the value in the method";
        self.module.fail(&rules::DEFAULT_FACTORY, self.value.range(), message, hint)
    }

    /// A length for `min_length` or `max_length`, from a number that was read. Rejecting fractions is left to the caller.
    pub(super) fn length(&self, number: f64) -> Result<u64, SignatureErrors> {
        if (0.0..9e15).contains(&number) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be in range")]
            return Ok(number as u64);
        }
        Err(self.not_static(&rules::LIMIT_NOT_STATIC, "a whole number from 0"))
    }
}

impl SignatureReader<'_> {
    /// Reads the default of a parameter: a call of `Input`, a reference to one, or a plain value.
    pub(super) fn input_info(&self, module: &Rc<Module>, parameter: &str, default: &Expr) -> Result<InputInfo, SignatureErrors> {
        if let Expr::Call(call) = default
            && self.semantics.is_input_call(self, module, call)?
        {
            return self.semantics.input_call(self, module, parameter, call);
        }
        if let Some(found) = self.semantics.referenced_input(self, module, parameter, default)? {
            return Ok(found);
        }
        match self.semantics.value(self, module, default)? {
            Some(value) => Ok(InputInfo { default: Some(value.to_json()), ..InputInfo::default() }),
            None => {
                let source = shorten(module.text.slice(default.range()), MAX_QUOTED_BYTES);
                let message = format!("the default of {parameter} cannot be read from the source: `{source}`");
                let hint = "write the value itself, a constant of the project, or Input(default=...)";
                Err(module.fail(&rules::DEFAULT_NOT_STATIC, default.range(), message, hint))
            }
        }
    }

    /// The call of `Input` that a function returns.
    pub(super) fn returned_input<'f>(
        &self,
        module: &Rc<Module>,
        function: &'f StmtFunctionDef,
    ) -> Result<Option<&'f ExprCall>, SignatureErrors> {
        for statement in &function.body {
            if let Stmt::Return(found) = statement
                && let Some(Expr::Call(call)) = found.value.as_deref()
                && self.semantics.is_input_call(self, module, call)?
            {
                return Ok(Some(call));
            }
        }
        Ok(None)
    }

    /// Checks that the chosen Cog release knows `accept`.
    pub(super) fn require_accept(&self, argument: &Argument<'_>) -> Result<(), SignatureErrors> {
        self.require(CogVersion::ACCEPT, "Input(accept=...)", argument.module, argument.value.range())
    }
}

pub(super) fn choices_json(choices: &[Constant]) -> Vec<serde_json::Value> {
    choices.iter().map(Constant::to_json).collect()
}
