//! Parameters of statements, written in PostgreSQL's binary format.
//!
//! A value must have the type that the statement expects, as in Spin: an `int32` is no `bigint`. The sentence of the
//! error says both.

use bytes::BytesMut;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use postgres_protocol::types;
use serde::de::IgnoredAny;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::numeric::Numeric;
use super::{Error, ParameterValue as Value, numeric, range};

/// Version of the binary format of `jsonb`.
pub(super) const JSONB_VERSION: u8 = 1;

/// A parameter in the binary format, or NULL.
#[derive(Debug)]
pub(super) struct Encoded(Option<BytesMut>);

impl ToSql for Encoded {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let Some(bytes) = &self.0 else { return Ok(IsNull::Yes) };
        out.extend_from_slice(bytes);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// Writes the parameters of a statement that expects `types`.
pub(super) fn encode(values: &[Value], types: &[Type]) -> Result<Vec<Encoded>, Error> {
    if values.len() != types.len() {
        let (expected, given) = (types.len(), values.len());
        return Err(Error::BadParameter(format!(
            "the statement has {expected} parameters, and {given} were given"
        )));
    }
    let numbered = (1..).zip(values.iter().zip(types));
    numbered
        .map(|(number, (value, ty))| {
            one(value, ty)
                .map_err(|error| Error::ValueConversionFailed(format!("parameter ${number}: {error}")))
        })
        .collect()
}

fn one(value: &Value, ty: &Type) -> Result<Encoded, String> {
    let mut out = BytesMut::new();
    match value {
        Value::DbNull => return Ok(Encoded(None)),
        Value::Boolean(value) => native(value, ty, &mut out),
        Value::Int8(value) => native(value, ty, &mut out),
        Value::Int16(value) => native(value, ty, &mut out),
        Value::Int32(value) => native(value, ty, &mut out),
        Value::Int64(value) => native(value, ty, &mut out),
        Value::Floating32(value) => native(value, ty, &mut out),
        Value::Floating64(value) => native(value, ty, &mut out),
        Value::Str(value) => native(value, ty, &mut out),
        Value::Binary(value) => native(value, ty, &mut out),
        Value::Date(value) => native(&date(*value)?, ty, &mut out),
        Value::Time(value) => native(&time(*value)?, ty, &mut out),
        Value::Datetime(value) => datetime(*value, ty, &mut out),
        Value::Timestamp(value) => native(&timestamp(*value)?, ty, &mut out),
        Value::Uuid(value) => {
            let value =
                uuid::Uuid::parse_str(value).map_err(|error| format!("{value:?} is no UUID: {error}"))?;
            native(&value, ty, &mut out)
        }
        Value::Decimal(value) => native(&Numeric(value), ty, &mut out),
        Value::Jsonb(value) => json(value, ty, &mut out),
        Value::ArrayInt32(value) => native(value, ty, &mut out),
        Value::ArrayInt64(value) => native(value, ty, &mut out),
        Value::ArrayDecimal(values) => {
            let values: Vec<_> = values.iter().map(|value| value.as_ref().map(Numeric)).collect();
            native(&values, ty, &mut out)
        }
        Value::ArrayStr(value) => native(value, ty, &mut out),
        other => only(other, ty).and_then(|()| own_format(other, &mut out)),
    }?;
    Ok(Encoded(Some(out)))
}

/// Values that the client library has a type for.
fn native<T: ToSql>(value: &T, ty: &Type, out: &mut BytesMut) -> Result<(), String> {
    if !T::accepts(ty) {
        return Err(expected(ty));
    }
    value.to_sql(ty, out).map(drop).map_err(|error| error.to_string())
}

fn expected(ty: &Type) -> String {
    format!("the statement expects a value of type {}, and another was given", ty.name())
}

/// Values that it has none for are of one type each.
fn only(value: &Value, ty: &Type) -> Result<(), String> {
    let own = match value {
        Value::RangeInt32(_) => Type::INT4_RANGE,
        Value::RangeInt64(_) => Type::INT8_RANGE,
        Value::RangeDecimal(_) => Type::NUM_RANGE,
        _ => Type::INTERVAL,
    };
    if own == *ty { Ok(()) } else { Err(expected(ty)) }
}

fn own_format(value: &Value, out: &mut BytesMut) -> Result<(), String> {
    match value {
        Value::RangeInt32(value) => range::encode(value, out, |value, out| {
            types::int4_to_sql(*value, out);
            Ok(())
        }),
        Value::RangeInt64(value) => range::encode(value, out, |value, out| {
            types::int8_to_sql(*value, out);
            Ok(())
        }),
        Value::RangeDecimal(value) => range::encode(value, out, |value, out| numeric::encode(value, out)),
        Value::Interval(value) => {
            types::int8_to_sql(value.micros, out);
            types::int4_to_sql(value.days, out);
            types::int4_to_sql(value.months, out);
            Ok(())
        }
        _ => Err("the value has no binary format".to_owned()),
    }
}

/// JSON is sent as it is, once it is known to be JSON.
fn json(text: &[u8], ty: &Type, out: &mut BytesMut) -> Result<(), String> {
    serde_json::from_slice::<IgnoredAny>(text).map_err(|error| format!("it is not JSON: {error}"))?;
    match *ty {
        Type::JSON => {}
        Type::JSONB => out.extend_from_slice(&[JSONB_VERSION]),
        _ => return Err(expected(ty)),
    }
    out.extend_from_slice(text);
    Ok(())
}

fn date((year, month, day): (i32, u8, u8)) -> Result<NaiveDate, String> {
    NaiveDate::from_ymd_opt(year, month.into(), day.into())
        .ok_or_else(|| format!("there is no date {year}-{month}-{day}"))
}

fn time((hour, minute, second, nanosecond): (u8, u8, u8, u32)) -> Result<NaiveTime, String> {
    NaiveTime::from_hms_nano_opt(hour.into(), minute.into(), second.into(), nanosecond)
        .ok_or_else(|| format!("there is no time {hour}:{minute}:{second}.{nanosecond:09}"))
}

/// Without a time zone UTC is meant, so that it fits both kinds of `timestamp`.
fn datetime(
    (year, month, day, hour, minute, second, nanosecond): (i32, u8, u8, u8, u8, u8, u32),
    ty: &Type,
    out: &mut BytesMut,
) -> Result<(), String> {
    let value = NaiveDateTime::new(date((year, month, day))?, time((hour, minute, second, nanosecond))?);
    if *ty == Type::TIMESTAMPTZ { native(&value.and_utc(), ty, out) } else { native(&value, ty, out) }
}

fn timestamp(seconds: i64) -> Result<DateTime<chrono::Utc>, String> {
    DateTime::from_timestamp(seconds, 0).ok_or_else(|| format!("{seconds} is out of the range of timestamps"))
}
