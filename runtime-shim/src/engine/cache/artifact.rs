//! A compiled component: the one place where bytes become machine code that is run.

use std::fs::{File, FileTimes};
use std::io::{self, Read};
use std::path::Path;
use std::time::SystemTime;

use thiserror::Error;
use wasmtime::Engine;
use wasmtime::component::Component;

use super::header::{self, Damage};
use super::key::Key;
use super::owner::{self, Untrusted};

/// Largest file that is read; components of 100 MB compile to less.
const MAX_FILE_BYTES: u64 = 1 << 30;

/// What wasmtime made of a component, either in this process or by a file that was checked.
///
/// Nothing else makes one, and nothing changes one: that is what [`Artifact::load`] relies on.
pub struct Artifact {
    content: Vec<u8>,
    /// Where wasmtime's part of `content` begins.
    begin: usize,
}

/// Why a file is not used.
#[derive(Debug, Error)]
pub enum Refused {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// Others may have written it.
    #[error(transparent)]
    Untrusted(#[from] Untrusted),
    /// Its content is not what it should be.
    #[error(transparent)]
    Damaged(#[from] Damage),
}

impl Artifact {
    /// Compiles `wasm`.
    ///
    /// # Errors
    /// If it is no valid component.
    pub fn compile(engine: &Engine, wasm: &[u8]) -> wasmtime::Result<Self> {
        Ok(Self { content: engine.precompile_component(wasm)?, begin: 0 })
    }

    /// Reads the artifact for `key` from a file, and notes that the file was used.
    ///
    /// The file is read once, and what was checked is what will be loaded. Mapping it instead
    /// ([`Component::deserialize_file`]) would share pages between processes, but a mapping goes on showing what is
    /// written to the file later, after any check, and a file that is cut ends the process with a SIGBUS. Instances have
    /// copy-on-write images either way: wasmtime keeps their initial memory in a sealed file of its own.
    ///
    /// # Errors
    /// If the file cannot be read, may come from someone else, or holds anything else.
    pub(super) fn read(file: &Path, key: &Key) -> Result<Self, Refused> {
        let file = File::open(file)?;
        let metadata = file.metadata()?;
        owner::check(&metadata)?;
        let mut content =
            Vec::with_capacity(usize::try_from(metadata.len().min(MAX_FILE_BYTES)).unwrap_or(0));
        (&file).take(MAX_FILE_BYTES).read_to_end(&mut content)?;
        header::check(key, &content)?;
        // Fails where the folder is read-only or root's; nothing is removed there either.
        let _ = file.set_times(FileTimes::new().set_modified(SystemTime::now()));
        Ok(Self { content, begin: header::LENGTH })
    }

    /// As wasmtime made it.
    pub fn bytes(&self) -> &[u8] {
        self.content.get(self.begin..).unwrap_or_default()
    }

    /// Makes it ready to run.
    ///
    /// # Errors
    /// If `engine` is not the one that it was made for.
    #[expect(unsafe_code, reason = "there is no other way to load what is already compiled")]
    pub(super) fn load(&self, engine: &Engine) -> wasmtime::Result<Component> {
        // SAFETY: the bytes must be an unchanged artifact of wasmtime. Those of `compile` never left this process. Those
        // of `read` have the SHA-256 that was written with them, which a damaged file has not; and a forged file, which
        // could have any sum, is one that only this user or root could have put there, and they can run any code as
        // this user anyway. Nobody else can reach `content`, a copy in memory. wasmtime refuses by itself what another
        // version or configuration made.
        unsafe { Component::deserialize(engine, self.bytes()) }
    }
}
