//! The table `deliveries`, and accepting a delivery as a whole.

use serde::Serialize;
use uuid::Uuid;

use super::{SIGIL, epoch, execute_again, moment, text};
use crate::listing::{self, Source};
use crate::row::{
    self,
    delivery::{place, read, read_decisions},
    unreadable,
};
use crate::sql::{Connection, Value};
use crate::{
    Accepted, Cursor, Delivery, Listing, NewDecision, NewDelivery, NewPromotion, Page, StoreError, Verdict,
};

const SOURCE: Source = Source {
    columns: concat!("source, id, event, outcome, decisions::text AS decisions, ", epoch!("received_at")),
    table: "deliveries",
    at: "deliveries.received_at",
    // "C" orders bytes, as the index does.
    key: "((source || '/' || id) COLLATE \"C\")",
    sigil: SIGIL,
    cast: "",
    beyond,
    cursor,
};

/// Source and id of the delivery are `$1` and `$2`, its event is `$3`; `$4` and `$5` are arrays of [`Given`] and [`Wanted`].
const ACCEPT: &str = include_str!("accept.sql");

/// A decision as the statement gets it.
#[derive(Serialize)]
struct Given {
    position: usize,
    target: Option<String>,
    /// None where it depends on what is under way.
    verdict: Option<Verdict>,
    reason: String,
    /// The promotion that is wanted, by its id in [`Wanted`].
    wanted: Option<Uuid>,
    /// Whether an earlier decision of the delivery wants the same.
    again: bool,
}

/// A promotion that is wanted, with the id that it gets if it does not join another.
#[derive(Serialize)]
struct Wanted {
    id: Uuid,
    target: String,
    branch: String,
    service: String,
    environment: String,
    image: String,
    tag: String,
    digest: String,
    source_commit: Option<String>,
}

pub(super) async fn accept<C: Connection>(connection: &C, new: &NewDelivery) -> Result<Accepted, StoreError> {
    let (given, wanted) = prepare(&new.decisions);
    let parameters = [
        text(&new.key.source).into(),
        text(&new.key.id).into(),
        text(&new.event).into(),
        json(&given)?,
        json(&wanted)?,
    ];
    // It fails where the same delivery, or one that wants the same, is accepted at the same time; the second try sees it.
    let rows = execute_again(connection, ACCEPT, &parameters).await?;
    row::only(&rows, |row| {
        let decisions = read_decisions(row)?;
        Ok(match row.integer("repeated")? {
            0 => Accepted::Stored(decisions),
            _ => Accepted::Repeated(decisions),
        })
    })
}

pub(super) async fn list<C: Connection>(
    connection: &C,
    page: &Page,
) -> Result<Listing<Delivery>, StoreError> {
    listing::list(connection, &SOURCE, Vec::new(), page, read, place).await
}

/// Gives an id to every promotion that is wanted; what is wanted twice has one.
fn prepare(decisions: &[NewDecision]) -> (Vec<Given>, Vec<Wanted>) {
    let mut wanted: Vec<Wanted> = Vec::new();
    let mut given = Vec::with_capacity(decisions.len());
    for (position, decision) in decisions.iter().enumerate() {
        let (target, verdict, reason, id, again) = match decision {
            NewDecision::Ignore { target, reason } => {
                (target.as_deref(), Some(Verdict::Ignored), reason, None, false)
            }
            NewDecision::Refuse { target, reason } => {
                (target.as_deref(), Some(Verdict::Refused), reason, None, false)
            }
            NewDecision::Promote { promotion, reason } => {
                let new = Wanted::new(promotion);
                let twin = wanted.iter().find(|other| other.is_same(&new)).map(|twin| twin.id);
                let id = twin.unwrap_or(new.id);
                if twin.is_none() {
                    wanted.push(new);
                }
                (Some(promotion.target.as_str()), None, reason, Some(id), twin.is_some())
            }
        };
        given.push(Given {
            position,
            target: target.map(text),
            verdict,
            reason: text(reason),
            wanted: id,
            again,
        });
    }
    (given, wanted)
}

impl Wanted {
    fn new(promotion: &NewPromotion) -> Self {
        Self {
            id: Uuid::now_v7(),
            target: text(&promotion.target),
            branch: text(&promotion.branch),
            service: text(&promotion.service),
            environment: text(&promotion.environment),
            image: text(&promotion.image),
            tag: text(&promotion.tag),
            digest: text(&promotion.digest),
            source_commit: promotion.source_commit.as_deref().map(text),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        let key = |it: &Self| [&it.target, &it.image, &it.tag, &it.digest].map(String::clone);
        key(self) == key(other)
    }
}

fn json<T: Serialize>(value: &T) -> Result<Value, StoreError> {
    serde_json::to_string(value).map(Value::from).map_err(|error| unreadable("decisions", error))
}

/// A cursor of a list that has a text as its key.
pub(super) fn beyond(at: usize, key: usize) -> String {
    format!("(timestamptz 'epoch' + ${at}::bigint * interval '1 millisecond', ${key})")
}

pub(super) fn cursor(cursor: &Cursor) -> [Value; 2] {
    [moment(cursor), text(&cursor.key).into()]
}
