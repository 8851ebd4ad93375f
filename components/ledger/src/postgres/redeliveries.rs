//! The table `redeliveries`: deliveries that never arrived.

use super::{now, text};
use crate::row::{self, unreadable};
use crate::sql::Connection;
use crate::{DeliveryKey, StoreError};

pub(super) async fn missed<C: Connection>(
    connection: &C,
    source: &str,
    ids: &[String],
    most: u32,
) -> Result<Vec<String>, StoreError> {
    let statement = "SELECT wanted.id FROM jsonb_array_elements_text($2::text::jsonb) WITH ORDINALITY \
         AS wanted (id, position) \
         WHERE NOT EXISTS (SELECT FROM deliveries WHERE source = $1 AND deliveries.id = wanted.id) \
         AND NOT EXISTS (SELECT FROM redeliveries WHERE source = $1 AND redeliveries.id = wanted.id \
         AND requests >= $3::bigint) ORDER BY position";
    let ids: Vec<_> = ids.iter().map(|id| text(id)).collect();
    let ids = serde_json::to_string(&ids).map_err(|error| unreadable("ids", error))?;
    let parameters = [text(source).into(), ids.into(), i64::from(most).into()];
    let rows = connection.execute(statement, &parameters).await?;
    row::all(&rows, |row| row.string("id"))
}

pub(super) async fn count<C: Connection>(connection: &C, key: &DeliveryKey) -> Result<(), StoreError> {
    let statement = concat!(
        "INSERT INTO redeliveries (source, id, requests, requested_at) VALUES ($1, $2, 1, ",
        now!(),
        ") ON CONFLICT (source, id) DO UPDATE SET requests = redeliveries.requests + 1, \
         requested_at = excluded.requested_at"
    );
    connection.execute(statement, &[text(&key.source).into(), text(&key.id).into()]).await?;
    Ok(())
}
