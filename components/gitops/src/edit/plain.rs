//! Which strings may stand in YAML without quotes.
//!
//! Helm and kustomize read YAML by rules between [1.1](https://yaml.org/type/) and
//! [1.2](https://yaml.org/spec/1.2.2/#103-core-schema). What any of them may take for something else than a string gets
//! quotes; a needless pair does no harm.

/// Words that mean null, a boolean, a number or a merge in one of the schemas, in lower case.
const WORDS: [&str; 15] = [
    "null", "true", "false", "yes", "no", "on", "off", "y", "n", ".inf", ".nan", "inf", "nan", "infinity", "",
];

/// Whether a plain scalar with these characters is read as just this string.
pub(super) fn is_plain_string(value: &str, in_flow: bool) -> bool {
    let word = value.to_ascii_lowercase();
    has_plain_syntax(value, in_flow)
        && !WORDS.contains(&word.as_str())
        && !is_number(&word)
        && !is_sexagesimal(&word)
        && !begins_with_date(&word)
}

/// Stricter than YAML, which allows more characters in more places.
fn has_plain_syntax(value: &str, in_flow: bool) -> bool {
    let is_inner = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'+' | b'/' | b'@' | b':')
    };
    value.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric() || matches!(first, b'_' | b'.' | b'/'))
        && value.bytes().all(is_inner)
        && !value.ends_with(':')
        // Older parsers end a key at any colon inside brackets.
        && !(in_flow && value.contains(':'))
}

/// A commit id such as `12e4567` is a number too.
fn is_number(word: &str) -> bool {
    let digits = word.replace('_', "");
    let digits = digits.strip_prefix(['+', '-']).unwrap_or(&digits);
    let is_radix = |prefix: &str, radix: u32| {
        digits.strip_prefix(prefix).is_some_and(|rest| rest.chars().all(|digit| digit.is_digit(radix)))
    };
    digits.parse::<f64>().is_ok() || is_radix("0x", 16) || is_radix("0o", 8) || is_radix("0b", 2)
}

/// `1:30` is 90 in YAML 1.1.
fn is_sexagesimal(word: &str) -> bool {
    word.contains(':')
        && word.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.' | b'_' | b'+' | b'-'))
}

/// `2026-01-15` is a date in YAML 1.1, and there are many ways to go on with a time.
fn begins_with_date(word: &str) -> bool {
    let mut parts = word.splitn(3, '-');
    let is_digits = |part: Option<&str>, most: usize| {
        part.is_some_and(|part| {
            (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    parts.next().is_some_and(|year| year.len() == 4 && is_digits(Some(year), 4))
        && is_digits(parts.next(), 2)
        && parts.next().is_some_and(|day| day.starts_with(|first: char| first.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_tags_and_digests_need_no_quotes() {
        let digest = format!("sha256:{}", "0".repeat(64));
        let both = format!("1.2.3@{digest}");
        for value in
            ["1.2.3", "v1", "latest", "sha-0a1b2c3", "0a1b2c3", "main-42", "1.2.3-rc.1", "_x", &digest, &both]
        {
            assert!(is_plain_string(value, false), "{value}");
        }
    }

    #[test]
    fn what_is_another_type_in_any_yaml_needs_quotes() {
        for value in [
            "",
            "~",
            "null",
            "Null",
            "true",
            "FALSE",
            "yes",
            "No",
            "on",
            "OFF",
            "y",
            "N",
            "1",
            "-1",
            "+1",
            "017",
            "1.20",
            "1.",
            ".5",
            "1e3",
            "12e4567",
            "1_000",
            "0x1F",
            "0o17",
            "0b11",
            "0xdeadbee",
            ".inf",
            ".NaN",
            "1:30",
            "190:20:30.15",
            "2026-01-15",
            "2026-1-5",
            "2026-01-15T10",
            "<<",
            "=",
        ] {
            assert!(!is_plain_string(value, false), "{value}");
        }
    }

    #[test]
    fn what_is_not_plain_syntax_needs_quotes() {
        for value in [
            "a b", " a", "a ", "- a", "-a", "a: b", "a:", ":a", "a #b", "#a", "{a}", "[a", "*a", "&a", "!a",
            "%a", "@a", "`a", "'a'", "\"a", "a,b", "|", ">", "?", "ü",
        ] {
            assert!(!is_plain_string(value, false), "{value}");
        }
    }

    #[test]
    fn colon_inside_brackets_needs_quotes() {
        assert!(is_plain_string("sha256:ab", false));
        assert!(!is_plain_string("sha256:ab", true));
    }
}
