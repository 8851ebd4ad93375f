//! Numbers and times as Kubernetes writes them.

use std::time::Duration;

use serde::Deserialize;

use crate::manifest::parse_duration;

/// A number, or a string: `3`, `"25%"`, `"1m30s"`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Text {
    /// A number.
    Number(u32),
    /// A string.
    Text(String),
}

impl Text {
    /// Seconds, or a time with units.
    pub fn duration(&self) -> Result<Duration, String> {
        match self {
            Self::Number(seconds) => Ok(Duration::from_secs((*seconds).into())),
            Self::Text(text) => match text.parse::<u32>() {
                Ok(seconds) => Ok(Duration::from_secs(seconds.into())),
                Err(_) => parse_duration(text),
            },
        }
    }

    /// So many, or a share of `all`, rounded up or down.
    pub fn share(&self, all: u32, round_up: bool) -> Result<u32, String> {
        match self {
            Self::Number(number) => Ok(*number),
            Self::Text(text) => {
                let percent = text.strip_suffix('%').and_then(|percent| percent.parse::<u32>().ok());
                let percent =
                    percent.ok_or_else(|| format!("`{text}` is neither a number nor a share such as 25%"))?;
                let hundredfold = all.saturating_mul(percent);
                Ok(if round_up { hundredfold.div_ceil(100) } else { hundredfold / 100 })
            }
        }
    }
}
