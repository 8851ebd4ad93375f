use AnalysisPhase::{Error, Failed, Inconclusive, Successful};

use super::*;

/// With a router; analyses take ten seconds.
fn routed(replicas: u32, steps: &[Step]) -> Canary {
    Canary {
        replicas,
        surge: 1,
        unavailable: 0,
        routed: true,
        steps: steps.to_vec(),
        background: None,
        scale_down_delay: seconds(30),
        abort_scale_down_delay: Some(seconds(30)),
        deadline: deadline(),
    }
}

fn play(canary: Canary, verdicts: &[Verdict]) -> Play {
    let replicas = canary.replicas;
    Play::new(Controller::Canary(CanaryController::new(canary)), replicas, verdicts)
}

const GOOD: &[Verdict] = &[(Successful, 10)];
const TWO_GATES: &[Step] = &[Step::SetWeight(10), Step::Analysis(0), Step::SetWeight(75), Step::Analysis(1)];

#[test]
fn a_good_version_goes_through_every_step() {
    let mut play = play(routed(2, TWO_GATES), GOOD);
    assert_eq!(play.go(), Standing::Promoted);
    play.expect(&[
        "1 step 0",
        "1 Canary 1",
        "1 Progressing",
        "2 route 10",
        "2 step 1",
        "2 analysis 0 Step",
        "12 step 2",
        "12 Canary 2",
        "13 route 75",
        "13 step 3",
        "13 analysis 1 Step",
        "23 route 100",
        "23 Healthy",
        "53 Stable 0",
    ]);
}

#[test]
fn a_failed_analysis_takes_all_traffic_back_at_once() {
    for phase in [Failed, Error] {
        let mut play = play(routed(2, TWO_GATES), &[(Successful, 10), (phase, 10)]);
        assert!(matches!(play.go(), Standing::Aborted(_)));
        play.wait(40);
        let end: Vec<&str> = play
            .transcript
            .iter()
            .skip_while(|line| *line != "13 analysis 1 Step")
            .map(String::as_str)
            .collect();
        assert_eq!(end, ["13 analysis 1 Step", "23 Degraded", "23 route 0", "53 Canary 0"]);
    }
}

#[test]
fn replicas_of_an_aborted_version_can_be_kept_for_ever() {
    let mut play = play(Canary { abort_scale_down_delay: None, ..routed(2, TWO_GATES) }, &[(Failed, 10)]);
    assert!(matches!(play.go(), Standing::Aborted(_)));
    play.wait(1_000);
    assert_eq!(play.wanted, [2, 1]);
}

#[test]
fn an_inconclusive_analysis_waits_and_promote_goes_on_with_the_next_step() {
    let mut play = play(routed(2, TWO_GATES), &[(Inconclusive, 10), (Successful, 10)]);
    let standing = play.go();
    assert!(matches!(&standing, Standing::Stuck(why) if why.contains("inconclusive")), "{standing:?}");
    play.wait(1_000);
    assert!(matches!(play.controller.standing(), Standing::Stuck(_)), "nothing goes on by itself");
    assert_eq!(play.transcript.last().map(String::as_str), Some("12 Paused"));
    play.command(Command::Promote);
    assert_eq!(play.go(), Standing::Promoted);
    assert!(play.transcript.iter().any(|line| line.ends_with("route 75")));
}

#[test]
fn a_pause_with_a_time_ends_by_itself() {
    let mut play = play(routed(1, &[Step::SetWeight(50), Step::Pause(Some(seconds(15)))]), GOOD);
    assert_eq!(play.go(), Standing::Promoted);
    play.expect(&[
        "1 step 0",
        "1 Canary 1",
        "1 Progressing",
        "2 route 50",
        "2 step 1",
        "2 Paused",
        "17 Progressing",
        "17 route 100",
        "17 Healthy",
        "47 Stable 0",
    ]);
}

#[test]
fn a_pause_without_a_time_waits_for_somebody() {
    let mut play = play(routed(2, &[Step::SetWeight(50), Step::Pause(None)]), GOOD);
    assert!(matches!(play.go(), Standing::Approval(_)));
    play.wait(1_500);
    assert!(matches!(play.controller.standing(), Standing::Approval(_)), "no deadline counts");
    play.command(Command::Promote);
    assert_eq!(play.go(), Standing::Promoted);
}

#[test]
fn somebody_can_abort_at_a_pause_and_retry_from_the_beginning() {
    let mut play = play(routed(2, &[Step::SetWeight(50), Step::Pause(None)]), GOOD);
    play.go();
    play.command(Command::Promote);
    play.command(Command::Abort);
    assert_eq!(play.go(), Standing::Aborted("somebody aborted it".to_owned()));
    play.command(Command::Retry);
    assert!(matches!(play.go(), Standing::Approval(_)));
    let routes: Vec<&str> =
        play.transcript.iter().filter_map(|line| line.split_once("route ")).map(|(_, to)| to).collect();
    assert_eq!(routes, ["50", "0", "50"]);
}

