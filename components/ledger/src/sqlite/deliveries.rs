//! The table `deliveries`, and accepting a delivery as a whole.

use super::{SIGIL, beyond, cursor, now, promotions, transaction::transaction};
use crate::listing::{self, Source};
use crate::row::{
    self,
    delivery::{place, read, read_decisions},
    unreadable,
};
use crate::sql::Connection;
use crate::{
    Accepted, Decision, Delivery, DeliveryKey, Listing, NewDecision, NewDelivery, Page, StoreError, Verdict,
};

const SOURCE: Source = Source {
    columns: "source, id, event, outcome, decisions, received_at",
    table: "deliveries",
    at: "received_at",
    key: "source || '/' || id",
    sigil: SIGIL,
    cast: "",
    beyond,
    cursor,
};

pub(super) async fn accept<C: Connection>(connection: &C, new: &NewDelivery) -> Result<Accepted, StoreError> {
    transaction(connection, async || {
        if let Some(decisions) = decisions(connection, &new.key).await? {
            return Ok(Accepted::Repeated(decisions));
        }
        let mut decisions = Vec::with_capacity(new.decisions.len());
        for decision in &new.decisions {
            decisions.push(carry_out(connection, &new.key, decision).await?);
        }
        insert(connection, new, &decisions).await?;
        Ok(Accepted::Stored(decisions))
    })
    .await
}

pub(super) async fn list<C: Connection>(
    connection: &C,
    page: &Page,
) -> Result<Listing<Delivery>, StoreError> {
    listing::list(connection, &SOURCE, Vec::new(), page, read, place).await
}

async fn decisions<C: Connection>(
    connection: &C,
    key: &DeliveryKey,
) -> Result<Option<Vec<Decision>>, StoreError> {
    let statement = "SELECT decisions FROM deliveries WHERE source = ?1 AND id = ?2";
    let rows = connection.execute(statement, &[key.source.as_str().into(), key.id.as_str().into()]).await?;
    row::first(&rows, read_decisions)
}

async fn carry_out<C: Connection>(
    connection: &C,
    delivery: &DeliveryKey,
    decision: &NewDecision,
) -> Result<Decision, StoreError> {
    let (target, verdict, reason, promotion) = match decision {
        NewDecision::Ignore { target, reason } => (target.clone(), Verdict::Ignored, reason, None),
        NewDecision::Refuse { target, reason } => (target.clone(), Verdict::Refused, reason, None),
        NewDecision::Promote { promotion, reason } => {
            let (verdict, id) = match promotions::under_way(connection, promotion).await? {
                Some(id) => (Verdict::Joined, id),
                None => {
                    let since = promotions::supersede_untried(connection, promotion).await?;
                    (Verdict::Created, promotions::insert(connection, delivery, promotion, since).await?)
                }
            };
            (Some(promotion.target.clone()), verdict, reason, Some(id))
        }
    };
    Ok(Decision { target, verdict, reason: reason.clone(), promotion })
}

async fn insert<C: Connection>(
    connection: &C,
    new: &NewDelivery,
    decisions: &[Decision],
) -> Result<(), StoreError> {
    let outcome = decisions.iter().map(|decision| decision.verdict).max().unwrap_or(Verdict::Ignored);
    let decisions = serde_json::to_string(decisions).map_err(|error| unreadable("decisions", error))?;
    let statement = concat!(
        "INSERT INTO deliveries (source, id, event, outcome, decisions, received_at) VALUES (?1, ?2, ?3, ?4, ?5, ",
        now!(),
        ")"
    );
    let parameters = [
        new.key.source.as_str().into(),
        new.key.id.as_str().into(),
        new.event.as_str().into(),
        outcome.as_str().into(),
        decisions.into(),
    ];
    connection.execute(statement, &parameters).await?;
    Ok(())
}
