//! The table `deployment_events`, and what an event does to deployments.

use uuid::Uuid;

use super::{SIGIL, beyond, cursor, deployments, now, transaction::transaction};
use crate::event::OURSELVES;
use crate::listing::{self, Equals, Source};
use crate::row::{
    self,
    event::{place, read},
    unreadable,
};
use crate::sql::{Connection, millis};
use crate::{Deployment, Event, Listing, NewEvent, Page, Patience, Reported, Status, StoreError};

macro_rules! columns {
    () => {
        "source, id, deployment_id, kind, status, actor, detail, recorded_at"
    };
}

const SOURCE: Source = Source {
    columns: columns!(),
    table: "deployment_events",
    at: "recorded_at",
    key: "source || '/' || id",
    sigil: SIGIL,
    cast: "",
    beyond,
    cursor,
};

/// Now, but later than every event of the deployment: of two within a millisecond, ids do not tell which came later.
macro_rules! recorded_at {
    ($deployment:literal) => {
        concat!(
            "max(",
            now!(),
            ", coalesce((SELECT max(before.recorded_at) + 1 FROM deployment_events AS before \
             WHERE before.deployment_id = ",
            $deployment,
            "), 0))"
        )
    };
}

pub(super) async fn report<C: Connection>(
    connection: &C,
    deployment: Uuid,
    event: &NewEvent,
) -> Result<Reported, StoreError> {
    transaction(connection, async || {
        if let Some(event) = get(connection, &event.source, &event.id).await? {
            return Ok(Reported::Repeated(event));
        }
        let Some(deployment) = deployments::get(connection, deployment).await? else {
            return Ok(Reported::Unknown);
        };
        let recorded = insert(connection, deployment.id, event).await?;
        deployments::raise(connection, &deployment, event.status).await?;
        if event.status.is_some_and(Status::takes_over) {
            supersede_older(connection, &deployment).await?;
        }
        Ok(Reported::Recorded(recorded))
    })
    .await
}

pub(super) async fn get<C: Connection>(
    connection: &C,
    source: &str,
    id: &str,
) -> Result<Option<Event>, StoreError> {
    let statement = concat!("SELECT ", columns!(), " FROM deployment_events WHERE source = ?1 AND id = ?2");
    let rows = connection.execute(statement, &[source.into(), id.into()]).await?;
    row::first(&rows, read)
}

pub(super) async fn list<C: Connection>(
    connection: &C,
    deployment: Uuid,
    page: &Page,
) -> Result<Listing<Event>, StoreError> {
    let filter = vec![Equals("deployment_id", Some(deployment.to_string().into()))];
    listing::list(connection, &SOURCE, filter, page, read, place).await
}

async fn insert<C: Connection>(
    connection: &C,
    deployment: Uuid,
    event: &NewEvent,
) -> Result<Event, StoreError> {
    let statement = concat!(
        "INSERT INTO deployment_events (",
        columns!(),
        ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ",
        recorded_at!("?3"),
        ") RETURNING ",
        columns!()
    );
    let detail = serde_json::to_string(&event.detail).map_err(|error| unreadable("detail", error))?;
    let parameters = [
        event.source.as_str().into(),
        event.id.as_str().into(),
        deployment.to_string().into(),
        event.kind.as_str().into(),
        event.status.map(Status::as_str).into(),
        event.actor.clone().into(),
        detail.into(),
    ];
    row::only(&connection.execute(statement, &parameters).await?, read)
}

/// What was under way before a deployment, for the same service and environment.
macro_rules! older {
    () => {
        "service_name = ?1 AND environment = ?2 AND (created_at, id) < (?3, ?4) AND status IN ('pending', 'running')"
    };
}

async fn supersede_older<C: Connection>(connection: &C, newer: &Deployment) -> Result<(), StoreError> {
    let place = [
        newer.service_name.as_str().into(),
        newer.environment.as_str().into(),
        newer.created_at.unix_millis().into(),
        newer.id.to_string().into(),
    ];
    let told = concat!(
        "INSERT INTO deployment_events (source, id, deployment_id, kind, status, detail, recorded_at) \
         SELECT ?5, 'superseded/' || id, id, 'superseded', 'superseded', \
         json_object('deployment', ?4, 'version', ?6), ",
        recorded_at!("deployments.id"),
        " FROM deployments WHERE ",
        older!(),
        " ON CONFLICT DO NOTHING"
    );
    let mut parameters = place.to_vec();
    parameters.extend([OURSELVES.into(), newer.version.as_str().into()]);
    connection.execute(told, &parameters).await?;
    let superseded =
        concat!("UPDATE deployments SET status = 'superseded', updated_at = ", now!(), " WHERE ", older!());
    connection.execute(superseded, &place).await?;
    Ok(())
}

macro_rules! stalled {
    () => {
        concat!("status IN ('pending', 'running') AND updated_at < ", now!(), " - ?1")
    };
}

pub(super) async fn stalled<C: Connection>(
    connection: &C,
    ids: &[Uuid],
    patience: Patience,
) -> Result<Vec<Uuid>, StoreError> {
    let Some(patience) = patience.duration().filter(|_| !ids.is_empty()) else { return Ok(Vec::new()) };
    let statement =
        concat!("SELECT id FROM deployments WHERE id IN (SELECT value FROM json_each(?2)) AND ", stalled!());
    let ids = serde_json::to_string(ids).map_err(|error| unreadable("ids", error))?;
    let rows = connection.execute(statement, &[millis(patience), ids.into()]).await?;
    row::all(&rows, |row| row.parsed("id"))
}

pub(super) async fn count_stalled<C: Connection>(
    connection: &C,
    patience: Patience,
) -> Result<u64, StoreError> {
    let Some(patience) = patience.duration() else { return Ok(0) };
    let statement = concat!("SELECT count(*) AS count FROM deployments WHERE ", stalled!());
    row::only(&connection.execute(statement, &[millis(patience)]).await?, |row| row.count("count"))
}
