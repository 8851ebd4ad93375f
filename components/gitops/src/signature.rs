//! Signatures of webhook deliveries.
//!
//! <https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries>

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

/// The header that carries the signature.
pub const SIGNATURE_HEADER: &str = "x-hub-signature-256";

const PREFIX: &str = "sha256=";

/// Bytes of an HMAC-SHA256.
const MAC_LENGTH: usize = 32;

/// Why a delivery is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is no secret to compare with.
    #[error("no webhook secret is configured")]
    NotConfigured,
    /// The delivery carries no signature.
    #[error("the delivery is not signed: X-Hub-Signature-256 is missing")]
    Missing,
    /// The header is not `sha256=` and 64 hexadecimal digits.
    #[error("X-Hub-Signature-256 is not `sha256=` and 64 hexadecimal digits")]
    Malformed,
    /// No secret gives this signature for this body.
    #[error("the signature does not match the body")]
    Mismatch,
}

/// The secrets that a sender may have signed with: one, or two while they are rotated.
#[derive(Clone, Default)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// Takes the secrets; blank ones are left out, because anybody can sign with the empty key.
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        Self(secrets.into_iter().filter(|secret| !secret.trim().is_empty()).collect())
    }

    /// Checks the form of [`SIGNATURE_HEADER`], so that the body of a delivery that cannot be signed need not be read.
    ///
    /// # Errors
    /// Says why the delivery has to be refused; never [`SignatureError::Mismatch`].
    pub fn signature(&self, header: Option<&[u8]>) -> Result<Signature<'_>, SignatureError> {
        if self.0.is_empty() {
            return Err(SignatureError::NotConfigured);
        }
        let mac = parse(header.ok_or(SignatureError::Missing)?).ok_or(SignatureError::Malformed)?;
        Ok(Signature { secrets: self, mac })
    }
}

/// A signature that is well-formed; whether it is true depends on the body.
#[derive(Debug)]
pub struct Signature<'a> {
    secrets: &'a Secrets,
    mac: [u8; MAC_LENGTH],
}

impl Signature<'_> {
    /// Checks the body as it came over the wire.
    ///
    /// All secrets are tried, and compared in constant time, so that the time taken says nothing about them.
    ///
    /// # Errors
    /// [`SignatureError::Mismatch`] when no secret signs this body so.
    pub fn verify(&self, body: &[u8]) -> Result<(), SignatureError> {
        let secrets = self.secrets.0.iter();
        let matches =
            secrets.fold(Choice::from(0), |matches, secret| matches | signs(secret, body, &self.mac));
        if bool::from(matches) { Ok(()) } else { Err(SignatureError::Mismatch) }
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Secrets({} set)", self.0.len())
    }
}

fn parse(header: &[u8]) -> Option<[u8; MAC_LENGTH]> {
    let mut mac = [0; MAC_LENGTH];
    hex::decode_to_slice(header.strip_prefix(PREFIX.as_bytes())?, &mut mac).ok()?;
    Some(mac)
}

fn signs(secret: &str, body: &[u8], given: &[u8; MAC_LENGTH]) -> Choice {
    // HMAC takes a key of any length, so this never is an error.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return Choice::from(0);
    };
    mac.update(body);
    mac.finalize().into_bytes().as_slice().ct_eq(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From GitHub's documentation, "Testing the webhook payload validation".
    const SECRET: &str = "It's a Secret to Everybody";
    const BODY: &[u8] = b"Hello, World!";
    const SIGNATURE: &[u8] = b"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn secrets(all: &[&str]) -> Secrets {
        Secrets::new(all.iter().map(|secret| (*secret).to_owned()))
    }

    fn verify(all: &[&str], header: Option<&[u8]>, body: &[u8]) -> Result<(), SignatureError> {
        secrets(all).signature(header)?.verify(body)
    }

    #[test]
    fn github_test_vector_is_accepted() {
        assert_eq!(verify(&[SECRET], Some(SIGNATURE), BODY), Ok(()));
    }

    #[test]
    fn either_of_two_secrets_is_accepted() {
        assert_eq!(verify(&["new", SECRET], Some(SIGNATURE), BODY), Ok(()));
        assert_eq!(verify(&[SECRET, "old"], Some(SIGNATURE), BODY), Ok(()));
        assert_eq!(verify(&["new", "old"], Some(SIGNATURE), BODY), Err(SignatureError::Mismatch));
    }

    #[test]
    fn changed_body_is_refused() {
        assert_eq!(verify(&[SECRET], Some(SIGNATURE), b"Hello, World?"), Err(SignatureError::Mismatch));
    }

    #[test]
    fn missing_signature_is_refused() {
        assert_eq!(verify(&[SECRET], None, BODY), Err(SignatureError::Missing));
    }

    #[test]
    fn anything_but_sha256_and_its_64_digits_is_refused() {
        let longer = [SIGNATURE, b"00"].concat();
        let spaced = [b" ", SIGNATURE].concat();
        let malformed: [&[u8]; 7] = [
            b"",
            b"sha256=",
            b"757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
            b"sha1=d03207e4b030cf234e3447bac4d93add4c6643d8",
            b"sha256=zz7107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
            &longer,
            &spaced,
        ];
        for header in malformed {
            let verdict = verify(&[SECRET], Some(header), BODY);
            assert_eq!(verdict, Err(SignatureError::Malformed), "{header:?}");
        }
    }

    #[test]
    fn empty_secret_is_never_tried() {
        // HMAC-SHA256 of the body under the empty key.
        let mut mac = Hmac::<Sha256>::new_from_slice(b"").unwrap();
        mac.update(BODY);
        let header = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        assert_eq!(verify(&[""], Some(header.as_bytes()), BODY), Err(SignatureError::NotConfigured));
        assert_eq!(verify(&["", SECRET], Some(header.as_bytes()), BODY), Err(SignatureError::Mismatch));
    }

    #[test]
    fn secrets_do_not_show_in_debug_output() {
        assert_eq!(format!("{:?}", secrets(&[SECRET])), "Secrets(1 set)");
    }
}
