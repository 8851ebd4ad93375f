//! Times as Go writes them, which is what Argo Rollouts reads: <https://pkg.go.dev/time#ParseDuration>.

use std::time::Duration;

/// Longest time that is accepted. Go's own limit is some 292 years.
const MAX_SECONDS: f64 = 366.0 * 86_400.0;

/// Units, longer names before those that they begin with.
const UNITS: [(&str, f64); 8] = [
    ("ns", 1e-9),
    ("us", 1e-6),
    ("µs", 1e-6),
    ("μs", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3600.0),
];

/// Reads `90s`, `1m30s`, `1.5h` or `0`.
///
/// # Errors
/// With a sentence, if it is not such a time, is negative, or longer than a year.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a time such as 30s, 1m30s or 1.5h");
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(wrong());
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let end =
            rest.find(|character: char| !character.is_ascii_digit() && character != '.').ok_or_else(wrong)?;
        let (number, tail) = rest.split_at(end);
        let number: f64 = number.parse().map_err(|_| wrong())?;
        let (tail, unit) =
            UNITS.iter().find_map(|(name, unit)| Some((tail.strip_prefix(name)?, unit))).ok_or_else(wrong)?;
        seconds += number * unit;
        rest = tail;
    }
    if seconds > MAX_SECONDS {
        return Err(format!("`{text}` is longer than a year"));
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_go() {
        let times = [
            ("30s", 30_000),
            ("1m30s", 90_000),
            ("1.5h", 5_400_000),
            ("0", 0),
            ("250ms", 250),
            (".5s", 500),
            ("+2s", 2_000),
            ("1h0m1s", 3_601_000),
        ];
        for (text, milliseconds) in times {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        assert_eq!(parse_duration("1500us"), parse_duration("1.5ms"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_causes_a_panic(text in "\\PC*|[+0-9.]{0,400}[nuµmsh]{0,3}") {
            let _ = parse_duration(&text);
        }
    }

    #[test]
    fn what_go_does_not_read_is_refused() {
        for text in ["", "30", "1d", "-5s", "s", "1..5s", "1 s", "30sec", ".s", "1e3s", "NaNs", "99999h"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
