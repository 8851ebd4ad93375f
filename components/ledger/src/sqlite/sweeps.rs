//! The table `sweeps`: work that comes round.

use std::time::Duration;

use super::now;
use crate::StoreError;
use crate::sql::{Connection, millis};

pub(super) async fn begin<C: Connection>(
    connection: &C,
    name: &str,
    period: Duration,
) -> Result<bool, StoreError> {
    let statement = concat!(
        "INSERT INTO sweeps (name, begun_at) VALUES (?1, ",
        now!(),
        ") ON CONFLICT (name) DO UPDATE SET begun_at = excluded.begun_at \
         WHERE sweeps.begun_at <= excluded.begun_at - ?2 RETURNING 1 AS begun"
    );
    let rows = connection.execute(statement, &[name.into(), millis(period)]).await?;
    Ok(!rows.rows.is_empty())
}
