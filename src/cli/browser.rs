//! Opens a report in the user's browser.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::cli::environment::Environment;
use crate::cli::failure::Failure;

/// What opens a page: the user's own choice comes first.
const OPENERS: [&str; 3] = ["xdg-open", "open", "wslview"];

/// Environment variables that a browser needs. None of them is a token.
const VARIABLES: [&str; 8] =
    ["PATH", "HOME", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "LANG"];

/// Opens a page, and does not wait until it is closed.
pub(super) fn open(page: &Path, environment: &Environment) -> Result<(), Failure> {
    let chosen = environment.get("BROWSER").into_iter().chain(OPENERS);
    let variables: Vec<(&str, &str)> = VARIABLES.iter().filter_map(|name| Some((*name, environment.get(name)?))).collect();
    for program in chosen.filter_map(|name| environment.program(name)) {
        let mut command = Command::new(program);
        command.arg(page).env_clear().envs(variables.iter().copied());
        if command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().is_ok() {
            return Ok(());
        }
    }
    Err(Failure::request("no program to open the report with was found")
        .hint(format!("open {} in a browser, or set BROWSER to the name of one", page.display())))
}
