//! Citations resolve: from comments and test data to pages in `docs`, and between Markdown pages.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use regex::Regex;

/// The text files of the repository, by their path from its root.
fn texts() -> BTreeMap<PathBuf, String> {
    fn walk(root: &Path, folder: &Path, texts: &mut BTreeMap<PathBuf, String>) {
        for entry in fs::read_dir(root.join(folder)).unwrap().map(Result::unwrap) {
            let path = folder.join(entry.file_name());
            let kind = entry.file_type().unwrap();
            if kind.is_dir() && entry.file_name() != "target" && entry.file_name() != ".git" {
                walk(root, &path, texts);
            } else if kind.is_file()
                && let Ok(text) = fs::read_to_string(root.join(&path))
            {
                texts.insert(path, text);
            }
        }
    }
    let mut texts = BTreeMap::new();
    walk(Path::new(env!("CARGO_MANIFEST_DIR")), Path::new(""), &mut texts);
    texts
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

/// The text without its fenced blocks of code, line by line.
fn prose(markdown: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    markdown.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        !in_code && !is_fence
    })
}

/// The anchors that GitHub gives to the headings of a page.
fn anchors(markdown: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for line in prose(markdown) {
        let text = line.trim_start_matches('#');
        if !(1..=6).contains(&(line.len() - text.len())) || !text.starts_with(' ') {
            continue;
        }
        let kept = text.trim().to_lowercase().replace(' ', "-");
        let slug: String = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect();
        let number = (1..).find(|number| !anchors.contains(&format!("{slug}-{number}"))).unwrap();
        anchors.insert(if anchors.contains(&slug) { format!("{slug}-{number}") } else { slug });
    }
    anchors
}

/// The problem with a citation of `path`, or of an anchor on that page.
fn problem(texts: &BTreeMap<PathBuf, String>, path: &Path, anchor: Option<&str>) -> Option<String> {
    let Some(anchor) = anchor else {
        let exists = Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists();
        return (!exists).then(|| format!("{} does not exist", path.display()));
    };
    match texts.get(path) {
        None => Some(format!("{} does not exist", path.display())),
        Some(page) if anchors(page).contains(anchor) => None,
        Some(_) => Some(format!("{} has no section #{anchor}", path.display())),
    }
}

/// `path` from the root, if it is written relative to `folder`.
fn from_root(folder: &Path, path: &str) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::ParentDir => {
                parts.pop();
            }
            Component::CurDir => {}
            part => parts.push(part),
        }
    }
    parts
}

#[test]
fn cited_pages_and_sections_exist() {
    let texts = texts();
    let citation = Regex::new(r"docs/[\w/-]+\.md(#[\w-]+)?").unwrap();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (file, text) in &texts {
        let is_rust = has_extension(file, "rs");
        for (line, number) in text.lines().zip(1..) {
            // In code, only comments cite. Elsewhere, other projects have a `docs` folder too.
            let start = if is_rust { line.find("//") } else { Some(0) };
            for found in start.into_iter().flat_map(|start| citation.find_iter(&line[start..])) {
                let (path, anchor) =
                    found.as_str().split_once('#').map_or((found.as_str(), None), |(path, anchor)| (path, Some(anchor)));
                if !is_rust && !path.starts_with("docs/reference/") {
                    continue;
                }
                seen += 1;
                wrong.extend(
                    problem(&texts, Path::new(path), anchor).map(|problem| format!("{}:{number}: {problem}", file.display())),
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 200, "only {seen} citations were found");
}

#[test]
fn links_between_markdown_pages_resolve() {
    let texts = texts();
    let link = Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let mut wrong = Vec::new();
    for (file, text) in texts.iter().filter(|(file, _)| has_extension(file, "md")) {
        for target in prose(text).flat_map(|line| link.captures_iter(line)).map(|found| found.extract::<1>().1[0]) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
            let path = if path.is_empty() { file.clone() } else { from_root(file.parent().unwrap(), path) };
            wrong.extend(problem(&texts, &path, anchor).map(|problem| format!("{}: {target}: {problem}", file.display())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_cites_replaced_notes() {
    let notes = concat!("contracts", "/");
    let citing: Vec<_> = texts().into_iter().filter(|(_, text)| text.contains(notes)).map(|(file, _)| file).collect();
    assert!(citing.is_empty(), "{citing:?}");
}

#[test]
fn anchors_match_github() {
    let page = "# A `b.c` & D\n## Two words, here\n```\n# not a heading\n```\n## Two words, here\n####### seven\n#none\n### Docker 20.10\n";
    assert_eq!(anchors(page), ["a-bc--d", "two-words-here", "two-words-here-1", "docker-2010"].map(str::to_owned).into());
}
