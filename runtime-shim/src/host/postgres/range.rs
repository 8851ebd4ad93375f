//! Ranges: `range_send` in <https://github.com/postgres/postgres/blob/master/src/backend/utils/adt/rangetypes.c>.

use std::error::Error;

use bytes::BytesMut;
use postgres_protocol::IsNull;
use postgres_protocol::types::{Range as Wire, RangeBound, range_from_sql, range_to_sql};

use super::RangeBoundKind;

/// A range of the interface: a missing bound is unbounded.
pub(super) type Range<T> = (Option<(T, RangeBoundKind)>, Option<(T, RangeBoundKind)>);

/// Writes a range, each bound by `put`.
pub(super) fn encode<T>(
    (lower, upper): &Range<T>,
    out: &mut BytesMut,
    put: impl Fn(&T, &mut BytesMut) -> Result<(), String>,
) -> Result<(), String> {
    let bound = |bound: &Option<(T, RangeBoundKind)>, out: &mut BytesMut| {
        let Some((value, kind)) = bound else { return Ok(RangeBound::Unbounded) };
        put(value, out)?;
        Ok::<_, Box<dyn Error + Sync + Send>>(match kind {
            RangeBoundKind::Inclusive => RangeBound::Inclusive(IsNull::No),
            RangeBoundKind::Exclusive => RangeBound::Exclusive(IsNull::No),
        })
    };
    range_to_sql(|out| bound(lower, out), |out| bound(upper, out), out).map_err(|error| error.to_string())
}

/// Reads a range, each bound by `get`. The interface has no empty range, so one comes as `(empty,empty)`, which
/// PostgreSQL takes for the empty range again.
pub(super) fn decode<T>(
    raw: &[u8],
    empty: impl Fn() -> T,
    get: impl Fn(&[u8]) -> Result<T, String>,
) -> Result<Range<T>, String> {
    let bound = |bound: RangeBound<Option<&[u8]>>| {
        let (raw, kind) = match bound {
            RangeBound::Inclusive(Some(raw)) => (raw, RangeBoundKind::Inclusive),
            RangeBound::Exclusive(Some(raw)) => (raw, RangeBoundKind::Exclusive),
            _ => return Ok(None),
        };
        get(raw).map(|value| Some((value, kind)))
    };
    match range_from_sql(raw).map_err(|error| error.to_string())? {
        Wire::Nonempty(lower, upper) => Ok((bound(lower)?, bound(upper)?)),
        Wire::Empty => {
            let nothing = || Some((empty(), RangeBoundKind::Exclusive));
            Ok((nothing(), nothing()))
        }
    }
}
