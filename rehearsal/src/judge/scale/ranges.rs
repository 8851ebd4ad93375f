//! The times in a PromQL expression: `[2m]`, `[1h:5m]`, `offset 5m`.

use std::time::Duration;

use super::{MIN_SCRAPES, Scale};

/// PromQL's units, in milliseconds.
const UNITS: [(&str, u64); 7] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
    ("w", 604_800_000),
    ("y", 31_536_000_000),
];

/// `query` with all its times shortened.
///
/// # Errors
/// With a sentence, if a range becomes too short for its scrapes, or is not written as a time.
pub fn shorten(query: &str, scale: &Scale) -> Result<String, String> {
    let mut result = String::with_capacity(query.len());
    let mut rest = query;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' | '\'' | '`' => quoted(rest, first),
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '[' => {
                let end = rest.find(']').ok_or("`[` has no `]`")?;
                result.push_str(&range(&rest[1..end], scale)?);
                rest = &rest[end + 1..];
                continue;
            }
            'a'..='z' | 'A'..='Z' | '_' | ':' => {
                let length = word(rest);
                if rest[..length].eq_ignore_ascii_case("offset") {
                    let (offset, tail) = offset(&rest[length..], scale)?;
                    result.push_str(&rest[..length]);
                    result.push_str(&offset);
                    rest = tail;
                    continue;
                }
                length
            }
            _ => first.len_utf8(),
        };
        let (done, tail) = rest.split_at(length);
        result.push_str(done);
        rest = tail;
    }
    Ok(result)
}

/// What is between the brackets: a range, or that of a subquery with its step.
fn range(inside: &str, scale: &Scale) -> Result<String, String> {
    let (range, step) =
        inside.split_once(':').map_or((inside, None), |(range, step)| (range, Some(step.trim())));
    let shortened = scaled(range.trim(), scale)?;
    let least = scale.scrape_interval * MIN_SCRAPES;
    if shortened < least {
        let (shortened, every) = (written(shortened), written(scale.scrape_interval));
        return Err(format!(
            "the range [{inside}] would be {shortened} long, and with a scrape every {every} it has to hold {MIN_SCRAPES} of them"
        ));
    }
    let step = match step {
        None => String::new(),
        Some("") => ":".to_owned(),
        Some(step) => format!(":{}", written(scaled(step, scale)?.max(Duration::from_millis(1)))),
    };
    Ok(format!("[{}{step}]", written(shortened)))
}

/// ` 5m` or ` -5m`, with what follows it.
fn offset<'a>(text: &'a str, scale: &Scale) -> Result<(String, &'a str), String> {
    let unspaced = text.trim_start();
    let (sign, time) = unspaced.strip_prefix('-').map_or(("", unspaced), |time| ("-", time.trim_start()));
    let end = time.find(|character: char| !character.is_ascii_alphanumeric()).unwrap_or(time.len());
    let (time, tail) = time.split_at(end);
    Ok((format!(" {sign}{}", written(scaled(time, scale)?)), tail))
}

fn scaled(text: &str, scale: &Scale) -> Result<Duration, String> {
    let time = parse(text).ok_or_else(|| format!("`{text}` is not a time such as 30s or 1h30m"))?;
    scale.shorten(time).map_err(|error| error.to_string())
}

/// `2m`, `1h30m`; newer versions of Prometheus take seconds without a unit too.
fn parse(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let mut milliseconds: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let (tail, unit) = UNITS.iter().find_map(|(name, unit)| Some((tail.strip_prefix(name)?, unit)))?;
        milliseconds = milliseconds.checked_add(number.parse::<u64>().ok()?.checked_mul(*unit)?)?;
        rest = tail;
    }
    (!text.is_empty()).then(|| Duration::from_millis(milliseconds))
}

/// In whole milliseconds, which are the finest that Prometheus has.
fn written(time: Duration) -> String {
    let milliseconds = time.as_millis();
    match milliseconds % 1_000 {
        0 => format!("{}s", milliseconds / 1_000),
        _ => format!("{milliseconds}ms"),
    }
}

fn word(text: &str) -> usize {
    text.find(|character: char| !(character.is_ascii_alphanumeric() || "_:".contains(character)))
        .unwrap_or(text.len())
}

/// Up to the closing quotation mark; all of it, if there is none.
fn quoted(text: &str, mark: char) -> usize {
    let mut escaped = false;
    for (index, character) in text.char_indices().skip(1) {
        if character == mark && !escaped {
            return index + mark.len_utf8();
        }
        escaped = character == '\\' && !escaped && mark != '`';
    }
    text.len()
}
