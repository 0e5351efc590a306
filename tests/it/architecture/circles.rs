//! Files that import each other in a circle have to be read together to understand any of them.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Crate, ModulePath};

/// Every crate with a library, relative to the workspace.
const CRATES: &[&str] = &[
    ".",
    "crates/cog-findings",
    "crates/cog-schema",
    "crates/cog-source",
    "crates/dev",
    "crates/output-compare",
    "crates/private-address",
    "crates/process-mark",
    "crates/replicate-sandbox",
    "crates/repository-files",
    "crates/test-support",
];

type Graph = BTreeMap<ModulePath, BTreeSet<ModulePath>>;

/// Which file imports which. A file's use of what the `mod.rs` above it defines does not count: the two belong together.
fn imports(source: &Crate) -> Graph {
    let of = |module: &ModulePath| {
        let targets = source.targets(module).into_iter().map(|target| target.module);
        targets.filter(|target| module.split_last().is_none_or(|(_, parent)| target != parent)).collect()
    };
    source.files.keys().map(|module| (module.clone(), of(module))).collect()
}

/// Groups of files that import each other directly or indirectly, each once.
fn circles(graph: &Graph) -> Vec<BTreeSet<ModulePath>> {
    let reachable = |start: &ModulePath| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![start]);
        while let Some(module) = next.pop() {
            next.extend(graph.get(module).into_iter().flatten().filter(|target| seen.insert((*target).clone())));
        }
        seen
    };
    let reach: BTreeMap<&ModulePath, BTreeSet<ModulePath>> = graph.keys().map(|module| (module, reachable(module))).collect();
    let mut found: Vec<BTreeSet<ModulePath>> = Vec::new();
    for (module, others) in &reach {
        let mutual: BTreeSet<ModulePath> =
            others.iter().filter(|other| reach.get(other).is_some_and(|back| back.contains(*module))).cloned().collect();
        if mutual.len() > 1 && !found.contains(&mutual) {
            found.push(mutual);
        }
    }
    found
}

#[test]
fn files_do_not_import_each_other_in_circles() {
    let mut problems = Vec::new();
    for folder in CRATES {
        let source = Crate::read(folder);
        let graph = imports(&source);
        for circle in circles(&graph) {
            problems.push(format!("a circle of {} files:", circle.len()));
            for module in &circle {
                let to: Vec<String> = graph[module].intersection(&circle).map(|target| target.join("::")).collect();
                problems.push(format!("  {} imports {}", source.files[module].path.display(), to.join(", ")));
            }
        }
    }
    assert!(problems.is_empty(), "move what they share to a file of its own:\n{}", problems.join("\n"));
}

#[test]
fn circles_are_found() {
    let module = |name: &str| vec![name.to_owned()];
    let graph = |edges: &[(&str, &str)]| {
        let mut graph = Graph::new();
        for (from, to) in edges {
            graph.entry(module(from)).or_default().insert(module(to));
            graph.entry(module(to)).or_default();
        }
        graph
    };
    assert_eq!(circles(&graph(&[("a", "b"), ("b", "c"), ("a", "c")])), []);
    let circle = BTreeSet::from([module("a"), module("b"), module("c")]);
    assert_eq!(circles(&graph(&[("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")])), [circle]);
}

#[test]
fn every_crate_is_read() {
    let workspace = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let found: BTreeSet<String> = std::fs::read_dir(workspace.join("crates"))
        .unwrap()
        .map(|entry| format!("crates/{}", entry.unwrap().file_name().to_string_lossy()))
        .filter(|folder| workspace.join(folder).join("src/lib.rs").exists())
        .chain([".".to_owned()])
        .collect();
    assert_eq!(found, CRATES.iter().map(|folder| (*folder).to_owned()).collect());
    assert!(Crate::read(".").files.len() > 300, "the files of the app were not found");
}
