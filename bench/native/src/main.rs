//! A native server that says hello, and records and shows deployments on PostgreSQL as the tracker does, with nothing
//! between it and the database: what ours are measured against. It checks no access and keeps no metrics.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use clap::Parser;
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use serde::{Deserialize, Serialize};
use tokio_postgres::{NoTls, Row};
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const COLUMNS: &str = "id, service_name, version, environment, status, image, digest, source_commit, gitops_commit, \
                       created_at, updated_at";

/// Say hello at /hello, and serve deployments of a migrated database if one is given.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:3201")]
    listen: SocketAddr,
    /// The database.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Connections, as many as `slipway up` has.
    #[arg(long, default_value_t = 16)]
    connections: usize,
}

#[derive(Serialize)]
struct Deployment {
    id: Uuid,
    service_name: String,
    version: String,
    environment: String,
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_commit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gitops_commit: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct NewDeployment {
    service_name: String,
    version: String,
    environment: String,
}

type Answer = Result<(StatusCode, Json<Deployment>), StatusCode>;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut app = Router::new().route("/hello", get(async || "hello"));
    if let Some(url) = &arguments.database_url {
        app = app.merge(deployments(url, arguments.connections)?);
    }
    let listener = tokio::net::TcpListener::bind(arguments.listen).await?;
    Ok(axum::serve(listener, app).await?)
}

fn deployments(url: &str, connections: usize) -> anyhow::Result<Router> {
    let config = url.parse().context("the URL of the database")?;
    let manager =
        Manager::from_config(config, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
    let pool = Arc::new(Pool::builder(manager).max_size(connections).build()?);
    Ok(Router::new()
        .route("/api/v1/deployments", post(record))
        .route("/api/v1/deployments/{id}", get(show))
        .with_state(pool))
}

async fn show(State(pool): State<Arc<Pool>>, Path(id): Path<Uuid>) -> Answer {
    let statement = format!("SELECT {COLUMNS} FROM deployments WHERE id = $1");
    let client = pool.get().await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let prepared = client.prepare_cached(&statement).await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let row = client.query_opt(&prepared, &[&id]).await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let row = row.ok_or(StatusCode::NOT_FOUND)?;
    Ok((StatusCode::OK, Json(read(&row).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?)))
}

async fn record(State(pool): State<Arc<Pool>>, Json(new): Json<NewDeployment>) -> Answer {
    let statement = format!(
        "INSERT INTO deployments (id, service_name, version, environment, status, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, 'pending', date_trunc('milliseconds', now()), date_trunc('milliseconds', now())) \
         RETURNING {COLUMNS}"
    );
    let client = pool.get().await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let prepared = client.prepare_cached(&statement).await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let row = client
        .query_one(&prepared, &[&Uuid::now_v7(), &new.service_name, &new.version, &new.environment])
        .await
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok((StatusCode::CREATED, Json(read(&row).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?)))
}

fn read(row: &Row) -> Result<Deployment, tokio_postgres::Error> {
    Ok(Deployment {
        id: row.try_get("id")?,
        service_name: row.try_get("service_name")?,
        version: row.try_get("version")?,
        environment: row.try_get("environment")?,
        status: row.try_get("status")?,
        image: row.try_get("image")?,
        digest: row.try_get("digest")?,
        source_commit: row.try_get("source_commit")?,
        gitops_commit: row.try_get("gitops_commit")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}
