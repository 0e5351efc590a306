//! Reads the modules of a crate: one [`SourceFile`] per file, with every path it names resolved to the file that defines the item.
//!
//! Test modules are left out. Re-exports are followed to the file of the item itself, so that `super::Thing` counts as an import of
//! `thing.rs`, not of the `mod.rs` between them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Item, UseTree};

/// The path of a module from the crate root: `["clients", "docker"]`; empty for the root itself.
pub(crate) type ModulePath = Vec<String>;

pub(crate) struct Crate {
    pub(crate) files: BTreeMap<ModulePath, SourceFile>,
}

/// One file of a crate, without its test modules.
pub(crate) struct SourceFile {
    /// Relative to the workspace.
    pub(crate) path: PathBuf,
    /// The types and traits that it declares at its top level.
    pub(crate) types: Vec<String>,
    /// Names in scope through `use`, each with its path as written.
    imports: BTreeMap<String, Vec<String>>,
    /// Modules whose items are imported or re-exported with `*`.
    globs: Vec<Vec<String>>,
    /// Every path that the code names, as written, without `use` groups.
    named: Vec<Vec<String>>,
}

/// An item of this crate that a file names: the module that defines it and the rest of the path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Target {
    pub(crate) module: ModulePath,
    pub(crate) item: Option<String>,
}

impl Crate {
    /// Reads the crate whose root file is `src/lib.rs` in `folder`, which is relative to the workspace.
    pub(crate) fn read(folder: &str) -> Self {
        let mut files = BTreeMap::new();
        let root = Path::new(folder).join("src/lib.rs");
        read_module(&root, Vec::new(), &mut files);
        Self { files }
    }

    /// Everything of this crate that a file names, resolved.
    pub(crate) fn targets(&self, module: &ModulePath) -> BTreeSet<Target> {
        let file = &self.files[module];
        file.named
            .iter()
            .chain(file.imports.values())
            .chain(&file.globs)
            .filter_map(|path| self.resolve(module, path, 0))
            .filter(|target| target.module != *module)
            .collect()
    }

    /// Paths into other crates and the standard library, as written: `["std", "fs", "read"]`.
    pub(crate) fn outside(&self, module: &ModulePath) -> BTreeSet<Vec<String>> {
        let file = &self.files[module];
        let through_imports = file.named.iter().filter_map(|path| {
            let import = file.imports.get(&path[0])?;
            Some(import.iter().chain(&path[1..]).cloned().collect::<Vec<_>>())
        });
        let own = |path: &Vec<String>| matches!(path[0].as_str(), "crate" | "super" | "self");
        file.named.iter().chain(file.imports.values()).cloned().chain(through_imports).filter(|path| !own(path)).collect()
    }

    fn resolve(&self, from: &ModulePath, path: &[String], depth: usize) -> Option<Target> {
        // Chains of re-exports end. Names that import each other would not.
        if depth > 16 {
            return None;
        }
        let (mut module, mut rest) = match path.first()?.as_str() {
            "crate" => (Vec::new(), &path[1..]),
            "self" => (from.clone(), &path[1..]),
            "super" => (from[..from.len().checked_sub(1)?].to_vec(), &path[1..]),
            first => {
                if self.files.contains_key(&child(from, first)) {
                    (from.clone(), path)
                } else {
                    let import = self.files[from].imports.get(first)?;
                    let whole: Vec<String> = import.iter().chain(&path[1..]).cloned().collect();
                    return (whole != path).then(|| self.resolve(from, &whole, depth + 1)).flatten();
                }
            }
        };
        while let Some(step) = rest.first() {
            if step == "super" {
                module.pop()?;
            } else if step != "self" {
                let next = child(&module, step);
                if !self.files.contains_key(&next) {
                    break;
                }
                module = next;
            }
            rest = &rest[1..];
        }
        let Some(item) = rest.first() else { return Some(Target { module, item: None }) };
        if let Some(import) = self.files[&module].imports.get(item)
            && import != path
            && let Some(target) = self.resolve(&module, import, depth + 1)
        {
            return Some(target);
        }
        Some(Target { module, item: Some(item.clone()) })
    }
}

