//! Whether an image push concerns a target, and what it writes there.

use crate::event::ImagePush;
use crate::target::{Target, Write};

/// What a push means for a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The value is to be written.
    Promote {
        /// What to write.
        value: String,
        /// Why, in words.
        why: String,
    },
    /// Nothing is to be done.
    Skip {
        /// Why, in words.
        why: String,
    },
}

impl Target {
    /// Decides about a push, by this target's rules alone.
    pub fn decide(&self, push: &ImagePush) -> Decision {
        match self.judge(push) {
            Ok((value, why)) => Decision::Promote { value, why },
            Err(why) => Decision::Skip { why },
        }
    }

    fn judge(&self, push: &ImagePush) -> Result<(String, String), String> {
        if !self.names(&push.image) {
            return Err(format!("image {} is not {}", push.image, self.image));
        }
        let why = self.tags.judge(&push.tag)?;
        Ok((self.value(push)?, why))
    }

    fn value(&self, push: &ImagePush) -> Result<String, String> {
        let digest = || push.digest.as_ref().ok_or("the event names no digest, and the target writes it");
        Ok(match self.write {
            Write::Tag => push.tag.to_string(),
            Write::Digest => digest()?.to_string(),
            Write::TagAndDigest => format!("{}@{}", push.tag, digest()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Digest, ImageName, Tag};
    use crate::target::Targets;

    const DIGEST: &str = "sha256:4e9bbcb2c4dd5fb7f3aeb7d5d2a44a31ad7df9d6bb5b3e60aabbccddeeff0011";

    fn decide(write: &str, push: &ImagePush) -> Decision {
        let targets = Targets::parse(&format!(
            r#"
            [[target]]
            service = "api"
            environment = "staging"
            image = "ghcr.io/acme/*"
            tags = {{ semver = ">=1.0.0" }}
            write = "{write}"
            git = {{ host = "github", repository = "acme/gitops", branch = "main" }}
            edit = [{{ file = "values.yaml", path = "image.tag" }}]
            "#
        ))
        .unwrap();
        targets.with_key("api/staging/ghcr.io/acme/*").unwrap().decide(push)
    }

    fn push(image: &str, tag: &str, digest: Option<&str>) -> ImagePush {
        ImagePush {
            image: ImageName::parse(image).unwrap(),
            tag: Tag::parse(tag).unwrap(),
            digest: digest.map(|digest| Digest::parse(digest).unwrap()),
            source_commit: None,
        }
    }

    fn skipped(why: &str) -> Decision {
        Decision::Skip { why: why.to_owned() }
    }

    #[test]
    fn each_form_of_value_is_written() {
        let push = push("ghcr.io/acme/api", "v1.4.2", Some(DIGEST));
        let promoted = |value: &str| Decision::Promote {
            value: value.to_owned(),
            why: "tag v1.4.2 satisfies semver >=1.0.0".to_owned(),
        };
        assert_eq!(decide("tag", &push), promoted("v1.4.2"));
        assert_eq!(decide("digest", &push), promoted(DIGEST));
        assert_eq!(decide("tag@digest", &push), promoted(&format!("v1.4.2@{DIGEST}")));
    }

    #[test]
    fn digest_that_is_wanted_and_missing_is_a_reason_to_skip() {
        let push = push("ghcr.io/acme/api", "1.0.0", None);
        let why = "the event names no digest, and the target writes it";
        assert_eq!(decide("digest", &push), skipped(why));
        assert_eq!(decide("tag@digest", &push), skipped(why));
        assert!(matches!(decide("tag", &push), Decision::Promote { .. }));
    }

    #[test]
    fn other_images_and_tags_are_skipped_with_the_reason() {
        assert_eq!(
            decide("tag", &push("ghcr.io/other/api", "1.0.0", None)),
            skipped("image ghcr.io/other/api is not ghcr.io/acme/*")
        );
        assert_eq!(
            decide("tag", &push("ghcr.io/acme/api", "2.0.0-rc1", None)),
            skipped("tag 2.0.0-rc1 does not satisfy semver >=1.0.0")
        );
    }
}
