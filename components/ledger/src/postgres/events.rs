//! The table `deployment_events`, and what an event does to deployments.

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::deliveries::{beyond, cursor};
use super::{SIGIL, epoch, execute_again, optional_text, text};
use crate::event::OURSELVES;
use crate::listing::{self, Equals, Source};
use crate::row::{
    self,
    event::{place, read},
    unreadable,
};
use crate::sql::{Connection, Value, millis};
use crate::{Event, Listing, NewEvent, Page, Patience, Reported, Status, StoreError};

macro_rules! columns {
    () => {
        concat!(
            "source, id, deployment_id::text AS deployment_id, kind, status, actor, detail::text AS detail, ",
            epoch!("recorded_at")
        )
    };
}

const SOURCE: Source = Source {
    columns: columns!(),
    table: "deployment_events",
    at: "deployment_events.recorded_at",
    // "C" orders bytes, as the index does.
    key: "((source || '/' || id) COLLATE \"C\")",
    sigil: SIGIL,
    cast: "::text::uuid",
    beyond,
    cursor,
};

/// Source and id of the event are `$1` and `$2`, its deployment is `$3`, the rest of it `$4` to `$7`; `$8` is 1
/// where it takes the place of what was under way, and `$9` who tells those.
const REPORT: &str = include_str!("report.sql");

pub(super) async fn report<C: Connection>(
    connection: &C,
    deployment: Uuid,
    event: &NewEvent,
) -> Result<Reported, StoreError> {
    let takes_over = event.status.is_some_and(Status::takes_over);
    let parameters = [
        text(&event.source).into(),
        text(&event.id).into(),
        deployment.to_string().into(),
        text(&event.kind).into(),
        event.status.map(Status::as_str).into(),
        optional_text(event.actor.as_deref()),
        json(&event.detail)?,
        i64::from(takes_over).into(),
        OURSELVES.into(),
    ];
    // It fails where the same event is reported at the same time; the second try sees it.
    let rows = execute_again(connection, REPORT, &parameters).await?;
    let reported = row::first(&rows, |row| {
        let event = read(row)?;
        Ok(match row.integer("repeated")? {
            0 => Reported::Recorded(event),
            _ => Reported::Repeated(event),
        })
    })?;
    Ok(reported.unwrap_or(Reported::Unknown))
}

pub(super) async fn get<C: Connection>(
    connection: &C,
    source: &str,
    id: &str,
) -> Result<Option<Event>, StoreError> {
    let statement = concat!("SELECT ", columns!(), " FROM deployment_events WHERE source = $1 AND id = $2");
    let rows = connection.execute(statement, &[text(source).into(), text(id).into()]).await?;
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

macro_rules! stalled {
    () => {
        "status IN ('pending', 'running') AND updated_at < now() - $1::bigint * interval '1 millisecond'"
    };
}

pub(super) async fn stalled<C: Connection>(
    connection: &C,
    ids: &[Uuid],
    patience: Patience,
) -> Result<Vec<Uuid>, StoreError> {
    let Some(patience) = patience.duration().filter(|_| !ids.is_empty()) else { return Ok(Vec::new()) };
    let statement = concat!(
        "SELECT id::text AS id FROM deployments WHERE id IN \
         (SELECT value::uuid FROM jsonb_array_elements_text($2::text::jsonb) AS wanted (value)) AND ",
        stalled!()
    );
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

/// A detail as JSONB can keep it: it has no NUL in its texts either.
fn json(detail: &Map<String, Json>) -> Result<Value, StoreError> {
    let detail: Map<_, _> = detail.iter().map(|(key, value)| (text(key), clean(value))).collect();
    serde_json::to_string(&detail).map(Value::from).map_err(|error| unreadable("detail", error))
}

/// As deep as a parser lets a value be, which is 128 levels.
fn clean(value: &Json) -> Json {
    match value {
        Json::String(string) => text(string).into(),
        Json::Array(values) => values.iter().map(clean).collect(),
        Json::Object(fields) => fields.iter().map(|(key, value)| (text(key), clean(value))).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::deployments::rank;

    #[test]
    fn rank_in_the_statement_is_the_order_of_the_statuses() {
        assert!(REPORT.contains(rank!("deployments.status")));
        assert!(REPORT.contains(rank!("$5::text")));
    }
}
