//! Names of images as pods have them.

/// The parts of `name[:tag][@digest]`, see
/// <https://github.com/distribution/reference/blob/v0.6.0/reference.go>. They are only compared, so that nothing is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reference<'a> {
    pub(crate) name: &'a str,
    pub(crate) tag: Option<&'a str>,
    pub(crate) digest: Option<&'a str>,
}

impl<'a> Reference<'a> {
    pub(crate) fn split(text: &'a str) -> Self {
        let (tagged, digest) = match text.split_once('@') {
            Some((tagged, digest)) => (tagged, Some(digest)),
            None => (text, None),
        };
        // The colon of a port comes before a slash.
        let (name, tag) = match tagged.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (tagged, None),
        };
        Self { name, tag, digest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart() {
        let cases = [
            ("ghcr.io/acme/api", "ghcr.io/acme/api", None, None),
            ("ghcr.io/acme/api:1.4.2", "ghcr.io/acme/api", Some("1.4.2"), None),
            ("ghcr.io/acme/api@sha256:00", "ghcr.io/acme/api", None, Some("sha256:00")),
            ("localhost:5000/api", "localhost:5000/api", None, None),
            ("localhost:5000/api:1@sha256:00", "localhost:5000/api", Some("1"), Some("sha256:00")),
            ("", "", None, None),
            ("@:", "", None, Some(":")),
            (":", "", Some(""), None),
        ];
        for (text, name, tag, digest) in cases {
            assert_eq!(Reference::split(text), Reference { name, tag, digest }, "{text}");
        }
    }
}
