//! Lookups in Ruff's syntax tree that several readers share.

use ruff_python_ast::{Expr, ExprCall, Stmt, StmtClassDef, StmtFunctionDef};

/// `a.b.c` of a chain of attributes that starts at a name.
pub(super) fn dotted(expression: &Expr) -> Option<String> {
    let mut parts = Vec::new();
    let mut rest = expression;
    loop {
        match rest {
            Expr::Name(name) => {
                parts.push(name.id.as_str());
                parts.reverse();
                return Some(parts.join("."));
            }
            Expr::Attribute(attribute) => {
                parts.push(attribute.attr.as_str());
                rest = &attribute.value;
            }
            _ => return None,
        }
    }
}

/// The bases of a class that are plain names, in order.
pub(super) fn bases(class: &StmtClassDef) -> impl DoubleEndedIterator<Item = String> {
    let arguments = class.arguments.as_deref();
    arguments.into_iter().flat_map(|arguments| &arguments.args).filter_map(dotted)
}

/// The last method of a name in a class.
pub(super) fn find_method<'c>(class: &'c StmtClassDef, name: &str) -> Option<&'c StmtFunctionDef> {
    class.body.iter().rev().filter_map(Stmt::as_function_def_stmt).find(|function| function.name.as_str() == name)
}

/// What is assigned to an attribute in the body of a class.
pub(super) fn assigned<'c>(class: &'c StmtClassDef, name: &str) -> Option<&'c Expr> {
    class.body.iter().rev().find_map(|statement| match statement {
        Stmt::Assign(assign) => match assign.targets.as_slice() {
            [Expr::Name(target)] if target.id.as_str() == name => Some(assign.value.as_ref()),
            _ => None,
        },
        Stmt::AnnAssign(assign) => match assign.target.as_ref() {
            Expr::Name(target) if target.id.as_str() == name => assign.value.as_deref(),
            _ => None,
        },
        _ => None,
    })
}

/// The call that is assigned to an attribute in the body of a class.
pub(super) fn assigned_call<'c>(class: &'c StmtClassDef, name: &str) -> Option<&'c ExprCall> {
    assigned(class, name)?.as_call_expr()
}

/// The arguments of a call, by the parameters that they are passed to.
pub(super) fn passed<'c>(function: &'c StmtFunctionDef, call: &'c ExprCall) -> Vec<(&'c str, &'c Expr)> {
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
