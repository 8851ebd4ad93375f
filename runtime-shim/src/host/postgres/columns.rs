//! Columns and their values, read from PostgreSQL's binary format.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};
use postgres_protocol::types;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type};

use super::numeric::Numeric;
use super::parameters::JSONB_VERSION;
use super::{Column, DbDataType, DbValue, Error, Interval, numeric, range};

/// Names and types of the columns.
pub(super) fn columns(columns: &[tokio_postgres::Column]) -> Vec<Column> {
    columns
        .iter()
        .map(|column| Column { name: column.name().to_owned(), data_type: data_type(column.type_()) })
        .collect()
}

/// What the interface calls a type.
fn data_type(ty: &Type) -> DbDataType {
    match *ty {
        Type::BOOL => DbDataType::Boolean,
        Type::CHAR => DbDataType::Int8,
        Type::INT2 => DbDataType::Int16,
        Type::INT4 => DbDataType::Int32,
        Type::INT8 => DbDataType::Int64,
        Type::FLOAT4 => DbDataType::Floating32,
        Type::FLOAT8 => DbDataType::Floating64,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR => DbDataType::Str,
        Type::BYTEA => DbDataType::Binary,
        Type::DATE => DbDataType::Date,
        Type::TIME => DbDataType::Time,
        Type::TIMESTAMP | Type::TIMESTAMPTZ => DbDataType::Datetime,
        Type::UUID => DbDataType::Uuid,
        Type::JSONB => DbDataType::Jsonb,
        Type::NUMERIC => DbDataType::Decimal,
        Type::INT4_RANGE => DbDataType::RangeInt32,
        Type::INT8_RANGE => DbDataType::RangeInt64,
        Type::NUM_RANGE => DbDataType::RangeDecimal,
        Type::INT4_ARRAY => DbDataType::ArrayInt32,
        Type::INT8_ARRAY => DbDataType::ArrayInt64,
        Type::NUMERIC_ARRAY => DbDataType::ArrayDecimal,
        Type::TEXT_ARRAY | Type::VARCHAR_ARRAY | Type::BPCHAR_ARRAY => DbDataType::ArrayStr,
        Type::INTERVAL => DbDataType::Interval,
        _ => DbDataType::Other(ty.name().to_owned()),
    }
}

/// The values of a row.
pub(super) fn row(row: &Row) -> Result<Vec<DbValue>, Error> {
    let value = |(index, column): (usize, &tokio_postgres::Column)| {
        let decoded: Decoded = row.try_get(index).map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            Error::ValueConversionFailed(format!("column {:?}: {cause}", column.name()))
        })?;
        Ok(decoded.0)
    };
    row.columns().iter().enumerate().map(value).collect()
}

struct Decoded(DbValue);

type Failure = Box<dyn std::error::Error + Sync + Send>;

impl<'a> FromSql<'a> for Decoded {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Failure> {
        decode(ty, raw).map(Self)
    }

