//! The failures of all models, those with the same message together.

use cog_findings::text::{count, shorten};

use crate::report::escape;
use crate::report::github::row::{Differing, Row, RowProblem};
use crate::report::github::state::CommentRow;

/// A failure, and the models that have it.
struct Group<'a> {
    problem: &'a RowProblem,
    models: Vec<&'a str>,
}

/// The failures as a list: those that most models share first.
pub(super) fn list(rows: &[&CommentRow], with_facts: bool) -> String {
    let mut text = grouped(rows, with_facts, |row| &row.problems);
    for row in rows {
        if let Some(more) = row.row().map(|row| row.more_problems).filter(|more| *more > 0) {
            text.push_str(&format!("- {}: {more} more in the check run\n", name(&row.name)));
        }
    }
    text
}

/// The flaky cases as a list, with what failed at first.
pub(super) fn flaky(rows: &[&CommentRow]) -> String {
    grouped(rows, true, |row| &row.flaky)
}

fn grouped(rows: &[&CommentRow], with_facts: bool, problems: fn(&Row) -> &Vec<RowProblem>) -> String {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for row in rows {
        for problem in row.row().into_iter().flat_map(problems) {
            match groups.iter_mut().find(|group| is_same(group.problem, problem)) {
                Some(group) => group.models.push(&row.name),
                None => groups.push(Group { problem, models: vec![&row.name] }),
            }
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.models.len()));
    let has_several = rows.len() > 1;
    groups.iter().map(|group| one(group, has_several, with_facts)).collect()
}

fn is_same(one: &RowProblem, other: &RowProblem) -> bool {
    (&one.name, &one.place, &one.message) == (&other.name, &other.place, &other.message)
}

fn name(name: &str) -> String {
    if name.is_empty() { "the run".to_owned() } else { escape::markdown(&shorten(name, 100)) }
}

fn one(group: &Group<'_>, has_several: bool, with_facts: bool) -> String {
    let Group { problem, models } = group;
    let place = problem.place.as_deref().map(|place| format!(" ({})", escape::code(place))).unwrap_or_default();
    let owner = match models.as_slice() {
        [model] if has_several => format!("{}: ", name(model)),
        _ => String::new(),
    };
    let link = problem.url.as_deref().filter(|_| with_facts).and_then(|url| escape::link("prediction", url));
    let link = link.map(|link| format!(" · {link}")).unwrap_or_default();
    let (title, message) = (escape::markdown(&problem.name), escape::prose(&problem.message));
    let mut text = format!("- {owner}**{title}**{place}: {message}{link}\n");
    if has_several && models.len() > 1 {
        let names: Vec<String> = models.iter().take(30).map(|model| name(model)).collect();
        let more = models.len() - names.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        text.push_str(&format!("  - models: {}{more}\n", names.join(", ")));
    }
    if with_facts {
        for (label, value) in &problem.facts {
            text.push_str(&format!("  - {}: {}\n", escape::markdown(label), escape::code(value)));
        }
    }
    if let Some(hint) = &problem.hint {
        text.push_str(&format!("  - hint: {}\n", escape::prose(hint)));
    }
    text
}

/// How files differ: their measurements outside of the limits. Files without any are left out, and so are columns that are empty.
pub(super) fn measurements(rows: &[&CommentRow]) -> String {
    let has_several = rows.len() > 1;
    let mut files: Vec<[String; 5]> = Vec::new();
    let mut more = 0;
    for (name, row) in rows.iter().filter_map(|row| Some((&row.name, row.row()?))) {
        let model = if has_several { shorten(name, 100) } else { String::new() };
        more += row.more_differing;
        let measured = row.differing.iter().filter(|differing| !differing.numbers.is_empty());
        files.extend(measured.map(|Differing { case, place, with, numbers }| {
            [&model, case, place, with, numbers].map(|cell| escape::markdown(cell))
        }));
    }
    if files.is_empty() {
        return String::new();
    }
    let headings = ["model", "case", "file", "compared with", "measured"];
    let shown: Vec<usize> = (0..headings.len()).filter(|at| files.iter().any(|cells| !cells[*at].is_empty())).collect();
    let line =
        |cells: &[String; 5]| format!("| {} |\n", shown.iter().map(|at| cells[*at].as_str()).collect::<Vec<_>>().join(" | "));
    let mut text = format!("\n### How files differ\n\n{}|{}\n", line(&headings.map(str::to_owned)), "---|".repeat(shown.len()));
    text.extend(files.iter().map(line));
    if more > 0 {
        text.push_str(&format!("\nand {} more in the check runs\n", count(more, "file")));
    }
    text
}
