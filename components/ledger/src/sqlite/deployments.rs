//! The table `deployments`.

use uuid::Uuid;

use super::{SIGIL, beyond, cursor, now};
use crate::listing::{self, Equals, Source};
use crate::row::{
    self,
    deployment::{place, read},
};
use crate::sql::Connection;
use crate::{Deployment, DeploymentFilter, Listing, NewDeployment, Outcome, Page, Status, StoreError};

macro_rules! columns {
    () => {
        "id, service_name, version, environment, status, image, digest, source_commit, gitops_commit, \
         created_at, updated_at"
    };
}

const SOURCE: Source = Source {
    columns: columns!(),
    table: "deployments",
    at: "created_at",
    key: "id",
    sigil: SIGIL,
    cast: "",
    beyond,
    cursor,
};

pub(super) async fn insert<C: Connection>(
    connection: &C,
    new: &NewDeployment,
) -> Result<Deployment, StoreError> {
    let statement = concat!(
        "INSERT INTO deployments (",
        columns!(),
        ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ",
        now!(),
        ", ",
        now!(),
        ") RETURNING ",
        columns!()
    );
    let parameters = [
        Uuid::now_v7().to_string().into(),
        new.service_name.as_str().into(),
        new.version.as_str().into(),
        new.environment.as_str().into(),
        Status::Pending.as_str().into(),
        new.image.clone().into(),
        new.digest.clone().into(),
        new.source_commit.clone().into(),
        new.gitops_commit.clone().into(),
    ];
    let rows = connection.execute(statement, &parameters).await?;
    row::only(&rows, read)
}

pub(super) async fn get<C: Connection>(connection: &C, id: Uuid) -> Result<Option<Deployment>, StoreError> {
    let statement = concat!("SELECT ", columns!(), " FROM deployments WHERE id = ?1");
    let rows = connection.execute(statement, &[id.to_string().into()]).await?;
    row::first(&rows, read)
}

pub(super) async fn list<C: Connection>(
    connection: &C,
    filter: &DeploymentFilter,
    page: &Page,
) -> Result<Listing<Deployment>, StoreError> {
    let filter = vec![
        Equals("service_name", filter.service.clone().map(Into::into)),
        Equals("environment", filter.environment.clone().map(Into::into)),
    ];
    listing::list(connection, &SOURCE, filter, page, read, place).await
}

/// Brings a deployment in line with the end of its promotion; to be called within a transaction.
pub(super) async fn settle<C: Connection>(
    connection: &C,
    deployment: &str,
    outcome: &Outcome,
) -> Result<(), StoreError> {
    let rows =
        connection.execute("SELECT status FROM deployments WHERE id = ?1", &[deployment.into()]).await?;
    let current: Status = row::only(&rows, |row| row.parsed("status"))?;
    let status = current.max(outcome.deployment_status());
    let statement = concat!(
        "UPDATE deployments SET status = ?2, gitops_commit = coalesce(?3, gitops_commit), updated_at = ",
        now!(),
        " WHERE id = ?1"
    );
    connection
        .execute(statement, &[deployment.into(), status.as_str().into(), outcome.commit().into()])
        .await?;
    Ok(())
}

/// Moves the status of a deployment on to a higher one, and notes that it was heard of; to be called within a
/// transaction that has just read it.
pub(super) async fn raise<C: Connection>(
    connection: &C,
    deployment: &Deployment,
    reported: Option<Status>,
) -> Result<(), StoreError> {
    let status = reported.map_or(deployment.status, |status| status.max(deployment.status));
    let statement = concat!("UPDATE deployments SET status = ?2, updated_at = ", now!(), " WHERE id = ?1");
    connection.execute(statement, &[deployment.id.to_string().into(), status.as_str().into()]).await?;
    Ok(())
}
