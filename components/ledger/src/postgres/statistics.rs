//! Counts over all tables.

use super::promotions;
use crate::row;
use crate::sql::Connection;
use crate::{DeliveryCount, Durations, Redeliveries, Statistics, StoreError};

/// An interval in whole milliseconds.
macro_rules! millis {
    ($($interval:expr),+) => {
        concat!("(extract(epoch FROM ", $($interval),+, ") * 1000)::bigint")
    };
}
pub(super) async fn read<C: Connection>(connection: &C) -> Result<Statistics, StoreError> {
    let query = async |statement: &str| connection.execute(statement, &[]).await;
    let deliveries = query(
        "SELECT source, event, outcome, count(*) AS count FROM deliveries GROUP BY source, event, outcome",
    )
    .await?;
    let promotions = query("SELECT state, count(*) AS count FROM promotions GROUP BY state").await?;
    let waiting = query(OLDEST_WAITING).await?;
    let took = millis!("updated_at - ", promotions::waiting_since!("promotions"));
    let commits =
        query(&format!("SELECT {} FROM promotions WHERE state = 'committed'", Durations::columns(took)))
            .await?;
    let sweeps =
        query(concat!("SELECT name, ", millis!("now() - begun_at"), " AS age FROM sweeps ORDER BY name"))
            .await?;
    let redeliveries = query(REDELIVERIES).await?;
    Ok(Statistics {
        deliveries: row::all(&deliveries, DeliveryCount::read)?,
        promotions: row::all(&promotions, |row| Ok((row.parsed("state")?, row.count("count")?)))?,
        oldest_waiting: row::first(&waiting, |row| row.duration("age"))?,
        commits: row::only(&commits, Durations::read)?,
        sweeps: row::all(&sweeps, |row| Ok((row.string("name")?, row.duration("age")?)))?,
        redeliveries: row::only(&redeliveries, Redeliveries::read)?,
    })
}

const OLDEST_WAITING: &str = concat!(
    "SELECT ",
    millis!("now() - ", promotions::waiting_since!("promotions")),
    " AS age FROM promotions WHERE next_attempt_at IS NOT NULL ORDER BY age DESC LIMIT 1"
);

const REDELIVERIES: &str = "SELECT coalesce(sum(requests), 0)::bigint AS requested, count(*) FILTER (WHERE NOT EXISTS \
     (SELECT FROM deliveries WHERE deliveries.source = redeliveries.source AND deliveries.id = redeliveries.id)) \
     AS missing FROM redeliveries";
