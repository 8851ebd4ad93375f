use AnalysisPhase::{Failed, Inconclusive, Successful};

use super::*;

fn blue_green() -> BlueGreen {
    BlueGreen {
        replicas: 3,
        preview_replicas: Some(1),
        pre_promotion: Some(0),
        promotion: Promotion::ByHand,
        post_promotion: Some(1),
        scale_down_delay: seconds(30),
        abort_scale_down_delay: Some(seconds(30)),
        deadline: deadline(),
    }
}

fn play(blue_green: BlueGreen, verdicts: &[Verdict]) -> Play {
    let replicas = blue_green.replicas;
    Play::new(Controller::BlueGreen(BlueGreenController::new(blue_green)), replicas, verdicts)
}

const GOOD: &[Verdict] = &[(Successful, 10)];

#[test]
fn a_good_version_passes_waits_for_approval_and_replaces_the_old_one() {
    let mut play = play(blue_green(), GOOD);
    assert!(matches!(play.go(), Standing::Approval(_)));
    play.wait(1_000);
    play.command(Command::Promote);
    assert_eq!(play.go(), Standing::Promoted);
    play.expect(&[
        "1 step 0",
        "1 Canary 1",
        "1 Progressing",
        "2 step 1",
        "2 analysis 0 PrePromotion",
        "12 step 2",
        "12 Paused",
        "1012 Promote",
        "1013 step 3",
        "1013 Canary 3",
        "1013 Progressing",
        "1014 route 100",
        "1014 step 4",
        "1014 analysis 1 PostPromotion",
        "1024 Healthy",
        "1054 Stable 0",
    ]);
}

#[test]
fn what_fails_before_the_promotion_never_gets_traffic() {
    let mut play = play(blue_green(), &[(Failed, 10)]);
    assert!(matches!(play.go(), Standing::Aborted(_)));
    play.wait(40);
    assert!(!play.transcript.iter().any(|line| line.contains("route")));
    assert_eq!(play.wanted, [3, 0]);
}

#[test]
fn what_fails_after_the_promotion_gives_the_traffic_back() {
    let mut play = play(blue_green(), &[(Successful, 10), (Failed, 10)]);
    play.go();
    play.command(Command::Promote);
    assert!(matches!(play.go(), Standing::Aborted(_)));
    play.wait(40);
    let end: Vec<&str> = play
        .transcript
        .iter()
        .skip_while(|line| !line.contains("PostPromotion"))
        .map(String::as_str)
        .collect();
    assert_eq!(end, ["14 analysis 1 PostPromotion", "24 route 0", "24 Degraded", "54 Canary 0"]);
}

#[test]
fn an_inconclusive_analysis_waits_and_promote_runs_it_again() {
    let mut play = play(
        BlueGreen { promotion: Promotion::After(Duration::ZERO), ..blue_green() },
        &[(Inconclusive, 10), (Successful, 10)],
    );
    assert!(matches!(play.go(), Standing::Stuck(_)));
    play.wait(700);
    assert!(!play.transcript.iter().any(|line| line.contains("route")));
    play.command(Command::Promote);
    assert_eq!(play.go(), Standing::Promoted);
    assert_eq!(play.transcript.iter().filter(|line| line.contains("PrePromotion")).count(), 2);
}

#[test]
fn it_can_be_promoted_by_itself_after_a_time() {
    let after = BlueGreen { promotion: Promotion::After(seconds(20)), ..blue_green() };
    let mut play = play(after, GOOD);
    assert_eq!(play.go(), Standing::Promoted);
    let lines: Vec<&str> = play
        .transcript
        .iter()
        .map(String::as_str)
        .filter(|line| line.contains("Paused") || line.contains("Canary 3"))
        .collect();
    assert_eq!(lines, ["12 Paused", "32 Canary 3"]);
}

#[test]
fn without_analyses_and_approval_it_is_a_switch() {
    let plain = BlueGreen {
        preview_replicas: None,
        pre_promotion: None,
        post_promotion: None,
        promotion: Promotion::After(Duration::ZERO),
        ..blue_green()
    };
    let mut play = play(plain, GOOD);
    assert_eq!(play.go(), Standing::Promoted);
    play.expect(&[
        "1 step 0",
        "1 Canary 3",
        "1 Progressing",
        "2 step 1",
        "2 route 100",
        "2 Healthy",
        "32 Stable 0",
    ]);
}

#[test]
fn a_preview_that_never_gets_ready_meets_the_deadline() {
    let mut play =
        play(BlueGreen { deadline: Deadline { after: seconds(60), abort: true }, ..blue_green() }, GOOD);
    play.broken = true;
    assert!(matches!(play.go(), Standing::Aborted(_)));
    assert!(!play.transcript.iter().any(|line| line.contains("route")));
}

#[test]
fn promote_full_skips_analyses_and_approval() {
    let mut play = play(blue_green(), &[(Failed, 10)]);
    play.wait(5);
    play.command(Command::PromoteFull);
    assert_eq!(play.go(), Standing::Promoted);
    let end: Vec<&str> = play
        .transcript
        .iter()
        .skip_while(|line| !line.ends_with("PromoteFull"))
        .map(String::as_str)
        .collect();
    assert_eq!(end, ["5 PromoteFull", "6 Canary 3", "6 cancel 0", "7 route 100", "7 Healthy", "37 Stable 0"]);
}

#[test]
fn an_abort_can_be_retried() {
    let mut play = play(blue_green(), GOOD);
    play.go();
    play.command(Command::Abort);
    assert!(matches!(play.go(), Standing::Aborted(_)));
    play.command(Command::Retry);
    assert!(matches!(play.go(), Standing::Approval(_)));
    assert_eq!(play.transcript.iter().filter(|line| line.contains("PrePromotion")).count(), 2);
}

#[test]
fn its_steps_have_names() {
    let names = blue_green().steps(|id| format!("gate-{id}"));
    assert_eq!(
        names,
        ["preview", "prePromotionAnalysis gate-0", "approval", "switch", "postPromotionAnalysis gate-1"]
    );
    let timed = BlueGreen { promotion: Promotion::After(seconds(90)), pre_promotion: None, ..blue_green() };
    assert_eq!(timed.steps(|_| String::new())[1], "autoPromotion after 1m 30s");
}
