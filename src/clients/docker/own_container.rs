//! The container in which this process runs.

use process_mark::container_of_mounts;

/// The kernel's list of this process's mounts.
const MOUNTS: &str = "/proc/self/mountinfo";

/// The id of the container in which this process runs. Its daemon may differ from the one in use.
pub fn own_container() -> Option<String> {
    let mounts = std::fs::read_to_string(MOUNTS).unwrap_or_default();
    container_of_mounts(&mounts).map(str::to_owned)
}
