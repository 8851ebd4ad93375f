//! Promotions that are tried again on somebody's wish.

use uuid::Uuid;

use super::{now, promotions};
use crate::row::{self, promotion::read};
use crate::sql::Connection;
use crate::{Retry, StoreError};

/// Each statement decides by itself, so that nothing can come in between.
pub(super) async fn retry<C: Connection>(connection: &C, id: Uuid) -> Result<Retry, StoreError> {
    let rows = connection.execute(HASTEN, &[id.to_string().into()]).await?;
    if let Some(promotion) = row::first(&rows, read)? {
        return Ok(Retry::Hastened(promotion));
    }
    let rows =
        connection.execute(MAKE_ANEW, &[id.to_string().into(), Uuid::now_v7().to_string().into()]).await?;
    if let Some(promotion) = row::first(&rows, read)? {
        return Ok(Retry::Created(promotion));
    }
    Ok(promotions::get(connection, id).await?.as_ref().map_or(Retry::Unknown, Retry::refused))
}

const HASTEN: &str = concat!(
    "UPDATE promotions SET next_attempt_at = ",
    now!(),
    ", updated_at = ",
    now!(),
    " WHERE id = ?1 AND state = 'waiting' RETURNING ",
    promotions::columns!()
);

const MAKE_ANEW: &str = concat!(
    "INSERT INTO promotions (id, target, branch, service, environment, image, tag, digest, source_commit, state, \
     delivery_source, delivery_id, retry_of, next_attempt_at, created_at, updated_at) \
     SELECT ?2, target, branch, service, environment, image, tag, digest, source_commit, 'waiting', \
     delivery_source, delivery_id, id, ",
    now!(),
    ", ",
    promotions::created_at!("promotions.target"),
    ", ",
    now!(),
    " FROM promotions WHERE id = ?1 AND state IN ('held', 'rejected', 'failed') AND NOT EXISTS (SELECT 1 ",
    promotions::newer!(),
    ") RETURNING ",
    promotions::columns!()
);
