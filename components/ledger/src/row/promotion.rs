//! A row of the table `promotions`.

use super::{Row, unreadable};
use crate::{Claim, Cursor, DeliveryKey, Promotion, StoreError};

pub(crate) fn read(row: Row<'_>) -> Result<Promotion, StoreError> {
    Ok(Promotion {
        id: row.parsed("id")?,
        target: row.string("target")?,
        branch: row.string("branch")?,
        service: row.string("service")?,
        environment: row.string("environment")?,
        image: row.string("image")?,
        tag: row.string("tag")?,
        digest: row.string("digest")?,
        source_commit: row.optional_string("source_commit")?,
        state: row.parsed("state")?,
        reason: row.optional_string("reason")?,
        attempts: row.integer("attempts")?.try_into().map_err(|error| unreadable("attempts", error))?,
        last_error: row.optional_string("last_error")?,
        next_attempt_at: row.optional_timestamp("next_attempt_at")?,
        commit: row.optional_string("commit_id")?,
        deployment_id: row.optional_parsed("deployment_id")?,
        delivery: DeliveryKey { source: row.string("delivery_source")?, id: row.string("delivery_id")? },
        retry_of: row.optional_parsed("retry_of")?,
        created_at: row.timestamp("created_at")?,
        updated_at: row.timestamp("updated_at")?,
    })
}

/// A row with its `fence` beside it.
pub(crate) fn read_claim(row: Row<'_>) -> Result<Claim, StoreError> {
    Ok(Claim { promotion: read(row)?, fence: row.integer("fence")? })
}

/// Where the row lies in a list.
pub(crate) fn place(promotion: &Promotion) -> Cursor {
    Cursor { at: promotion.created_at, key: promotion.id.to_string() }
}
