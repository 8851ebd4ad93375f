//! The table `deployments`.

use uuid::Uuid;

use super::{SIGIL, beyond, cursor, epoch, now, optional_text, text};
use crate::listing::{self, Equals, Source};
use crate::row::{
    self,
    deployment::{place, read},
};
use crate::sql::Connection;
use crate::{Deployment, DeploymentFilter, Listing, NewDeployment, Page, Status, StoreError};

macro_rules! columns {
    () => {
        concat!(
            "id::text AS id, service_name, version, environment, status, image, digest, source_commit, \
             gitops_commit, ",
            epoch!("created_at"),
            ", ",
            epoch!("updated_at")
        )
    };
}

// `ORDER BY` takes a bare name for the column that is given back, which has no index: the table's name leads to the table's.
const SOURCE: Source = Source {
    columns: columns!(),
    table: "deployments",
    at: "deployments.created_at",
    key: "deployments.id",
    sigil: SIGIL,
    cast: "",
    beyond,
    cursor,
};

/// The rank of a status in SQL; the order is that of [`Status`].
macro_rules! rank {
    ($status:literal) => {
        concat!(
            "array_position(ARRAY['pending', 'running', 'superseded', 'succeeded', 'failed', 'rolled_back'], ",
            $status,
            ")"
        )
    };
}
pub(super) use rank;

pub(super) async fn insert<C: Connection>(
    connection: &C,
    new: &NewDeployment,
) -> Result<Deployment, StoreError> {
    let statement = concat!(
        "INSERT INTO deployments (id, service_name, version, environment, status, image, digest, source_commit, \
         gitops_commit, created_at, updated_at) VALUES ($1::text::uuid, $2, $3, $4, $5, $6, $7, $8, $9, ",
        now!(),
        ", ",
        now!(),
        ") RETURNING ",
        columns!()
    );
    let parameters = [
        Uuid::now_v7().to_string().into(),
        text(&new.service_name).into(),
        text(&new.version).into(),
        text(&new.environment).into(),
        Status::Pending.as_str().into(),
        optional_text(new.image.as_deref()),
        optional_text(new.digest.as_deref()),
        optional_text(new.source_commit.as_deref()),
        optional_text(new.gitops_commit.as_deref()),
    ];
    let rows = connection.execute(statement, &parameters).await?;
    row::only(&rows, read)
}

pub(super) async fn get<C: Connection>(connection: &C, id: Uuid) -> Result<Option<Deployment>, StoreError> {
    let statement = concat!("SELECT ", columns!(), " FROM deployments WHERE id = $1::text::uuid");
    let rows = connection.execute(statement, &[id.to_string().into()]).await?;
    row::first(&rows, read)
}

pub(super) async fn list<C: Connection>(
    connection: &C,
    filter: &DeploymentFilter,
    page: &Page,
) -> Result<Listing<Deployment>, StoreError> {
    let filter = vec![
        Equals("service_name", filter.service.as_deref().map(|service| text(service).into())),
        Equals("environment", filter.environment.as_deref().map(|environment| text(environment).into())),
    ];
    listing::list(connection, &SOURCE, filter, page, read, place).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rank_in_sql_is_the_order_of_the_statuses() {
        let names: Vec<_> = Status::ALL.iter().map(|status| format!("'{status}'")).collect();
        assert_eq!(rank!("status"), format!("array_position(ARRAY[{}], status)", names.join(", ")));
    }
}
