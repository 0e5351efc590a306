//! The demo's model and its two changes: one that nobody notices, one that breaks whoever calls it.

use std::fs;
use std::io;
use std::path::Path;

/// The files of `examples/skyline`, by path.
const FILES: [(&str, &str); 3] = [
    ("cog.yaml", include_str!("../../../examples/skyline/cog.yaml")),
    (PREDICTOR, include_str!("../../../examples/skyline/predict.py")),
    ("cog-safe-push-configs/skyline.yaml", include_str!("../../../examples/skyline/cog-safe-push-configs/skyline.yaml")),
];

const PREDICTOR: &str = "predict.py";

/// An edit of the predictor: the old text and its replacement.
type Edit = (&'static str, &'static str);

/// A new input with a default. Old calls draw the same image.
const MOON: [Edit; 3] = [
    (
        "        seed: Optional[int]",
        "        moon: bool = Input(description=\"Let the moon shine\", default=False),\n        seed: Optional[int]",
    ),
    (
        "        for index in range(buildings):",
        "        if moon:\n            paint_moon(rows)\n        for index in range(buildings):",
    ),
    (
        "def paint_building(",
        "def paint_moon(rows: list) -> None:\n    width, radius = len(rows[0]) // 3, max(len(rows) // 12, 1)\n    \
         left, top = width * 4 // 5, len(rows) // 5\n    for y in range(max(top - radius, 0), top + radius + 1):\n        \
         half = int((radius**2 - (y - top) ** 2) ** 0.5)\n        for x in range(max(left - half, 0), min(left + half + 1, width)):\n            \
         rows[y][x * 3 : x * 3 + 3] = bytes((244, 240, 214))\n\n\ndef paint_building(",
    ),
];

/// A renamed input. Whoever sends the old name gets an error.
const RENAMED: [Edit; 2] = [
    ("        buildings: int = Input(", "        towers: int = Input("),
    (
        "        for index in range(buildings):\n            paint_building(rows, dice, index, buildings,",
        "        for index in range(towers):\n            paint_building(rows, dice, index, towers,",
    ),
];

/// Writes the first version of the model.
pub(super) fn write_model(folder: &Path) -> io::Result<()> {
    for (path, text) in FILES {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)?;
    }
    Ok(())
}

pub(super) fn add_moon(folder: &Path) -> io::Result<()> {
    edit(folder, &MOON)
}

pub(super) fn rename_input(folder: &Path) -> io::Result<()> {
    edit(folder, &RENAMED)
}

fn edit(folder: &Path, edits: &[Edit]) -> io::Result<()> {
    let path = folder.join(PREDICTOR);
    let mut source = fs::read_to_string(&path)?;
    for (before, after) in edits {
        if !source.contains(before) {
            return Err(io::Error::other(format!("the example's {PREDICTOR} has no line '{}'", before.trim())));
        }
        source = source.replacen(before, after, 1);
    }
    fs::write(path, source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_changes_fit_the_example() {
        let folder = tempfile::tempdir().unwrap();
        write_model(folder.path()).unwrap();
        add_moon(folder.path()).unwrap();
        rename_input(folder.path()).unwrap();
        let source = fs::read_to_string(folder.path().join(PREDICTOR)).unwrap();
        assert!(source.contains("towers: int = Input(") && source.contains("paint_moon(rows)"), "{source}");
    }

    #[test]
    fn a_change_that_does_not_fit_says_so() {
        let folder = tempfile::tempdir().unwrap();
        write_model(folder.path()).unwrap();
        rename_input(folder.path()).unwrap();
        let error = rename_input(folder.path()).unwrap_err();
        assert_eq!(error.to_string(), "the example's predict.py has no line 'buildings: int = Input('");
    }
}
