//! Why a file cannot be edited.

/// Why a file cannot be edited. Lines are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text is not YAML.
    #[error("line {line}: not YAML: {detail}")]
    NotYaml {
        /// Where the parser stopped.
        line: usize,
        /// What it says.
        detail: String,
    },
    /// The text is a template that would have to be rendered first.
    #[error("line {line}: `{{{{` starts a template; only plain YAML can be edited")]
    Templated {
        /// Where the template shows.
        line: usize,
    },
    /// The path leads nowhere.
    #[error("`{path}` does not exist: {reached}")]
    Missing {
        /// The whole path.
        path: String,
        /// How far it got, e.g. "`image` (line 3) has no `tag`".
        reached: String,
    },
    /// The path leads to two places.
    #[error("`{path}` stands on line {first} and again on line {second}")]
    Ambiguous {
        /// The path up to where it forks.
        path: String,
        /// One place.
        first: usize,
        /// The other.
        second: usize,
    },
    /// The path leads to a mapping or a sequence.
    #[error("line {line}: `{path}` is a {kind}, not a single value")]
    NotScalar {
        /// The path.
        path: String,
        /// Where it begins.
        line: usize,
        /// `mapping` or `sequence`.
        kind: &'static str,
    },
    /// The key is there, but nothing stands behind it that could be replaced.
    #[error("line {line}: `{path}` has no value; write one, at least `\"\"`")]
    Empty {
        /// The path.
        path: String,
        /// Where the value would be.
        line: usize,
    },
    /// The path leads through an alias, so that the value belongs to another place.
    #[error("line {line}: `{path}` is an alias; edit the place that it refers to")]
    Alias {
        /// The path up to the alias.
        path: String,
        /// Where the alias stands.
        line: usize,
    },
    /// The value is part of an anchored node that is used elsewhere too.
    #[error(
        "line {line}: `{path}` has an anchor that line {used} refers to, so that more than one value would change"
    )]
    SharedAnchor {
        /// The path up to the anchor.
        path: String,
        /// Where the anchor stands.
        line: usize,
        /// Where it is used first.
        used: usize,
    },
    /// The value is a block scalar (`|` or `>`).
    #[error("line {line}: `{path}` is a block scalar; write it on one line")]
    BlockScalar {
        /// The path.
        path: String,
        /// Where it begins.
        line: usize,
    },
    /// The value has a tag that makes it something else than a string.
    #[error("line {line}: `{path}` has the tag `{tag}`; only strings can be replaced")]
    Tagged {
        /// The path.
        path: String,
        /// Where it begins.
        line: usize,
        /// The tag.
        tag: String,
    },
    /// A kustomization's image has a digest, which decides what is deployed whatever the tag says.
    #[error(
        "line {line}: the image has a digest, so that a new tag alone would deploy the old image; write `tag@digest`"
    )]
    Pinned {
        /// Where the digest stands.
        line: usize,
    },
    /// The new value holds characters that do not belong on one line of text.
    #[error("the new value holds control characters")]
    Unwritable,
    /// Parsed again, the edited text differs in more than the value. This should not happen; nothing was changed.
    #[error("line {line}: replacing the value would have changed more than the value")]
    NotIsolated {
        /// Where the value stands.
        line: usize,
    },
}
