//! What a compiled component depends on.

use std::hash::{Hash, Hasher};
use std::sync::LazyLock;

use sha2::{Digest, Sha256};
use wasmtime::Engine;

/// Version of the file format. Another one is another file name, so that releases can share a folder.
const FORMAT: u8 = 1;

/// SHA-256.
pub(super) type Sum = [u8; 32];

/// Says which component was compiled, and by what. Machines whose processors differ have different engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Of the WebAssembly.
    pub(super) source: Sum,
    /// Of everything about the engine that its artifacts depend on: version, settings, target, processor features.
    pub(super) engine: Sum,
}

impl Key {
    /// The key of `wasm` compiled by `engine`.
    pub fn new(engine: &Engine, wasm: &[u8]) -> Self {
        let mut hasher = Sha256Hasher(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Self { source: Sha256::digest(wasm).into(), engine: hasher.0.finalize().into() }
    }

    /// The key of `wasm` compiled for every processor of this kind; none if the engine for it cannot be had.
    pub fn portable(wasm: &[u8]) -> Option<Self> {
        static ENGINE: LazyLock<Option<Engine>> = LazyLock::new(|| crate::engine::portable().ok());
        ENGINE.as_ref().map(|engine| Self::new(engine, wasm))
    }

    /// Name of the file.
    pub(super) fn file_name(&self) -> String {
        let name = Sha256::new().chain_update([FORMAT]).chain_update(self.source).chain_update(self.engine);
        format!("{}{SUFFIX}", hex::encode(name.finalize()))
    }
}

/// How names of compiled components end.
pub(super) const SUFFIX: &str = ".cwasm";

/// Feeds what is hashed to SHA-256: the standard hashers have 64 bits, too few to tell artifacts apart by.
struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Never asked for: the whole sum is taken instead.
    fn finish(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..]: Sum = self.0.clone().finalize().into();
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }
}

#[cfg(test)]
mod tests {
    use wasmtime::Config;

    use super::*;

    #[test]
    fn another_component_and_another_engine_have_other_names() {
        let engine = Engine::default();
        let key = Key::new(&engine, b"one");
        assert_eq!(key, Key::new(&Engine::default(), b"one"), "the same in every process");
        let other_engine = Engine::new(Config::new().epoch_interruption(true)).unwrap();
        for other in [Key::new(&engine, b"two"), Key::new(&other_engine, b"one")] {
            assert_ne!(other.file_name(), key.file_name());
        }
        assert_eq!(key.file_name().len(), 64 + SUFFIX.len());
    }
}
