//! Finding the scalar that a path leads to.

use std::ops::Range;

use saphyr_parser::{Event, ScalarStyle};

use super::document::Document;
use super::path::written;
use super::{EditError, Step, YamlPath};

/// A scalar that may be replaced.
pub(super) struct Found<'document> {
    /// Index of its event.
    pub(super) event: usize,
    /// What it says.
    pub(super) value: &'document str,
    /// How it is written; never a block scalar.
    pub(super) style: ScalarStyle,
    /// Whether it stands inside `{}` or `[]`.
    pub(super) in_flow: bool,
    /// Its bytes, as [`Document::bytes`] gives them.
    pub(super) bytes: Range<usize>,
    /// Its line.
    pub(super) line: usize,
}

/// Finds the one scalar at `path`, in whichever of the documents it is.
pub(super) fn locate<'document>(
    document: &'document Document<'_>,
    path: &YamlPath,
) -> Result<Found<'document>, EditError> {
    let mut found: Option<Found<'_>> = None;
    let mut nearest: Option<(usize, EditError)> = None;
    for root in document.roots() {
        match walk(document, root, path.steps())? {
            Walk::Arrived { node, in_flow } => {
                let scalar = scalar(document, node, in_flow, path)?;
                if let Some(first) = found.replace(scalar) {
                    return Err(ambiguous(path.steps(), first.line, document.line(node)));
                }
            }
            Walk::Stopped { steps, error } => {
                if nearest.as_ref().is_none_or(|(most, _)| steps > *most) {
                    nearest = Some((steps, error));
                }
            }
        }
    }
    found.ok_or_else(|| match nearest {
        Some((_, error)) => error,
        None => missing(path.steps(), "the file is empty".to_owned()),
    })
}

enum Walk {
    Arrived { node: usize, in_flow: bool },
    Stopped { steps: usize, error: EditError },
}

/// Follows the steps from a root node. That a step leads nowhere is not yet an error: another document may have it.
fn walk(document: &Document<'_>, root: usize, steps: &[Step]) -> Result<Walk, EditError> {
    let mut node = root;
    let mut in_flow = false;
    for (taken, step) in steps.iter().enumerate() {
        let so_far = steps.get(..taken).unwrap_or_default();
        refuse_shared(document, node, so_far)?;
        in_flow = in_flow || document.is_flow(node);
        let up_to_here = steps.get(..=taken).unwrap_or_default();
        let mut matches = matching(document, node, step).into_iter();
        match (matches.next(), matches.next()) {
            (Some(first), Some(second)) => {
                return Err(ambiguous(up_to_here, document.line(first), document.line(second)));
            }
            (Some(only), None) => node = only,
            _ => {
                let reached = reached(document, node, so_far, step);
                return Ok(Walk::Stopped { steps: taken, error: missing(steps, reached) });
            }
        }
    }
    refuse_shared(document, node, steps)?;
    Ok(Walk::Arrived { node, in_flow })
}

/// The nodes that one step leads to; more than one where a key or a name is there twice.
fn matching(document: &Document<'_>, node: usize, step: &Step) -> Vec<usize> {
    match (document.event(node), step) {
        (Some(Event::MappingStart(..)), Step::Key(key)) => values_of(document, node, key),
        (Some(Event::SequenceStart(..)), Step::Index(index)) => {
            document.children(node).nth(*index).into_iter().collect()
        }
        (Some(Event::SequenceStart(..)), Step::Named(name)) => {
            document.children(node).filter(|item| is_named(document, *item, name)).collect()
        }
        _ => Vec::new(),
    }
}

fn values_of(document: &Document<'_>, mapping: usize, key: &str) -> Vec<usize> {
    let mut values = Vec::new();
    let mut children = document.children(mapping);
    while let (Some(name), Some(value)) = (children.next(), children.next()) {
        if matches!(document.event(name), Some(Event::Scalar(text, ..)) if text == key) {
            values.push(value);
        }
    }
    values
}

fn is_named(document: &Document<'_>, item: usize, name: &str) -> bool {
    matches!(document.event(item), Some(Event::MappingStart(..)))
        && values_of(document, item, "name")
            .into_iter()
            .any(|value| matches!(document.event(value), Some(Event::Scalar(text, ..)) if text == name))
}

/// Refuses an alias, and an anchor that has one: the value would change in more places than the path names.
fn refuse_shared(document: &Document<'_>, node: usize, steps: &[Step]) -> Result<(), EditError> {
    let path = || if steps.is_empty() { ".".to_owned() } else { written(steps) };
    let line = document.line(node);
    let anchor = match document.event(node) {
        Some(Event::Alias(_)) => return Err(EditError::Alias { path: path(), line }),
        Some(
            Event::Scalar(_, _, anchor, _) | Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _),
        ) => *anchor,
        _ => 0,
    };
    match document.first_use(anchor) {
        // Nodes without an anchor have the number 0, and no alias has it.
        Some(used) if anchor > 0 => Err(EditError::SharedAnchor { path: path(), line, used }),
        _ => Ok(()),
    }
}

fn scalar<'document>(
    document: &'document Document<'_>,
    node: usize,
    in_flow: bool,
    path: &YamlPath,
) -> Result<Found<'document>, EditError> {
    let line = document.line(node);
    let path = path.to_string();
    let (value, style, tag) = match document.event(node) {
        Some(Event::Scalar(value, style, _, tag)) => (value, *style, tag),
        Some(Event::SequenceStart(..)) => return Err(EditError::NotScalar { path, line, kind: "sequence" }),
        _ => return Err(EditError::NotScalar { path, line, kind: "mapping" }),
    };
    if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
        return Err(EditError::BlockScalar { path, line });
    }
    if let Some(tag) = tag.as_deref().filter(|tag| !(tag.is_yaml_core_schema() && tag.suffix == "str")) {
        return Err(EditError::Tagged { path, line, tag: tag.to_string() });
    }
    if style == ScalarStyle::Plain && value.is_empty() {
        return Err(EditError::Empty { path, line });
    }
    let bytes = document.bytes(node).ok_or(EditError::NotIsolated { line })?;
    Ok(Found { event: node, value, style, in_flow, bytes, line })
}

fn reached(document: &Document<'_>, node: usize, so_far: &[Step], step: &Step) -> String {
    let place = if so_far.is_empty() {
        "the document".to_owned()
    } else {
        format!("`{}` (line {})", written(so_far), document.line(node))
    };
    match (document.event(node), step) {
        (Some(Event::MappingStart(..)), Step::Key(key)) => format!("{place} has no `{key}`"),
        (Some(Event::SequenceStart(..)), Step::Index(_)) => {
            format!("{place} has only {} items", document.children(node).count())
        }
        (Some(Event::SequenceStart(..)), Step::Named(name)) => {
            format!("{place} has no entry with the name `{name}`")
        }
        (_, Step::Key(_)) => format!("{place} is not a mapping"),
        _ => format!("{place} is not a sequence"),
    }
}

fn missing(steps: &[Step], reached: String) -> EditError {
    EditError::Missing { path: written(steps), reached }
}

fn ambiguous(steps: &[Step], first: usize, second: usize) -> EditError {
    EditError::Ambiguous { path: written(steps), first, second }
}