#[test]
fn a_retry_measures_again() {
    let mut play = play(routed(2, TWO_GATES), &[(Failed, 10), (Successful, 10)]);
    assert!(matches!(play.go(), Standing::Aborted(_)));
    play.command(Command::Retry);
    assert_eq!(play.go(), Standing::Promoted);
    let analyses = play.transcript.iter().filter(|line| line.contains("analysis")).count();
    assert_eq!(analyses, 3);
}

#[test]
fn promote_in_the_middle_skips_the_step_under_way() {
    let mut play = play(routed(2, TWO_GATES), GOOD);
    play.wait(5);
    play.command(Command::Promote);
    play.wait(1);
    assert!(play.transcript.contains(&"6 cancel 0".to_owned()), "{:?}", play.transcript);
    assert_eq!(play.go(), Standing::Promoted);
}

#[test]
fn promote_full_skips_everything_and_moves_traffic_when_all_replicas_are_there() {
    let mut play = play(routed(4, TWO_GATES), GOOD);
    play.wait(5);
    play.command(Command::PromoteFull);
    play.go();
    let end: Vec<&str> = play
        .transcript
        .iter()
        .skip_while(|line| !line.ends_with("PromoteFull"))
        .map(String::as_str)
        .collect();
    assert_eq!(end, ["5 PromoteFull", "6 Canary 4", "6 cancel 0", "7 Healthy", "7 route 100", "37 Stable 0"]);
}

#[test]
fn promote_full_takes_an_abort_back() {
    let mut play = play(routed(2, TWO_GATES), &[(Failed, 10)]);
    assert!(matches!(play.go(), Standing::Aborted(_)));
    play.command(Command::PromoteFull);
    assert_eq!(play.go(), Standing::Promoted);
}

#[test]
fn the_scale_of_a_canary_can_differ_from_its_weight() {
    let steps = [
        Step::SetCanaryScale(CanaryScale::Replicas(3)),
        Step::SetWeight(10),
        Step::SetCanaryScale(CanaryScale::Weight(50)),
        Step::SetCanaryScale(CanaryScale::MatchTrafficWeight),
        Step::SetWeight(20),
    ];
    let mut play = play(routed(10, &steps), GOOD);
    assert_eq!(play.go(), Standing::Promoted);
    let lines = |word: &str| -> Vec<String> {
        play.transcript.iter().filter_map(|line| line.split_once(word)).map(|(_, to)| to.to_owned()).collect()
    };
    assert_eq!(lines("Canary "), ["3", "5", "1", "2", "10"]);
    assert_eq!(lines("route "), ["10", "20", "100"]);
}

#[test]
fn no_traffic_goes_to_a_version_without_replicas() {
    let steps = [Step::SetCanaryScale(CanaryScale::Replicas(0)), Step::SetWeight(50), Step::Pause(None)];
    let mut play = play(routed(2, &steps), GOOD);
    assert!(matches!(play.go(), Standing::Approval(_)));
    assert!(!play.transcript.iter().any(|line| line.contains("route")), "{:?}", play.transcript);
}

#[test]
fn a_version_that_dies_loses_its_traffic_until_it_is_back() {
    let mut play = play(routed(2, &[Step::SetWeight(50), Step::Pause(None)]), GOOD);
    play.go();
    play.broken = true;
    play.wait(1);
    assert_eq!(play.transcript.last().map(String::as_str), Some("3 route 0"));
    play.broken = false;
    play.wait(1);
    assert_eq!(play.transcript.last().map(String::as_str), Some("4 route 50"));
}

#[test]
fn a_version_that_never_gets_ready_gets_no_traffic_and_meets_the_deadline() {
    for abort in [false, true] {
        let canary = Canary { deadline: Deadline { after: seconds(60), abort }, ..routed(2, TWO_GATES) };
        let mut play = play(canary, GOOD);
        play.broken = true;
        let standing = play.go();
        assert!(!play.transcript.iter().any(|line| line.contains("route")));
        assert_eq!(play.transcript.last().map(String::as_str), Some("62 Degraded"));
        assert_eq!(matches!(standing, Standing::Aborted(_)), abort, "{standing:?}");
        assert_eq!(matches!(standing, Standing::Stuck(_)), !abort, "{standing:?}");
    }
}

fn with_background(starting_step: usize, steps: &[Step]) -> Canary {
    Canary { background: Some(Background { analysis: 7, starting_step }), ..routed(2, steps) }
}

const PAUSES: &[Step] = &[
    Step::SetWeight(25),
    Step::Pause(Some(Duration::from_secs(60))),
    Step::SetWeight(50),
    Step::Pause(Some(Duration::from_secs(60))),
];

