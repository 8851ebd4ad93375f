//! Pulled content on disk, each file under the name of its digest, as in an OCI image layout:
//! <https://github.com/opencontainers/image-spec/blob/main/image-layout.md>.
//!
//! A file appears whole or not at all, and is hashed again before it is used: one that has changed is pulled anew.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::digest::Digest;

/// Time without use after which content is removed.
const UNUSED: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Bytes of a file that are hashed at once.
const HASHED_AT_ONCE: usize = 64 * 1024;

/// A folder of content.
#[derive(Debug)]
pub struct Store {
    blobs: PathBuf,
}

/// Content on its way to disk.
pub struct Incoming {
    file: NamedTempFile,
    hasher: Sha256,
}

impl Store {
    /// Makes the folder, for this process's user alone, if it is not there.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let blobs = folder.join("blobs").join("sha256");
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&blobs)?;
        Ok(Self { blobs })
    }

    /// The file with this content, if it is there and unchanged.
    pub fn find(&self, digest: &Digest) -> Option<PathBuf> {
        let path = self.path(digest);
        let mut file = File::open(&path).ok()?;
        if hash(&mut file).ok()? != *digest {
            tracing::warn!("{} has changed and is pulled again", path.display());
            return None;
        }
        // What is in use must not look old to `sweep`; a folder that cannot be written is not swept either.
        let _ = file.set_modified(SystemTime::now());
        Some(path)
    }

    /// The content itself, if it is there, unchanged, and has at most `limit` bytes.
    pub fn read(&self, digest: &Digest, limit: u64) -> Option<Vec<u8>> {
        let mut content = Vec::new();
        File::open(self.path(digest)).ok()?.take(limit).read_to_end(&mut content).ok()?;
        (Digest::of(&content) == *digest).then_some(content)
    }

    /// Keeps `content`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn put(&self, content: &[u8]) -> io::Result<PathBuf> {
        let mut incoming = self.begin()?;
        incoming.write_all(content)?;
        let digest = Digest::of(content);
        incoming.keep(self, &digest)
    }

    /// Starts to take in content whose digest is known at its end.
    ///
    /// # Errors
    /// If no file can be made.
    pub fn begin(&self) -> io::Result<Incoming> {
        Ok(Incoming { file: NamedTempFile::new_in(&self.blobs)?, hasher: Sha256::new() })
    }

    /// Removes what has not been used for long. What cannot be removed stays: that is no reason not to serve.
    pub fn sweep(&self, now: SystemTime) {
        let Ok(files) = fs::read_dir(&self.blobs) else { return };
        for file in files.flatten() {
            let modified = file.metadata().and_then(|metadata| metadata.modified());
            let age = modified.ok().and_then(|modified| now.duration_since(modified).ok());
            if age.is_some_and(|age| age > UNUSED) {
                let removed = fs::remove_file(file.path());
                tracing::debug!(?removed, "{} was not used any more", file.path().display());
            }
        }
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.blobs.join(digest.hex())
    }
}

fn hash(file: &mut File) -> io::Result<Digest> {
    let mut hasher = Sha256::new();
    let mut part = vec![0; HASHED_AT_ONCE];
    loop {
        match file.read(&mut part)? {
            0 => return Ok(Digest::finish(hasher)),
            length => hasher.update(&part[..length]),
        }
    }
}

impl Incoming {
    /// The digest of what has come so far.
    pub fn digest(&self) -> Digest {
        Digest::finish(self.hasher.clone())
    }

    /// Puts the content in its place. The caller has compared the digest.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep(mut self, store: &Store, digest: &Digest) -> io::Result<PathBuf> {
        self.file.flush()?;
        let path = store.path(digest);
        self.file.persist(&path).map_err(|error| error.error)?;
        Ok(path)
    }
}

impl Write for Incoming {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        let written = self.file.write(part)?;
        self.hasher.update(&part[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_found_by_its_digest_until_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let digest = Digest::of(b"content");
        assert_eq!(store.find(&digest), None);
        let path = store.put(b"content").unwrap();
        assert_eq!(store.find(&digest), Some(path.clone()));
        assert_eq!(store.read(&digest, 7).as_deref(), Some(&b"content"[..]));
        assert_eq!(store.read(&digest, 6), None, "longer than asked for");
        fs::write(&path, "changed").unwrap();
        assert_eq!((store.find(&digest), store.read(&digest, 100)), (None, None));
    }

    #[test]
    fn what_is_not_kept_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        store.begin().unwrap().write_all(b"half").unwrap();
        assert_eq!(fs::read_dir(folder.path().join("blobs/sha256")).unwrap().count(), 0);
    }

    #[test]
    fn what_was_not_used_for_long_goes() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let (old, new) = (store.put(b"old").unwrap(), store.put(b"new").unwrap());
        let before = SystemTime::now() - UNUSED - Duration::from_secs(60);
        File::open(&old).unwrap().set_modified(before).unwrap();
        store.sweep(SystemTime::now());
        assert_eq!((old.exists(), new.exists()), (false, true));
    }
}
