//! From an accepted push to its end.

mod support;

use std::time::Duration;

use futures::executor::block_on;
use gitops::host::{CommitMessage, FileText, GitHost, HostError, Oid};
use ledger::native::FileConnection;
use ledger::sql::Connection;
use ledger::{Claim, Gather, Outcome, State, Status, Store};
use support::{COMMIT, DIGEST, Receiver, TARGETS, package, variables};
use webhook::{Config, Limit, SweepReport, Variables, sweep};

const BEFORE: &str = "image:\n  tag: 0.9.0 # set by slipway\n";
const AFTER: &str = "image:\n  tag: 1.4.2 # set by slipway\n";

fn transient() -> HostError {
    HostError::Transient("502 Bad Gateway".to_owned())
}

#[test]
fn push_ends_in_one_commit_and_its_deployment() {
    let receiver = Receiver::new();
    receiver.push("1", "1.4.2");
    assert_eq!(receiver.sweep(), SweepReport { claimed: 1, committed: 1, ..SweepReport::default() });

    assert_eq!(receiver.host.text(), AFTER);
    let promotion = receiver.promotion();
    assert_eq!((promotion.state, promotion.commit), (State::Committed, Some(receiver.host.head())));
    let messages = receiver.host.deployed();
    assert_eq!(messages[0].headline, "Deploy api 1.4.2 to staging");
    assert!(messages[0].body.starts_with(&format!("Slipway-Promotion: {}\n", promotion.id)));

    let deployments = receiver.deployments();
    assert_eq!(deployments.len(), 1);
    let deployment = &deployments[0];
    assert_eq!(Some(deployment.id), promotion.deployment_id);
    assert_eq!(deployment.status, Status::Pending);
    assert_eq!(deployment.service_name, "api");
    assert_eq!(deployment.version, "1.4.2");
    assert_eq!(deployment.environment, "staging");
    assert_eq!(deployment.image.as_deref(), Some("ghcr.io/acme/api"));
    assert_eq!(deployment.digest.as_deref(), Some(DIGEST));
    assert_eq!(deployment.source_commit.as_deref(), Some(COMMIT));
    assert_eq!(deployment.gitops_commit, Some(receiver.host.head()));

    assert_eq!(receiver.sweep(), SweepReport::default(), "nothing is left to do");
}

#[test]
fn twin_event_after_the_commit_is_unchanged_and_no_deployment() {
    let receiver = Receiver::new();
    receiver.push("1", "1.4.2");
    receiver.sweep();
    let twin = serde_json::json!({ "action": "published", "package": package("1.4.2") });
    receiver.deliver("2", "package", &twin);
    assert_eq!(receiver.sweep().unchanged, 1);
    let promotion = &receiver.promotions()[0];
    assert_eq!(promotion.state, State::Unchanged);
    let head = receiver.host.head();
    assert_eq!(promotion.reason, Some(format!("acme/gitops holds 1.4.2 already, on branch main at {head}")));
    assert_eq!((receiver.deployments().len(), receiver.host.deployed().len()), (1, 1));
}

#[test]
fn conflict_is_tried_again_at_once_on_the_new_head() {
    let receiver = Receiver::new();
    let by_hand = "# by hand\nimage:\n  tag: 0.9.0\n";
    receiver.host.compete([BEFORE, by_hand]);
    receiver.push("1", "1.4.2");
    assert_eq!(receiver.sweep().committed, 1);
    assert_eq!(receiver.host.text(), by_hand.replace("0.9.0", "1.4.2"));
    assert_eq!((receiver.deployments().len(), receiver.promotion().attempts), (1, 1));
}

#[test]
fn conflict_without_end_is_postponed() {
    let receiver = Receiver::new();
    receiver.host.compete([BEFORE; 5]);
    receiver.push("1", "1.4.2");
    assert_eq!(receiver.sweep().postponed, 1);
    assert_eq!(receiver.promotion().last_error.as_deref(), Some("the branch has moved"));
    receiver.let_time_pass();
    assert_eq!(receiver.sweep().committed, 1);
    assert_eq!(receiver.deployments().len(), 1);
}

