//! HTTP routing by Spin's rules: <https://spinframework.dev/http-trigger#mapping-a-route-to-a-component>.
//!
//! | route in the manifest | matches |
//! |---|---|
//! | `/users` | that path, with or without a slash at the end |
//! | `/users/:id` | one segment more, which the application reads as `id` |
//! | `/users/...` | `/users` and everything below it |
//! | `/users/:id/...` | both |
//!
//! Of several routes that match, the first segment in which they differ decides: text before a named segment, and
//! a named segment before the trailing wildcard. Paths are compared as they were sent, without percent-decoding.

mod headers;
mod pattern;
mod router;

pub use headers::{is_spin_header, spin_headers};
pub use pattern::PatternError;
pub use router::{Match, Route, RouteError, Router};

#[cfg(test)]
mod tests;
