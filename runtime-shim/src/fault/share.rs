//! Which requests a fault strikes: an exact share, spread evenly and by no period.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

/// Hundredths of a percent in the whole.
const WHOLE: u32 = 10_000;

/// The golden ratio's fraction, times 2^64. Its multiples modulo one fill the unit interval more evenly than those of any
/// other number, see <https://en.wikipedia.org/wiki/Low-discrepancy_sequence#Additive_recurrence>.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// A part of all requests, in hundredths of a percent; never none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share(u32);

impl Share {
    /// Every request.
    pub const ALL: Self = Self(WHOLE);

    /// Whether it takes the request of this number. Chance would give a fault of 5 % anything from 2 to 8 of the first
    /// hundred requests, and every rehearsal another verdict; taking each twentieth would always meet the same route of a
    /// client that asks in turn.
    fn takes(self, number: u64) -> bool {
        let place = u128::from(number.wrapping_mul(GOLDEN));
        (place * u128::from(WHOLE)) >> u64::BITS < u128::from(self.0)
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("{text:?} is no share of the requests: more than 0% and at most 100%, as 30% or 0.5%");
        let number = text.strip_suffix('%').ok_or_else(wrong)?;
        let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(decimals) || whole.len() > 3 || decimals.len() > 2 {
            return Err(wrong());
        }
        let hundredths: u32 = format!("{whole}{decimals:0<2}").parse().map_err(|_| wrong())?;
        if (1..=WHOLE).contains(&hundredths) { Ok(Self(hundredths)) } else { Err(wrong()) }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => write!(formatter, "{whole}%"),
            (whole, hundredths) => write!(formatter, "{whole}.{hundredths:02}%"),
        }
    }
}

/// Numbers requests, and says which of them a share takes.
#[derive(Debug)]
pub(super) struct Spread {
    share: Share,
    next: AtomicU64,
}

impl Spread {
    pub(super) fn new(share: Share) -> Self {
        // The number zero is always taken; by one later, the first request is as likely as any.
        Self { share, next: AtomicU64::new(1) }
    }

    /// Whether it takes the next request.
    pub(super) fn takes_next(&self) -> bool {
        self.share.takes(self.next.fetch_add(1, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_share_is_a_percentage_with_at_most_two_decimals() {
        for (text, hundredths) in
            [("100%", 10_000), ("30%", 3_000), ("0.5%", 50), ("0.05%", 5), ("0.01%", 1), ("099.90%", 9_990)]
        {
            assert_eq!(text.parse(), Ok(Share(hundredths)), "{text}");
        }
        for text in [
            "", "%", "30", "0%", "0.00%", "100.01%", "101%", "-1%", "+1%", "1.234%", ".5%", "5.%", "1e1%",
            "½%", "1%%",
        ] {
            let refused = text.parse::<Share>().unwrap_err();
            assert!(refused.starts_with(&format!("{text:?} is no share")), "{refused}");
        }
    }

    #[test]
    fn all_are_all_and_half_is_about_every_other() {
        let taken = |share: &str| -> Vec<bool> {
            let spread = Spread::new(share.parse().unwrap());
            (0..10).map(|_| spread.takes_next()).collect()
        };
        assert_eq!(taken("100%"), [true; 10]);
        assert_eq!(taken("50%").iter().filter(|taken| **taken).count(), 5);
    }

    proptest! {
        #[test]
        fn a_share_reads_back_as_it_is_shown(hundredths in 1..=WHOLE) {
            prop_assert_eq!(Share(hundredths).to_string().parse(), Ok(Share(hundredths)));
        }

        /// Also of every second or seventh request, which a client's turn among routes may pick.
        #[test]
        fn any_run_of_requests_is_struck_in_the_share_asked_for(
            hundredths in 1..=WHOLE, from in 0_u64..1 << 40, step in 1_u64..8, count in 1_u64..2_000,
        ) {
            let taken = (0..count).filter(|n| Share(hundredths).takes(from + n * step)).count();
            let expected = count as f64 * f64::from(hundredths) / f64::from(WHOLE);
            prop_assert!((taken as f64 - expected).abs() <= 8.0, "{} of {}, expected {}", taken, count, expected);
        }
    }
}
