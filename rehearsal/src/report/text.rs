//! Text that comes from outside, made fit for terminals, pages and files.

use crate::rehearse::event::{Event, Gauge, Happened, Programme, Summary};

/// Most characters of one text: a message may hold a whole answer of Prometheus.
const MAX_CHARACTERS: usize = 2_000;

/// What stands for a character that is not shown.
const REPLACEMENT: char = '\u{fffd}';

/// The same on one line, without characters that steer terminals or turn the direction of the text, and not too long.
pub fn clean(text: &str) -> String {
    let mut characters = text.trim().chars().map(harmless);
    let mut clean: String = characters.by_ref().take(MAX_CHARACTERS).collect();
    if characters.next().is_some() {
        clean.push('…');
    }
    clean
}

fn harmless(character: char) -> char {
    match character {
        '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => ' ',
        _ if character.is_control() || is_invisible(character) => REPLACEMENT,
        _ => character,
    }
}

/// Marks of direction, which let a text be shown in another order than it has (<https://trojansource.codes>), characters
/// without width, and those that XML cannot hold.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{fff8}' | '\u{fffe}' | '\u{ffff}'
    )
}

/// The same event with clean texts.
pub fn cleaned(event: &Event) -> Event {
    let mut event = event.clone();
    for text in texts(&mut event.happened) {
        *text = clean(text);
    }
    event
}

/// Every text of an event.
fn texts(happened: &mut Happened) -> Vec<&mut String> {
    match happened {
        Happened::Began(Programme {
            rollout,
            strategy,
            split,
            steps,
            stable,
            canary,
            rate: _,
            time_scale: _,
        }) => [rollout, strategy, split, stable, canary].into_iter().chain(steps).collect(),
        Happened::Note { text } => vec![text],
        Happened::Phase { phase: _, message } => vec![message],
        Happened::Crashed { side: _, pod, message } => vec![pod, message],
        Happened::AnalysisStarted { run, role: _, metrics } => {
            let gauges =
                metrics.iter_mut().flat_map(|Gauge { metric, success, failure }| [metric, success, failure]);
            std::iter::once(run).chain(gauges).collect()
        }
        Happened::Measured { run, metric, value, phase: _, message } => vec![run, metric, value, message],
        Happened::AnalysisEnded { run, phase: _, message } => vec![run, message],
        Happened::Finished(Summary { reason, .. }) => vec![reason],
        Happened::StepStarted { .. }
        | Happened::StepEnded { .. }
        | Happened::Weight { .. }
        | Happened::Replicas { .. }
        | Happened::Traffic(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_steers_a_terminal_is_shown_as_unknown() {
        assert_eq!(clean("\u{1b}[2Jgone\u{7}"), "\u{fffd}[2Jgone\u{fffd}");
        assert_eq!(clean("  two\nlines\t"), "two lines");
        assert_eq!(clean("ab\u{202e}dc"), "ab\u{fffd}dc");
        assert_eq!(clean("naïve – 日本語 ✓"), "naïve – 日本語 ✓");
    }

    #[test]
    fn long_texts_are_cut() {
        let long = "é".repeat(MAX_CHARACTERS + 1);
        assert_eq!(clean(&long).chars().count(), MAX_CHARACTERS + 1);
        assert!(clean(&long).ends_with("é…"));
        assert_eq!(clean(&"é".repeat(MAX_CHARACTERS)).chars().last(), Some('é'));
    }

    proptest! {
        #[test]
        fn clean_text_has_no_control_characters_and_stays_clean(text in any::<String>()) {
            let clean = clean(&text);
            prop_assert!(!clean.chars().any(char::is_control));
            prop_assert_eq!(super::clean(&clean), clean);
        }
    }
}
