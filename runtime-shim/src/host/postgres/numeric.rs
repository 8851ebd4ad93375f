//! PostgreSQL's `numeric` to decimal text and back, without loss: no number type of Rust holds all of its digits.
//!
//! On the wire it is a count of groups, the weight of the first group, a sign, the number of digits after the point,
//! and the groups, each of four decimal digits: `numeric_send` in
//! <https://github.com/postgres/postgres/blob/master/src/backend/utils/adt/numeric.c>.

use std::error::Error;

use bytes::{Buf, BufMut, BytesMut};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};

/// Decimal digits of a group.
const GROUP: usize = 4;

const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;

/// Signs that stand for the whole value, and how PostgreSQL writes these.
const SPECIAL: [(u16, &str); 3] = [(0xC000, "NaN"), (0xD000, "Infinity"), (0xF000, "-Infinity")];

/// Most digits before and behind the point: <https://www.postgresql.org/docs/current/datatype-numeric.html>.
const MAX_WHOLE: usize = 131_072;
const MAX_FRACTION: usize = 16_383;

/// A `numeric` as decimal text.
#[derive(Debug)]
pub(super) struct Numeric<T>(pub(super) T);

impl<T: AsRef<str> + std::fmt::Debug> ToSql for Numeric<T> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        encode(self.0.as_ref(), out)?;
        Ok(IsNull::No)
    }

    accepts!(NUMERIC);
    to_sql_checked!();
}

impl FromSql<'_> for Numeric<String> {
    fn from_sql(_: &Type, raw: &[u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(decode(raw)?))
    }

    accepts!(NUMERIC);
}

/// Writes the decimal number `text`.
///
/// # Errors
/// If it is none, or has more digits than PostgreSQL can store.
pub(super) fn encode(text: &str, out: &mut BytesMut) -> Result<(), String> {
    if let Some((sign, _)) = SPECIAL.iter().find(|(_, name)| name.eq_ignore_ascii_case(text)) {
        put_header(out, 0, 0, *sign, 0);
        return Ok(());
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
        return Err(format!("{text:?} is not a decimal number"));
    }
    let whole = whole.trim_start_matches('0');
    if whole.len() > MAX_WHOLE || fraction.len() > MAX_FRACTION {
        return Err("the decimal number has more digits than a numeric can have".to_owned());
    }
    put_digits(negative, whole, fraction, out);
    Ok(())
}

fn put_digits(negative: bool, whole: &str, fraction: &str, out: &mut BytesMut) {
    let padding = (GROUP - whole.len() % GROUP) % GROUP;
    let digits: Vec<u8> = std::iter::repeat_n(b'0', padding)
        .chain(whole.bytes())
        .chain(fraction.bytes())
        .map(|digit| digit - b'0')
        .collect();
    let groups: Vec<i16> = digits
        .chunks(GROUP)
        .map(|group| (0..GROUP).fold(0, |sum, at| sum * 10 + i16::from(group.get(at).copied().unwrap_or(0))))
        .collect();
    let leading = groups.iter().take_while(|&&group| group == 0).count();
    let end = groups.iter().rposition(|&group| group != 0).map_or(leading, |last| last + 1);
    let significant = groups.get(leading..end).unwrap_or_default();
    let weight = (whole.len() + padding) / GROUP;
    // Fit, because the numbers of digits were checked.
    let weight = if significant.is_empty() { 0 } else { weight as i32 - 1 - leading as i32 };
    let sign = if negative && !significant.is_empty() { NEGATIVE } else { POSITIVE };
    put_header(out, significant.len() as u16, weight as i16, sign, fraction.len() as u16);
    significant.iter().for_each(|&group| out.put_i16(group));
}

fn put_header(out: &mut BytesMut, groups: u16, weight: i16, sign: u16, scale: u16) {
    out.put_u16(groups);
    out.put_i16(weight);
    out.put_u16(sign);
    out.put_u16(scale);
}

/// Reads a value as PostgreSQL itself would write it.
///
/// # Errors
/// If the bytes are not a numeric.
pub(super) fn decode(mut raw: &[u8]) -> Result<String, String> {
    decode_groups(&mut raw).ok_or_else(|| "malformed numeric".to_owned())
}

fn decode_groups(raw: &mut &[u8]) -> Option<String> {
    let count = raw.try_get_u16().ok()?;
    let weight = i32::from(raw.try_get_i16().ok()?);
    let sign = raw.try_get_u16().ok()?;
    let scale = usize::from(raw.try_get_u16().ok()?);
    if let Some((_, name)) = SPECIAL.iter().find(|(special, _)| *special == sign) {
        return Some((*name).to_owned());
    }
    let groups = (0..count).map(|_| raw.try_get_u16().ok()).collect::<Option<Vec<u16>>>()?;
    // The group of weight 0 holds the digits just before the point.
    let group = |weight_of: i32| {
        let index = usize::try_from(weight - weight_of).ok();
        index.and_then(|index| groups.get(index)).copied().unwrap_or(0)
    };
    let whole: String =
        (0..=weight.max(0)).rev().map(|weight_of| format!("{:04}", group(weight_of))).collect();
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    let mut fraction: String =
        (1..=scale.div_ceil(GROUP) as i32).map(|behind| format!("{:04}", group(-behind))).collect();
    fraction.truncate(scale);
    let minus = if sign == NEGATIVE { "-" } else { "" };
    let point = if scale == 0 { "" } else { "." };
    Some(format!("{minus}{whole}{point}{fraction}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn there_and_back(text: &str) -> String {
        let mut raw = BytesMut::new();
        encode(text, &mut raw).unwrap();
        decode(&raw).unwrap()
    }

    #[test]
    fn numbers_come_back_as_they_were() {
        let long = format!("{}.{}", "9".repeat(300), "1".repeat(200));
        for text in
            ["0", "1", "-1", "10000", "0.0001", "-12345.6789", "0.00", "1.50", "NaN", "-Infinity", &long]
        {
            assert_eq!(there_and_back(text), text);
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", ".", "-", "1e5", "1.2.3", " 1", "٣"] {
            assert!(encode(text, &mut BytesMut::new()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn malformed_bytes_are_refused() {
        assert!(decode(&[0, 2, 0, 0, 0, 0, 0, 0, 0, 1]).is_err());
    }

    proptest! {
        #[test]
        fn every_decimal_survives(text in "-?(0|[1-9][0-9]{0,40})\\.[0-9]{0,30}[1-9]") {
            prop_assert_eq!(there_and_back(&text), text);
        }

        #[test]
        fn no_bytes_panic(raw in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = decode(&raw);
        }
    }
}
