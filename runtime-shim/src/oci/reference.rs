//! What names an artifact in a registry, such as `ghcr.io/acme/app:1.2@sha256:…`:
//! <https://pkg.go.dev/github.com/distribution/reference>.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::digest::{Digest, NotADigest};

/// The registry of references that name none.
const DOCKER_HUB: &str = "docker.io";

/// Where Docker Hub answers.
const DOCKER_HUB_HOST: &str = "registry-1.docker.io";

/// What Docker Hub puts before names of one word.
const DOCKER_LIBRARY: &str = "library";

/// Most characters of registry and repository.
const MAX_NAME: usize = 255;

/// Most characters of a tag.
const MAX_TAG: usize = 128;

/// The tag of references that have neither tag nor digest.
const LATEST: &str = "latest";

/// Registry, repository, and a tag or a digest or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Why a text is no reference.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotAReference {
    /// The part before the first slash is no host.
    #[error("{0:?} is not the host of a registry")]
    Registry(String),
    /// The part between registry and tag.
    #[error("{0:?} is not a repository: it must be lower-case words joined by `.`, `_`, `-` and `/`")]
    Repository(String),
    /// The part behind the colon.
    #[error("{0:?} is not a tag: it must be at most {MAX_TAG} letters, digits, `.`, `_` and `-`")]
    Tag(String),
    /// The part behind the `@`.
    #[error(transparent)]
    Digest(#[from] NotADigest),
}

impl Reference {
    /// Whether Spin would take `text`, of which there is no such file, for a reference: it has a tag or a digest, or it
    /// names a registry. A path such as `app/spin.toml` is a valid reference too, and is not meant as one. See
    /// `is_probably_oci_reference` in <https://github.com/spinframework/spin/blob/main/crates/oci/src/lib.rs>.
    pub fn is_likely(text: &str) -> bool {
        let Ok(reference) = text.parse::<Self>() else { return false };
        let is_exact = reference.tag.is_some() || reference.digest.is_some();
        is_exact || !reference.registry.contains("docker") || text.contains("docker")
    }

    /// As it is written, `docker.io` for Docker Hub.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// Host and port that answer for the registry.
    pub fn host(&self) -> &str {
        if self.registry == DOCKER_HUB { DOCKER_HUB_HOST } else { &self.registry }
    }

    /// Path of the repository.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The digest, which counts before the tag.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// What the registry is asked for: the digest, or else the tag.
    pub fn version(&self) -> String {
        match &self.digest {
            Some(digest) => digest.to_string(),
            None => self.tag.as_deref().unwrap_or(LATEST).to_owned(),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match (&self.tag, &self.digest) {
            (_, Some(digest)) => write!(f, "@{digest}"),
            (None, None) => write!(f, ":{LATEST}"),
            (Some(_), None) => Ok(()),
        }
    }
}

impl FromStr for Reference {
    type Err = NotAReference;

    fn from_str(text: &str) -> Result<Self, NotAReference> {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest.parse()?)),
            None => (text, None),
        };
        let (registry, rest) = match name.split_once('/') {
            Some((first, rest)) if is_registry(first) => (first, rest),
            _ => (DOCKER_HUB, name),
        };
        let (repository, tag) = match rest.rsplit_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (rest, None),
        };
        let registry = if registry == "index.docker.io" { DOCKER_HUB } else { registry };
        if !is_host(registry) {
            return Err(NotAReference::Registry(registry.to_owned()));
        }
        let is_word_of_docker = registry == DOCKER_HUB && !repository.contains('/');
        let repository = match is_word_of_docker {
            true => format!("{DOCKER_LIBRARY}/{repository}"),
            false => repository.to_owned(),
        };
        if !repository.split('/').all(is_path_part) || registry.len() + repository.len() >= MAX_NAME {
            return Err(NotAReference::Repository(rest.to_owned()));
        }
        if let Some(tag) = tag.filter(|tag| !is_tag(tag)) {
            return Err(NotAReference::Tag(tag.to_owned()));
        }
        Ok(Self { registry: registry.to_owned(), repository, tag: tag.map(str::to_owned), digest })
    }
}

/// Docker's rule to tell a registry from the first part of a repository.
fn is_registry(first: &str) -> bool {
    first == "localhost" || first.contains(['.', ':'])
}

