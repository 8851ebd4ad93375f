//! Walking a list page by page.

use std::collections::HashSet;

use super::support::{Database, delivery, promotion, record, wanted};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::executor::block_on;
use ledger::{Deployment, DeploymentFilter, Listing, Page, PromotionFilter, Store};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// Every row of every page, one page after the other.
fn walk<T>(limit: usize, list: impl Fn(&Page) -> Listing<T>) -> Vec<T> {
    let mut page = Page::parse(Some(&limit.to_string()), None).unwrap();
    let mut all = Vec::new();
    // More pages than any test has rows: a walk that does not move on must not go on for ever.
    for _ in 0..100 {
        let listing = list(&page);
        assert!(listing.items.len() <= limit);
        assert!(listing.next.is_none() || listing.items.len() == limit, "only a full page has a next one");
        all.extend(listing.items);
        match listing.next {
            // As text, the way a caller hands it back.
            Some(cursor) => page = Page::parse(Some(&limit.to_string()), Some(&cursor.to_string())).unwrap(),
            None => return all,
        }
    }
    panic!("the list has no end");
}

fn deployments(store: &impl Store, limit: usize, filter: &DeploymentFilter) -> Vec<Deployment> {
    walk(limit, |page| block_on(store.deployments(filter, page)).unwrap())
}

pub fn walking_the_pages_yields_every_row_once_in_order<D: Database>() {
    let database = D::new();
    let store = database.store();
    block_on(store.ping()).unwrap();
    // Few moments and many rows, so that rows share a millisecond.
    let rows = prop::collection::vec((0..4_i64, any::<bool>()), 0..40);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) };
    TestRunner::new(config)
        .run(&(rows, 1..12_usize), |(rows, limit)| walks(&database, &store, &rows, limit))
        .unwrap();
}

fn walks<D: Database>(
    database: &D,
    store: &D::Store,
    rows: &[(i64, bool)],
    limit: usize,
) -> Result<(), TestCaseError> {
    database.run("DELETE FROM deployments");
    for (moment, staging) in rows {
        let made = record(store, "api", if *staging { "staging" } else { "production" });
        let moment = D::moment(*moment);
        database.run(&format!("UPDATE deployments SET created_at = {moment} WHERE id = '{}'", made.id));
    }
    let all = deployments(store, limit, &DeploymentFilter::default());
    prop_assert_eq!(all.len(), rows.len());
    prop_assert!(all.is_sorted_by(|a, b| (a.created_at, a.id) > (b.created_at, b.id)));

    let only = DeploymentFilter { environment: Some("staging".to_owned()), service: None };
    let staging = deployments(store, limit, &only);
    let expected: Vec<_> = all.into_iter().filter(|it| it.environment == "staging").collect();
    prop_assert_eq!(staging, expected);
    Ok(())
}

pub fn cursor_that_no_list_gave_is_harmless<D: Database>() {
    let database = D::new();
    let store = database.store();
    record(&store, "api", "staging");
    for plain in ["9223372036854775807 x", "-9223372036854775808 \0", "5 ' OR 1=1 --"] {
        let page = Page::parse(None, Some(&URL_SAFE_NO_PAD.encode(plain))).unwrap();
        assert!(block_on(store.deployments(&DeploymentFilter::default(), &page)).is_ok(), "{plain}");
        assert!(block_on(store.promotions(&PromotionFilter::default(), &page)).is_ok(), "{plain}");
        assert!(block_on(store.deliveries(&page)).is_ok(), "{plain}");
    }
}

pub fn rows_added_meanwhile_shift_nothing<D: Database>() {
    let database = D::new();
    let store = database.store();
    let made: Vec<_> = (0..4).map(|_| record(&store, "api", "staging")).collect();
    let page = Page::parse(Some("2"), None).unwrap();
    let all = DeploymentFilter::default();
    let first = block_on(store.deployments(&all, &page)).unwrap();
    record(&store, "api", "staging");
    let second = block_on(store.deployments(&all, &page.after(first.next.unwrap()))).unwrap();
    assert_eq!(second.items, [made[1].clone(), made[0].clone()]);
    assert_eq!(second.next, None);
}

pub fn deliveries_and_promotions_are_paged_too<D: Database>() {
    let database = D::new();
    let store = database.store();
    for number in 0..7 {
        let tag = format!("1.0.{number}");
        wanted(&store, &tag, promotion("api/staging", &tag));
    }
    // Two sources may use the same id in the same millisecond.
    let mut twin = delivery("1.0.0", []);
    twin.key.source = "gitea".to_owned();
    block_on(store.accept(&twin)).unwrap();
    database.run(&format!("UPDATE deliveries SET received_at = {}", D::moment(1)));

    let promotions = walk(2, |page| block_on(store.promotions(&PromotionFilter::default(), page)).unwrap());
    let ids: HashSet<_> = promotions.iter().map(|promotion| promotion.id).collect();
    assert_eq!((promotions.len(), ids.len()), (7, 7));
    let deliveries = walk(3, |page| block_on(store.deliveries(page)).unwrap());
    let keys: HashSet<_> = deliveries.iter().map(|delivery| &delivery.key).collect();
    assert_eq!((deliveries.len(), keys.len()), (8, 8));
}
