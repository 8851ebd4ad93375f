//! A row of the table `deployments`.

use super::Row;
use crate::{Cursor, Deployment, StoreError};

pub(crate) fn read(row: Row<'_>) -> Result<Deployment, StoreError> {
    Ok(Deployment {
        id: row.parsed("id")?,
        service_name: row.string("service_name")?,
        version: row.string("version")?,
        environment: row.string("environment")?,
        status: row.parsed("status")?,
        image: row.optional_string("image")?,
        digest: row.optional_string("digest")?,
        source_commit: row.optional_string("source_commit")?,
        gitops_commit: row.optional_string("gitops_commit")?,
        created_at: row.timestamp("created_at")?,
        updated_at: row.timestamp("updated_at")?,
    })
}

/// Where the row lies in a list.
pub(crate) fn place(deployment: &Deployment) -> Cursor {
    Cursor { at: deployment.created_at, key: deployment.id.to_string() }
}
