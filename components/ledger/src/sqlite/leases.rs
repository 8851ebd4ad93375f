//! Claiming promotions, and what only the holder of a claim may do.
//!
//! A lease is the time until `next_attempt_at`; the claim's number, `fence`, tells its holder from later ones.

use std::time::Duration;

use uuid::Uuid;

use super::transaction::transaction;
use super::{deployments, now, promotions};
use crate::promotion::SILENCE;
use crate::row::{self, Row, promotion::read_claim};
use crate::sql::{Connection, Value, millis};
use crate::{Announced, Claim, Contest, Gather, Outcome, Promotion, StoreError};

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

/// What gathers on the branch of a promotion.
macro_rules! gathering {
    ($name:literal) => {
        concat!(
            "FROM promotions AS ",
            $name,
            " WHERE ",
            $name,
            ".branch = promotions.branch AND ",
            $name,
            ".state = 'waiting' AND ",
            $name,
            ".attempts = 0 AND ",
            $name,
            ".next_attempt_at IS NOT NULL"
        )
    };
}
/// Claims what is due for the branch of one promotion: `?2` is the limit, `?3` and `?4` are the window, `?5` is the [`SILENCE`]. An empty branch is
/// none, so that it is never busy.
const CLAIM_DUE: &str = claim_where!(concat!(
    "id IN (WITH head AS (SELECT id, branch FROM promotions WHERE next_attempt_at <= ",
    now!(),
    " AND NOT EXISTS (SELECT 1 FROM promotions AS busy WHERE busy.branch = promotions.branch AND busy.branch <> '' \
     AND busy.state = 'running' AND busy.next_attempt_at > ",
    now!(),
    " AND busy.updated_at > ",
    now!(),
    " - ?5) AND (state = 'running' OR attempts > 0 OR NOT EXISTS (SELECT 1 ",
    gathering!("fresh"),
    " AND fresh.created_at > ",
    now!(),
    " - ?3) OR EXISTS (SELECT 1 ",
    gathering!("old"),
    " AND ",
    promotions::waiting_since!("old"),
    " <= ",
    now!(),
    " - ?4)) ORDER BY next_attempt_at LIMIT 1) \
     SELECT promotions.id FROM head JOIN promotions ON promotions.branch = head.branch WHERE next_attempt_at <= ",
    now!(),
    " ORDER BY promotions.id = head.id DESC, next_attempt_at LIMIT ?2)"
));

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
    gather: &Gather,
) -> Result<Vec<Claim>, StoreError> {
    let parameters = [
        millis(lease),
        i64::from(limit).into(),
        millis(gather.quiet),
        millis(gather.longest),
        millis(SILENCE),
    ];
    let rows = connection.execute(CLAIM_DUE, &parameters).await?;
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

pub(super) async fn announce<C: Connection>(connection: &C, claim: &Claim) -> Result<Announced, StoreError> {
    transaction(connection, async || {
        let [id, fence] = identity(claim);
        let statement = concat!(
            "SELECT deployment_id, (SELECT newer.tag ",
            promotions::newer!(),
            " ORDER BY newer.created_at DESC, newer.id DESC LIMIT 1) AS newer FROM promotions WHERE ",
            held!()
        );
        let rows = connection.execute(statement, &[id.clone(), fence]).await?;
        let read = |row: Row<'_>| Ok((row.optional_parsed("deployment_id")?, row.optional_string("newer")?));
        match row::first(&rows, read)?.ok_or(StoreError::LeaseLost)? {
            (_, Some(tag)) => return Ok(Announced::Superseded { tag }),
            (Some(deployment), None) => return Ok(Announced::Recorded(deployment)),
            (None, None) => {}
        }
        let deployment = deployments::insert(connection, &claim.promotion.deployment()).await?.id;
        let statement =
            concat!("UPDATE promotions SET deployment_id = ?2, updated_at = ", now!(), " WHERE id = ?1");
        connection.execute(statement, &[id, deployment.to_string().into()]).await?;
        Ok(Announced::Recorded(deployment))
    })
    .await
}

pub(super) async fn contest<C: Connection>(
    connection: &C,
    promotion: &Promotion,
) -> Result<Contest, StoreError> {
    let statement = "SELECT count(next_attempt_at) AS under_way, count(*) AS tried FROM promotions AS older \
         WHERE target = ?1 AND (created_at, id) < (?2, ?3) AND deployment_id IS NOT NULL \
         AND state NOT IN ('committed', 'unchanged') AND NOT EXISTS (SELECT 1 FROM promotions AS between_them \
         WHERE between_them.target = ?1 AND between_them.state = 'committed' \
         AND (between_them.created_at, between_them.id) > (older.created_at, older.id))";
    let parameters = [
        promotion.target.as_str().into(),
        promotion.created_at.unix_millis().into(),
        promotion.id.to_string().into(),
    ];
    let rows = connection.execute(statement, &parameters).await?;
    row::only(&rows, Contest::read)
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

pub(super) async fn correct<C: Connection>(connection: &C, id: Uuid, commit: &str) -> Result<(), StoreError> {
    transaction(connection, async || {
        let statement = concat!(
            "UPDATE promotions SET state = 'committed', reason = NULL, commit_id = ?2, updated_at = ",
            now!(),
            " WHERE id = ?1 AND state NOT IN ('waiting', 'running', 'committed') RETURNING deployment_id"
        );
        let rows = connection.execute(statement, &[id.to_string().into(), commit.into()]).await?;
        match row::first(&rows, |row| row.optional_string("deployment_id"))?.flatten() {
            Some(deployment) => {
                let outcome = Outcome::Committed { commit: commit.to_owned() };
                deployments::settle(connection, &deployment, &outcome).await
            }
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
