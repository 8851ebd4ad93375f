//! What names, numbers and escapes look like.

/// Whether `text` may be the name of a family.
pub(super) fn is_name(text: &str) -> bool {
    is_identifier(text, |byte| byte == b':')
}

/// The name of the family comes to servers as the label `__name__`.
pub(super) fn is_label_name(text: &str) -> bool {
    is_identifier(text, |_| false) && text != "__name__"
}

fn is_identifier(text: &str, also: impl Fn(u8) -> bool) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || also(byte))
        && text.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

/// Whether `text` is a number to Go's `ParseFloat`, which the format refers to: words in any case, nothing too big.
///
/// <https://pkg.go.dev/strconv#ParseFloat>
pub(super) fn is_number(text: &str) -> bool {
    let is_word = |text: &str, words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    is_word(text, &["nan"])
        || is_word(unsigned, &["inf", "infinity"])
        || plain && text.parse().is_ok_and(f64::is_finite)
}

/// Milliseconds since 1970, or nothing. Some parsers know no time before.
pub(super) fn is_timestamp(text: &str) -> bool {
    text.is_empty() || text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<i64>().is_ok()
}

/// Whether after each backslash comes one of `known`.
pub(super) fn is_escaped(text: &str, known: &[char]) -> bool {
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character == '\\' && !characters.next().is_some_and(|escaped| known.contains(&escaped)) {
            return false;
        }
    }
    true
}
