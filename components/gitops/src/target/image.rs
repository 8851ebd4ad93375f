//! Which images a target is about.

use std::fmt;

use crate::image::ImageName;

/// Most characters of a pattern; the same as of an image name.
const MAX_LENGTH: usize = 255;

/// One image, or all that a pattern matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImagePattern {
    /// This image.
    Exact(ImageName),
    /// Every image that this pattern matches; no wildcard matches a `/`.
    Glob(String),
}

impl ImagePattern {
    /// Reads a name, or a pattern with `*`, `?`, `[a-z]` and `{a,b}`.
    ///
    /// # Errors
    /// Says in words what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        if !text.contains(['*', '?', '[', ']', '{', '}']) {
            return ImageName::parse(text).map(Self::Exact).map_err(|error| format!("is {error}"));
        }
        if text.len() > MAX_LENGTH {
            return Err(format!("is longer than {MAX_LENGTH} characters"));
        }
        if text.contains("**") {
            return Err("has `**`; name every part between slashes, each may be `*`".to_owned());
        }
        if let Some(other) = text.chars().find(|char| !is_allowed(*char)) {
            return Err(format!("has {other:?}, which no image name and no pattern holds"));
        }
        if text.starts_with('!') {
            return Err("starts with `!`; say which images are meant, not which are not".to_owned());
        }
        fast_glob::validate(text).map_err(|error| format!("is no pattern: {error}"))?;
        Ok(Self::Glob(text.to_owned()))
    }

    /// Whether this image is meant.
    pub fn matches(&self, image: &ImageName) -> bool {
        match self {
            Self::Exact(name) => name == image,
            Self::Glob(pattern) => fast_glob::glob_match(pattern, image.as_str()),
        }
    }
}

fn is_allowed(char: char) -> bool {
    char.is_ascii_lowercase() || char.is_ascii_digit() || "._-/:*?[]{},!^".contains(char)
}

impl fmt::Display for ImagePattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => name.fmt(formatter),
            Self::Glob(pattern) => formatter.write_str(pattern),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, image: &str) -> bool {
        ImagePattern::parse(pattern).unwrap().matches(&ImageName::parse(image).unwrap())
    }

    #[test]
    fn exact_name_matches_itself_only() {
        assert!(matches("ghcr.io/acme/api", "ghcr.io/acme/api"));
        assert!(!matches("ghcr.io/acme/api", "ghcr.io/acme/api2"));
        assert!(!matches("ghcr.io/acme/api", "ghcrxio/acme/api"));
    }

    #[test]
    fn wildcards_do_not_cross_a_slash() {
        assert!(matches("ghcr.io/acme/*", "ghcr.io/acme/api"));
        assert!(!matches("ghcr.io/acme/*", "ghcr.io/acme/team/api"));
        assert!(!matches("ghcr.io/*", "ghcr.io/acme/api"));
        assert!(!matches("*", "ghcr.io/acme"));
        assert!(!matches("ghcr.io/acme?api", "ghcr.io/acme/api"));
        assert!(!matches("ghcr.io/acme[/]api", "ghcr.io/acme/api"));
        assert!(matches("ghcr.io/acme/{api,web}-?[0-9]", "ghcr.io/acme/web-v1"));
    }

    #[test]
    fn broken_patterns_are_refused() {
        let long = format!("ghcr.io/{}*", "a".repeat(255));
        for pattern in [
            "",
            "ghcr.io/acme/api:1",
            "ghcr.io/**",
            "!ghcr.io/*",
            "ghcr.io/{a,b",
            "ghcr.io/[a",
            "Ghcr.io/*",
            "a b*",
            &long,
        ] {
            assert!(ImagePattern::parse(pattern).is_err(), "{pattern}");
        }
    }
}
