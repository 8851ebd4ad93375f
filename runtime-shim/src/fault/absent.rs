//! What a release has: no option, and nothing that could strike.

use std::time::Duration;

use clap::Args;
use http::StatusCode;

/// No arguments.
#[derive(Debug, Clone, Args)]
pub struct FaultArguments {}

/// No faults.
pub struct Faults;

impl Faults {
    /// Takes nothing over.
    pub fn new(_: &FaultArguments, _: Duration) -> Self {
        Self
    }

    /// Does nothing.
    pub fn begin(&self) {}

    /// Always.
    pub fn are_none(&self) -> bool {
        true
    }

    /// Never strikes.
    pub async fn strike(&self) -> Option<StatusCode> {
        None
    }

    /// Never objects.
    ///
    /// # Errors
    /// None.
    pub fn ready(&self) -> Result<(), String> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::Command;
    use clap::error::ErrorKind;

    use super::*;

    #[test]
    fn a_release_does_not_know_the_option() {
        let command = FaultArguments::augment_args(Command::new("slipway"));
        let refused = command.try_get_matches_from(["slipway", "--fault", "unready"]).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::UnknownArgument);
    }

    #[tokio::test]
    async fn a_release_injects_nothing() {
        let faults = Faults::new(&FaultArguments {}, Duration::ZERO);
        faults.begin();
        assert!(faults.are_none());
        assert_eq!(faults.strike().await, None);
        assert_eq!(faults.ready(), Ok(()));
    }
}
