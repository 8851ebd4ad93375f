//! The query of a list.

use std::borrow::Cow;

use form_urlencoded::Serializer;
use ledger::{Cursor, Page, PageError};

/// Names and values in the order they came; unknown names do no harm.
pub(crate) struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Query<'a> {
    pub(crate) fn parse(query: Option<&'a str>) -> Self {
        Self(form_urlencoded::parse(query.unwrap_or_default().as_bytes()).collect())
    }

    /// The value to filter by; an empty one filters nothing.
    pub(crate) fn filter(&self, name: &str) -> Option<String> {
        self.first(name).filter(|value| !value.is_empty()).map(str::to_owned)
    }

    /// The page that `limit` and `cursor` ask for.
    pub(crate) fn page(&self) -> Result<Page, PageError> {
        Page::parse(self.first("limit"), self.first("cursor"))
    }

    /// The same query at another place of the list, ready for a URL.
    pub(crate) fn at(&self, cursor: &Cursor) -> String {
        let others = self.0.iter().filter(|(name, _)| name != "cursor");
        Serializer::new(String::new())
            .extend_pairs(others)
            .append_pair("cursor", &cursor.to_string())
            .finish()
    }

    fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_ref())
    }
}
