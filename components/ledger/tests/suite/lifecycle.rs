//! Deployments after their commit: events, and the status that follows from them.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::time::Duration;

use super::support::{Database, record};
use futures::executor::block_on;
use ledger::{Deployment, Event, NewEvent, Page, Patience, Reported, Status, Store};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Map, json};
use uuid::Uuid;

const MINUTE: Patience = Patience::of(Duration::from_secs(60));

fn event(id: &str, status: Option<Status>) -> NewEvent {
    NewEvent {
        source: "argo-rollouts".to_owned(),
        id: id.to_owned(),
        kind: status.map_or("analysis-run-failed", Status::as_str).to_owned(),
        status,
        actor: None,
        detail: Map::new(),
    }
}

fn report(store: &impl Store, deployment: Uuid, event: &NewEvent) -> Reported {
    block_on(store.report(deployment, event)).unwrap()
}

fn status(store: &impl Store, deployment: Uuid) -> Status {
    block_on(store.deployment(deployment)).unwrap().unwrap().status
}

fn events(store: &impl Store, deployment: Uuid) -> Vec<Event> {
    block_on(store.events(deployment, &Page::default())).unwrap().items
}

pub fn event_is_kept_with_all_that_it_says<D: Database>() {
    let database = D::new();
    let store = database.store();
    let made = record(&store, "api", "staging");
    let detail = json!({ "step": 2, "weight": 25.5, "analysis": [{ "phase": "Running", "value": null }] });
    let new = NewEvent {
        actor: Some("ci".to_owned()),
        detail: detail.as_object().unwrap().clone(),
        ..event("1", Some(Status::Running))
    };
    let Reported::Recorded(recorded) = report(&store, made.id, &new) else { panic!("it is new") };
    assert_eq!((recorded.source.as_str(), recorded.id.as_str()), ("argo-rollouts", "1"));
    assert_eq!((recorded.deployment_id, recorded.status), (made.id, Some(Status::Running)));
    assert_eq!((recorded.kind.as_str(), recorded.actor.as_deref()), ("running", Some("ci")));
    assert_eq!(json!(recorded.detail), detail);
    assert!(recorded.recorded_at >= made.created_at);
    assert_eq!(block_on(store.event("argo-rollouts", "1")), Ok(Some(recorded.clone())));
    assert_eq!(events(&store, made.id), [recorded]);
    assert_eq!(block_on(store.event("argocd", "1")), Ok(None));
}

pub fn status_moves_up_and_never_down<D: Database>() {
    let database = D::new();
    let store = database.store();
    for (index, first) in Status::ALL.iter().enumerate() {
        for second in Status::ALL {
            let made = record(&store, &format!("{first}-{second}"), "staging");
            report(&store, made.id, &event(&format!("{first}-{second}-1"), Some(*first)));
            assert_eq!(status(&store, made.id), *first, "from pending to number {index}");
            report(&store, made.id, &event(&format!("{first}-{second}-2"), Some(*second)));
            assert_eq!(status(&store, made.id), *first.max(second), "{first}, then {second}");
            report(&store, made.id, &event(&format!("{first}-{second}-3"), None));
            assert_eq!(status(&store, made.id), *first.max(second), "an event without status");
        }
    }
}

