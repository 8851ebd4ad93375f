//! How long a deployment may be silent.

use std::time::Duration;

/// How long a deployment that is pending or running may go without a word before it counts as stalled. Whether it is
/// stalled is asked anew each time and never stored: a late event is as good as one in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience(Option<Duration>);

/// An hour: longer than the presets' canaries take, and soon enough to be looked into on the same day.
const DEFAULT: Duration = Duration::from_secs(60 * 60);
/// Thirty days, in seconds: who waits longer wants no deadline.
const LONGEST: u64 = 30 * 24 * 60 * 60;

impl Patience {
    /// Nothing ever counts as stalled.
    pub const ENDLESS: Self = Self(None);

    /// So long.
    pub const fn of(duration: Duration) -> Self {
        Self(Some(duration))
    }

    /// Reads the variable `stalled_after_seconds`: an hour when it is empty, endless when it is 0.
    ///
    /// # Errors
    /// A sentence that names the variable, when it is not a number from 0 to thirty days.
    pub fn parse(variable: &str) -> Result<Self, String> {
        match variable.trim() {
            "" => Ok(Self::default()),
            text => match text.parse() {
                Ok(0) => Ok(Self::ENDLESS),
                Ok(seconds @ 1..=LONGEST) => Ok(Self::of(Duration::from_secs(seconds))),
                Ok(_) | Err(_) => Err(format!(
                    "stalled_after_seconds must be a whole number of seconds from 0 to {LONGEST}"
                )),
            },
        }
    }

    /// How long, unless it is endless.
    pub fn duration(self) -> Option<Duration> {
        self.0
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self::of(DEFAULT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variable_is_a_number_of_seconds() {
        assert_eq!(Patience::parse(" "), Ok(Patience::of(Duration::from_secs(3600))));
        assert_eq!(Patience::parse("0"), Ok(Patience::ENDLESS));
        assert_eq!(Patience::parse(" 90\n"), Ok(Patience::of(Duration::from_secs(90))));
        for bad in ["-1", "1h", "2592001", "1.5", "99999999999999999999"] {
            let problem = Patience::parse(bad).unwrap_err();
            assert_eq!(
                problem, "stalled_after_seconds must be a whole number of seconds from 0 to 2592000",
                "{bad}"
            );
        }
    }
}
