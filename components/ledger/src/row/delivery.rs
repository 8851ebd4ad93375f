//! A row of the table `deliveries`.

use super::{Row, unreadable};
use crate::{Cursor, Decision, Delivery, DeliveryKey, StoreError};

pub(crate) fn read(row: Row<'_>) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        key: DeliveryKey { source: row.string("source")?, id: row.string("id")? },
        event: row.string("event")?,
        outcome: row.parsed("outcome")?,
        decisions: read_decisions(row)?,
        received_at: row.timestamp("received_at")?,
    })
}

/// The column `decisions`.
pub(crate) fn read_decisions(row: Row<'_>) -> Result<Vec<Decision>, StoreError> {
    serde_json::from_str(row.text("decisions")?).map_err(|error| unreadable("decisions", error))
}

/// Where the row lies in a list.
pub(crate) fn place(delivery: &Delivery) -> Cursor {
    Cursor { at: delivery.received_at, key: format!("{}/{}", delivery.key.source, delivery.key.id) }
}
