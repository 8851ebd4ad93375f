//! Names of images, tags and digests, as the OCI specifications allow them.
//!
//! - name and tag: <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests>
//! - digest: <https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests>

use std::fmt;

/// Most characters that the specification allows a name, with its host, to have.
const MAX_NAME: usize = 255;
const MAX_TAG: usize = 128;
/// The specification sets no limit; this is the length of the longest registered form, SHA-512.
const MAX_DIGEST: usize = 135;

/// What is wrong with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// See [`ImageName`].
    #[error("not an image name: lower-case `host[:port]/path`, without tag or digest")]
    Image,
    /// See [`Tag`].
    #[error("not an image tag: up to 128 letters, digits, `_`, `.` and `-`, not starting with `.` or `-`")]
    Tag,
    /// See [`Digest`].
    #[error("not a digest: `sha256:` and 64 lower-case hexadecimal digits, or another registered form")]
    Digest,
}

/// Declares a text that is checked once, when it is made.
macro_rules! checked_text {
    ($(#[$attribute:meta])* $name:ident, $valid:path, $error:expr) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Takes the text if the grammar allows it.
            ///
            /// # Errors
            /// [`NameError`] when it does not.
            pub fn parse(text: impl Into<String>) -> Result<Self, NameError> {
                let text = text.into();
                if $valid(&text) { Ok(Self(text)) } else { Err($error) }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

checked_text! {
    /// The name of an image without tag and digest, e.g. `ghcr.io/acme/api` or `localhost:5000/api`.
    ImageName, is_image_name, NameError::Image
}

checked_text! {
    /// A tag, e.g. `1.4.2`.
    Tag, is_tag, NameError::Tag
}

checked_text! {
    /// A digest, e.g. `sha256:` and 64 hexadecimal digits.
    Digest, is_digest, NameError::Digest
}

fn is_image_name(text: &str) -> bool {
    if text.len() > MAX_NAME {
        return false;
    }
    let path = match text.split_once('/') {
        Some((first, rest)) if looks_like_host(first) => {
            if !is_host(first) {
                return false;
            }
            rest
        }
        _ => text,
    };
    path.split('/').all(is_path_component)
}

/// A first component with a dot or a port, or `localhost`, is a registry: otherwise it is part of the path.
fn looks_like_host(component: &str) -> bool {
    component.contains(['.', ':']) || component == "localhost"
}

fn is_host(text: &str) -> bool {
    let (domain, port) = match text.split_once(':') {
        Some((domain, port)) => (domain, Some(port)),
        None => (text, None),
    };
    domain.split('.').all(is_domain_label)
        && port.is_none_or(|port| port.parse::<u16>().is_ok() && all(port, digit))
}

fn is_domain_label(label: &str) -> bool {
    !label.is_empty()
        && !label.starts_with('-')
        && !label.ends_with('-')
        && all(label, |byte| lower_alphanumeric(byte) || byte == b'-')
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_path_component(component: &str) -> bool {
    let is_edge_good = |byte: Option<&u8>| byte.copied().is_some_and(lower_alphanumeric);
    let bytes = component.as_bytes();
    is_edge_good(bytes.first())
        && is_edge_good(bytes.last())
        && bytes
            .split(|byte| lower_alphanumeric(*byte))
            .all(|gap| matches!(gap, b"" | b"." | b"_" | b"__") || gap.iter().all(|byte| *byte == b'-'))
}

/// `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`
fn is_tag(text: &str) -> bool {
    text.len() <= MAX_TAG
        && text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric() || first == b'_')
        && all(text, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

/// `algorithm ":" encoded`, with the exact length for the registered algorithms.
fn is_digest(text: &str) -> bool {
    let Some((algorithm, encoded)) = text.split_once(':') else {
        return false;
    };
    match algorithm {
        "sha256" => encoded.len() == 64 && all(encoded, lower_hexadecimal),
        "sha512" => encoded.len() == 128 && all(encoded, lower_hexadecimal),
        _ => {
            text.len() <= MAX_DIGEST
                && algorithm
                    .split(['+', '.', '_', '-'])
                    .all(|part| !part.is_empty() && all(part, lower_alphanumeric))
                && !encoded.is_empty()
                && all(encoded, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'=' | b'_' | b'-'))
        }
    }
}

fn all(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    text.bytes().all(allowed)
}

fn digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

fn lower_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn lower_hexadecimal(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_names_of_the_grammar_are_accepted() {
        for name in [
            "ghcr.io/acme/api",
            "localhost/api",
            "localhost:5000/api",
            "registry.example.com:443/a/b/c/d",
            "127.0.0.1:5000/x",
            "acme/api",
            "a",
            "ghcr.io/a.b/c_d/e__f/g---h",
        ] {
            assert!(ImageName::parse(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn other_image_names_are_refused() {
        let long = format!("ghcr.io/{}", "a".repeat(248));
        for name in [
            "",
            "/",
            "ghcr.io/",
            "ghcr.io//api",
            "ghcr.io/acme/",
            "ghcr.io/Acme/api",
            "GHCR.io/acme/api",
            "ghcr.io/acme/api:1",
            "ghcr.io/acme/api@sha256:0",
            "ghcr.io/acme/a..b",
            "ghcr.io/acme/a___b",
            "ghcr.io/acme/-a",
            "ghcr.io/acme/a.",
            "ghcr.io/acme/a b",
            "ghcr.io/acme/ü",
            "ghcr.io/acme/a\n",
            "host:99999/a",
            "host:+80/a",
            "host:/a",
            "-x.io/a",
            "https://ghcr.io/acme/api",
            &long,
        ] {
            assert!(ImageName::parse(name).is_err(), "{name}");
        }
    }

    #[test]
    fn tags_follow_the_grammar() {
        let longest = "a".repeat(128);
        for tag in ["1.0.0", "v1", "latest", "_x", "sha-0a1b2c3", "A-b_c.d", &longest] {
            assert!(Tag::parse(tag).is_ok(), "{tag}");
        }
        let longer = "a".repeat(129);
        for tag in ["", ".a", "-a", "a b", "a:b", "a/b", "a+b", "sha256:00", "ä", "a\n", "{{x}}", &longer] {
            assert!(Tag::parse(tag).is_err(), "{tag}");
        }
    }

    #[test]
    fn digests_follow_the_grammar() {
        let sha256 = format!("sha256:{}", "0a".repeat(32));
        let sha512 = format!("sha512:{}", "0a".repeat(64));
        for digest in [sha256.as_str(), &sha512, "blake3+b64:Ab_-="] {
            assert!(Digest::parse(digest).is_ok(), "{digest}");
        }
        let upper = sha256.to_uppercase();
        let forty = format!("sha256:{}", "0".repeat(40));
        for digest in ["", "sha256", "sha256:", ":00", "md5:", "x+:00", "x:ü", &forty, &upper] {
            assert!(Digest::parse(digest).is_err(), "{digest}");
        }
    }
}
