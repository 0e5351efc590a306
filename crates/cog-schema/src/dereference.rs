//! Follows references and folds `allOf` and nulls: one schema node becomes one set of keywords.
//!
//! Cog writes choices as `allOf: [{$ref}]` with siblings, or as `$ref` with siblings (training inputs under pydantic 2), and an
//! optional value as `nullable` or as `anyOf` with a null. A hostile document may contain circular or dangling references, or so many
//! that following them would never finish. Each of these is a finding, and the node then allows anything.

use std::collections::BTreeMap;

use cog_findings::Finding;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::json::show_name;
use super::rules;

/// Levels of nesting. Deeper than any schema that a person wrote; each level costs stack.
const DEPTH_LIMIT: usize = 64;

/// Nodes read after references were followed. A model with 60 inputs has about 300.
const NODE_LIMIT: usize = 10_000;

/// Alternatives of one node. Comparing two unions pairs each alternative of one with each of the other.
const VARIANT_LIMIT: usize = 100;

/// Findings about one document.
const PROBLEM_LIMIT: usize = 50;

/// The keywords of one node, with everything it refers to.
#[derive(Debug, Default)]
pub(super) struct Keywords<'a> {
    /// Keywords with one value; those beside a reference win over those in its target.
    words: BTreeMap<&'a str, &'a Value>,
    /// `properties` of the node and all it is composed of.
    pub(super) properties: Vec<&'a Map<String, Value>>,
    /// `required` of the node and all it is composed of.
    pub(super) required: Vec<&'a str>,
    /// Two or more alternatives, none of them null.
    pub(super) variants: Vec<&'a Value>,
    /// Whether an alternative was null.
    pub(super) null: bool,
    /// Whether something could not be followed, so that the node allows anything.
    pub(super) opaque: bool,
    /// References followed on the way; children of the node may not follow them again.
    followed: Vec<&'a str>,
}

impl<'a> Keywords<'a> {
    pub(super) fn get(&self, word: &str) -> Option<&'a Value> {
        self.words.get(word).copied()
    }
}

/// Follows references within one document, within bounds.
#[derive(Debug)]
pub(super) struct Resolver<'a> {
    document: &'a Value,
    trail: Vec<&'a str>,
    depth: usize,
    nodes: usize,
    pub(super) problems: Vec<Finding>,
}

/// Keywords that count only on the node itself, not in the target of a reference: Cog describes a component of choices as
/// "An enumeration.", which says nothing about the input.
const LOCAL_WORDS: [&str; 5] = ["title", "description", "x-order", "deprecated", "default"];

/// Keywords that are folded into other fields of [`Keywords`].
const FOLDED_WORDS: [&str; 6] = ["$ref", "allOf", "anyOf", "oneOf", "properties", "required"];

impl<'a> Resolver<'a> {
    pub(super) fn new(document: &'a Value) -> Self {
        Self { document, trail: Vec::new(), depth: 0, nodes: 0, problems: Vec::new() }
    }

    pub(super) fn problem(&mut self, finding: Finding) {
        if self.problems.len() < PROBLEM_LIMIT && !self.problems.contains(&finding) {
            self.problems.push(finding);
        }
    }