/// A host name, an IPv4 address or an IPv6 address in brackets, with a port or without.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':').filter(|_| !text.ends_with(']')) {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let is_address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .is_some_and(|host| host.parse::<std::net::Ipv6Addr>().is_ok());
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    is_port && (is_address || host.split('.').all(is_label))
}

/// Lower-case letters and digits, between them `.`, `_`, `__` or any number of `-`.
fn is_path_part(part: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let mut separators = part.split(|c: char| c.is_ascii() && is_letter(c as u8));
    let separators_fit = separators.all(|separator| {
        matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-')
    });
    let ends_fit =
        [part.bytes().next(), part.bytes().last()].into_iter().all(|end| end.is_some_and(is_letter));
    ends_fit && separators_fit
}

fn is_tag(tag: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    tag.len() <= MAX_TAG
        && tag.bytes().next().is_some_and(is_word)
        && tag.bytes().all(|byte| is_word(byte) || matches!(byte, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn parts(text: &str) -> (String, String, String) {
        let reference: Reference = text.parse().expect(text);
        (reference.host().to_owned(), reference.repository().to_owned(), reference.version())
    }

    #[test]
    fn references_are_taken_apart() {
        let owned = |(host, repository, version): (&str, &str, &str)| {
            (host.to_owned(), repository.to_owned(), version.to_owned())
        };
        let with_digest = format!("ghcr.io/acme/app:1.2@{DIGEST}");
        let only_digest = format!("localhost:5000/app@{DIGEST}");
        for (text, expected) in [
            ("ghcr.io/acme/app:1.2", ("ghcr.io", "acme/app", "1.2")),
            (with_digest.as_str(), ("ghcr.io", "acme/app", DIGEST)),
            (only_digest.as_str(), ("localhost:5000", "app", DIGEST)),
            ("registry:5000/app:tag", ("registry:5000", "app", "tag")),
            ("localhost/a/b__c/d--e.f", ("localhost", "a/b__c/d--e.f", "latest")),
            ("[::1]:5000/app:a", ("[::1]:5000", "app", "a")),
            ("acme/app:Tag_1.0-rc", ("registry-1.docker.io", "acme/app", "Tag_1.0-rc")),
            ("app:1", ("registry-1.docker.io", "library/app", "1")),
        ] {
            assert_eq!(parts(text), owned(expected), "{text}");
        }
    }

    #[test]
    fn a_reference_is_shown_whole() {
        let shown = |text: &str| text.parse::<Reference>().expect(text).to_string();
        assert_eq!(shown("app"), "docker.io/library/app:latest");
        assert_eq!(shown("ghcr.io/a/b:1"), "ghcr.io/a/b:1");
        assert_eq!(shown(&format!("ghcr.io/a/b:1@{DIGEST}")), format!("ghcr.io/a/b:1@{DIGEST}"));
    }

    #[test]
    fn what_could_lead_elsewhere_is_no_reference() {
        for text in [
            "",
            "/",
            "./spin.toml",
            "../app:1",
            "/srv/app:1",
            "ghcr.io/../../v2:1",
            "ghcr.io/acme//app:1",
            "ghcr.io/Acme/app:1",
            "ghcr.io/acme/app:",
            "ghcr.io/acme/app:a/b",
            "ghcr.io/acme/app:a?b",
            "ghcr.io/acme/app@sha256:abc",
            "gh@cr.io/acme/app:1",
            "user:password@ghcr.io/acme/app:1",
            "ghcr.io:http/acme/app:1",
            "gh cr.io/acme/app:1",
            "ghcr.io/acme/äpp:1",
            "ghcr.io/-app:1",
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
    }

    #[test]
    fn paths_are_told_from_references_as_spin_does() {
        let with_digest = format!("acme/app@{DIGEST}");
        for text in ["ghcr.io/acme/app", "app:1", "acme/app:latest", "docker.io/acme/app", &with_digest] {
            assert!(Reference::is_likely(text), "{text}");
        }
        for text in ["spin.toml", "acme/spin.toml", "acme/app", "./app:1", "/app", "app.wasm"] {
            assert!(!Reference::is_likely(text), "{text}");
        }
    }
}
