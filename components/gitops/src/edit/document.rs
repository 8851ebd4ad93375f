//! A YAML file as the events of its parser.

use std::ops::Range;

use saphyr_parser::{Event, Parser, Span};

use super::EditError;

/// A YAML stream, which may hold several documents.
pub(super) struct Document<'text> {
    text: &'text str,
    events: Vec<(Event<'text>, Span)>,
}

impl<'text> Document<'text> {
    /// Parses the whole text.
    pub(super) fn parse(text: &'text str) -> Result<Self, EditError> {
        let mut parser = Parser::new_from_str(text);
        let mut events = Vec::new();
        while let Some(event) = parser.next_event() {
            match event {
                Ok(event) => events.push(event),
                Err(error) => return Err(refusal(text, error.marker().line(), error.info())),
            }
        }
        match template_line(&events) {
            Some(line) => Err(EditError::Templated { line }),
            None => Ok(Self { text, events }),
        }
    }

    /// The event at this index.
    pub(super) fn event(&self, index: usize) -> Option<&Event<'text>> {
        self.events.get(index).map(|(event, _)| event)
    }

    /// The line on which the event begins.
    pub(super) fn line(&self, index: usize) -> usize {
        self.events.get(index).map_or(0, |(_, span)| span.start.line())
    }

    /// The bytes of the node at this index, without anchor and tag. Those of a quoted scalar can end behind its closing
    /// quote, because the parser takes in white space and a comment; those of a collection end with its first character.
    pub(super) fn bytes(&self, index: usize) -> Option<Range<usize>> {
        let (_, span) = self.events.get(index)?;
        let bytes = byte_range(self.text, span.start.index(), span.end.index())?;
        let start = bytes.start + properties(self.text.get(bytes.start..)?);
        Some(start..bytes.end.max(start))
    }

    /// Whether the node at this index is a collection in flow style, e.g. `{tag: 1}`.
    pub(super) fn is_flow(&self, index: usize) -> bool {
        let first = self.bytes(index).and_then(|bytes| self.text.get(bytes.start..));
        first.is_some_and(|text| text.starts_with(['{', '[']))
    }

    /// Indices of the root nodes, one a document.
    pub(super) fn roots(&self) -> impl Iterator<Item = usize> {
        let starts = self.events.iter().enumerate();
        starts.filter(|(_, (event, _))| matches!(event, Event::DocumentStart(_))).map(|(index, _)| index + 1)
    }

    /// Indices of the nodes directly below the collection at `index`: items, or keys and values in turn.
    pub(super) fn children(&self, index: usize) -> impl Iterator<Item = usize> {
        let mut next = index + 1;
        std::iter::from_fn(move || {
            let child = next;
            match self.event(child)? {
                Event::MappingEnd | Event::SequenceEnd => None,
                _ => {
                    next = self.after(child);
                    Some(child)
                }
            }
        })
    }

    /// The index behind the node that begins at `index`.
    fn after(&self, index: usize) -> usize {
        let mut depth = 0_usize;
        let mut next = index;
        while let Some(event) = self.event(next) {
            match event {
                Event::MappingStart(..) | Event::SequenceStart(..) => depth += 1,
                Event::MappingEnd | Event::SequenceEnd => depth = depth.saturating_sub(1),
                _ => {}
            }
            next += 1;
            if depth == 0 {
                break;
            }
        }
        next
    }

    /// The line of the first alias for an anchor.
    pub(super) fn first_use(&self, anchor: usize) -> Option<usize> {
        let is_use = |(event, _): &&(Event<'_>, Span)| matches!(event, Event::Alias(id) if *id == anchor);
        self.events.iter().find(is_use).map(|(_, span)| span.start.line())
    }

    /// Whether `edited` has the same events, except that the scalar at `index` says `value`.
    pub(super) fn differs_only_at(&self, index: usize, value: &str, edited: &str) -> bool {
        let Ok(edited) = Document::parse(edited) else {
            return false;
        };
        self.events.len() == edited.events.len()
            && self.events.iter().zip(&edited.events).enumerate().all(|(at, ((old, _), (new, _)))| {
                if at == index { is_scalar_with(old, new, value) } else { old == new }
            })
    }
}

/// Length of the properties before a node (`&anchor`, `!!tag`), with the white space and comments behind them. No node
/// begins with one of these characters itself.
fn properties(text: &str) -> usize {
    let mut rest = text;
    loop {
        rest = match rest.chars().next() {
            Some('&' | '!') => skip_to(rest, char::is_whitespace),
            Some('#') => skip_to(rest, |char| matches!(char, '\n' | '\r')),
            Some(char) if char.is_whitespace() => rest.trim_start(),
            _ => return text.len() - rest.len(),
        };
    }
}

fn skip_to(text: &str, is_end: impl Fn(char) -> bool) -> &str {
    text.find(is_end).and_then(|end| text.get(end..)).unwrap_or_default()
}

/// The parser counts characters.
fn byte_range(text: &str, start: usize, end: usize) -> Option<Range<usize>> {
    let mut offsets = text.char_indices().map(|(offset, _)| offset).chain([text.len()]);
    let first = offsets.nth(start)?;
    let last = match end.checked_sub(start)? {
        0 => first,
        length => offsets.nth(length - 1)?,
    };
    Some(first..last)
}

/// Whether `new` is the scalar `old` with another value; anchor and tag belong to what must stay.
fn is_scalar_with(old: &Event<'_>, new: &Event<'_>, value: &str) -> bool {
    match (old, new) {
        (Event::Scalar(_, _, old_anchor, old_tag), Event::Scalar(new_value, _, new_anchor, new_tag)) => {
            new_value == value && old_anchor == new_anchor && old_tag == new_tag
        }
        _ => false,
    }
}

/// `{{ .Values.x }}` is YAML by accident: a mapping that has a mapping as its key.
fn template_line(events: &[(Event<'_>, Span)]) -> Option<usize> {
    events.windows(2).find_map(|pair| match pair {
        [(Event::MappingStart(..), outer), (Event::MappingStart(..), inner)]
            if inner.start.index() == outer.start.index() + 1 =>
        {
            Some(outer.start.line())
        }
        _ => None,
    })
}

fn refusal(text: &str, line: usize, detail: &str) -> EditError {
    let is_template = text.lines().nth(line.saturating_sub(1)).is_some_and(|line| line.contains("{{"));
    if is_template {
        EditError::Templated { line }
    } else {
        EditError::NotYaml { line, detail: detail.to_owned() }
    }
}
