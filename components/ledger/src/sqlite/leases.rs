//! Claiming promotions, and what only the holder of a claim may do.
//!
//! A lease is the time until `next_attempt_at`; the claim's number, `fence`, tells its holder from later ones.

use std::time::Duration;

use uuid::Uuid;

use super::transaction::transaction;
use super::{deployments, now, promotions};
use crate::row::{self, promotion::read_claim};
use crate::sql::{Connection, Value, millis};
use crate::{Claim, Outcome, StoreError};

/// Takes the lease of the rows that the condition chooses; `?1` is its length in milliseconds.
macro_rules! claim_where {
    ($condition:expr) => {
        concat!(
            "UPDATE promotions SET state = 'running', attempts = attempts + 1, fence = fence + 1, \
             next_attempt_at = ",
            now!(),
            " + ?1, updated_at = ",
            now!(),
            " WHERE ",
            $condition,
            " RETURNING fence, ",
            promotions::columns!()
        )
    };
}

/// The row of a claim that is still the latest; `?1` is the promotion, `?2` the fence.
macro_rules! held {
    () => {
        "id = ?1 AND fence = ?2 AND state = 'running'"
    };
}

pub(super) async fn claim_due<C: Connection>(
    connection: &C,
    limit: u32,
    lease: Duration,
) -> Result<Vec<Claim>, StoreError> {
    let statement = claim_where!(concat!(
        "id IN (SELECT id FROM promotions WHERE next_attempt_at <= ",
        now!(),
        " ORDER BY next_attempt_at LIMIT ?2)"
    ));
    let rows = connection.execute(statement, &[millis(lease), i64::from(limit).into()]).await?;
    let mut claims = row::all(&rows, read_claim)?;
    // RETURNING promises no order. Oldest first, so that of two tags for one target the newer one comes last.
    claims.sort_by_key(|claim| (claim.promotion.created_at, claim.promotion.id));
    Ok(claims)
}

pub(super) async fn claim<C: Connection>(
    connection: &C,
    id: Uuid,
    lease: Duration,
) -> Result<Option<Claim>, StoreError> {
    let statement = claim_where!(concat!("id = ?2 AND next_attempt_at <= ", now!()));
    let rows = connection.execute(statement, &[millis(lease), id.to_string().into()]).await?;
    row::first(&rows, read_claim)
}

pub(super) async fn announce<C: Connection>(connection: &C, claim: &Claim) -> Result<Uuid, StoreError> {
    transaction(connection, async || {
        let [id, fence] = identity(claim);
        let statement = concat!("SELECT deployment_id FROM promotions WHERE ", held!());
        let rows = connection.execute(statement, &[id.clone(), fence]).await?;
        let announced = row::first(&rows, |row| row.optional_parsed("deployment_id"))?;
        if let Some(deployment) = announced.ok_or(StoreError::LeaseLost)? {
            return Ok(deployment);
        }
        let deployment = deployments::insert(connection, &claim.promotion.deployment()).await?.id;
        let statement =
            concat!("UPDATE promotions SET deployment_id = ?2, updated_at = ", now!(), " WHERE id = ?1");
        connection.execute(statement, &[id, deployment.to_string().into()]).await?;
        Ok(deployment)
    })
    .await
}

pub(super) async fn finish<C: Connection>(
    connection: &C,
    claim: &Claim,
    outcome: &Outcome,
) -> Result<(), StoreError> {
    transaction(connection, async || {
        let [id, fence] = identity(claim);
        let statement = concat!(
            "UPDATE promotions SET state = ?3, reason = ?4, commit_id = ?5, next_attempt_at = NULL, updated_at = ",
            now!(), " WHERE ", held!(), " RETURNING deployment_id"
        );
        let end = [outcome.state().as_str().into(), outcome.reason().into(), outcome.commit().into()];
        let rows = connection.execute(statement, &[[id, fence].as_slice(), &end].concat()).await?;
        let announced = row::first(&rows, |row| row.optional_string("deployment_id"))?;
        match announced.ok_or(StoreError::LeaseLost)? {
            Some(deployment) => deployments::settle(connection, &deployment, outcome).await,
            None => Ok(()),
        }
    })
    .await
}

pub(super) async fn postpone<C: Connection>(
    connection: &C,
    claim: &Claim,
    error: &str,
    delay: Duration,
) -> Result<(), StoreError> {
    let [id, fence] = identity(claim);
    // What has not been announced cannot have reached Git, so that it need not be looked for there.
    let statement = concat!(
        "UPDATE promotions SET last_error = ?3, updated_at = ",
        now!(),
        ", (state, reason, next_attempt_at) = (SELECT 'superseded', ",
        promotions::superseded_by_newer!(),
        ", NULL ",
        promotions::newer!(),
        " AND promotions.deployment_id IS NULL \
         UNION ALL SELECT 'waiting', NULL, ",
        now!(),
        " + ?4 LIMIT 1) WHERE ",
        held!(),
        " RETURNING id"
    );
    let rows = connection.execute(statement, &[id, fence, error.into(), millis(delay)]).await?;
    if rows.rows.is_empty() { Err(StoreError::LeaseLost) } else { Ok(()) }
}

fn identity(claim: &Claim) -> [Value; 2] {
    [claim.promotion.id.to_string().into(), claim.fence.into()]
}
