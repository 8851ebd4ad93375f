//! Who could have written a file: what is loaded as machine code must come from this process's user or from root.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use rustix::process::geteuid;
use thiserror::Error;

/// Write permission of the group or of everybody. Access lists show up in the group's bits:
/// <https://man7.org/linux/man-pages/man5/acl.5.html>.
const OTHERS_WRITE: u32 = 0o022;

/// Why what lies in a file or folder may come from someone else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Untrusted {
    /// It belongs to someone else.
    #[error("it belongs to user {0}, neither to this process's user nor to root")]
    Owner(u32),
    /// Others can write to it.
    #[error("others can write to it (mode {0:o}); take that from them with chmod go-w")]
    Writable(u32),
}

/// Checks a file or folder.
pub(super) fn check(metadata: &Metadata) -> Result<(), Untrusted> {
    judge(metadata.uid(), metadata.mode(), geteuid().as_raw())
}

fn judge(owner: u32, mode: u32, user: u32) -> Result<(), Untrusted> {
    if owner != user && owner != 0 {
        return Err(Untrusted::Owner(owner));
    }
    if mode & OTHERS_WRITE != 0 {
        return Err(Untrusted::Writable(mode & 0o7777));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: u32 = 0o100_000;

    #[test]
    fn own_files_and_those_of_root_are_trusted() {
        assert_eq!(judge(1_000, FILE | 0o600, 1_000), Ok(()));
        assert_eq!(judge(0, FILE | 0o644, 1_000), Ok(()));
    }

    #[test]
    fn files_of_others_are_not_even_for_root() {
        assert_eq!(judge(1_001, FILE | 0o600, 1_000), Err(Untrusted::Owner(1_001)));
        assert_eq!(judge(1_001, FILE | 0o600, 0), Err(Untrusted::Owner(1_001)));
    }

    #[test]
    fn files_that_others_can_write_are_not() {
        for mode in [0o620, 0o602, 0o666, 0o777] {
            assert_eq!(judge(1_000, FILE | mode, 1_000), Err(Untrusted::Writable(mode)));
        }
    }
}
