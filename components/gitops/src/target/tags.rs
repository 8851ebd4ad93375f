//! Which tags a target releases.

use regex_lite::{Regex, RegexBuilder};
use semver::{Version, VersionReq};

use crate::image::Tag;

/// Most characters of a range or an expression.
const MAX_LENGTH: usize = 256;
/// Bytes that a compiled expression may take. The time for a match grows with it.
const MAX_REGEX_SIZE: usize = 64 * 1024;

/// Which tags are released.
#[derive(Clone, Debug)]
pub enum TagRule {
    /// Semantic versions in a range; a leading `v` is left out of account.
    Semver(VersionReq),
    /// Tags that an expression matches from their first to their last character.
    Regex {
        /// The expression as it was given.
        text: String,
        /// The same, anchored.
        anchored: Regex,
    },
    /// Every tag.
    Any,
}

impl TagRule {
    /// Reads a range as Cargo writes it, e.g. `>=1.0.0, <2`.
    ///
    /// # Errors
    /// Says in words what is wrong.
    pub fn semver(text: &str) -> Result<Self, String> {
        check_length(text)?;
        let range = VersionReq::parse(text).map_err(|error| format!("is no range of versions: {error}"))?;
        Ok(Self::Semver(range))
    }

    /// Reads a regular expression.
    ///
    /// # Errors
    /// Says in words what is wrong.
    pub fn regex(text: &str) -> Result<Self, String> {
        check_length(text)?;
        // First on its own: `a)|(b` is good only inside the group.
        build(text)?;
        let anchored = build(&format!("^(?:{text})$"))?;
        Ok(Self::Regex { text: text.to_owned(), anchored })
    }

    /// Whether the tag is released, and why or why not, in words.
    pub(crate) fn judge(&self, tag: &Tag) -> Result<String, String> {
        match self {
            Self::Any => Ok(format!("tag {tag} is released because every tag is")),
            Self::Semver(range) => match version(tag) {
                None => Err(format!("tag {tag} is not a semantic version")),
                Some(version) if range.matches(&version) => Ok(format!("tag {tag} satisfies semver {range}")),
                Some(_) => Err(format!("tag {tag} does not satisfy semver {range}")),
            },
            Self::Regex { text, anchored } if anchored.is_match(tag.as_str()) => {
                Ok(format!("tag {tag} matches regex {text}"))
            }
            Self::Regex { text, .. } => Err(format!("tag {tag} does not match regex {text}")),
        }
    }
}

fn version(tag: &Tag) -> Option<Version> {
    let text = tag.as_str();
    Version::parse(text.strip_prefix('v').unwrap_or(text)).ok()
}

fn build(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text)
        .size_limit(MAX_REGEX_SIZE)
        .build()
        .map_err(|error| format!("is no regular expression that can be used: {error}"))
}

fn check_length(text: &str) -> Result<(), String> {
    match text.len() {
        0 => Err("is empty".to_owned()),
        1..=MAX_LENGTH => Ok(()),
        _ => Err(format!("is longer than {MAX_LENGTH} characters")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(rule: &TagRule, tag: &str) -> Result<String, String> {
        rule.judge(&Tag::parse(tag).unwrap())
    }

    #[test]
    fn semver_says_why_and_why_not() {
        let rule = TagRule::semver(">=1.0.0").unwrap();
        assert_eq!(judge(&rule, "1.4.2").unwrap(), "tag 1.4.2 satisfies semver >=1.0.0");
        assert_eq!(judge(&rule, "v1.4.2").unwrap(), "tag v1.4.2 satisfies semver >=1.0.0");
        assert_eq!(judge(&rule, "2.0.0-rc1").unwrap_err(), "tag 2.0.0-rc1 does not satisfy semver >=1.0.0");
        assert_eq!(judge(&rule, "0.9.9").unwrap_err(), "tag 0.9.9 does not satisfy semver >=1.0.0");
        assert_eq!(judge(&rule, "latest").unwrap_err(), "tag latest is not a semantic version");
        assert_eq!(judge(&rule, "1.4").unwrap_err(), "tag 1.4 is not a semantic version");
        assert_eq!(judge(&rule, "vv1.4.2").unwrap_err(), "tag vv1.4.2 is not a semantic version");
    }

    #[test]
    fn regex_is_anchored_to_the_whole_tag() {
        let rule = TagRule::regex("a|sha-[0-9a-f]{7}").unwrap();
        assert_eq!(judge(&rule, "sha-0a1b2c3").unwrap(), "tag sha-0a1b2c3 matches regex a|sha-[0-9a-f]{7}");
        for tag in ["sha-0a1b2c3d", "xsha-0a1b2c3", "ab", "ba"] {
            assert!(judge(&rule, tag).is_err(), "{tag}");
        }
        assert!(judge(&TagRule::regex("^1$").unwrap(), "1").is_ok());
    }

    #[test]
    fn expression_cannot_leave_its_anchors() {
        assert!(TagRule::regex("a)|(?:b").is_err());
        assert!(TagRule::regex("(?x)a # comment").is_err());
    }

    #[test]
    fn rules_are_limited_in_length_and_size() {
        let long = "a".repeat(257);
        for text in ["", "(", "((a{999}){999}){999}", &long] {
            assert!(TagRule::regex(text).is_err(), "{text}");
        }
        for text in ["", "one", ">=1.0.0 ||", &long] {
            assert!(TagRule::semver(text).is_err(), "{text}");
        }
    }
}
