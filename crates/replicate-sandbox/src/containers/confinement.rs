//! What a model's container may do.
//!
//! Replicate runs models as root in a container of its own; models rely on that to write anywhere in their image, to give files away and to
//! start processes as other users. They keep those rights, and nothing that reaches beyond their container: no raw sockets, devices,
//! changes of root, file capabilities or audit messages, and no way to gain rights that they do not have. See `docs/sandbox.md#containers`.

use std::collections::HashMap;

use bollard::models::{HostConfig, HostConfigLogConfig};

const MEMORY_BYTES: i64 = 16 * 1024 * 1024 * 1024;
const MAX_PROCESSES: i64 = 4096;

/// The capabilities that models keep: those of root that act on the container's own files and processes.
pub const MODEL_CAPABILITIES: [&str; 7] = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID"];

/// The limits of a container's output, as the daemon keeps it: two files of this size.
const LOG_LIMITS: [(&str, &str); 2] = [("max-size", "32m"), ("max-file", "2")];

/// The limits that every model's container gets.
pub(super) fn host_config() -> HostConfig {
    let strings = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let log_limits = LOG_LIMITS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    HostConfig {
        memory: Some(MEMORY_BYTES),
        pids_limit: Some(MAX_PROCESSES),
        cap_drop: Some(strings(&["ALL"])),
        cap_add: Some(strings(&MODEL_CAPABILITIES)),
        security_opt: Some(strings(&["no-new-privileges"])),
        privileged: Some(false),
        // Named, because the daemon's own driver may have no limits of this kind, or no output to read back.
        log_config: Some(HostConfigLogConfig {
            typ: Some("json-file".to_owned()),
            config: Some(log_limits.collect::<HashMap<_, _>>()),
        }),
        // The output of a dead container is still needed, so the sandbox removes it itself.
        auto_remove: Some(false),
        ..Default::default()
    }
}
