//! Walking a list page by page.

mod support;

use std::collections::HashSet;

use futures::executor::block_on;
use ledger::{Deployment, DeploymentFilter, Listing, Page, PromotionFilter, Store};
use proptest::prelude::*;
use support::{Database, FileStore, delivery, promotion, record, wanted};

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

fn deployments(store: &FileStore, limit: usize, filter: &DeploymentFilter) -> Vec<Deployment> {
    walk(limit, |page| block_on(store.deployments(filter, page)).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn walking_the_pages_yields_every_row_once_in_order(
        // Few moments and many rows, so that rows share a millisecond.
        rows in prop::collection::vec((0..4_i64, any::<bool>()), 0..40),
        limit in 1..12_usize,
    ) {
        let database = Database::new();
        let store = database.store();
        for (moment, staging) in &rows {
            let made = record(&store, "api", if *staging { "staging" } else { "production" });
            database.run(&format!("UPDATE deployments SET created_at = {moment} WHERE id = '{}'", made.id));
        }
        let all = deployments(&store, limit, &DeploymentFilter::default());
        prop_assert_eq!(all.len(), rows.len());
        prop_assert!(all.is_sorted_by(|a, b| (a.created_at, a.id) > (b.created_at, b.id)));

        let only = DeploymentFilter { environment: Some("staging".to_owned()), service: None };
        let staging = deployments(&store, limit, &only);
        let expected: Vec<_> = all.into_iter().filter(|it| it.environment == "staging").collect();
        prop_assert_eq!(staging, expected);
    }
}

#[test]
fn rows_added_meanwhile_shift_nothing() {
    let database = Database::new();
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

#[test]
fn deliveries_and_promotions_are_paged_too() {
    let database = Database::new();
    let store = database.store();
    for number in 0..7 {
        let tag = format!("1.0.{number}");
        wanted(&store, &tag, promotion("api/staging", &tag));
    }
    // Two sources may use the same id in the same millisecond.
    let mut twin = delivery("1.0.0", []);
    twin.key.source = "gitea".to_owned();
    block_on(store.accept(&twin)).unwrap();
    database.run("UPDATE deliveries SET received_at = 1");

    let promotions = walk(2, |page| block_on(store.promotions(&PromotionFilter::default(), page)).unwrap());
    let ids: HashSet<_> = promotions.iter().map(|promotion| promotion.id).collect();
    assert_eq!((promotions.len(), ids.len()), (7, 7));
    let deliveries = walk(3, |page| block_on(store.deliveries(page)).unwrap());
    let keys: HashSet<_> = deliveries.iter().map(|delivery| &delivery.key).collect();
    assert_eq!((deliveries.len(), keys.len()), (8, 8));
}

#[test]
fn page_of_a_filtered_list_needs_no_sorting() {
    let database = Database::new();
    block_on(database.store().ping()).unwrap();
    let plans = [
        ("deployments", "service_name = 'a' AND environment = 'b' AND", "created_at", "id"),
        ("deployments", "service_name = 'a' AND", "created_at", "id"),
        ("deployments", "environment = 'b' AND", "created_at", "id"),
        ("deployments", "", "created_at", "id"),
        ("promotions", "state = 'held' AND", "created_at", "id"),
        ("promotions", "service = 'a' AND", "created_at", "id"),
        ("deliveries", "", "received_at", "source || '/' || id"),
    ];
    for (table, filter, at, key) in plans {
        let plan = database.run(&format!(
            "EXPLAIN QUERY PLAN SELECT * FROM {table} WHERE {filter} ({at}, {key}) < (5, 'x') \
             ORDER BY {at} DESC, {key} DESC LIMIT 51"
        ));
        let plan = format!("{:?}", plan.rows);
        assert!(plan.contains("SEARCH") && !plan.contains("TEMP B-TREE"), "{table} {filter}: {plan}");
    }
}