fn child(module: &[String], name: &str) -> ModulePath {
    module.iter().map(String::as_str).chain([name]).map(str::to_owned).collect()
}

/// Reads one file and the files of the modules that it declares. Modules written in braces belong to the file itself.
fn read_module(path: &Path, module: ModulePath, files: &mut BTreeMap<ModulePath, SourceFile>) {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(workspace.join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut file =
        SourceFile { path: path.to_owned(), types: Vec::new(), imports: BTreeMap::new(), globs: Vec::new(), named: Vec::new() };
    for item in parsed.items {
        if is_for_tests(attributes(&item)) {
            continue;
        }
        file.types.extend(declared_type(&item));
        match item {
            Item::Use(import) => file.import(&import.tree, &mut Vec::new()),
            Item::Mod(declared) if declared.content.is_none() => {
                let name = declared.ident.to_string();
                read_module(&file_of(path, &name), child(&module, &name), files);
            }
            other => file.names_in(other.into_token_stream()),
        }
    }
    files.insert(module, file);
}

fn declared_type(item: &Item) -> Option<String> {
    let name = match item {
        Item::Struct(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

fn file_of(declared_in: &Path, name: &str) -> PathBuf {
    let folder = match declared_in.file_stem().and_then(|stem| stem.to_str()) {
        Some("lib" | "mod") => declared_in.with_file_name(""),
        _ => declared_in.with_extension(""),
    };
    let file = folder.join(name).with_extension("rs");
    if Path::new(env!("CARGO_MANIFEST_DIR")).join(&file).exists() { file } else { folder.join(name).join("mod.rs") }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.to_token_stream().into_iter().any(|token| match token {
                TokenTree::Group(group) => {
                    group.stream().to_string().split(|c: char| !c.is_alphanumeric()).any(|word| word == "test")
                }
                _ => false,
            })
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

impl SourceFile {
    fn import(&mut self, tree: &UseTree, path: &mut Vec<String>) {
        match tree {
            UseTree::Path(step) => {
                path.push(step.ident.to_string());
                self.import(&step.tree, path);
                path.pop();
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(tree, path)),
            UseTree::Glob(_) => self.globs.push(path.clone()),
            UseTree::Name(name) => self.bind(name.ident.to_string(), &name.ident, path),
            UseTree::Rename(renamed) => self.bind(renamed.rename.to_string(), &renamed.ident, path),
        }
    }

    fn bind(&mut self, name: String, item: &syn::Ident, path: &[String]) {
        let mut whole = path.to_vec();
        // `use a::{self}` brings `a` into scope.
        let name = if item == "self" { path.last().cloned().unwrap_or(name) } else { name };
        if item != "self" {
            whole.push(item.to_string());
        }
        // `use Trait as _` brings no name into scope, but is an import.
        let name = if name == "_" { format!("_ as {}", whole.join("::")) } else { name };
        self.imports.insert(name, whole);
    }

    /// Collects `a::b::c` from tokens, so that paths inside macros count, which a parser of items does not see.
    fn names_in(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                // `pub(crate)` and `pub(in crate::a)` name no items.
                TokenTree::Ident(ident) if ident == "pub" => {
                    self.end(&mut path);
                    colons = 0;
                    tokens.next_if(|next| matches!(next, TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis));
                }
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.end(&mut path);
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => colons += 1,
                TokenTree::Group(group) => {
                    self.end(&mut path);
                    colons = 0;
                    self.names_in(group.stream());
                }
                _ => {
                    self.end(&mut path);
                    colons = 0;
                }
            }
        }
        self.end(&mut path);
    }

    fn end(&mut self, path: &mut Vec<String>) {
        if !path.is_empty() {
            self.named.push(std::mem::take(path));
        }
    }
}
