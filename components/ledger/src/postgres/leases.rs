//! Claiming promotions, and what only the holder of a claim may do.
//!
//! A lease is the time until `next_attempt_at`; the claim's number, `fence`, tells its holder from later ones.

use std::time::Duration;

use uuid::Uuid;

use super::deployments::rank;
use super::{epoch, execute_again, now, optional_text, promotions, text};
use crate::promotion::SILENCE;
use crate::row::{self, promotion::read_claim};
use crate::sql::{Connection, Value, millis};
use crate::{Announced, Claim, Contest, Gather, Outcome, Promotion, Status, StoreError};

/// Takes the lease of the rows that the last of these queries, `due`, gives; `$1` is its length in milliseconds.
///
/// `MATERIALIZED`, because a plan that ran a query twice would claim more than it asked for.
macro_rules! claim {
    ($queries:expr) => {
        concat!(
            "WITH ",
            $queries,
            " UPDATE promotions SET state = 'running', attempts = attempts + 1, fence = fence + 1, \
             next_attempt_at = ",
            now!(),
            " + $1::bigint * interval '1 millisecond', updated_at = ",
            now!(),
            " FROM due WHERE promotions.id = due.id RETURNING fence, ",
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

/// Claims what is due for the branch of one promotion: `$2` is the limit, `$3` and `$4` are the window, `$5` is the [`SILENCE`]. An empty branch is
/// none, so that it is never busy. Rows that somebody else is about to claim are passed over, not waited for.
const CLAIM_DUE: &str = claim!(concat!(
    "head AS MATERIALIZED (SELECT id, branch FROM promotions WHERE next_attempt_at <= now() \
     AND NOT EXISTS (SELECT FROM promotions AS busy WHERE busy.branch = promotions.branch AND busy.branch <> '' \
     AND busy.state = 'running' AND busy.next_attempt_at > now() \
     AND busy.updated_at > now() - $5::bigint * interval '1 millisecond') \
     AND (state = 'running' OR attempts > 0 OR NOT EXISTS (SELECT ",
    gathering!("fresh"),
    " AND fresh.created_at > now() - $3::bigint * interval '1 millisecond') OR EXISTS (SELECT ",
    gathering!("old"),
    " AND ",
    promotions::waiting_since!("old"),
    " <= now() - $4::bigint * interval '1 millisecond')) \
     ORDER BY next_attempt_at LIMIT 1 FOR NO KEY UPDATE OF promotions SKIP LOCKED), \
     mates AS MATERIALIZED (SELECT promotions.id FROM promotions JOIN head ON promotions.branch = head.branch \
     WHERE promotions.id <> head.id AND next_attempt_at <= now() ORDER BY next_attempt_at LIMIT $2::bigint - 1 \
     FOR NO KEY UPDATE OF promotions SKIP LOCKED), \
     due AS (SELECT id FROM head UNION ALL SELECT id FROM mates)"
));

/// The row of a claim that is still the latest; `$1` is the promotion, `$2` the fence.
macro_rules! held {
    () => {
        "promotions.id = $1::text::uuid AND fence = $2::bigint AND state = 'running'"
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
    let statement = claim!(
        "due AS MATERIALIZED (SELECT id FROM promotions WHERE id = $2::text::uuid AND next_attempt_at <= now() \
         FOR NO KEY UPDATE)"
    );
    let rows = connection.execute(statement, &[millis(lease), id.to_string().into()]).await?;
    row::first(&rows, read_claim)
}

pub(super) async fn announce<C: Connection>(connection: &C, claim: &Claim) -> Result<Announced, StoreError> {
    let statement = concat!(
        "WITH held AS (SELECT promotions.*, (SELECT newer.tag ",
        promotions::newer!(),
        " ORDER BY newer.created_at DESC, newer.id DESC LIMIT 1) AS newer FROM promotions WHERE ",
        held!(),
        " FOR NO KEY UPDATE OF promotions), \
         made AS (INSERT INTO deployments (id, service_name, version, environment, status, image, digest, \
         source_commit, created_at, updated_at) SELECT $3::text::uuid, service, tag, environment, $4::text, image, \
         nullif(digest, ''), source_commit, ",
        now!(),
        ", ",
        now!(),
        " FROM held WHERE deployment_id IS NULL AND newer IS NULL RETURNING id), \
         linked AS (UPDATE promotions SET deployment_id = made.id, updated_at = ",
        now!(),
        " FROM made WHERE promotions.id = $1::text::uuid) \
         SELECT coalesce(deployment_id, (SELECT id FROM made))::text AS deployment_id, newer FROM held"
    );
    let [id, fence] = identity(claim);
    let parameters = [id, fence, Uuid::now_v7().to_string().into(), Status::Pending.as_str().into()];
    let rows = connection.execute(statement, &parameters).await?;
    let announced = row::first(&rows, |row| match row.optional_string("newer")? {
        Some(tag) => Ok(Announced::Superseded { tag }),
        None => row.parsed("deployment_id").map(Announced::Recorded),
    })?;
    announced.ok_or(StoreError::LeaseLost)
}

pub(super) async fn contest<C: Connection>(
    connection: &C,
    promotion: &Promotion,
) -> Result<Contest, StoreError> {
    // The lock waits for whoever is just announcing one of them.
    let statement = "WITH older AS (SELECT deployment_id, next_attempt_at FROM promotions AS older WHERE target = $1 \
         AND (created_at, id) < (SELECT created_at, id FROM promotions WHERE id = $2::text::uuid) \
         AND state NOT IN ('committed', 'unchanged') AND (next_attempt_at IS NOT NULL OR deployment_id IS NOT NULL) \
         AND NOT EXISTS (SELECT FROM promotions AS between_them WHERE between_them.target = $1 \
         AND between_them.state = 'committed' \
         AND (between_them.created_at, between_them.id) > (older.created_at, older.id)) FOR SHARE OF older) \
         SELECT count(next_attempt_at) AS under_way, count(*) AS tried FROM older WHERE deployment_id IS NOT NULL";
    let parameters = [text(&promotion.target).into(), promotion.id.to_string().into()];
    let rows = connection.execute(statement, &parameters).await?;
    row::only(&rows, Contest::read)
}

pub(super) async fn finish<C: Connection>(
    connection: &C,
    claim: &Claim,
    outcome: &Outcome,
) -> Result<(), StoreError> {
    // A status that this release does not know has no rank, and stays.
    let statement = concat!(
        "WITH ended AS (UPDATE promotions SET state = $3, reason = $4, commit_id = $5, next_attempt_at = NULL, \
         updated_at = ",
        now!(),
        " WHERE ",
        held!(),
        " RETURNING deployment_id), \
         settled AS (UPDATE deployments SET status = CASE WHEN ",
        rank!("status"),
        " < ",
        rank!("$6::text"),
        " THEN $6::text ELSE status END, gitops_commit = coalesce($5, gitops_commit), updated_at = ",
        now!(),
        " FROM ended WHERE deployments.id = ended.deployment_id) \
         SELECT 1::bigint AS ended FROM ended"
    );
    let [id, fence] = identity(claim);
    let parameters = [
        id,
        fence,
        outcome.state().as_str().into(),
        optional_text(outcome.reason()),
        optional_text(outcome.commit()),
        outcome.deployment_status().as_str().into(),
    ];
    let rows = connection.execute(statement, &parameters).await?;
    if rows.rows.is_empty() { Err(StoreError::LeaseLost) } else { Ok(()) }
}

pub(super) async fn correct<C: Connection>(connection: &C, id: Uuid, commit: &str) -> Result<(), StoreError> {
    let statement = concat!(
        "WITH ended AS (UPDATE promotions SET state = 'committed', reason = NULL, commit_id = $2, updated_at = ",
        now!(),
        " WHERE id = $1::text::uuid AND state NOT IN ('waiting', 'running', 'committed') RETURNING deployment_id), \
         settled AS (UPDATE deployments SET gitops_commit = $2, updated_at = ",
        now!(),
        " FROM ended WHERE deployments.id = ended.deployment_id) \
         SELECT 1::bigint AS ended FROM ended"
    );
    connection.execute(statement, &[id.to_string().into(), text(commit).into()]).await?;
    Ok(())
}

pub(super) async fn postpone<C: Connection>(
    connection: &C,
    claim: &Claim,
    error: &str,
    delay: Duration,
) -> Result<(), StoreError> {
    // What has not been announced cannot have reached Git, so that it need not be looked for there.
    let statement = concat!(
        "UPDATE promotions SET last_error = $3, updated_at = ",
        now!(),
        ", (state, reason, next_attempt_at) = (SELECT 'superseded', ",
        promotions::superseded_by!("newer.tag"),
        ", NULL::timestamptz ",
        promotions::newer!(),
        " AND promotions.deployment_id IS NULL \
         UNION ALL SELECT 'waiting', NULL, ",
        now!(),
        " + $4::bigint * interval '1 millisecond' LIMIT 1) WHERE ",
        held!(),
        " RETURNING 1::bigint AS postponed"
    );
    let [id, fence] = identity(claim);
    // A promotion of the same image that is accepted at the same time shows at the second try.
    let rows = execute_again(connection, statement, &[id, fence, text(error).into(), millis(delay)]).await?;
    if rows.rows.is_empty() { Err(StoreError::LeaseLost) } else { Ok(()) }
}

fn identity(claim: &Claim) -> [Value; 2] {
    [claim.promotion.id.to_string().into(), claim.fence.into()]
}
