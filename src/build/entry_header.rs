//! The header of an entry in an archive that depends on nothing but the project.

use tokio_tar::{EntryType, Header};

/// A header without an owner, and with a time that the caller chooses.
pub(super) fn entry_header(kind: EntryType, mode: u32, size_bytes: u64, modified_at: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(modified_at);
    header.set_size(size_bytes);
    header
}