#[test]
fn passing_trouble_is_postponed_and_then_succeeds() {
    for error in [transient(), HostError::Unauthorized] {
        let receiver = Receiver::new();
        receiver.host.fail_commits([error.clone()]);
        receiver.push("1", "1.4.2");
        assert_eq!(receiver.sweep(), SweepReport { claimed: 1, postponed: 1, ..SweepReport::default() });
        let promotion = receiver.promotion();
        assert_eq!((promotion.state, promotion.last_error), (State::Waiting, Some(error.to_string())));
        assert_eq!(receiver.sweep().claimed, 0, "not before its time");
        receiver.let_time_pass();
        assert_eq!(receiver.sweep().committed, 1);
        assert_eq!((receiver.deployments().len(), receiver.host.deployed().len()), (1, 1));
    }
}

#[test]
fn wait_that_the_host_asks_for_is_obeyed_and_ends_the_sweep() {
    let two = format!("{TARGETS}{}", TARGETS.replace("staging", "production"));
    let receiver = Receiver::with(Variables { targets: two, ..variables() });
    receiver.host.fail_commits([HostError::RateLimited { retry_after: Duration::from_secs(1_000) }]);
    receiver.push("1", "1.4.2");
    assert_eq!(receiver.sweep(), SweepReport { claimed: 1, postponed: 1, ..SweepReport::default() });
    let promotions = receiver.promotions();
    let postponed = promotions.iter().find(|promotion| promotion.attempts == 1).unwrap();
    let wait = postponed.next_attempt_at.unwrap().unix_millis() - postponed.updated_at.unix_millis();
    assert_eq!(wait, 1_000_000);
    assert!(promotions.iter().any(|promotion| promotion.attempts == 0));
}

#[test]
fn commit_whose_answer_was_lost_is_found_and_not_made_again() {
    let receiver = Receiver::new();
    receiver.host.lose_an_answer();
    receiver.push("1", "1.4.2");
    assert_eq!(receiver.sweep().postponed, 1);
    let made = receiver.host.head();
    // Meanwhile a person takes it back. That must hold.
    receiver.host.commit_by_hand(BEFORE);
    receiver.let_time_pass();
    assert_eq!(receiver.sweep().committed, 1);
    assert_eq!(receiver.promotion().commit, Some(made.clone()));
    assert_eq!(receiver.deployments()[0].gitops_commit, Some(made));
    assert_eq!((receiver.host.text().as_str(), receiver.host.deployed().len()), (BEFORE, 1));
}

#[test]
fn crash_between_announcement_and_commit_is_made_good() {
    let receiver = Receiver::new();
    receiver.push("1", "1.4.2");
    let store = receiver.store();
    let claims = block_on(store.claim_due(1, Duration::from_secs(60), &Gather::default())).unwrap();
    block_on(store.announce(&claims[0])).unwrap();
    receiver.let_time_pass();
    assert_eq!(receiver.sweep().committed, 1);
    assert_eq!((receiver.deployments().len(), receiver.host.deployed().len()), (1, 1));
}

/// A worker that took the only promotion, announced it, and is about to commit.
fn stalled(receiver: &Receiver) -> Claim {
    let store = receiver.store();
    let mut claims = block_on(store.claim_due(1, Duration::from_secs(60), &Gather::default())).unwrap();
    block_on(store.announce(&claims[0])).unwrap();
    claims.remove(0)
}

