//! Which patterns of routes are label values of their own.

use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock};

/// Most route patterns that are told apart; what comes later is counted as [`OTHER`](super::OTHER).
pub(super) const MAX_ROUTES: usize = 200;

type Patterns = HashMap<String, HashSet<String>>;

/// The patterns, by component.
#[derive(Default)]
pub(super) struct Routes(RwLock<Patterns>);

impl Routes {
    /// Whether `route` may be a label value of its own.
    pub(super) fn admit(&self, component: &str, route: &str) -> bool {
        let known =
            |routes: &Patterns| routes.get(component).is_some_and(|patterns| patterns.contains(route));
        if known(&self.0.read().unwrap_or_else(PoisonError::into_inner)) {
            return true;
        }
        let mut routes = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if routes.values().map(HashSet::len).sum::<usize>() >= MAX_ROUTES {
            return known(&routes);
        }
        routes.entry(component.to_owned()).or_default().insert(route.to_owned());
        true
    }
}
