//! What a webhook delivery says, independent of who sent it.

pub mod github;

use crate::image::{Digest, ImageName, Tag};

/// One delivery, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The sender tries out whether anybody is there.
    Ping {
        /// A sentence of the sender; may be empty.
        zen: String,
    },
    /// An image was pushed under a tag.
    Push(ImagePush),
    /// Nothing that can be acted on.
    Ignored {
        /// Why, in words.
        reason: String,
    },
}

/// An image that was pushed under a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImagePush {
    /// The image.
    pub image: ImageName,
    /// The tag it was pushed under.
    pub tag: Tag,
    /// What the tag points to, where the event says so.
    pub digest: Option<Digest>,
    /// Id of the commit that the image was built from, where its labels say so.
    pub source_commit: Option<String>,
}
