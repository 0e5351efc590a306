//! Rooms and directions: a room may use only what the table in `docs/ARCHITECTURE.md` allows.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Room, and the rooms it may use (itself always). `domain` and `support` are listed where used.
const ROOMS: &[(&str, &[&str])] = &[
    ("support", &[]),
    ("domain", &[]),
    ("clients", &["domain", "support"]),
    ("config", &["domain", "support"]),
    ("report", &["domain", "support"]),
    ("deliver", &["clients", "domain", "report", "support"]),
    ("publish", &["clients", "domain", "support"]),
    ("verify", &["clients", "domain", "support"]),
    ("build", &["clients", "domain", "support"]),
    ("inspect", &["clients", "domain", "support"]),
    ("select", &["domain", "support"]),
    ("pipeline", &["build", "clients", "deliver", "domain", "inspect", "publish", "report", "select", "support", "verify"]),
    (
        "cli",
        &[
            "build", "clients", "config", "deliver", "domain", "inspect", "pipeline", "publish", "report", "select", "support",
            "verify",
        ],
    ),
];

/// Outside crates and std modules a room must not name.
const BANNED: &[(&str, &[&str])] = &[
    ("domain", &["tokio::", "reqwest::", "bollard::", "octocrab::", "clap::", "std::fs", "std::env"]),
    ("report", &["tokio::", "reqwest::", "bollard::", "std::env", "Utc::now", "std::fs"]),
    ("verify", &["reqwest::", "bollard::", "octocrab::"]),
    ("build", &["reqwest::", "octocrab::"]),
    ("publish", &["reqwest::", "octocrab::"]),
];

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The lines of a file that are code: comments are dropped.
fn code_lines(file: &Path) -> Vec<(usize, String)> {
    fs::read_to_string(file)
        .unwrap()
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.split("//").next().unwrap_or_default().to_owned()))
        .collect()
}

/// Every `crate::room` named in a line, also inside `use crate::{a, b}`.
fn rooms_named(line: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for rest in line.split("crate::").skip(1) {
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            for character in group.chars() {
                match character {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => rooms.push(std::mem::take(&mut word)),
                    other if depth == 0 => word.push(other),
                    _ => {}
                }
            }
            rooms.push(word);
        } else {
            rooms.push(rest.to_owned());
        }
    }
    rooms
        .into_iter()
        .map(|room| room.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>())
        .filter(|room| !room.is_empty())
        .collect()
}

#[test]
fn every_room_is_in_the_table() {
    let found: BTreeSet<String> = fs::read_dir(sources())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let listed: BTreeSet<String> = ROOMS.iter().map(|(room, _)| (*room).to_owned()).collect();
    assert_eq!(found, listed);
}

#[test]
fn no_room_uses_one_above_it() {
    let mut wrong = Vec::new();
    for (room, allowed) in ROOMS {
        for file in rust_files(&sources().join(room)) {
            for (number, line) in code_lines(&file) {
                for named in rooms_named(&line) {
                    let is_room = ROOMS.iter().any(|(other, _)| *other == named);
                    if is_room && named != *room && !allowed.contains(&named.as_str()) {
                        wrong.push(format!("{}:{number}: {room} may not use {named}", file.display()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_room_reaches_outside_its_means() {
    let mut wrong = Vec::new();
    for (room, banned) in BANNED {
        for file in rust_files(&sources().join(room)) {
            for (number, line) in code_lines(&file) {
                for name in banned.iter().filter(|name| line.contains(**name)) {
                    wrong.push(format!("{}:{number}: {room} may not use {name}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_itself_points_down() {
    for (index, (room, allowed)) in ROOMS.iter().enumerate() {
        for below in *allowed {
            let position = ROOMS.iter().position(|(other, _)| other == below).unwrap();
            assert!(position < index, "{room} uses {below}, which stands above it");
        }
    }
}

/// The words in backticks of a table's cell.
fn quoted(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_documents_table_is_this_table() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ARCHITECTURE.md")).unwrap();
    let rows: Vec<(String, BTreeSet<String>)> = text
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells: Vec<&str> = line.split('|').collect();
            let everything = cells[3].trim() == "everything below";
            let all = ROOMS.iter().map(|(room, _)| (*room).to_owned()).filter(|room| room != "cli");
            (quoted(cells[1]).into_iter().collect(), if everything { all.collect() } else { quoted(cells[3]) })
        })
        .collect();
    let written: BTreeSet<_> = rows
        .into_iter()
        .map(|(room, uses)| (room, uses.into_iter().filter(|used| !["domain", "support"].contains(&used.as_str())).collect()))
        .collect::<BTreeSet<(String, BTreeSet<String>)>>();
    let kept: BTreeSet<(String, BTreeSet<String>)> = ROOMS
        .iter()
        .map(|(room, allowed)| {
            let uses = allowed.iter().filter(|used| !["domain", "support"].contains(used));
            ((*room).to_owned(), uses.map(|used| (*used).to_owned()).collect())
        })
        .collect();
    assert_eq!(written, kept);
}

#[test]
fn grouped_imports_are_read_too() {
    assert_eq!(rooms_named("use crate::{domain::{a, b}, support};"), ["domain", "support"]);
    assert_eq!(rooms_named("let x = crate::config::Raw::new(crate::domain::Y);"), ["config", "domain"]);
}