#[test]
fn commit_of_a_stalled_worker_comes_too_late_even_if_git_holds_the_latest_already() {
    let receiver = Receiver::new();
    receiver.host.commit_by_hand(AFTER);
    let head = Oid::parse(&receiver.host.head()).unwrap();
    receiver.push("1", "1.5.0");
    stalled(&receiver);
    receiver.push("2", "1.4.2");
    // The worker's branch is taken over once it has been silent for a while, the promotion only when its lease ends.
    receiver.run("UPDATE promotions SET updated_at = updated_at - 11000");
    assert_eq!(receiver.sweep().postponed, 1, "it may be in Git, and its holder may say so");
    receiver.let_time_pass();
    assert_eq!(
        receiver.sweep(),
        SweepReport { claimed: 2, committed: 1, superseded: 1, ..SweepReport::default() },
        "the second is confirmed by a commit, and not just unchanged"
    );

    let files = [FileText { path: "deploy/values.yaml".to_owned(), text: AFTER.replace("1.4.2", "1.5.0") }];
    let message = CommitMessage { headline: "Deploy api 1.5.0 to staging".to_owned(), body: String::new() };
    let late = block_on(receiver.host.commit("acme/gitops", "main", &head, &files, &message));
    assert_eq!(late, Err(HostError::Conflict));
    assert_eq!(receiver.host.text(), AFTER);
    receiver.push("3", "1.4.2");
    assert_eq!(receiver.sweep().unchanged, 1, "nothing is on its way any more");
}

#[test]
fn commit_of_a_worker_that_lost_its_lease_meanwhile_is_on_record() {
    let receiver = Receiver::new();
    receiver.push("1", "1.4.2");
    let (store, connection) = (receiver.store(), FileConnection::open(receiver.path()).unwrap());
    receiver.host.meanwhile(move || {
        let later = "UPDATE promotions SET next_attempt_at = 0";
        let ended = async {
            connection.execute(later, &[]).await.unwrap();
            let claims = store.claim_due(1, Duration::from_secs(60), &Gather::default()).await.unwrap();
            let outcome = Outcome::Failed { reason: "given up".to_owned() };
            store.finish(&claims[0], &outcome).await.unwrap();
        };
        // An executor cannot run within another one of the same thread.
        std::thread::scope(|scope| scope.spawn(|| block_on(ended)).join().unwrap());
    });
    assert_eq!(receiver.sweep().lost, 1);
    let promotion = receiver.promotion();
    assert_eq!((promotion.state, promotion.commit), (State::Committed, Some(receiver.host.head())));
}

#[test]
fn trouble_without_end_fails_after_twenty_attempts() {
    let receiver = Receiver::new();
    receiver.host.fail_commits(vec![transient(); 50]);
    receiver.push("1", "1.4.2");
    for _ in 0..19 {
        assert_eq!(receiver.sweep().postponed, 1);
        receiver.let_time_pass();
    }
    assert_eq!(receiver.sweep().failed, 1);
    let promotion = receiver.promotion();
    assert_eq!((promotion.state, promotion.attempts), (State::Failed, 20));
    let reason =
        "given up after 20 attempts: the Git host cannot be reached or is in trouble: 502 Bad Gateway";
    assert_eq!(promotion.reason.as_deref(), Some(reason));
    assert_eq!(receiver.deployments()[0].status, Status::Failed);
}

#[test]
fn attempts_that_break_off_without_a_word_fail_too() {
    let receiver = Receiver::new();
    receiver.push("1", "1.4.2");
    receiver.run("UPDATE promotions SET attempts = 20");
    assert_eq!(receiver.sweep().failed, 1);
    assert_eq!(receiver.host.text(), BEFORE);
}

#[test]
fn what_cannot_be_done_is_rejected_with_the_reason() {
    let refused = HostError::Refused("403 Forbidden".to_owned());
    let cases = [
        (Some(refused), BEFORE, TARGETS.to_owned(), "the Git host refused: 403 Forbidden"),
        (
            None,
            "image: {}\n",
            TARGETS.to_owned(),
            "`image.tag` does not exist: `image` (line 1) has no `tag`",
        ),
        (None, BEFORE, TARGETS.replace("deploy/values.yaml", "x.yaml"), "file x.yaml was not found"),
    ];
    for (error, text, targets, reason) in cases {
        let receiver = Receiver::with(Variables { targets, ..variables() });
        receiver.host.fail_commits(error);
        receiver.host.commit_by_hand(text);
        receiver.push("1", "1.4.2");
        assert_eq!(receiver.sweep().rejected, 1);
        let promotion = receiver.promotion();
        assert_eq!(promotion.state, State::Rejected);
        assert!(promotion.reason.unwrap().contains(reason), "{reason}");
        assert_eq!(receiver.host.text(), text);
    }
}

