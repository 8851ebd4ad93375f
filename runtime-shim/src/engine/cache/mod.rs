//! Compiled components on disk, so that the next start need not compile them again.
//!
//! A file is used only if its folder and itself can be written by nobody but this process's user and root, and only if
//! it holds exactly what was written for this component and this engine. In doubt, components are compiled: the cache
//! can make a start faster and never makes it fail.

mod artifact;
mod header;
mod key;
mod owner;
mod sweep;
mod write;

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::time::SystemTime;

use thiserror::Error;
use wasmtime::Engine;
use wasmtime::component::Component;

pub use artifact::{Artifact, Refused};
pub use header::Damage;
pub use key::Key;
pub use owner::Untrusted;
pub use write::Readers;

/// A folder of compiled components.
pub struct Cache {
    folder: PathBuf,
    readers: Readers,
    /// Names of the files that this process uses.
    used: Mutex<HashSet<String>>,
    cached: AtomicUsize,
    compiled: AtomicUsize,
    /// A folder that cannot be written is told of once, not for each component.
    unwritable: Once,
}

/// Why a folder cannot be used.
#[derive(Debug, Error)]
pub enum Unusable {
    /// It cannot be made or looked at.
    #[error("{}: {error}", folder.display())]
    Io {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// What lies there may come from others.
    #[error("{}: {reason}", folder.display())]
    Untrusted {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        reason: Untrusted,
    },
}

impl Cache {
    /// Makes the folder if it is not there.
    ///
    /// # Errors
    /// If it cannot be made, or others could write there.
    pub fn open(folder: &Path, readers: Readers) -> Result<Self, Unusable> {
        let failed = |error| Unusable::Io { folder: folder.to_owned(), error };
        write::create_folder(folder, readers).map_err(failed)?;
        let metadata = fs::metadata(folder).map_err(failed)?;
        owner::check(&metadata)
            .map_err(|reason| Unusable::Untrusted { folder: folder.to_owned(), reason })?;
        Ok(Self {
            folder: folder.to_owned(),
            readers,
            used: Mutex::default(),
            cached: AtomicUsize::new(0),
            compiled: AtomicUsize::new(0),
            unwritable: Once::new(),
        })
    }

    /// The component `wasm`, compiled before or now.
    ///
    /// # Errors
    /// If it is no valid component.
    pub fn component(&self, engine: &Engine, wasm: &[u8]) -> wasmtime::Result<Component> {
        let key = Key::new(engine, wasm);
        let portable = || self.found(engine, &Key::portable(wasm)?);
        if let Some(component) = self.found(engine, &key).or_else(portable) {
            self.cached.fetch_add(1, Ordering::Relaxed);
            return Ok(component);
        }
        self.compiled.fetch_add(1, Ordering::Relaxed);
        let artifact = Artifact::compile(engine, wasm)?;
        if let Err(error) = self.store(&key, &artifact) {
            self.unwritable.call_once(|| {
                let folder = self.folder.display();
                tracing::warn!("compiled components are not kept, {folder} cannot be written: {error}");
            });
        }
        artifact.load(engine)
    }

    /// What is there for `key`, ready to run. A file that is there and cannot be used is warned of.
    fn found(&self, engine: &Engine, key: &Key) -> Option<Component> {
        let warn = |reason: &dyn std::fmt::Display| {
            let file = self.file(key);
            tracing::warn!("{} is not used, the component is compiled again: {reason}", file.display());
        };
        let artifact = self.find(key).inspect_err(|refused| warn(refused)).ok()??;
        artifact.load(engine).inspect_err(|error| warn(error)).ok()
    }

    /// The artifact for `key`, if there is one.
    ///
    /// # Errors
    /// If there is a file of that name which must not be used.
    pub fn find(&self, key: &Key) -> Result<Option<Artifact>, Refused> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(key.file_name());
        match Artifact::read(&self.file(key), key) {
            Ok(artifact) => Ok(Some(artifact)),
            Err(Refused::Unreadable(error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(refused) => Err(refused),
        }
    }

    /// Keeps `artifact`, in place of what may be there for `key`.
    ///
    /// # Errors
    /// If it cannot be written; nothing has changed then.
    pub fn store(&self, key: &Key, artifact: &Artifact) -> io::Result<()> {
        let header = header::header(key, artifact.bytes());
        write::write(&self.folder, &key.file_name(), &[&header, artifact.bytes()], self.readers)
    }

    /// Where the artifact for `key` lies, or would.
    pub fn file(&self, key: &Key) -> PathBuf {
        self.folder.join(key.file_name())
    }

    /// Says what it was good for, and removes what is no longer used; for when all components were asked for.
    pub fn finish(&self) {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let (cached, compiled) = (self.cached.load(Ordering::Relaxed), self.compiled.load(Ordering::Relaxed));
        tracing::info!(cached, compiled, folder = %self.folder.display(), "components loaded");
        sweep::sweep(&self.folder, &used, SystemTime::now());
    }
}

#[cfg(test)]
mod tests;
