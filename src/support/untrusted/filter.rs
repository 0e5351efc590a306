//! A seccomp filter: system calls that would lead around the other layers.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
    apply_filter,
};

/// Calls of the x32 kind carry this bit beside the number.
#[cfg(target_arch = "x86_64")]
const OTHER_KINDS: &[i64] = &[0, 0x4000_0000];
#[cfg(not(target_arch = "x86_64"))]
const OTHER_KINDS: &[i64] = &[0];

/// Kinds of sockets that can send to another address than that of their peer.
const UNCONNECTED: [i32; 2] = [libc::SOCK_DGRAM, libc::SOCK_RAW];

/// The bits of a socket's kind that are not flags.
const KIND_BITS: u64 = 0xf;

/// Families of sockets that reach daemons and machines beside the internet's. A pair of connected streams stays allowed.
const FAMILIES: [i32; 3] = [libc::AF_UNIX, libc::AF_VSOCK, libc::AF_PACKET];

/// Namespaces that a new process may not create: in a user namespace it would have all capabilities.
const NAMESPACES: [i32; 7] = [
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWCGROUP,
];

/// Refused whatever their arguments are.
const REFUSED: [libc::c_long; 30] = [
    // No process leaves the session, so that leftover processes can be found.
    libc::SYS_setsid,
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_perf_event_open,
    // Sockets and files by other ways.
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    // Other views of the file system.
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsmount,
    // Keys, and the kernel itself.
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_bpf,
    libc::SYS_userfaultfd,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_kexec_load,
];

/// Refuses these calls to this process for good.
///
/// Without `network`, no socket of any family can be opened: Landlock alone stops TCP, not UDP.
pub(super) fn restrict(network: bool) -> Result<(), String> {
    for program in [missing_calls(), refused_calls(network)] {
        let program = program.map_err(|error| error.to_string())?;
        apply_filter(&program).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// `clone3` takes its flags by a pointer, which no filter can follow. When the kernel seems not to have it, a C
/// library falls back to the older `clone`.
fn missing_calls() -> Result<BpfProgram, seccompiler::BackendError> {
    let rules = OTHER_KINDS.iter().map(|kind| (libc::SYS_clone3 | kind, Vec::new())).collect();
    filter(rules, libc::ENOSYS)
}

fn refused_calls(network: bool) -> Result<BpfProgram, seccompiler::BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for kind in OTHER_KINDS {
        for number in REFUSED {
            rules.insert(number | kind, Vec::new());
        }
        let mut families = Vec::new();
        // A call without conditions is refused whatever its arguments are.
        for family in FAMILIES.into_iter().filter(|_| network) {
            let family = u64::try_from(family).unwrap_or_default();
            let is_it = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, family)?;
            families.push(SeccompRule::new(vec![is_it])?);
        }
        rules.insert(libc::SYS_socket | kind, families);
        let mut pairs = Vec::new();
        for unconnected in UNCONNECTED {
            let unconnected = u64::try_from(unconnected).unwrap_or_default();
            let is_it = SeccompCondition::new(1, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(KIND_BITS), unconnected)?;
            pairs.push(SeccompRule::new(vec![is_it])?);
        }
        rules.insert(libc::SYS_socketpair | kind, pairs);
        let mut namespaces = Vec::new();
        for namespace in NAMESPACES {
            let namespace = u64::from(namespace.unsigned_abs());
            let asks = SeccompCondition::new(0, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(namespace), namespace)?;
            namespaces.push(SeccompRule::new(vec![asks])?);
        }
        rules.insert(libc::SYS_clone | kind, namespaces);
    }
    filter(rules, libc::EPERM)
}

fn filter(rules: BTreeMap<i64, Vec<SeccompRule>>, error: i32) -> Result<BpfProgram, seccompiler::BackendError> {
    let architecture: TargetArch = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::Errno(error.unsigned_abs()), architecture)?.try_into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_can_be_made_on_this_machine() {
        assert!(!missing_calls().unwrap().is_empty());
        assert!(!refused_calls(true).unwrap().is_empty());
        assert!(!refused_calls(false).unwrap().is_empty());
    }
}
