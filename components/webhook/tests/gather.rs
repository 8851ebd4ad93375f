//! A window in which promotions of one branch gather.

mod support;

use gitops::host::HostError;
use ledger::State;
use support::{Receiver, TARGETS, variables};
use webhook::{SweepReport, Variables};

/// Two environments that both are told by the one file; the window is a minute, and five at most.
fn gathering() -> Receiver {
    let production = TARGETS.replace("staging", "production").replace("image.tag", "image.production");
    let receiver = Receiver::with(Variables {
        targets: format!("{TARGETS}{production}"),
        commit_quiet_seconds: "60".to_owned(),
        commit_max_wait_seconds: "300".to_owned(),
        ..variables()
    });
    receiver.host.commit_by_hand("image:\n  tag: 0.9.0\n  production: 0.9.0\n");
    receiver
}

fn seconds_pass(receiver: &Receiver, seconds: u32) {
    receiver.run(&format!(
        "UPDATE promotions SET created_at = created_at - {seconds} * 1000, \
         waiting_since = waiting_since - {seconds} * 1000, next_attempt_at = next_attempt_at - {seconds} * 1000"
    ));
}

#[test]
fn branch_is_committed_to_once_it_is_quiet() {
    let receiver = gathering();
    receiver.push("1", "1.4.2");
    seconds_pass(&receiver, 40);
    receiver.push("2", "1.4.3");
    seconds_pass(&receiver, 40);
    assert_eq!(receiver.sweep(), SweepReport::default(), "the second push came 40 s ago");
    seconds_pass(&receiver, 40);
    assert_eq!(receiver.sweep(), SweepReport { claimed: 2, committed: 2, ..SweepReport::default() });

    assert_eq!(receiver.host.text(), "image:\n  tag: 1.4.3\n  production: 1.4.3\n");
    let messages = receiver.host.deployed();
    assert_eq!(messages.len(), 1, "one commit for both targets, and none for the first push");
    assert_eq!(messages[0].headline, "Deploy api 1.4.3 to staging, and 1 more");
    let promotions = receiver.promotions();
    let in_state = |state| promotions.iter().filter(|promotion| promotion.state == state).collect::<Vec<_>>();
    assert_eq!(in_state(State::Superseded).len(), 2);
    let committed = in_state(State::Committed);
    assert_eq!(committed.len(), 2);
    for promotion in committed {
        assert_eq!(promotion.commit, Some(receiver.host.head()));
        assert!(messages[0].body.contains(&format!("Slipway-Promotion: {}", promotion.id)));
    }
    let deployments = receiver.deployments();
    assert_eq!(deployments.len(), 2);
    assert!(deployments.iter().all(|deployment| deployment.gitops_commit == Some(receiver.host.head())));
}

#[test]
fn pushes_without_end_are_committed_after_the_longest_wait() {
    let receiver = gathering();
    for push in 0..6 {
        receiver.push(&push.to_string(), &format!("1.4.{push}"));
        assert_eq!(receiver.sweep().claimed, 0, "push {push}");
        seconds_pass(&receiver, 50);
    }
    receiver.push("last", "1.4.6");
    assert_eq!(receiver.sweep().committed, 2);
    assert_eq!(receiver.host.deployed().len(), 1);
    assert!(receiver.host.text().contains("tag: 1.4.6"));
}

#[test]
fn lost_answer_of_a_shared_commit_is_found_for_each() {
    let receiver = gathering();
    receiver.push("1", "1.4.2");
    seconds_pass(&receiver, 61);
    receiver.host.lose_an_answer();
    assert_eq!(receiver.sweep().postponed, 2);
    receiver.let_time_pass();
    assert_eq!(receiver.sweep().committed, 2);
    assert_eq!(receiver.host.deployed().len(), 1);
    assert!(receiver.promotions().iter().all(|promotion| promotion.commit == Some(receiver.host.head())));
}

#[test]
fn conflict_is_tried_again_for_all_at_once() {
    let receiver = gathering();
    receiver.host.compete(["image:\n  tag: 0.9.1\n  production: 0.9.0\n"]);
    receiver.push("1", "1.4.2");
    seconds_pass(&receiver, 61);
    assert_eq!(receiver.sweep().committed, 2);
    assert_eq!(receiver.host.deployed().len(), 1);
}

#[test]
fn what_failed_together_comes_back_together() {
    let receiver = gathering();
    receiver.host.fail_commits([HostError::Transient("502".to_owned())]);
    receiver.push("1", "1.4.2");
    seconds_pass(&receiver, 61);
    assert_eq!(receiver.sweep().postponed, 2);
    let due: Vec<_> = receiver.promotions().iter().map(|promotion| promotion.next_attempt_at).collect();
    let apart = due[0].unwrap().unix_millis().abs_diff(due[1].unwrap().unix_millis());
    assert!(apart < 500, "{due:?}");
}

#[test]
fn one_target_that_cannot_be_edited_does_not_hold_up_the_other() {
    let receiver = gathering();
    receiver.host.commit_by_hand("image:\n  tag: 0.9.0\n");
    receiver.push("1", "1.4.2");
    seconds_pass(&receiver, 61);
    assert_eq!(
        receiver.sweep(),
        SweepReport { claimed: 2, committed: 1, rejected: 1, ..SweepReport::default() }
    );
}
