//! One route, taken apart.

use thiserror::Error;

/// What a route demands of a path, segment by segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    pub segments: Vec<Segment>,
    /// Whether the route goes on with anything, or nothing, after its segments.
    pub wildcard: bool,
}

/// One segment of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    /// This text.
    Static(String),
    /// Any one segment, handed to the application under this name.
    Named(String),
}

/// Why a route cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PatternError {
    /// A wildcard with more route behind it.
    #[error("a wildcard is only allowed as the last segment")]
    WildcardNotLast,
    /// `*name`
    #[error("the trailing wildcard has no name: write `/...`")]
    NamedWildcard,
    /// A colon without a usable name.
    #[error("a named segment is a colon and a name made of letters, digits, `_` and `-`")]
    InvalidName,
    /// One name twice in a route.
    #[error("a name can be used only once in a route")]
    RepeatedName,
    /// A character that no request path holds.
    #[error("a route is a path: no spaces, control characters, `?` or `#`")]
    InvalidCharacter,
}

impl Pattern {
    /// Takes a route as it stands in the manifest apart. Slashes around it, and doubled ones inside, do not count.
    pub fn parse(route: &str) -> Result<Self, PatternError> {
        if route.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '?' | '#')) {
            return Err(PatternError::InvalidCharacter);
        }
        let mut texts: Vec<&str> = route.split('/').filter(|text| !text.is_empty()).collect();
        let wildcard = texts.pop_if(|last| matches!(*last, "..." | "*")).is_some();
        let segments = texts.into_iter().map(Segment::parse).collect::<Result<Vec<_>, _>>()?;

        let pattern = Self { segments, wildcard };
        let names: Vec<&str> = pattern.names().collect();
        let repeated =
            names.iter().enumerate().any(|(at, name)| names.iter().skip(at + 1).any(|n| n == name));
        if repeated { Err(PatternError::RepeatedName) } else { Ok(pattern) }
    }

    /// The names of the named segments, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Named(name) => Some(name.as_str()),
            Segment::Static(_) => None,
        })
    }

    /// The one path that this route matches, without slashes around it; none if it matches several.
    pub fn only_path(&self) -> Option<String> {
        let is_static = !self.wildcard && self.names().next().is_none();
        is_static.then(|| self.shape())
    }

    /// The route without its names: two routes of one shape match the same paths.
    pub fn shape(&self) -> String {
        let texts = self.segments.iter().map(|segment| match segment {
            Segment::Static(text) => text.as_str(),
            Segment::Named(_) => ":",
        });
        texts.chain(self.wildcard.then_some("...")).collect::<Vec<_>>().join("/")
    }

    /// Orders routes: of two that match a path, the one with the smaller rank is meant. Shorter comes before longer,
    /// so that `/a` wins over `/a/...`.
    pub fn rank(&self) -> Vec<u8> {
        let ranks = self.segments.iter().map(|segment| match segment {
            Segment::Static(_) => 0,
            Segment::Named(_) => 1,
        });
        ranks.chain(self.wildcard.then_some(2)).collect()
    }
}

impl Segment {
    fn parse(text: &str) -> Result<Self, PatternError> {
        if let Some(name) = text.strip_prefix(':') {
            let valid = !name.is_empty()
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
            return if valid { Ok(Self::Named(name.to_owned())) } else { Err(PatternError::InvalidName) };
        }
        match text {
            "..." | "*" => Err(PatternError::WildcardNotLast),
            _ if text.starts_with('*') => Err(PatternError::NamedWildcard),
            _ => Ok(Self::Static(text.to_owned())),
        }
    }
}
