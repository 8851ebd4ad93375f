//! Requests are tried again where that can help: not after a refusal, and not for ever.

use std::time::Duration;

use tokio::time::sleep;

use super::error::PullError;

/// Tries of each request, and the first pause between them, which doubles.
const ATTEMPTS: usize = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Tries again while that can help.
pub(super) async fn retried<T>(
    mut attempt: impl AsyncFnMut() -> Result<T, PullError>,
) -> Result<T, PullError> {
    let mut pause = FIRST_PAUSE;
    for _ in 1..ATTEMPTS {
        match attempt().await {
            Err(error) if error.is_transient() => {
                tracing::warn!("{error}; trying again in {}", humantime::format_duration(pause));
                sleep(pause).await;
                pause *= 2;
            }
            result => return result,
        }
    }
    attempt().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_passes_is_tried_again_and_what_does_not_is_not() {
        let mut tries = 0;
        let result = retried(async || {
            tries += 1;
            if tries < 3 { Err(PullError::Late) } else { Ok(tries) }
        })
        .await;
        assert_eq!(result.unwrap(), 3);
        let mut tries = 0;
        let missing = retried(async || {
            tries += 1;
            Err::<(), _>(PullError::Missing("it".into()))
        })
        .await;
        assert!(missing.is_err());
        assert_eq!(tries, 1);
        let mut tries = 0;
        let late = retried(async || {
            tries += 1;
            Err::<(), _>(PullError::Late)
        })
        .await;
        assert!(late.is_err());
        assert_eq!(tries, ATTEMPTS);
    }
}
