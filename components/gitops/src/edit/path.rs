//! Paths into YAML documents.

use std::fmt;

/// Most characters of a path.
const MAX_LENGTH: usize = 256;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Into a mapping, to the value of this key.
    Key(String),
    /// Into a sequence, to the item at this index, counted from 0.
    Index(usize),
    /// Into a sequence of mappings, to the one whose `name` is this.
    Named(String),
}

/// A path to one value, e.g. `image.tag` or `containers[0].tag`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlPath(Vec<Step>);

/// What is wrong with the text of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a path to a value: keys are joined by `.`, as in `image.tag`, and items have an index, as in `containers[0].tag`"
)]
pub struct PathError;

impl YamlPath {
    /// Reads the dotted form.
    ///
    /// # Errors
    /// [`PathError`] when it is empty, too long, or has an empty key or an index that is no number.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        if text.is_empty() || text.len() > MAX_LENGTH {
            return Err(PathError);
        }
        let mut steps = Vec::new();
        for (position, part) in text.split('.').enumerate() {
            let (key, indices) = part.find('[').map_or((part, ""), |at| part.split_at(at));
            match key {
                // Only the first part may be an index alone: the document is a sequence then.
                "" if position > 0 || indices.is_empty() => return Err(PathError),
                "" => {}
                _ if key.contains(']') || key.chars().any(char::is_control) => return Err(PathError),
                _ => steps.push(Step::Key(key.to_owned())),
            }
            read_indices(indices, &mut steps)?;
        }
        Ok(Self(steps))
    }

    /// The path to a field of the entry for `image` in a kustomization.
    pub(super) fn kustomize_image(image: &str, field: &str) -> Self {
        Self(vec![Step::Key("images".to_owned()), Step::Named(image.to_owned()), Step::Key(field.to_owned())])
    }

    /// The steps, from the root of the document.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }
}

/// Reads `[0][1]`.
fn read_indices(mut text: &str, steps: &mut Vec<Step>) -> Result<(), PathError> {
    while !text.is_empty() {
        let (index, rest) = text.strip_prefix('[').and_then(|text| text.split_once(']')).ok_or(PathError)?;
        if !index.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(PathError);
        }
        steps.push(Step::Index(index.parse().map_err(|_| PathError)?));
        text = rest;
    }
    Ok(())
}

impl fmt::Display for YamlPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&written(&self.0))
    }
}

/// The steps as they are written in a path.
pub(super) fn written(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        match step {
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => {
                text.push('.');
                text.push_str(key);
            }
            Step::Index(index) => text.push_str(&format!("[{index}]")),
            Step::Named(name) => text.push_str(&format!("[name={name}]")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_indices_are_read_and_written_alike() {
        for text in ["tag", "image.tag", "containers[0].tag", "a[1][22].b", "[0].a", "my-app.image tag.x/y"] {
            assert_eq!(YamlPath::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(YamlPath::kustomize_image("a/b", "newTag").to_string(), "images[name=a/b].newTag");
    }

    #[test]
    fn other_texts_are_refused() {
        let long = "a".repeat(257);
        let broken = [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "a[",
            "a[]",
            "a[x]",
            "a[-1]",
            "a[+1]",
            "a[0",
            "a]",
            "a[0]b",
            "a.[0]",
            "a\nb",
            "a[99999999999999999999999]",
            &long,
        ];
        for text in broken {
            assert_eq!(YamlPath::parse(text), Err(PathError), "{text}");
        }
    }
}
