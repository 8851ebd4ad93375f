//! Paging by key: a cursor names the last row seen, so that a page costs the same however far back it lies,
//! and rows that are added meanwhile shift nothing.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::Timestamp;

/// Which part of a list is wanted; the default is the first page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    limit: u32,
    cursor: Option<Cursor>,
}

impl Page {
    /// Rows on a page when the caller does not say.
    pub const DEFAULT_LIMIT: u32 = 50;
    /// Most rows on a page.
    pub const MAX_LIMIT: u32 = 200;

    /// Reads limit and cursor as a caller wrote them.
    ///
    /// # Errors
    /// When the limit is not a number from 1 to [`Page::MAX_LIMIT`], or the cursor is not one that a list gave.
    pub fn parse(limit: Option<&str>, cursor: Option<&str>) -> Result<Self, PageError> {
        let limit = match limit {
            None => Self::DEFAULT_LIMIT,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=Self::MAX_LIMIT).contains(limit))
                .ok_or(PageError::Limit)?,
        };
        let cursor = cursor.map(str::parse).transpose()?;
        Ok(Self { limit, cursor })
    }

    /// The first page, with as many rows as there may be.
    pub fn largest() -> Self {
        Self { limit: Self::MAX_LIMIT, cursor: None }
    }

    /// The same page size, from `cursor` on.
    pub fn after(&self, cursor: Cursor) -> Self {
        Self { limit: self.limit, cursor: Some(cursor) }
    }

    /// Most rows wanted.
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// The last row of the page before.
    pub fn cursor(&self) -> Option<&Cursor> {
        self.cursor.as_ref()
    }
}

impl Default for Page {
    fn default() -> Self {
        Self { limit: Self::DEFAULT_LIMIT, cursor: None }
    }
}

/// A place in a list that runs from the newest row to the oldest. Its text form is opaque to callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub(crate) at: Timestamp,
    pub(crate) key: String,
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plain = format!("{} {}", self.at.unix_millis(), self.key);
        formatter.write_str(&URL_SAFE_NO_PAD.encode(plain))
    }
}

impl std::str::FromStr for Cursor {
    type Err = PageError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = URL_SAFE_NO_PAD.decode(text).map_err(|_| PageError::Cursor)?;
        let plain = String::from_utf8(plain).map_err(|_| PageError::Cursor)?;
        let (at, key) = plain.split_once(' ').ok_or(PageError::Cursor)?;
        let at = at.parse().map_err(|_| PageError::Cursor)?;
        Ok(Self { at: Timestamp::from_unix_millis(at), key: key.to_owned() })
    }
}

/// Why a page is refused; the text is one sentence for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The limit is no number, or out of range.
    #[error("limit must be a number from 1 to {}", Page::MAX_LIMIT)]
    Limit,
    /// The cursor is not one that a list gave.
    #[error("cursor must be one that an earlier page gave")]
    Cursor,
}

/// One page of a list, newest row first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page begins; none at the end of the list.
    pub next: Option<Cursor>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cursor_text_reads_back(at in any::<i64>(), key in ".*") {
            let cursor = Cursor { at: Timestamp::from_unix_millis(at), key };
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }

        #[test]
        fn any_text_is_a_cursor_or_an_error(text in ".*") {
            let _ = text.parse::<Cursor>();
        }
    }

    #[test]
    fn limit_out_of_range_is_refused() {
        for limit in ["0", "201", "-1", "ten", "", "99999999999"] {
            assert_eq!(Page::parse(Some(limit), None), Err(PageError::Limit), "{limit}");
        }
    }

    #[test]
    fn limit_defaults_to_fifty_and_reaches_two_hundred() {
        assert_eq!(Page::parse(None, None).map(|page| page.limit()), Ok(50));
        assert_eq!(Page::parse(Some("200"), None).map(|page| page.limit()), Ok(200));
    }

    #[test]
    fn cursor_that_no_list_gave_is_refused() {
        for cursor in ["", "!", "bm90aGluZw", "Zm9vIGJhcg"] {
            assert_eq!(Page::parse(None, Some(cursor)), Err(PageError::Cursor), "{cursor}");
        }
    }
}
