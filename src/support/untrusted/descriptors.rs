//! Descriptors that this process inherited and would pass on. Ours are closed on `exec`; whoever started safe-push may have left others
//! open.

use std::fs;

/// The bit of `O_CLOEXEC` in the kernel's list, which is octal.
const CLOSED_ON_EXEC: u32 = 0o2_000_000;

/// Descriptors besides the three streams that the next program would inherit.
pub(super) fn inherited() -> Vec<u32> {
    let entries = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    // The list itself is closed by now, and has no flags any more.
    let numbers: Vec<u32> = numbers.filter(|number| *number > 2).collect();
    numbers.into_iter().filter(|number| flags(*number).is_some_and(|flags| flags & CLOSED_ON_EXEC == 0)).collect()
}

fn flags(descriptor: u32) -> Option<u32> {
    let text = fs::read_to_string(format!("/proc/self/fdinfo/{descriptor}")).ok()?;
    let flags = text.lines().find_map(|line| line.strip_prefix("flags:"))?;
    u32::from_str_radix(flags.trim(), 8).ok()
}

/// A script for bash that closes these and becomes its arguments.
pub(super) fn closing(descriptors: &[u32]) -> String {
    let closed: Vec<String> = descriptors.iter().map(|number| format!("{number}>&-")).collect();
    format!("exec {}; exec \"$@\"", closed.join(" "))
}
