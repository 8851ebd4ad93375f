//! What stands before an artifact in its file. Every byte of the file is checked against something.
//!
//! | bytes | content |
//! |---|---|
//! | 16 | [`MAGIC`] |
//! | 32 | SHA-256 of the WebAssembly |
//! | 32 | SHA-256 of what the artifact depends on of the engine |
//! | 32 | SHA-256 of the artifact |
//! | rest | the artifact, as wasmtime made it |

use sha2::{Digest, Sha256};
use thiserror::Error;

use super::key::{Key, Sum};

const MAGIC: [u8; 16] = *b"slipway-cwasm\0\0\x01";

/// Bytes before the artifact.
pub(super) const LENGTH: usize = MAGIC.len() + 3 * size_of::<Sum>();

/// Why the content of a file is not the artifact that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Damage {
    /// It is no file of ours, or is cut off in its header.
    #[error("it does not begin like a compiled component")]
    NoHeader,
    /// It was made of another component, or by another engine.
    #[error("it belongs to another component or engine")]
    Foreign,
    /// It was cut off or changed.
    #[error("its bytes are not those that were written")]
    Changed,
}

/// The header of `artifact`.
pub(super) fn header(key: &Key, artifact: &[u8]) -> Vec<u8> {
    let sum: Sum = Sha256::digest(artifact).into();
    [MAGIC.as_slice(), &key.source, &key.engine, &sum].concat()
}

/// Checks the whole content of a file; the artifact begins at [`LENGTH`].
pub(super) fn check(key: &Key, content: &[u8]) -> Result<(), Damage> {
    let rest = content.strip_prefix(&MAGIC).ok_or(Damage::NoHeader)?;
    let (source, rest) = rest.split_first_chunk::<32>().ok_or(Damage::NoHeader)?;
    let (engine, rest) = rest.split_first_chunk::<32>().ok_or(Damage::NoHeader)?;
    let (sum, artifact) = rest.split_first_chunk::<32>().ok_or(Damage::NoHeader)?;
    if (source, engine) != (&key.source, &key.engine) {
        return Err(Damage::Foreign);
    }
    if Sha256::digest(artifact).as_slice() != sum {
        return Err(Damage::Changed);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key { source: [1; 32], engine: [2; 32] };

    fn file() -> Vec<u8> {
        let artifact: Vec<u8> = (0..200).collect();
        [header(&KEY, &artifact), artifact].concat()
    }

    #[test]
    fn what_was_written_is_accepted() {
        assert_eq!(check(&KEY, &file()), Ok(()));
        assert_eq!(header(&KEY, b"x").len(), LENGTH);
    }

    #[test]
    fn no_single_flipped_bit_goes_unseen() {
        let file = file();
        for (byte, bit) in (0..file.len()).flat_map(|byte| (0..8).map(move |bit| (byte, bit))) {
            let mut flipped = file.clone();
            flipped[byte] ^= 1 << bit;
            assert!(check(&KEY, &flipped).is_err(), "bit {bit} of byte {byte}");
        }
    }

    #[test]
    fn no_cut_and_no_addition_goes_unseen() {
        let file = file();
        for length in 0..file.len() {
            assert!(check(&KEY, &file[..length]).is_err(), "cut to {length}");
        }
        assert_eq!(check(&KEY, &[file, vec![0]].concat()), Err(Damage::Changed));
    }

    #[test]
    fn the_artifact_of_another_component_or_engine_is_refused() {
        for key in [Key { source: [3; 32], ..KEY }, Key { engine: [3; 32], ..KEY }] {
            assert_eq!(check(&key, &file()), Err(Damage::Foreign));
        }
    }
}