#[test]
fn a_background_analysis_begins_with_its_step_and_ends_with_the_release() {
    let mut play = play(with_background(2, PAUSES), &[(Successful, 10_000)]);
    assert_eq!(play.go(), Standing::Promoted);
    let analysis: Vec<&str> = play
        .transcript
        .iter()
        .filter(|line| ["analysis", "cancel", "step 2", "Healthy"].iter().any(|word| line.contains(word)))
        .map(String::as_str)
        .collect();
    assert_eq!(analysis, ["62 step 2", "62 analysis 7 Background", "123 cancel 0", "123 Healthy"]);
}

#[test]
fn a_background_analysis_that_fails_aborts_in_the_middle_of_a_pause() {
    let mut play = play(with_background(1, PAUSES), &[(Failed, 20)]);
    assert!(matches!(play.go(), Standing::Aborted(_)));
    assert!(play.transcript.contains(&"22 Degraded".to_owned()), "{:?}", play.transcript);
}

#[test]
fn a_background_analysis_that_is_inconclusive_pauses_and_is_run_again() {
    let mut play = play(with_background(1, PAUSES), &[(Inconclusive, 20), (Successful, 10_000)]);
    assert!(matches!(play.go(), Standing::Stuck(_)));
    play.command(Command::Promote);
    assert_eq!(play.go(), Standing::Promoted);
    assert_eq!(play.transcript.iter().filter(|line| line.contains("Background")).count(), 2);
}

#[test]
fn a_background_analysis_that_passes_early_gates_nothing_more() {
    let mut play = play(with_background(0, PAUSES), &[(Successful, 5)]);
    assert_eq!(play.go(), Standing::Promoted);
    assert!(!play.transcript.iter().any(|line| line.contains("cancel")));
}

#[test]
fn without_a_router_replicas_are_exchanged_and_nothing_is_routed() {
    let steps = [Step::SetWeight(25), Step::Analysis(0), Step::SetWeight(50), Step::Pause(Some(seconds(5)))];
    let mut play = play(Canary { routed: false, ..routed(4, &steps) }, GOOD);
    assert_eq!(play.go(), Standing::Promoted);
    assert!(!play.transcript.iter().any(|line| line.contains("route")));
    let at_the_gate = play.transcript.iter().position(|line| line.contains("analysis")).unwrap();
    let before = &play.transcript[..at_the_gate];
    assert!(
        before.iter().any(|line| line.ends_with("Canary 1"))
            && before.iter().any(|line| line.ends_with("Stable 3")),
        "{before:?}"
    );
    assert_eq!(play.wanted, [0, 4]);
}

#[test]
fn without_a_router_an_abort_brings_the_replicas_back() {
    let steps = [Step::SetWeight(50), Step::Analysis(0)];
    let mut play = play(Canary { routed: false, ..routed(4, &steps) }, &[(Failed, 10)]);
    assert!(matches!(play.go(), Standing::Aborted(_)));
    play.wait(30);
    assert_eq!(play.wanted, [4, 0]);
}

#[test]
fn without_steps_all_replicas_are_exchanged() {
    for is_routed in [false, true] {
        let mut play = play(Canary { routed: is_routed, ..routed(3, &[]) }, GOOD);
        assert_eq!(play.go(), Standing::Promoted);
        assert_eq!(play.wanted, [0, 3]);
    }
}

#[test]
fn what_is_promoted_takes_no_commands() {
    let mut play = play(routed(2, TWO_GATES), GOOD);
    play.go();
    for command in [Command::Abort, Command::Retry, Command::Promote, Command::PromoteFull] {
        play.command(command);
        play.wait(3);
        assert_eq!(play.controller.standing(), Standing::Promoted, "{command:?}");
    }
}

/// Whatever is done at whatever second, a release ends, and with one version that has all replicas.
#[test]
fn every_command_at_every_second_leaves_a_release_that_can_end() {
    let steps = [
        Step::SetWeight(25),
        Step::Analysis(0),
        Step::Pause(None),
        Step::SetWeight(50),
        Step::Pause(Some(seconds(3))),
    ];
    for is_routed in [false, true] {
        for command in [Command::Abort, Command::Retry, Command::Promote, Command::PromoteFull] {
            for second in 0..40 {
                let mut play = play(Canary { routed: is_routed, ..routed(4, &steps) }, GOOD);
                play.wait(second);
                play.command(command);
                for _ in 0..5 {
                    match play.go() {
                        Standing::Approval(_) => play.command(Command::Promote),
                        _ => break,
                    }
                }
                play.wait(60);
                let standing = play.controller.standing();
                match standing {
                    Standing::Promoted => assert_eq!(play.wanted, [0, 4], "{command:?} at {second}"),
                    Standing::Aborted(_) => assert_eq!(play.wanted, [4, 0], "{command:?} at {second}"),
                    other => panic!("{command:?} at {second}: {other:?}"),
                }
            }
        }
    }
}