    /// Reads the node at `schema` and calls `build` with its keywords. Nodes that `build` visits in turn must not follow the references
    /// that led here again.
    pub(super) fn visit<T>(&mut self, schema: &'a Value, build: impl FnOnce(&mut Self, Keywords<'a>) -> T) -> T {
        let mut keywords = Keywords::default();
        self.gather(schema, &mut keywords, true);
        let mark = self.trail.len();
        self.trail.append(&mut keywords.followed);
        self.depth += 1;
        let built = build(self, keywords);
        self.depth -= 1;
        self.trail.truncate(mark);
        built
    }

    fn gather(&mut self, schema: &'a Value, into: &mut Keywords<'a>, is_local: bool) {
        self.nodes += 1;
        if self.depth >= DEPTH_LIMIT || self.nodes > NODE_LIMIT {
            self.give_up_on(into);
            return;
        }
        let map = match schema {
            Value::Object(map) => map,
            Value::Bool(true) => return,
            _ => {
                self.problem(Finding::new(&rules::SCHEMA_MALFORMED, "a schema is neither an object nor true"));
                into.opaque = true;
                return;
            }
        };
        self.depth += 1;
        if let Some(reference) = map.get("$ref") {
            self.follow(reference, into);
        }
        if let Some(Value::Array(parts)) = map.get("allOf") {
            for part in parts {
                self.gather(part, into, false);
            }
        }
        for word in ["anyOf", "oneOf"] {
            if let Some(Value::Array(alternatives)) = map.get(word) {
                self.gather_alternatives(alternatives, into);
            }
        }
        self.depth -= 1;
        for (word, value) in map {
            match (word.as_str(), value) {
                ("properties", Value::Object(properties)) => into.properties.push(properties),
                ("required", Value::Array(names)) => into.required.extend(names.iter().filter_map(Value::as_str)),
                (word, _) if FOLDED_WORDS.contains(&word) || (!is_local && LOCAL_WORDS.contains(&word)) => {}
                (word, value) => {
                    into.words.insert(word, value);
                }
            }
        }
    }

    /// Reads `anyOf` or `oneOf`. pydantic 2 leaves a stray `anyOf: []` on items of optional lists, which means nothing.
    fn gather_alternatives(&mut self, alternatives: &'a [Value], into: &mut Keywords<'a>) {
        let others: Vec<&Value> = alternatives.iter().filter(|alternative| !is_null(alternative)).collect();
        into.null |= others.len() < alternatives.len();
        match others.as_slice() {
            [] => {}
            [only] => self.gather(only, into, false),
            _ if others.len() > VARIANT_LIMIT => self.give_up_on(into),
            _ => into.variants.extend(others),
        }
    }

    fn give_up_on(&mut self, keywords: &mut Keywords<'a>) {
        self.problem(
            Finding::new(&rules::SCHEMA_TOO_LARGE, "the schema is too deep or too large to be read in full")
                .detail("limit", format!("{DEPTH_LIMIT} levels, {NODE_LIMIT} nodes, {VARIANT_LIMIT} alternatives"))
                .hint("flatten the model's input and output types"),
        );
        keywords.opaque = true;
    }

    /// Whether the limit of nodes is reached, so that nothing more is read.
    pub(super) fn is_exhausted(&self) -> bool {
        self.nodes > NODE_LIMIT
    }

    fn follow(&mut self, reference: &'a Value, into: &mut Keywords<'a>) {
        let Some(address) = reference.as_str() else {
            self.problem(Finding::new(&rules::REFERENCE_MISSING, "a $ref is not a string"));
            into.opaque = true;
            return;
        };
        if self.trail.contains(&address) {
            self.problem(
                Finding::new(&rules::REFERENCE_CYCLE, format!("{} refers to itself", show_name(address)))
                    .hint("the parts below it are not compared; remove the circle"),
            );
            into.opaque = true;
            return;
        }
        let Some(target) = resolve(self.document, address) else {
            self.problem(
                Finding::new(&rules::REFERENCE_MISSING, format!("{} has no target", show_name(address)))
                    .hint("only references within the document are followed; rebuild the image with a released Cog"),
            );
            into.opaque = true;
            return;
        };
        into.followed.push(address);
        self.trail.push(address);
        self.gather(target, into, false);
        self.trail.pop();
    }
}

/// Resolves a JSON pointer in a URI fragment, which is percent-encoded and escapes `~` and `/` as `~0` and `~1`.
fn resolve<'a>(document: &'a Value, address: &str) -> Option<&'a Value> {
    let pointer = percent_decode_str(address.strip_prefix('#')?).decode_utf8().ok()?;
    document.pointer(&pointer)
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("null")
        || schema.get("const").is_some_and(Value::is_null)
        || schema
            .get("enum")
            .and_then(Value::as_array)
            .is_some_and(|values| !values.is_empty() && values.iter().all(Value::is_null))
}
