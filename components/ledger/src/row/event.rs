//! A row of the table `deployment_events`.

use super::{Row, unreadable};
use crate::{Cursor, Event, StoreError};

pub(crate) fn read(row: Row<'_>) -> Result<Event, StoreError> {
    Ok(Event {
        source: row.string("source")?,
        id: row.string("id")?,
        deployment_id: row.parsed("deployment_id")?,
        kind: row.string("kind")?,
        status: row.optional_parsed("status")?,
        actor: row.optional_string("actor")?,
        detail: serde_json::from_str(row.text("detail")?).map_err(|error| unreadable("detail", error))?,
        recorded_at: row.timestamp("recorded_at")?,
    })
}

/// Where the row lies in a list.
pub(crate) fn place(event: &Event) -> Cursor {
    Cursor { at: event.recorded_at, key: format!("{}/{}", event.source, event.id) }
}
