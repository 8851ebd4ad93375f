//! What Argo Rollouts and Argo CD tell about deployments, by the templates in `deploy/notifications`.
//!
//! | file | what it holds |
//! |---|---|
//! | `source` | the two senders, their events, and the status that each reports |
//! | `notification` | a notification as it comes |
//! | `reference` | names of images as pods have them |
//! | `matching` | which deployment a notification is about, and why |

pub(crate) mod matching;
pub(crate) mod notification;
mod reference;
pub(crate) mod source;
