//! The bytes of one scalar: where they are, and what they become.

use std::ops::Range;

use saphyr_parser::ScalarStyle;

use super::EditError;
use super::locate::Found;
use super::plain::is_plain_string;

/// Whether the scalar already is the string `value`, so that nothing has to be written.
pub(super) fn says(found: &Found<'_>, value: &str) -> bool {
    // A plain `1.20` has the characters of "1.20" and is a number.
    found.value == value && (found.style != ScalarStyle::Plain || is_plain_string(value, found.in_flow))
}

/// The bytes of the scalar with its quotes.
pub(super) fn bytes(text: &str, found: &Found<'_>) -> Option<Range<usize>> {
    let Range { start, end } = found.bytes;
    let rest = text.get(start..)?;
    let end = match found.style {
        ScalarStyle::SingleQuoted => start + single_quoted(rest)?,
        ScalarStyle::DoubleQuoted => start + double_quoted(rest)?,
        _ => end,
    };
    Some(start..end)
}

/// Length of the single-quoted scalar that the text begins with. See [`Found::bytes`] for why it has
/// to be measured.
fn single_quoted(text: &str) -> Option<usize> {
    let mut bytes = text.bytes().enumerate().peekable();
    bytes.next_if(|(_, first)| *first == b'\'')?;
    while let Some((at, byte)) = bytes.next() {
        if byte == b'\'' && bytes.next_if(|(_, next)| *next == b'\'').is_none() {
            return Some(at + 1);
        }
    }
    None
}

/// Length of the double-quoted scalar that the text begins with; see [`single_quoted`].
fn double_quoted(text: &str) -> Option<usize> {
    let mut bytes = text.bytes().enumerate().peekable();
    bytes.next_if(|(_, first)| *first == b'"')?;
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => _ = bytes.next(),
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// The text for `value`, in the quotes of the scalar that it replaces. A plain one gets double quotes where it would not
/// be read as a string.
pub(super) fn write(found: &Found<'_>, value: &str) -> Result<String, EditError> {
    // Line and paragraph separators break lines in YAML 1.1.
    if value.chars().any(|char| char.is_control() || matches!(char, '\u{2028}' | '\u{2029}' | '\u{feff}')) {
        return Err(EditError::Unwritable);
    }
    Ok(match found.style {
        ScalarStyle::SingleQuoted => format!("'{}'", value.replace('\'', "''")),
        ScalarStyle::Plain if is_plain_string(value, found.in_flow) => value.to_owned(),
        _ => format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")),
    })
}
