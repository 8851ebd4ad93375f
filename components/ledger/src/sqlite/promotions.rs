//! The table `promotions`, but for what takes a lease.

use uuid::Uuid;

use super::listing::{self, Equals, Source};
use super::now;
use super::row::{self, Row, unreadable};
use crate::sql::Connection;
use crate::{
    Cursor, DeliveryKey, Listing, NewPromotion, Page, Promotion, PromotionFilter, State, StoreError,
};

macro_rules! columns {
    () => {
        "id, target, service, environment, image, tag, digest, source_commit, state, reason, attempts, last_error, \
         next_attempt_at, commit_id, deployment_id, delivery_source, delivery_id, created_at, updated_at"
    };
}
pub(super) use columns;

const SOURCE: Source = Source { columns: columns!(), table: "promotions", at: "created_at", key: "id" };

/// The promotion of the same thing to the same target that has not ended.
pub(super) async fn under_way<C: Connection>(
    connection: &C,
    new: &NewPromotion,
) -> Result<Option<Uuid>, StoreError> {
    let statement = "SELECT id FROM promotions WHERE target = ?1 AND image = ?2 AND tag = ?3 AND digest = ?4 \
                     AND state IN ('waiting', 'running')";
    let key = [&new.target, &new.image, &new.tag, &new.digest].map(|text| text.as_str().into());
    let rows = connection.execute(statement, &key).await?;
    row::first(&rows, |row| row.parsed("id"))
}

/// A new promotion that is due at once.
pub(super) async fn insert<C: Connection>(
    connection: &C,
    delivery: &DeliveryKey,
    new: &NewPromotion,
) -> Result<Uuid, StoreError> {
    let id = Uuid::now_v7();
    let statement = concat!(
        "INSERT INTO promotions (id, target, service, environment, image, tag, digest, source_commit, state, \
         delivery_source, delivery_id, next_attempt_at, created_at, updated_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ",
        now!(),
        ", ",
        now!(),
        ", ",
        now!(),
        ")"
    );
    let parameters = [
        id.to_string().into(),
        new.target.as_str().into(),
        new.service.as_str().into(),
        new.environment.as_str().into(),
        new.image.as_str().into(),
        new.tag.as_str().into(),
        new.digest.as_str().into(),
        new.source_commit.clone().into(),
        State::Waiting.as_str().into(),
        delivery.source.as_str().into(),
        delivery.id.as_str().into(),
    ];
    connection.execute(statement, &parameters).await?;
    Ok(id)
}

pub(super) async fn get<C: Connection>(connection: &C, id: Uuid) -> Result<Option<Promotion>, StoreError> {
    let statement = concat!("SELECT ", columns!(), " FROM promotions WHERE id = ?1");
    let rows = connection.execute(statement, &[id.to_string().into()]).await?;
    row::first(&rows, read)
}

pub(super) async fn list<C: Connection>(
    connection: &C,
    filter: &PromotionFilter,
    page: &Page,
) -> Result<Listing<Promotion>, StoreError> {
    let filter = vec![
        Equals("state", filter.state.map(|state| state.as_str().into())),
        Equals("service", filter.service.clone().map(Into::into)),
        Equals("environment", filter.environment.clone().map(Into::into)),
    ];
    listing::list(connection, &SOURCE, filter, page, read, place).await
}

pub(super) fn read(row: Row<'_>) -> Result<Promotion, StoreError> {
    Ok(Promotion {
        id: row.parsed("id")?,
        target: row.string("target")?,
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
        created_at: row.timestamp("created_at")?,
        updated_at: row.timestamp("updated_at")?,
    })
}

fn place(promotion: &Promotion) -> Cursor {
    Cursor { at: promotion.created_at, key: promotion.id.to_string() }
}
