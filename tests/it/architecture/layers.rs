//! The rooms of the app and their directions, compared with the tables in `docs/development/architecture.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::source::{Crate, ModulePath};

const DOCUMENT: &str = "docs/development/architecture.md";

/// One row of the table of rooms.
struct Room {
    name: String,
    may_use: BTreeSet<String>,
    /// Crates, modules and functions outside the app, as in `std::fs`.
    never_names: Vec<Vec<String>>,
}

/// Names in backticks.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The cells of the table under a heading, row by row.
fn table(heading: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT)).unwrap();
    let rows: Vec<Vec<String>> = text
        .lines()
        .skip_while(|line| *line != heading)
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect();
    assert!(!rows.is_empty(), "{DOCUMENT} has no table under '{heading}'");
    rows
}

/// The rooms from top to bottom. Every room may use `domain` and `support`, except those two themselves.
fn rooms() -> Vec<Room> {
    let rows = table("## Rooms of the app");
    let names: Vec<String> = rows.iter().map(|row| quoted(&row[0]).remove(0)).collect();
    let room = |(index, row): (usize, &Vec<String>)| {
        let mut may_use: BTreeSet<String> = if row[2] == "everything below" {
            names[index + 1..].iter().cloned().collect()
        } else {
            quoted(&row[2]).into_iter().collect()
        };
        if !["domain", "support"].contains(&names[index].as_str()) {
            may_use.extend(["domain".to_owned(), "support".to_owned()]);
        }
        let never_names = quoted(&row[3]).iter().map(|path| path.split("::").map(str::to_owned).collect()).collect();
        Room { name: names[index].clone(), may_use, never_names }
    };
    rows.iter().enumerate().map(room).collect()
}

/// The room that a module belongs to; `None` for the root of the crate.
fn room_of(module: &ModulePath) -> Option<&str> {
    module.first().map(String::as_str)
}

#[test]
fn every_room_is_in_the_table() {
    let source = Crate::read(".");
    let found: BTreeSet<&str> = source.files.keys().filter_map(room_of).collect();
    let rooms = rooms();
    assert_eq!(found, rooms.iter().map(|room| room.name.as_str()).collect());
}

#[test]
fn rooms_use_only_rooms_that_their_row_names() {
    let source = Crate::read(".");
    let rooms: BTreeMap<String, Room> = rooms().into_iter().map(|room| (room.name.clone(), room)).collect();
    let mut problems = Vec::new();
    for (module, file) in &source.files {
        let Some(room) = room_of(module) else { continue };
        for target in source.targets(module) {
            let Some(used) = room_of(&target.module) else { continue };
            if used != room && !rooms[room].may_use.contains(used) {
                problems.push(format!("{}: {room} may not use {}", file.path.display(), target.module.join("::")));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn rooms_do_not_name_what_their_row_forbids() {
    let source = Crate::read(".");
    let rooms = rooms();
    let mut problems = Vec::new();
    for (module, file) in &source.files {
        let Some(room) = rooms.iter().find(|room| room_of(module) == Some(&room.name)) else { continue };
        for path in source.outside(module) {
            if room.never_names.iter().any(|forbidden| path.starts_with(forbidden)) {
                problems.push(format!("{}: {} may not name {}", file.path.display(), room.name, path.join("::")));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_table_lists_rooms_from_top_to_bottom() {
    let rooms = rooms();
    for (index, room) in rooms.iter().enumerate() {
        for used in &room.may_use {
            let position = rooms.iter().position(|other| other.name == *used);
            assert!(position.is_some_and(|position| position > index), "{} uses {used}, which is not below it", room.name);
        }
    }
}

#[test]
fn crates_depend_only_on_what_their_row_names() {
    let mut found = BTreeMap::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates");
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let manifest = fs::read_to_string(path.join("Cargo.toml")).unwrap();
        let dependencies = manifest.split("[dependencies]").nth(1).unwrap_or_default().split("\n[").next().unwrap_or_default();
        let names = dependencies.lines().filter_map(|line| line.split(['.', ' ', '=']).next()).map(str::to_owned);
        let own: BTreeSet<String> = names.filter(|name| !name.is_empty() && folder.join(name).is_dir()).collect();
        found.insert(name, own);
    }
    let written: BTreeMap<String, BTreeSet<String>> =
        table("## Crates").iter().map(|row| (quoted(&row[0]).remove(0), quoted(&row[2]).into_iter().collect())).collect();
    assert_eq!(found, written, "{DOCUMENT} and the manifests of crates/ differ");
}
