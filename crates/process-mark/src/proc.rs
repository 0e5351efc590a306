//! What Linux says about processes in `/proc`.

use std::fs;

/// How many digits of a long id a mark holds.
pub(crate) const ID_DIGITS: usize = 12;

/// Clock ticks from boot to the start of a process. `None` if there is no such process, or only the rest of one that has ended.
pub(crate) fn start_of(process: u32) -> Option<u64> {
    start_in(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
}

fn start_in(stat: &str) -> Option<u64> {
    // The second field, the name in parentheses, may contain spaces and parentheses itself. Fields of proc_pid_stat(5): 3 is the state,
    // 22 the start.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    // A zombie, or dead: nobody has asked for its exit code yet.
    if matches!(state, "Z" | "X" | "x") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

/// The number of this process's PID namespace.
pub(crate) fn namespace() -> Option<u64> {
    let link = fs::read_link("/proc/self/ns/pid").ok()?;
    link.to_str()?.strip_prefix("pid:[")?.strip_suffix(']')?.parse().ok()
}

/// The first digits of the id of this boot: the same for all containers of a machine, and different after each start of it.
pub(crate) fn boot() -> Option<String> {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let digits: String = id.chars().filter(char::is_ascii_hexdigit).take(ID_DIGITS).collect();
    (digits.len() == ID_DIGITS).then_some(digits)
}

/// The id of the container in which a process runs, from its mounts (`/proc/self/mountinfo`): Docker mounts a few files from a folder
/// named by the container's id.
pub fn container_of_mounts(mounts: &str) -> Option<&str> {
    let mut fields = mounts.lines().filter_map(|line| line.split(' ').nth(3));
    fields.find_map(|root| {
        let id = root.split_once("/containers/")?.1.strip_suffix("/hostname")?;
        (id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(id)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_is_known_by_its_mounts() {
        let id = "a95c4d9826ae778994f51592485c9a9339882d1665a2cf0d58267dcac149e7de";
        let mounts = format!(
            "69 41 0:35 / / rw,relatime - overlay overlay rw\n\
             86 69 254:0 /var/lib/docker/containers/{id}/resolv.conf /etc/resolv.conf rw - ext4 /dev/vda rw\n\
             87 69 254:0 /var/lib/docker/containers/{id}/hostname /etc/hostname rw - ext4 /dev/vda rw\n"
        );
        assert_eq!(container_of_mounts(&mounts), Some(id));
        for other in ["", "22 1 254:0 / / rw - ext4 /dev/vda rw", "1 2 3:4 /containers/abc/hostname /etc/hostname rw - ext4 x rw"] {
            assert_eq!(container_of_mounts(other), None);
        }
    }

    #[test]
    fn the_name_of_a_process_may_be_anything_and_a_zombie_has_ended() {
        let stat = |state: &str| format!("7 (a) b (c) {state} 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2\n");
        assert_eq!(start_in(&stat("S")), Some(98765));
        assert_eq!(start_in(&stat("R")), Some(98765));
        assert_eq!(start_in(&stat("Z")), None);
        assert_eq!(start_in("rubbish"), None);
    }
}
