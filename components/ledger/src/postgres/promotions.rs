//! The table `promotions`, but for what takes a lease.

use uuid::Uuid;

use super::{SIGIL, beyond, cursor, epoch, text};
use crate::listing::{self, Equals, Source};
use crate::row::{
    self,
    promotion::{place, read},
};
use crate::sql::Connection;
use crate::{Listing, Page, Promotion, PromotionFilter, StoreError};

macro_rules! columns {
    () => {
        concat!(
            "promotions.id::text AS id, target, branch, service, environment, image, tag, digest, source_commit, \
             state, reason, attempts::bigint AS attempts, last_error, ",
            epoch!("next_attempt_at"),
            ", commit_id, deployment_id::text AS deployment_id, delivery_source, delivery_id, \
             retry_of::text AS retry_of, ",
            epoch!("created_at"),
            ", ",
            epoch!("updated_at")
        )
    };
}
pub(super) use columns;

/// Of the promotions of a target, those that came after `promotions` and have not come to nothing.
macro_rules! newer {
    () => {
        "FROM promotions AS newer WHERE newer.target = promotions.target \
         AND (newer.created_at, newer.id) > (promotions.created_at, promotions.id) \
         AND newer.state IN ('waiting', 'running', 'committed', 'unchanged')"
    };
}
pub(super) use newer;

/// [`superseded_by`](crate::promotion::superseded_by) in SQL.
macro_rules! superseded_by {
    ($tag:literal) => {
        concat!("'a newer promotion of the target, of tag ' || ", $tag, " || ', took its place'")
    };
}
pub(super) use superseded_by;

/// Now, but later than every promotion of the target: of two within a millisecond, ids do not tell which came later.
macro_rules! created_at {
    ($target:literal) => {
        concat!(
            "greatest(",
            now!(),
            ", (SELECT max(before.created_at) + interval '1 millisecond' FROM promotions AS before \
             WHERE before.target = ",
            $target,
            "))"
        )
    };
}
pub(super) use created_at;

/// Since when the target of a promotion has waited for a commit.
macro_rules! waiting_since {
    ($table:literal) => {
        concat!("coalesce(", $table, ".waiting_since, ", $table, ".created_at)")
    };
}
pub(super) use waiting_since;

// See the source of the deployments for the table's name.
const SOURCE: Source = Source {
    columns: columns!(),
    table: "promotions",
    at: "promotions.created_at",
    key: "promotions.id",
    sigil: SIGIL,
    cast: "",
    beyond,
    cursor,
};

pub(super) async fn get<C: Connection>(connection: &C, id: Uuid) -> Result<Option<Promotion>, StoreError> {
    let statement = concat!("SELECT ", columns!(), " FROM promotions WHERE id = $1::text::uuid");
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
        Equals("service", filter.service.as_deref().map(|service| text(service).into())),
        Equals("environment", filter.environment.as_deref().map(|environment| text(environment).into())),
    ];
    listing::list(connection, &SOURCE, filter, page, read, place).await
}
