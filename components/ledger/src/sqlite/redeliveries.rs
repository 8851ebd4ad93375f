//! The table `redeliveries`: deliveries that never arrived.

use super::now;
use crate::row::{self, unreadable};
use crate::sql::Connection;
use crate::{DeliveryKey, StoreError};

pub(super) async fn missed<C: Connection>(
    connection: &C,
    source: &str,
    ids: &[String],
    most: u32,
) -> Result<Vec<String>, StoreError> {
    let statement = "SELECT value AS id FROM json_each(?2) \
         WHERE NOT EXISTS (SELECT 1 FROM deliveries WHERE source = ?1 AND id = value) \
         AND NOT EXISTS (SELECT 1 FROM redeliveries WHERE source = ?1 AND id = value AND requests >= ?3) ORDER BY key";
    let ids = serde_json::to_string(ids).map_err(|error| unreadable("ids", error))?;
    let rows = connection.execute(statement, &[source.into(), ids.into(), i64::from(most).into()]).await?;
    row::all(&rows, |row| row.string("id"))
}

pub(super) async fn count<C: Connection>(connection: &C, key: &DeliveryKey) -> Result<(), StoreError> {
    let statement = concat!(
        "INSERT INTO redeliveries (source, id, requests, requested_at) VALUES (?1, ?2, 1, ",
        now!(),
        ") ON CONFLICT (source, id) DO UPDATE SET requests = requests + 1, requested_at = excluded.requested_at"
    );
    connection.execute(statement, &[key.source.as_str().into(), key.id.as_str().into()]).await?;
    Ok(())
}
