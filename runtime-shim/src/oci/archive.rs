//! Files of an application that were packed together, each to be found by its digest as if it had come alone.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::GzDecoder;

use super::error::PullError;
use super::store::Store;

/// Most files in an archive.
const MAX_FILES: usize = 100_000;

/// Most bytes that an archive may unpack to.
const MAX_UNPACKED: u64 = 2 * 1024 * 1024 * 1024;

/// Puts every file of a gzipped tar archive into the store. Only content is taken: names, modes and links mean nothing.
///
/// # Errors
/// If it is no such archive, or has too much in it.
pub(super) fn unpack(archive: &Path, store: &Store) -> Result<(), PullError> {
    let malformed =
        |error: io::Error| PullError::Malformed(format!("an archive of its files is damaged: {error}"));
    let packed = GzDecoder::new(BufReader::new(File::open(archive)?));
    // One byte more than may come shows that there is more.
    let mut entries = tar::Archive::new(packed.take(MAX_UNPACKED + 1));
    let mut size = 0;
    for (count, entry) in entries.entries().map_err(malformed)?.enumerate() {
        let mut entry = entry.map_err(malformed)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        size += entry.size();
        if count >= MAX_FILES || size > MAX_UNPACKED {
            return Err(PullError::Malformed("an archive of its files has too much in it".to_owned()));
        }
        let mut incoming = store.begin()?;
        io::copy(&mut entry, &mut incoming).map_err(malformed)?;
        let digest = incoming.digest();
        incoming.keep(store, &digest)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::super::digest::Digest;
    use super::*;

    fn archive(folder: &Path, files: &[(&str, &[u8])]) -> std::path::PathBuf {
        let path = folder.join("archive.tar.gz");
        let mut tar = tar::Builder::new(GzEncoder::new(File::create(&path).unwrap(), Compression::fast()));
        for (name, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, name, *content).unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap();
        path
    }

    #[test]
    fn every_file_is_found_by_its_digest() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        unpack(&archive(folder.path(), &[("a.txt", b"one"), ("deep/b.txt", b"two")]), &store).unwrap();
        assert!(store.find(&Digest::of(b"one")).is_some() && store.find(&Digest::of(b"two")).is_some());
    }

    #[test]
    fn damage_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let path = archive(folder.path(), &[("a.txt", &[b'x'; 10_000])]);
        let whole = std::fs::read(&path).unwrap();
        for damaged in [&b"no archive"[..], &whole[..whole.len() / 2]] {
            std::fs::write(&path, damaged).unwrap();
            assert!(unpack(&path, &store).unwrap_err().to_string().contains("damaged"));
        }
    }
}