    fn from_sql_null(_: &Type) -> Result<Self, Failure> {
        Ok(Self(DbValue::DbNull))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn decode(ty: &Type, raw: &[u8]) -> Result<DbValue, Failure> {
    Ok(match *ty {
        Type::BOOL => DbValue::Boolean(FromSql::from_sql(ty, raw)?),
        Type::CHAR => DbValue::Int8(FromSql::from_sql(ty, raw)?),
        Type::INT2 => DbValue::Int16(FromSql::from_sql(ty, raw)?),
        Type::INT4 => DbValue::Int32(FromSql::from_sql(ty, raw)?),
        Type::INT8 => DbValue::Int64(FromSql::from_sql(ty, raw)?),
        Type::FLOAT4 => DbValue::Floating32(FromSql::from_sql(ty, raw)?),
        Type::FLOAT8 => DbValue::Floating64(FromSql::from_sql(ty, raw)?),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR => DbValue::Str(FromSql::from_sql(ty, raw)?),
        Type::BYTEA => DbValue::Binary(FromSql::from_sql(ty, raw)?),
        Type::DATE | Type::TIME | Type::TIMESTAMP | Type::TIMESTAMPTZ => point_in_time(ty, raw)?,
        Type::UUID => DbValue::Uuid(uuid::Uuid::from_sql(ty, raw)?.to_string()),
        Type::JSONB => {
            DbValue::Jsonb(raw.strip_prefix(&[JSONB_VERSION]).ok_or("unknown format of jsonb")?.to_owned())
        }
        Type::NUMERIC => DbValue::Decimal(numeric::decode(raw)?),
        Type::INT4_RANGE => {
            DbValue::RangeInt32(range::decode(raw, || 0, |raw| text(types::int4_from_sql(raw)))?)
        }
        Type::INT8_RANGE => {
            DbValue::RangeInt64(range::decode(raw, || 0, |raw| text(types::int8_from_sql(raw)))?)
        }
        Type::NUM_RANGE => DbValue::RangeDecimal(range::decode(raw, || "0".to_owned(), numeric::decode)?),
        Type::INT4_ARRAY => DbValue::ArrayInt32(FromSql::from_sql(ty, raw)?),
        Type::INT8_ARRAY => DbValue::ArrayInt64(FromSql::from_sql(ty, raw)?),
        Type::NUMERIC_ARRAY => {
            let values: Vec<Option<Numeric<String>>> = FromSql::from_sql(ty, raw)?;
            DbValue::ArrayDecimal(values.into_iter().map(|value| value.map(|Numeric(text)| text)).collect())
        }
        Type::TEXT_ARRAY | Type::VARCHAR_ARRAY | Type::BPCHAR_ARRAY => {
            DbValue::ArrayStr(FromSql::from_sql(ty, raw)?)
        }
        Type::INTERVAL => DbValue::Interval(interval(raw)?),
        _ => DbValue::Unsupported(raw.to_owned()),
    })
}

fn text<T>(result: Result<T, Failure>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}

/// Dates and times; infinity is none that the interface could hold, and so an error.
fn point_in_time(ty: &Type, raw: &[u8]) -> Result<DbValue, Failure> {
    Ok(match *ty {
        Type::DATE => DbValue::Date(date(NaiveDate::from_sql(ty, raw)?)?),
        Type::TIME => DbValue::Time(time(NaiveTime::from_sql(ty, raw)?)?),
        Type::TIMESTAMPTZ => datetime(DateTime::<Utc>::from_sql(ty, raw)?.naive_utc())?,
        _ => datetime(NaiveDateTime::from_sql(ty, raw)?)?,
    })
}

fn datetime(value: NaiveDateTime) -> Result<DbValue, Failure> {
    let (year, month, day) = date(value.date())?;
    let (hour, minute, second, nanosecond) = time(value.time())?;
    Ok(DbValue::Datetime((year, month, day, hour, minute, second, nanosecond)))
}

fn date(value: NaiveDate) -> Result<(i32, u8, u8), Failure> {
    Ok((value.year(), value.month().try_into()?, value.day().try_into()?))
}

fn time(value: NaiveTime) -> Result<(u8, u8, u8, u32), Failure> {
    Ok((value.hour().try_into()?, value.minute().try_into()?, value.second().try_into()?, value.nanosecond()))
}

/// `interval_send`: <https://github.com/postgres/postgres/blob/master/src/backend/utils/adt/timestamp.c>.
fn interval(raw: &[u8]) -> Result<Interval, Failure> {
    let (micros, rest) = raw.split_at_checked(8).ok_or("malformed interval")?;
    let (days, months) = rest.split_at_checked(4).ok_or("malformed interval")?;
    Ok(Interval {
        micros: types::int8_from_sql(micros)?,
        days: types::int4_from_sql(days)?,
        months: types::int4_from_sql(months)?,
    })
}
