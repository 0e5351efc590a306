//! Values of a document together with their paths.

use cog_findings::Location;

use super::document::{Key, Node, Value};

/// A value and its location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    pub value: T,
    /// Where it is written.
    pub location: Location,
}

impl<T> Located<T> {
    pub fn new(value: T, location: Location) -> Self {
        Self { value, location }
    }
}

/// A node of a document and the path to it, as in `predict.test_cases[2].inputs`.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    path: String,
    node: &'a Node,
}

impl<'a> Entry<'a> {
    /// The document itself.
    pub const fn root(node: &'a Node) -> Self {
        Self { path: String::new(), node }
    }

    pub(super) const fn at(path: String, node: &'a Node) -> Self {
        Self { path, node }
    }

    /// The path; empty for the document itself.
    pub fn path(&self) -> &str {
        &self.path
    }

    pub const fn node(&self) -> &'a Node {
        self.node
    }

    /// Where the value is written.
    pub const fn location(&self) -> &'a Location {
        &self.node.location
    }
}

#[derive(Debug, Clone)]
pub struct Mapping<'a> {
    path: String,
    entries: &'a [(Key, Node)],
}

impl<'a> Mapping<'a> {
    pub(super) const fn new(path: String, entries: &'a [(Key, Node)]) -> Self {
        Self { path, entries }
    }

    /// The path of the mapping; empty for the document itself.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The keys, in the order of the file.
    pub fn keys(&self) -> impl Iterator<Item = &'a Key> + use<'a> {
        self.entries.iter().map(|(key, _)| key)
    }

    /// A key as written.
    pub fn key(&self, name: &str) -> Option<&'a Key> {
        self.keys().find(|key| key.name == name)
    }

    /// The value of a key; `None` when the key is absent or its value is empty.
    pub fn get(&self, name: &str) -> Option<Entry<'a>> {
        let (_, node) = self.entries.iter().find(|(key, _)| key.name == name)?;
        (node.value != Value::Null).then(|| self.entry(name, node))
    }

    /// All keys and values, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (&'a Key, Entry<'a>)> {
        self.entries.iter().map(|(key, node)| (key, self.entry(&key.name, node)))
    }

    fn entry(&self, name: &str, node: &'a Node) -> Entry<'a> {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Entry::at(path, node)
    }
}