#[test]
fn target_that_is_gone_or_has_changed_is_a_reason_to_reject() {
    let changed = TARGETS.replace(">=1.0.0", ">=2.0.0");
    let cases = [
        (String::new(), "the target api/staging/ghcr.io/acme/api is no longer configured"),
        (changed, "the target has changed since: tag 1.4.2 does not satisfy semver >=2.0.0"),
    ];
    for (targets, reason) in cases {
        let receiver = Receiver::new();
        receiver.push("1", "1.4.2");
        let config = Config::from_variables(Variables { targets, ..variables() });
        let report = block_on(sweep(&receiver.store(), &config, &receiver.host, Limit::RECONCILE));
        assert_eq!(report.rejected, 1);
        assert_eq!(receiver.promotion().reason.as_deref(), Some(reason));
    }
}

#[test]
fn broken_configuration_leaves_promotions_alone() {
    let receiver = Receiver::new();
    receiver.push("1", "1.4.2");
    let config = Config::from_variables(Variables { targets: "broken".to_owned(), ..variables() });
    assert_eq!(
        block_on(sweep(&receiver.store(), &config, &receiver.host, Limit::RECONCILE)),
        SweepReport::default()
    );
    assert_eq!(receiver.promotion().attempts, 0);
}

#[test]
fn older_tag_that_comes_late_does_not_overwrite_a_newer_one() {
    let receiver = Receiver::new();
    receiver.host.fail_commits([transient()]);
    receiver.push("1", "1.4.1");
    receiver.sweep();
    receiver.push("2", "1.4.2");
    assert_eq!(receiver.sweep().committed, 1);
    receiver.let_time_pass();
    assert_eq!(receiver.sweep().superseded, 1);
    assert_eq!(receiver.host.text(), AFTER);
    let older = &receiver.promotions()[1];
    assert_eq!(older.state, State::Superseded);
    let reason = "a newer promotion of the target, of tag 1.4.2, took its place";
    assert_eq!(older.reason.as_deref(), Some(reason));
}

#[test]
fn burst_of_tags_ends_in_one_commit_of_the_newest() {
    let receiver = Receiver::new();
    for (id, tag) in [("1", "1.4.0"), ("2", "1.4.1"), ("3", "1.4.2")] {
        receiver.push(id, tag);
    }
    // The older two ended as superseded when the newest was accepted.
    assert_eq!(receiver.sweep(), SweepReport { claimed: 1, committed: 1, ..SweepReport::default() });
    assert_eq!((receiver.host.text().as_str(), receiver.host.deployed().len()), (AFTER, 1));
}

#[test]
fn newer_tag_that_came_to_nothing_is_no_reason_to_drop_an_older_one() {
    let receiver = Receiver::new();
    receiver.host.fail_commits([transient(), HostError::Refused("no".to_owned())]);
    receiver.push("1", "1.4.1");
    receiver.sweep();
    receiver.push("2", "1.4.2");
    assert_eq!(receiver.sweep().rejected, 1);
    receiver.let_time_pass();
    assert_eq!(receiver.sweep().committed, 1);
    assert_eq!(receiver.host.text(), AFTER.replace("1.4.2", "1.4.1"));
}

#[test]
fn mutable_tag_that_goes_back_and_forth_is_released_each_time() {
    let receiver = Receiver::new();
    for (id, tag) in [("1", "1.4.1"), ("2", "1.4.2"), ("3", "1.4.1")] {
        receiver.push(id, tag);
        assert_eq!(receiver.sweep().committed, 1);
    }
    assert_eq!(receiver.host.deployed().len(), 3);
}

#[test]
fn sweep_stops_at_its_limit() {
    let two = format!("{TARGETS}{}", TARGETS.replace("staging", "production"));
    let receiver = Receiver::with(Variables { targets: two, ..variables() });
    receiver.push("1", "1.4.2");
    let report = block_on(sweep(
        &receiver.store(),
        &receiver.config,
        &receiver.host,
        Limit { promotions: 1, ..Limit::RECONCILE },
    ));
    assert_eq!(report.claimed, 1);
    assert_eq!(receiver.sweep().claimed, 1);
}
