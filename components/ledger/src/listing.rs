//! Lists by keyset: newest first, from the row that the cursor names.

use crate::row::{self, Row};
use crate::sql::{Connection, Value};
use crate::{Cursor, Listing, Page, StoreError};

/// What to list, and by which columns or expressions it is ordered. All parts are SQL of our own.
pub(crate) struct Source {
    pub(crate) columns: &'static str,
    pub(crate) table: &'static str,
    /// When a row was made.
    pub(crate) at: &'static str,
    /// What settles the order within a millisecond; unique.
    pub(crate) key: &'static str,
    /// What stands before the number of a parameter.
    pub(crate) sigil: char,
    /// What stands behind the number of a filter's parameter: a cast, where text is not what the column holds.
    pub(crate) cast: &'static str,
    /// Turns the numbers of two parameters into what `(at, key)` is compared with.
    pub(crate) beyond: fn(usize, usize) -> String,
    /// The two parameters.
    pub(crate) cursor: fn(&Cursor) -> [Value; 2],
}

/// `column = value`, or nothing where no value is given.
pub(crate) struct Equals(pub(crate) &'static str, pub(crate) Option<Value>);

/// Reads one page; `place` tells where a row lies, for the cursor.
pub(crate) async fn list<C: Connection, T>(
    connection: &C,
    source: &Source,
    filter: Vec<Equals>,
    page: &Page,
    read: fn(Row<'_>) -> Result<T, StoreError>,
    place: fn(&T) -> Cursor,
) -> Result<Listing<T>, StoreError> {
    let (statement, parameters) = query(source, filter, page);
    let rows = connection.execute(&statement, &parameters).await?;
    let mut items = row::all(&rows, read)?;
    let limit = page.limit() as usize;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(place);
    Ok(Listing { items, next })
}

fn query(source: &Source, filter: Vec<Equals>, page: &Page) -> (String, Vec<Value>) {
    let Source { columns, table, at, key, sigil, cast, beyond, cursor } = source;
    let mut parameters = Vec::new();
    let mut conditions = Vec::new();
    for Equals(column, value) in filter {
        if let Some(value) = value {
            parameters.push(value);
            conditions.push(format!("{column} = {sigil}{}{cast}", parameters.len()));
        }
    }
    if let Some(last_seen) = page.cursor() {
        parameters.extend(cursor(last_seen));
        let last = parameters.len();
        conditions.push(format!("({at}, {key}) < {}", beyond(last - 1, last)));
    }
    let condition = if conditions.is_empty() { "TRUE".to_owned() } else { conditions.join(" AND ") };
    // One row more than wanted tells whether there is a next page.
    parameters.push((i64::from(page.limit()) + 1).into());
    let limit = parameters.len();
    let statement = format!(
        "SELECT {columns} FROM {table} WHERE {condition} ORDER BY {at} DESC, {key} DESC LIMIT {sigil}{limit}"
    );
    (statement, parameters)
}
