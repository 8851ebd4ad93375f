//! Changes to YAML files: one scalar, found by its path, is replaced by its bytes. Every other byte stays as it is.
//!
//! The result is parsed again and compared with the original, event by event, before anybody may use it.

mod document;
mod error;
mod locate;
mod path;
mod plain;
mod scalar;

pub use error::EditError;
pub use path::{PathError, Step, YamlPath};

use document::Document;

/// What to change in which file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Path of the file inside the repository, with `/` between its parts.
    pub file: String,
    /// Where in the file the value stands.
    pub place: Place,
}

/// Where in a file a released value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The scalar at this path, as in Helm values.
    Value(YamlPath),
    /// The entry of a kustomization's `images` that has this name: its `newTag`, its `digest`, or both.
    ///
    /// <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/images/>
    KustomizeImage(String),
}

/// A file after an edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// The whole file.
    pub text: String,
    /// The value that stood there before.
    pub before: String,
    /// Whether the text differs from the original.
    pub changed: bool,
}

/// Writes `value` to the place that `edit` names in `text`. A kustomization takes a tag, a digest or `tag@digest`.
///
/// # Errors
/// [`EditError`] says in words, and with line numbers, why the file cannot be edited; the text is then not to be used.
pub fn apply(text: &str, edit: &Edit, value: &str) -> Result<Edited, EditError> {
    match &edit.place {
        Place::Value(path) => replace(text, path, value),
        Place::KustomizeImage(name) => replace_image(text, name, value),
    }
}

fn replace_image(text: &str, name: &str, value: &str) -> Result<Edited, EditError> {
    let field = |field: &str| YamlPath::kustomize_image(name, field);
    match value.split_once('@') {
        Some((tag, digest)) => {
            let first = replace(text, &field("newTag"), tag)?;
            let second = replace(&first.text, &field("digest"), digest)?;
            Ok(Edited {
                text: second.text,
                before: format!("{}@{}", first.before, second.before),
                changed: first.changed || second.changed,
            })
        }
        // A tag never holds a colon, a digest always does.
        None if value.contains(':') => replace(text, &field("digest"), value),
        None => {
            refuse_pinned(text, &field("digest"))?;
            replace(text, &field("newTag"), value)
        }
    }
}

/// Kustomize puts an entry's digest behind the tag, so that a new tag beside an old digest would deploy the old image.
fn refuse_pinned(text: &str, digest: &YamlPath) -> Result<(), EditError> {
    match locate::locate(&Document::parse(text)?, digest) {
        Ok(found) if !found.value.is_empty() => Err(EditError::Pinned { line: found.line }),
        _ => Ok(()),
    }
}

fn replace(text: &str, path: &YamlPath, value: &str) -> Result<Edited, EditError> {
    let document = Document::parse(text)?;
    let found = locate::locate(&document, path)?;
    let before = found.value.to_owned();
    if scalar::says(&found, value) {
        return Ok(Edited { text: text.to_owned(), before, changed: false });
    }
    let bytes = scalar::bytes(text, &found).ok_or(EditError::NotIsolated { line: found.line })?;
    let (head, tail) = (text.get(..bytes.start), text.get(bytes.end..));
    let (Some(head), Some(tail)) = (head, tail) else {
        return Err(EditError::NotIsolated { line: found.line });
    };
    let written = scalar::write(&found, value)?;
    let edited = [head, &written, tail].concat();
    if !document.differs_only_at(found.event, value, &edited) {
        return Err(EditError::NotIsolated { line: found.line });
    }
    Ok(Edited { text: edited, before, changed: true })
}
