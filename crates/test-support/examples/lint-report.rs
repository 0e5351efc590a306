//! Prints the faults of pages, found in Chromium. Exits with 1 if there are any.

use std::path::Path;
use std::process::ExitCode;

use test_support::browser::Browser;
use test_support::page_lint::page_faults;

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "this is what it does")]
fn main() -> ExitCode {
    let pages: Vec<String> = std::env::args().skip(1).collect();
    let Some(mut browser) = Browser::start() else { return ExitCode::from(2) };
    if pages.is_empty() {
        eprintln!("usage: script/lint-report FILE...");
        return ExitCode::from(2);
    }
    let mut is_faulty = false;
    for page in &pages {
        let path = match std::fs::canonicalize(Path::new(page)) {
            Ok(path) => path,
            Err(error) => {
                eprintln!("{page}: {error}");
                return ExitCode::from(2);
            }
        };
        for fault in page_faults(&mut browser, &path) {
            is_faulty = true;
            println!("{page}: {fault}");
        }
    }
    ExitCode::from(u8::from(is_faulty))
}