pub fn repeated_event_changes_nothing_even_for_another_deployment<D: Database>() {
    let database = D::new();
    let store = database.store();
    let (first, second) = (record(&store, "api", "staging"), record(&store, "web", "staging"));
    report(&store, first.id, &event("1", Some(Status::Running)));
    let before = block_on(store.deployment(first.id));
    for (deployment, status) in
        [(first.id, Status::Running), (first.id, Status::Failed), (second.id, Status::Failed)]
    {
        match report(&store, deployment, &event("1", Some(status))) {
            Reported::Repeated(event) => {
                assert_eq!((event.deployment_id, event.status), (first.id, Some(Status::Running)));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(block_on(store.deployment(first.id)), before);
    assert_eq!(block_on(store.deployment(second.id)), Ok(Some(second.clone())));
    assert_eq!((events(&store, first.id).len(), events(&store, second.id).len()), (1, 0));
}

pub fn event_of_an_unknown_deployment_is_not_kept<D: Database>() {
    let database = D::new();
    let store = database.store();
    assert_eq!(report(&store, Uuid::now_v7(), &event("1", Some(Status::Failed))), Reported::Unknown);
    assert_eq!(block_on(store.event("argo-rollouts", "1")), Ok(None));
}

pub fn deployment_that_runs_supersedes_what_was_under_way_before_it<D: Database>() {
    for reported in Status::ALL {
        let database = D::new();
        let store = database.store();
        let (ended, other) = (record(&store, "api", "staging"), record(&store, "api", "production"));
        report(&store, ended.id, &event("ended", Some(Status::Succeeded)));
        let (waits, runs) = (record(&store, "api", "staging"), record(&store, "api", "staging"));
        report(&store, runs.id, &event("runs", Some(Status::Running)));
        let (newer, newest) = (record(&store, "api", "staging"), record(&store, "api", "staging"));
        // The one that ran has superseded the one that waited.
        assert_eq!(status(&store, waits.id), Status::Superseded);
        report(&store, newer.id, &event("newer", Some(*reported)));
        let takes_over = matches!(reported, Status::Running | Status::Succeeded);
        let expected = if takes_over { Status::Superseded } else { Status::Running };
        assert_eq!(status(&store, runs.id), expected, "{reported}");
        assert_eq!(status(&store, ended.id), Status::Succeeded);
        assert_eq!(status(&store, other.id), Status::Pending);
        assert_eq!(status(&store, newest.id), Status::Pending);
        if takes_over {
            let told = &events(&store, runs.id)[0];
            assert_eq!((told.source.as_str(), told.kind.as_str()), ("slipway", "superseded"));
            assert_eq!(told.detail["deployment"], json!(newer.id));
            assert_eq!(told.detail["version"], json!("1.0.0"));
        }
    }
}

/// Three deployments of one service; each event is of one of them.
pub fn any_order_and_repetition_of_events_ends_in_the_same_state<D: Database>() {
    let database = D::new();
    let store = database.store();
    let status = prop::option::of(prop::sample::select(Status::ALL));
    let reports = prop::collection::vec((0..3_usize, status), 1..9);
    let again = prop::collection::vec(any::<prop::sample::Index>(), 0..6);
    let orders = reports.prop_flat_map(move |reports| {
        let numbers: Vec<_> = (0..reports.len()).collect();
        (Just(reports), Just(numbers).prop_shuffle(), again.clone())
    });
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) };
    let outcome = TestRunner::new(config).run(&orders, |(reports, shuffled, again)| {
        let straight: Vec<_> = (0..reports.len()).collect();
        let mut disorderly = shuffled;
        for place in again {
            let number = *place.get(&disorderly);
            disorderly.insert(place.index(disorderly.len() + 1), number);
        }
        let [expected, found] = [straight, disorderly].map(|order| end(&store, &reports, &order));
        prop_assert_eq!(expected, found);
        Ok(())
    });
    outcome.unwrap();
}

/// Statuses and kinds of events of three new deployments, after these reports in this order.
fn end(
    store: &impl Store,
    reports: &[(usize, Option<Status>)],
    order: &[usize],
) -> Vec<(Status, BTreeSet<(String, String)>)> {
    let run = Uuid::now_v7();
    let service = format!("api-{run}");
    let made: Vec<Deployment> = (0..3).map(|_| record(store, &service, "staging")).collect();
    for &number in order {
        let (deployment, status) = reports[number];
        report(store, made[deployment].id, &event(&format!("{run}/{number}"), status));
    }
    let told = |event: Event| {
        // Ours are told only to what was under way, which depends on the order; the status does not.
        let number = event.id.strip_prefix(&format!("{run}/")).unwrap_or_default().to_owned();
        (event.source != "slipway").then_some((number, event.kind))
    };
    let state = |deployment: &Deployment| {
        let events = events(store, deployment.id).into_iter().filter_map(told).collect();
        (status(store, deployment.id), events)
    };
    made.iter().map(state).collect()
}

pub fn of_equal_events_in_parallel_one_is_recorded<D: Database>() {
    let database = D::new();
    let made = record(&database.store(), "api", "staging");
    let stores: Vec<_> = (0..4).map(|_| database.store()).collect();
    for round in 0..5 {
        let start = Barrier::new(stores.len());
        let send = |store: &D::Store| {
            start.wait();
            report(store, made.id, &event(&format!("{round}"), Some(Status::Running)))
        };
        let send = &send;
        let reported: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = stores.iter().map(|store| scope.spawn(move || send(store))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let recorded = reported.iter().filter(|it| matches!(it, Reported::Recorded(_))).count();
        assert_eq!(recorded, 1, "{reported:?}");
        assert!(!reported.contains(&Reported::Unknown));
    }
}

pub fn events_of_neighbours_in_parallel_all_count<D: Database>() {
    let database = D::new();
    let stores: Vec<_> = (0..4).map(|_| database.store()).collect();
    for round in 0..5 {
        let made: Vec<_> = stores.iter().map(|store| record(store, &format!("{round}"), "staging")).collect();
        let start = Barrier::new(stores.len());
        let send = |index: usize| {
            let running = event(&format!("{round}-{index}"), Some(Status::Running));
            start.wait();
            report(&stores[index], made[index].id, &running)
        };
        let send = &send;
        std::thread::scope(|scope| {
            for index in 0..stores.len() {
                scope.spawn(move || assert!(matches!(send(index), Reported::Recorded(_))));
            }
        });
        let statuses: Vec<_> = made.iter().map(|it| status(&stores[0], it.id)).collect();
        let [older @ .., newest] = statuses.as_slice() else { panic!("there are four") };
        assert_eq!(*newest, Status::Running);
        // One that runs after a newer one has superseded it is superseded all the same.
        assert!(older.iter().all(|it| *it == Status::Superseded), "{statuses:?}");
    }
}

pub fn silent_deployment_is_stalled_until_it_is_heard_of<D: Database>() {
    let database = D::new();
    let store = database.store();
    let made = record(&store, "api", "staging");
    let stalled = |patience| {
        let ids = block_on(store.stalled(&[made.id, Uuid::now_v7()], patience)).unwrap();
        assert_eq!(block_on(store.count_stalled(patience)), Ok(ids.len() as u64));
        ids == [made.id]
    };
    let fall_silent =
        || database.run(&format!("UPDATE deployments SET updated_at = {}", D::earlier("updated_at", 90_000)));
    assert!(!stalled(MINUTE));
    fall_silent();
    assert!(stalled(MINUTE));
    assert!(!stalled(Patience::of(Duration::from_secs(3600))));
    assert!(!stalled(Patience::ENDLESS));
    assert_eq!(block_on(store.stalled(&[], MINUTE)), Ok(Vec::new()));
    // An event without status is a sign of life, too.
    report(&store, made.id, &event("1", None));
    assert!(!stalled(MINUTE));
    fall_silent();
    report(&store, made.id, &event("1", None));
    assert!(stalled(MINUTE), "a repeated event is no sign of life");
    report(&store, made.id, &event("2", Some(Status::Succeeded)));
    fall_silent();
    assert!(!stalled(MINUTE), "what has ended may be silent");
}

pub fn events_are_paged_newest_first<D: Database>() {
    let database = D::new();
    let store = database.store();
    let (made, other) = (record(&store, "api", "staging"), record(&store, "web", "staging"));
    for number in 0..5 {
        report(&store, made.id, &event(&format!("{number}"), None));
        let moment = D::moment(1000 - i64::from(number / 2));
        database.run(&format!("UPDATE deployment_events SET recorded_at = {moment} WHERE id = '{number}'"));
    }
    report(&store, other.id, &event("other", None));
    let mut page = Page::parse(Some("2"), None).unwrap();
    let mut found = Vec::new();
    for _ in 0..3 {
        let listing = block_on(store.events(made.id, &page)).unwrap();
        found.extend(listing.items.into_iter().map(|event| event.id));
        match listing.next {
            Some(cursor) => page = page.after(cursor),
            None => break,
        }
    }
    assert_eq!(found, ["1", "0", "3", "2", "4"]);
}

pub fn events_within_a_millisecond_keep_their_order<D: Database>() {
    let database = D::new();
    let store = database.store();
    let (older, made) = (record(&store, "api", "staging"), record(&store, "api", "staging"));
    let later = D::moment(4_000_000_000_000);
    for id in ["9", "5", "7"] {
        report(&store, older.id, &event(id, None));
        database.run(&format!(
            "UPDATE deployment_events SET recorded_at = {later} WHERE id = '9' AND source = 'argo-rollouts'"
        ));
    }
    report(&store, made.id, &event("1", Some(Status::Running)));
    let ids: Vec<_> = events(&store, older.id).into_iter().map(|event| event.id).collect();
    assert_eq!(ids, [&format!("superseded/{}", older.id), "7", "5", "9"]);
}

pub fn text_that_no_database_keeps_as_it_is_does_no_harm<D: Database>() {
    let database = D::new();
    let store = database.store();
    let made = record(&store, "api", "staging");
    let nul = "nul \0 \\u0000";
    let detail = json!({ nul: [nul, { nul: nul }], "large": 1e300, "small": 5e-324 });
    let new = NewEvent {
        kind: nul.to_owned(),
        actor: Some(nul.to_owned()),
        detail: detail.as_object().unwrap().clone(),
        ..event(nul, Some(Status::Running))
    };
    assert!(matches!(report(&store, made.id, &new), Reported::Recorded(_)));
    assert!(matches!(report(&store, made.id, &new), Reported::Repeated(_)));
    assert_eq!(events(&store, made.id).len(), 1);
}
