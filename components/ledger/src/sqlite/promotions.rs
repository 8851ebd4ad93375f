//! The table `promotions`, but for what takes a lease.

use uuid::Uuid;

use super::{SIGIL, beyond, cursor, now};
use crate::listing::{self, Equals, Source};
use crate::promotion::superseded_by;
use crate::row::{
    self,
    promotion::{place, read},
};
use crate::sql::{Connection, Value};
use crate::{
    DeliveryKey, Listing, NewPromotion, Page, Promotion, PromotionFilter, State, StoreError, Timestamp,
};

macro_rules! columns {
    () => {
        "id, target, branch, service, environment, image, tag, digest, source_commit, state, reason, attempts, \
         last_error, next_attempt_at, commit_id, deployment_id, delivery_source, delivery_id, retry_of, created_at, \
         updated_at"
    };
}
pub(super) use columns;

const SOURCE: Source = Source {
    columns: columns!(),
    table: "promotions",
    at: "created_at",
    key: "id",
    sigil: SIGIL,
    cast: "",
    beyond,
    cursor,
};

/// Of the promotions of a target, those that came after `promotions` and have not come to nothing.
macro_rules! newer {
    () => {
        "FROM promotions AS newer WHERE newer.target = promotions.target \
         AND (newer.created_at, newer.id) > (promotions.created_at, promotions.id) \
         AND newer.state IN ('waiting', 'running', 'committed', 'unchanged')"
    };
}
pub(super) use newer;

/// [`superseded_by`](crate::promotion::superseded_by) in SQL, over the rows of [`newer!`].
macro_rules! superseded_by_newer {
    () => {
        "'a newer promotion of the target, of tag ' || newer.tag || ', took its place'"
    };
}
pub(super) use superseded_by_newer;

/// Since when the target of a promotion has waited for a commit.
macro_rules! waiting_since {
    ($table:literal) => {
        concat!("coalesce(", $table, ".waiting_since, ", $table, ".created_at)")
    };
}
pub(super) use waiting_since;

/// Now, but later than every promotion of the target: of two within a millisecond, ids do not tell which came later.
macro_rules! created_at {
    ($target:literal) => {
        concat!(
            "max(",
            now!(),
            ", coalesce((SELECT max(created_at) + 1 FROM promotions AS before WHERE before.target = ",
            $target,
            "), 0))"
        )
    };
}
pub(super) use created_at;

/// The promotion of the same thing to the same target that has not ended, and is the latest word about the target.
pub(super) async fn under_way<C: Connection>(
    connection: &C,
    new: &NewPromotion,
) -> Result<Option<Uuid>, StoreError> {
    let statement = concat!(
        "SELECT id FROM promotions WHERE target = ?1 AND image = ?2 AND tag = ?3 AND digest = ?4 \
         AND state IN ('waiting', 'running') AND NOT EXISTS (SELECT 1 ",
        newer!(),
        ")"
    );
    let key = [&new.target, &new.image, &new.tag, &new.digest].map(|text| text.as_str().into());
    let rows = connection.execute(statement, &key).await?;
    row::first(&rows, |row| row.parsed("id"))
}

/// Ends what waits for the target of a new promotion, and tells since when the target has waited. What has been announced
/// may have reached Git; whoever looks there ends it.
pub(super) async fn supersede_untried<C: Connection>(
    connection: &C,
    new: &NewPromotion,
) -> Result<Option<Timestamp>, StoreError> {
    let statement = concat!(
        "UPDATE promotions SET state = 'superseded', reason = ?2, next_attempt_at = NULL, updated_at = ",
        now!(),
        " WHERE target = ?1 AND state = 'waiting' AND deployment_id IS NULL RETURNING ",
        waiting_since!("promotions"),
        " AS waiting_since"
    );
    let parameters: [Value; 2] = [new.target.as_str().into(), superseded_by(&new.tag).into()];
    let rows = connection.execute(statement, &parameters).await?;
    Ok(row::all(&rows, |row| row.timestamp("waiting_since"))?.into_iter().min())
}

/// A new promotion that is due at once, or as soon as its branch has been gathered.
pub(super) async fn insert<C: Connection>(
    connection: &C,
    delivery: &DeliveryKey,
    new: &NewPromotion,
    waiting_since: Option<Timestamp>,
) -> Result<Uuid, StoreError> {
    let id = Uuid::now_v7();
    let statement = concat!(
        "INSERT INTO promotions (id, target, branch, service, environment, image, tag, digest, source_commit, state, \
         delivery_source, delivery_id, waiting_since, next_attempt_at, created_at, updated_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ",
        now!(),
        ", ",
        created_at!("?2"),
        ", ",
        now!(),
        ")"
    );
    let parameters = [
        id.to_string().into(),
        new.target.as_str().into(),
        new.branch.as_str().into(),
        new.service.as_str().into(),
        new.environment.as_str().into(),
        new.image.as_str().into(),
        new.tag.as_str().into(),
        new.digest.as_str().into(),
        new.source_commit.clone().into(),
        State::Waiting.as_str().into(),
        delivery.source.as_str().into(),
        delivery.id.as_str().into(),
        waiting_since.map(Timestamp::unix_millis).into(),
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
