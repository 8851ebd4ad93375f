//! What content is named by: <https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests>.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

const ALGORITHM: &str = "sha256";

/// Hexadecimal digits of a SHA-256.
const DIGITS: usize = 64;

/// The SHA-256 of some content, written `sha256:<64 lower-case hexadecimal digits>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(String);

/// A text that is no digest, or one of another algorithm.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not a digest: it must be sha256: and 64 lower-case hexadecimal digits")]
pub struct NotADigest(String);

impl Digest {
    /// That of `content`.
    pub fn of(content: &[u8]) -> Self {
        Self::finish(Sha256::new_with_prefix(content))
    }

    /// That of what a hasher has seen.
    pub(super) fn finish(hasher: Sha256) -> Self {
        Self(hex::encode(hasher.finalize()))
    }

    /// The digits alone.
    pub fn hex(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ALGORITHM}:{}", self.0)
    }
}

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let digits = text.split_once(':').filter(|(algorithm, _)| *algorithm == ALGORITHM);
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        match digits {
            Some((_, digits)) if digits.len() == DIGITS && digits.bytes().all(is_digit) => {
                Ok(Self(digits.to_owned()))
            }
            _ => Err(NotADigest(text.chars().take(2 * DIGITS).collect())),
        }
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_as_it_is_written() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::of(b"").to_string(), empty);
        assert_eq!(empty.parse(), Ok(Digest::of(b"")));
    }

    #[test]
    fn other_texts_are_refused() {
        let upper = format!("sha256:{}", "A".repeat(64));
        let sha512 = format!("sha512:{}", "a".repeat(128));
        for text in ["", "sha256:", "sha256:abc", "sha256:../../etc/passwd", &upper, &sha512] {
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
    }
}
