//! Puts a file in its place whole, or not at all.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::key::SUFFIX;

const UNFINISHED: &str = ".unfinished";

/// Who may read what is written; nobody else may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// This process's user alone.
    Owner,
    /// Everyone: in an image, another user than the one that built it runs.
    All,
}

impl Readers {
    fn file_mode(self) -> u32 {
        match self {
            Self::Owner => 0o600,
            Self::All => 0o644,
        }
    }

    fn folder_mode(self) -> u32 {
        match self {
            Self::Owner => 0o700,
            Self::All => 0o755,
        }
    }
}

/// Makes the folder, unless it is there.
pub(super) fn create_folder(folder: &Path, readers: Readers) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(readers.folder_mode()).create(folder)
}

/// Writes `parts` to `folder/name` under another name first, so that readers and other writers see a whole file.
///
/// Nothing is synced: what a loss of power leaves is found out by its sum, and compiled again.
pub(super) fn write(folder: &Path, name: &str, parts: &[&[u8]], readers: Readers) -> io::Result<()> {
    let unfinished = folder.join(temporary_name(name)?);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    let mut fill = || {
        parts.iter().try_for_each(|part| file.write_all(part))?;
        // Set rather than asked for at creation, where the umask would have a say.
        file.set_permissions(Permissions::from_mode(readers.file_mode()))?;
        fs::rename(&unfinished, folder.join(name))
    };
    fill().inspect_err(|_| drop(fs::remove_file(&unfinished)))
}

/// A name that no other writer has.
pub(super) fn temporary_name(name: &str) -> io::Result<String> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(format!(".{name}.{}{UNFINISHED}", hex::encode(random)))
}

/// Whether a file is one that [`write`] did not finish.
pub(super) fn is_temporary(name: &str) -> bool {
    name.starts_with('.') && name.contains(SUFFIX) && name.ends_with(UNFINISHED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn only_the_owner_may_write_and_only_those_meant_may_read() {
        let scratch = tempfile::tempdir().unwrap();
        for (readers, folder_mode, file_mode) in
            [(Readers::Owner, 0o700, 0o600), (Readers::All, 0o755, 0o644)]
        {
            let folder = scratch.path().join(format!("{readers:?}"));
            create_folder(&folder, readers).unwrap();
            write(&folder, "a.cwasm", &[b"one", b"two"], readers).unwrap();
            assert_eq!(fs::read(folder.join("a.cwasm")).unwrap(), b"onetwo");
            assert_eq!((mode(&folder), mode(&folder.join("a.cwasm"))), (folder_mode, file_mode));
        }
    }

    #[test]
    fn a_write_that_fails_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a.cwasm")).unwrap();
        assert!(write(folder.path(), "a.cwasm", &[b"one"], Readers::Owner).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn writers_side_by_side_leave_one_whole_file() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for content in 0..8_u8 {
                let folder = folder.path();
                scope
                    .spawn(move || write(folder, "a.cwasm", &[&[content; 100_000]], Readers::Owner).unwrap());
            }
        });
        let content = fs::read(folder.path().join("a.cwasm")).unwrap();
        assert_eq!(content.len(), 100_000);
        assert!(content.iter().all(|byte| Some(byte) == content.first()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
