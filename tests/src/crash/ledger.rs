//! The ledger as its tables hold it, read past the service.

use std::path::PathBuf;
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::postgres::connect;

/// How long is waited for a writer of the file.
const BUSY: Duration = Duration::from_secs(5);

/// How to reach the tables.
#[derive(Clone, Debug)]
pub(super) enum Database {
    Postgres { url: String },
    Sqlite { file: PathBuf },
}

/// All rows.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) deliveries: Vec<Delivery>,
    pub(super) promotions: Vec<Promotion>,
    pub(super) deployments: Vec<Deployment>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Delivery {
    pub(super) id: String,
    #[serde(deserialize_with = "json_in_text")]
    pub(super) decisions: Vec<Decision>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Decision {
    pub(super) target: Option<String>,
    pub(super) verdict: String,
    pub(super) reason: String,
    pub(super) promotion: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Promotion {
    pub(super) id: String,
    pub(super) target: String,
    pub(super) tag: String,
    pub(super) digest: String,
    pub(super) state: String,
    pub(super) reason: Option<String>,
    pub(super) attempts: u32,
    pub(super) last_error: Option<String>,
    pub(super) fence: i64,
    pub(super) commit_id: Option<String>,
    pub(super) deployment_id: Option<String>,
    pub(super) delivery_id: String,
    /// Milliseconds since the Unix epoch.
    pub(super) created_at: i64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Deployment {
    pub(super) id: String,
    pub(super) version: String,
    pub(super) status: String,
    pub(super) gitops_commit: Option<String>,
}

impl Promotion {
    /// Whether it is still under way.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state.as_str(), "waiting" | "running")
    }

    /// Its place in the order of promotions.
    pub(super) fn age(&self) -> (i64, &str) {
        (self.created_at, &self.id)
    }
}

impl Database {
    /// Everything that is there now.
    pub(super) async fn rows(&self) -> anyhow::Result<Rows> {
        Ok(Rows {
            deliveries: self
                .select("SELECT id, CAST(decisions AS TEXT) AS decisions FROM deliveries")
                .await?,
            promotions: self.promotions().await?,
            deployments: self.select("SELECT id, version, status, gitops_commit FROM deployments").await?,
        })
    }

    /// All promotions, oldest first.
    pub(super) async fn promotions(&self) -> anyhow::Result<Vec<Promotion>> {
        let created_at = match self {
            Self::Postgres { .. } => "CAST(extract(epoch FROM created_at) * 1000 AS BIGINT)",
            Self::Sqlite { .. } => "created_at",
        };
        let statement = format!(
            "SELECT id, target, tag, digest, state, reason, attempts, last_error, fence, commit_id, deployment_id, \
             delivery_id, {created_at} AS created_at FROM promotions"
        );
        let mut promotions: Vec<Promotion> = self.select(&statement).await?;
        promotions.sort_by(|one, other| one.age().cmp(&other.age()));
        Ok(promotions)
    }

    /// Whether a promotion of this tag is being tried.
    pub(super) async fn is_running(&self, tag: &str) -> anyhow::Result<bool> {
        Ok(self.promotions().await?.iter().any(|it| it.tag == tag && it.state == "running"))
    }

    /// Makes everything due that waits for its next attempt. Waits double with each fault and get as long as five
    /// minutes; when the faults are over, there is nothing to learn from sitting them out. A lease is left alone.
    pub(super) async fn hasten(&self) -> anyhow::Result<()> {
        let now = match self {
            Self::Postgres { .. } => "date_trunc('milliseconds', now())",
            Self::Sqlite { .. } => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
        };
        let statement = format!("UPDATE promotions SET next_attempt_at = {now} WHERE state = 'waiting'");
        match self {
            Self::Postgres { url } => connect(url).await?.batch_execute(&statement).await?,
            Self::Sqlite { file } => sqlite(file)?.execute_batch(&statement)?,
        }
        Ok(())
    }

    async fn select<T: DeserializeOwned>(&self, statement: &str) -> anyhow::Result<Vec<T>> {
        let rows = match self {
            Self::Postgres { url } => {
                let statement = format!("SELECT to_json(rows) FROM ({statement}) AS rows");
                let rows = connect(url).await?.query(&statement, &[]).await?;
                rows.iter().map(|row| row.try_get::<_, Value>(0)).collect::<Result<Vec<_>, _>>()?
            }
            Self::Sqlite { file } => {
                let database = sqlite(file)?;
                let mut statement = database.prepare(statement)?;
                statement.query_map([], object)?.collect::<Result<Vec<_>, _>>()?
            }
        };
        Ok(rows.into_iter().map(serde_json::from_value).collect::<Result<_, _>>()?)
    }
}

fn sqlite(file: &PathBuf) -> rusqlite::Result<Connection> {
    let database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    database.busy_timeout(BUSY)?;
    Ok(database)
}

fn object(row: &rusqlite::Row<'_>) -> rusqlite::Result<Value> {
    let mut object = Map::new();
    for (index, name) in row.as_ref().column_names().enumerate() {
        let value = match row.get_ref(index)? {
            ValueRef::Null | ValueRef::Blob(_) => Value::Null,
            ValueRef::Integer(number) => number.into(),
            ValueRef::Real(number) => number.into(),
            ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
        };
        object.insert(name.to_owned(), value);
    }
    Ok(Value::Object(object))
}

fn json_in_text<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<T, D::Error> {
    serde_json::from_str(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}
